//! What the values of one scope and period are made from.

use std::collections::BTreeMap;

use model::{Day, Pipelines, Reference, StageIndex, Tally};
use serde::{Deserialize, Serialize};

use crate::amounts::Amounts;
use crate::balance::{BalanceWeights, Balanced};
use crate::conversion::Conversion;
use crate::limits::StageLimits;
use crate::value::Absence;

/// The sums of a scope in a period.
#[derive(Debug, Clone, Copy)]
pub struct Sums<'a> {
    /// The sums by measure.
    pub tally: &'a Tally,
    /// The sums of money, each at the rate of its day.
    pub amounts: &'a Amounts,
}

/// A rep's won amount and what was to be won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepQuota {
    /// The credited won amount of the period; sums over reps are rounded once.
    pub won: Conversion,
    /// The quota of the period, in minor units of the reporting currency.
    pub quota: Result<i128, Absence>,
}

/// Won amounts of the same period a year before; nothing else is in the sums.
#[derive(Debug, Clone, Copy)]
pub struct LastYear<'a> {
    /// Of the whole period.
    pub whole: Sums<'a>,
    /// Of as large a share of its days, from the first on, as has begun of the period: to the nearest day.
    pub to_date: Sums<'a>,
}

/// Open deals by the stage they are in and the day they came to it.
pub type Ages = BTreeMap<(StageIndex, Day), i128>;

/// What definitions may use.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The sums of the scope and period; for standing KPIs, those that stand now.
    pub sums: Sums<'a>,
    /// The sums of the same scope in the period before; none for what stands now.
    pub previous: Option<Sums<'a>>,
    /// The sums of the same scope that stand now.
    pub standing: Sums<'a>,
    /// The sums of the same scope over two fiscal years: that of the day in question, as far as it is known, and the one
    /// before. The day is the period's last, or today if that is earlier or there is no period. Of `WonReached`,
    /// `LostReached` and `DwellVisits` alone; none where nobody has gathered them.
    pub history: Option<Sums<'a>>,
    /// The flows of the open amount of the same scope after the period; none for what stands now, and where nobody has
    /// gathered them.
    pub after: Option<Sums<'a>>,
    /// The open deals of the same scope now.
    pub ages: &'a Ages,
    /// After which time in a stage a deal is stalled.
    pub limits: &'a StageLimits,
    /// The day whose exchange rates hold for what is open now.
    pub today: Day,
    /// The day whose exchange rates hold for what was open at the period's end: its last, or today while it lasts and for
    /// what stands now.
    pub valued_on: Day,
    /// The won amounts of the same scope in the same period a year before; none where nobody has gathered them, as where
    /// no goal is set for the period.
    pub last_year: Option<LastYear<'a>>,
    /// Of each rep of the scope who has a quota for the period.
    pub quotas: &'a [RepQuota],
    /// The scope's goal for the period, in minor units of the reporting currency.
    pub goal: Option<Result<i128, Absence>>,
    /// How the scope's territories stand against the others; for what stands now, and not of teams and reps.
    pub balance: Option<Balanced>,
    /// How many seconds of the period have passed, of how many: `[0, all]`. None for what stands now.
    pub elapsed: Option<(i128, i128)>,
    /// Where the latest exchange rates come from.
    pub reference: &'a Reference,
    /// The stages.
    pub pipelines: &'a Pipelines,
    /// Where verdicts change.
    pub thresholds: &'a Thresholds,
}

/// Where verdicts change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// An average deal size within so many percent of the previous period's is flat.
    pub flat_within_percent: u32,
    /// With a smaller share of reps at quota, quotas are too high.
    pub at_quota_percent_min: u32,
    /// With a larger share of reps at quota, quotas are too low.
    pub at_quota_percent_max: u32,
    /// The share of tracked time that should go into selling.
    pub selling_time_percent: u32,
    /// From which share of the tracked time on a category that does not go with winning is a time sink.
    pub time_sink_percent: u32,
    /// A territory whose index is within so many percent of the company's mean is balanced.
    pub balance_within_percent: u32,
    /// What makes a territory's index.
    pub balance_weights: BalanceWeights,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            flat_within_percent: 5,
            at_quota_percent_min: 50,
            at_quota_percent_max: 80,
            selling_time_percent: 39,
            time_sink_percent: 10,
            balance_within_percent: 15,
            balance_weights: BalanceWeights::default(),
        }
    }
}

impl Thresholds {
    /// Whether they make sense.
    ///
    /// # Errors
    /// What does not, in words.
    pub fn check(&self) -> Result<(), String> {
        let percents = [
            ("flat_within_percent", self.flat_within_percent),
            ("at_quota_percent_min", self.at_quota_percent_min),
            ("at_quota_percent_max", self.at_quota_percent_max),
            ("selling_time_percent", self.selling_time_percent),
            ("time_sink_percent", self.time_sink_percent),
            ("balance_within_percent", self.balance_within_percent),
        ];
        if let Some((key, value)) = percents.iter().find(|(_, value)| *value > 100) {
            return Err(format!("{key} is {value}; expected 0 to 100"));
        }
        if self.at_quota_percent_min > self.at_quota_percent_max {
            let (min, max) = (self.at_quota_percent_min, self.at_quota_percent_max);
            return Err(format!(
                "at_quota_percent_min is {min} and at_quota_percent_max {max}; expected min <= max"
            ));
        }
        self.balance_weights.check()
    }
}
