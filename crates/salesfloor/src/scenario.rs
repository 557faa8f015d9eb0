//! What a simulated company is like. A scenario is data from outside, so that everything in it is bounded and checked
//! before anything is made of it.

use std::fmt;

use model::{
    Category, Currency, Day, FxRate, Pipeline, Pipelines, Stage, StageKind, StageRole, parse_decimal,
};
use serde::{Deserialize, Serialize};

mod rates;

pub use rates::Rates;

/// A company, its sales and how messy its records are. The same scenario gives the same events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The first day, in UTC.
    #[serde(with = "day_text")]
    pub start_day: Day,
    /// For how many days there are events; none: without end, until the year 2200.
    pub days: Option<u32>,
    /// How many reps.
    pub reps: u32,
    /// From the start, when reps join late or leave, if they do.
    pub turnover_within_days: u32,
    /// How many teams.
    pub teams: u32,
    /// How many territories; their regions come on top.
    pub territories: u32,
    /// The pipelines; each new deal goes into one of them, all alike.
    pub pipelines: Vec<PipelinePlan>,
    /// A stage that holds the deals up for some days, if there is one.
    pub bottleneck: Option<Bottleneck>,
    /// The currency of quotas and goals, and of territories whose own currency is not among `currencies`.
    pub reporting_currency: String,
    /// Whether quotas are set for each month instead of each quarter, and the goals of territories and teams for both.
    pub months_have_quotas: bool,
    /// The currencies beside the reporting one.
    pub currencies: Vec<CurrencyPlan>,
    /// New deals per calendar day, on average.
    pub deals_per_day: u32,
    /// The median amount of a deal, in minor units of the reporting currency.
    pub median_amount_minor: i64,
    /// How far amounts scatter: their logarithm of base 2 varies by twice this in either direction; 0 to 4.
    pub amount_spread_doublings: f64,
    /// To how many significant digits amounts are rounded, as people do; 0: not at all.
    pub amount_significant_digits: u32,
    /// What reps do all day.
    pub activities: Vec<ActivityPlan>,
    /// Mean days between a deal's close and what still happens to it.
    pub after_close_days: f64,
    /// Whether things happen on working days from 8 to 18 o'clock local time (and at weekends by
    /// [`Rates::weekend`]), or evenly.
    pub office_hours: bool,
    /// Times are multiples of this, which makes many of them equal; 0: any millisecond.
    pub time_grid_seconds: u32,
    /// How often the exceptions occur.
    pub rates: Rates,
}

/// A pipeline and how deals move through it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelinePlan {
    /// Its name.
    pub name: String,
    /// Its stages, in order.
    pub stages: Vec<StagePlan>,
}

/// A stage and how deals fare in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagePlan {
    /// Its name.
    pub name: String,
    /// What being in it means.
    pub kind: StageKind,
    /// Days after which an open deal in it is stalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_days: Option<u32>,
    /// Whether leads are told from opportunities by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<StageRole>,
    /// Mean days until something happens to a deal in it.
    #[serde(default)]
    pub typical_days: f64,
    /// How many of the deals that leave it are lost, in `[0, 1]`; the win rate of a pipeline is the product of what
    /// its open stages keep.
    #[serde(default)]
    pub loss_rate: f64,
}

/// A stage of any pipeline that deals, or some of them, do not leave on some days. Those that waited leave soon after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bottleneck {
    /// The stage's name.
    pub stage: String,
    /// The first day, counted from the scenario's start.
    pub from_day: u32,
    /// The day after the last.
    pub to_day: u32,
    /// How many of 100 deals are held up, 1 to 100.
    #[serde(default = "all_of_them")]
    pub held_percent: u32,
}

const fn all_of_them() -> u32 {
    100
}

/// A currency and its worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrencyPlan {
    /// ISO 4217.
    pub code: String,
    /// Units of the reporting currency per unit, as decimal text, at the start; it drifts from month to month.
    pub rate: String,
}

/// How much of a category a rep does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityPlan {
    /// The category's name, as [`Category::name`] gives it.
    pub category: String,
    /// Activities per rep and working day, about.
    pub per_day: f64,
    /// Median duration.
    pub median_minutes: u32,
}

/// What in a scenario cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError(String);

impl fmt::Display for ScenarioError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "scenario: {}", self.0)
    }
}

impl std::error::Error for ScenarioError {}

impl Default for Scenario {
    fn default() -> Self {
        Self::demo()
    }
}

impl Scenario {
    /// A believable software company: 40 reps, 6 territories in three regions, five currencies, a year of events.
    #[must_use]
    pub fn demo() -> Self {
        let minutes = |category: Category, per_day, median_minutes| ActivityPlan {
            category: category.name().to_owned(),
            per_day,
            median_minutes,
        };
        Self {
            seed: 20_260_105,
            // 2026-01-05, a Monday.
            start_day: Day(20_458),
            days: Some(365),
            reps: 40,
            turnover_within_days: 300,
            teams: 5,
            territories: 6,
            pipelines: vec![default_pipeline(1.0)],
            bottleneck: None,
            reporting_currency: "EUR".to_owned(),
            months_have_quotas: false,
            currencies: vec![
                currency("USD", "0.86"),
                currency("GBP", "1.145"),
                currency("SEK", "0.0905"),
                currency("JPY", "0.00562"),
            ],
            deals_per_day: 24,
            median_amount_minor: 1_850_000,
            amount_spread_doublings: 2.0,
            amount_significant_digits: 3,
            activities: vec![
                minutes(Category::DigitalClientCommunication, 5.0, 20),
                minutes(Category::InPersonClientCommunication, 0.5, 60),
                minutes(Category::InternalMeeting, 1.6, 35),
                minutes(Category::Admin, 2.4, 25),
                minutes(Category::Travel, 0.5, 70),
                minutes(Category::Training, 0.3, 60),
                minutes(Category::SalesPreparation, 1.5, 40),
            ],
            after_close_days: 9.0,
            office_hours: true,
            time_grid_seconds: 0,
            rates: Rates::default(),
        }
    }

    /// A handful of reps and a few days in which every exception is frequent: for property tests. About 150 events.
    #[must_use]
    pub fn tiny(seed: u64) -> Self {
        let mut renewal = default_pipeline(0.06);
        renewal.name = "renewal".to_owned();
        renewal.stages.retain(|stage| stage.name != "mql" && stage.name != "demo");
        // Other than the first: a stage of role mql, whatever its name, and none of role sql; and the lost stage, which
        // was last, between the open ones.
        for stage in &mut renewal.stages {
            stage.role = (stage.name == "sql").then_some(StageRole::Mql);
        }
        renewal.stages[1..].rotate_right(1);
        let mut activities = Self::demo().activities;
        for plan in &mut activities {
            plan.per_day = 0.3;
        }
        Self {
            seed,
            // 2026-03-25: over the days on which Europe's clocks change.
            start_day: Day(20_537),
            days: Some(6),
            reps: 5,
            turnover_within_days: 5,
            teams: 2,
            territories: 5,
            pipelines: vec![default_pipeline(0.06), renewal],
            deals_per_day: 4,
            median_amount_minor: 10_001,
            amount_significant_digits: 0,
            activities,
            after_close_days: 0.3,
            office_hours: false,
            time_grid_seconds: 1_800,
            rates: Rates::tiny(),
            ..Self::demo()
        }
    }

    /// The pipelines as configuration has them.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn pipelines(&self) -> Result<Pipelines, ScenarioError> {
        let stage = |plan: &StagePlan| Stage {
            name: plan.name.clone(),
            kind: plan.kind,
            limit_days: plan.limit_days,
            role: plan.role,
        };
        let pipelines = self.pipelines.iter().map(|plan| Pipeline {
            name: plan.name.clone(),
            stages: plan.stages.iter().map(stage).collect(),
        });
        Pipelines::new(pipelines.collect()).map_err(|error| ScenarioError(error.to_string()))
    }

    /// Checks everything against its bounds.
    ///
    /// # Errors
    /// The first thing that cannot be.
    pub fn check(&self) -> Result<(), ScenarioError> {
        self.pipelines()?;
        self.currency_rates()?;
        Day::checked(self.start_day.0).map_err(|error| ScenarioError(format!("start_day {error}")))?;
        for (name, number, least, most) in [
            ("days", self.days.unwrap_or(0).into(), 0, 84_000),
            ("reps", i64::from(self.reps), 1, 1_000_000),
            ("turnover_within_days", self.turnover_within_days.into(), 0, 3_650),
            ("teams", i64::from(self.teams), 1, 100_000),
            ("territories", i64::from(self.territories), 1, 100_000),
            ("deals_per_day", i64::from(self.deals_per_day), 0, 10_000_000),
            ("median_amount_minor", self.median_amount_minor, 1, 1_000_000_000_000),
            ("amount_significant_digits", self.amount_significant_digits.into(), 0, 15),
            ("time_grid_seconds", self.time_grid_seconds.into(), 0, 86_400),
        ] {
            if !(least..=most).contains(&number) {
                return Err(ScenarioError(format!("{name} is {number}; expected {least} to {most}")));
            }
        }
        let bounded = |name: &str, number: f64, most: f64| {
            if (0.0..=most).contains(&number) {
                Ok(())
            } else {
                Err(ScenarioError(format!("{name} is {number}; expected 0 to {most}")))
            }
        };
        bounded("amount_spread_doublings", self.amount_spread_doublings, 4.0)?;
        bounded("after_close_days", self.after_close_days, 3_650.0)?;
        for (name, rate) in self.rates.named() {
            bounded(&format!("rates.{name}"), rate, 1.0)?;
        }
        for stage in self.pipelines.iter().flat_map(|pipeline| &pipeline.stages) {
            bounded(&format!("typical_days of stage {:?}", stage.name), stage.typical_days, 3_650.0)?;
            bounded(&format!("loss_rate of stage {:?}", stage.name), stage.loss_rate, 1.0)?;
        }
        if let Some(Bottleneck { stage, from_day, to_day, held_percent }) = &self.bottleneck {
            let mut stages = self.pipelines.iter().flat_map(|pipeline| &pipeline.stages);
            if !stages.any(|plan| plan.name == *stage && plan.kind == StageKind::Open) {
                return Err(ScenarioError(format!("bottleneck.stage is {stage:?}; expected an open stage")));
            }
            if from_day >= to_day || *to_day > 84_000 {
                let expected = "expected from_day below to_day, and that at most 84000";
                return Err(ScenarioError(format!(
                    "bottleneck is from day {from_day} to {to_day}; {expected}"
                )));
            }
            if !(1..=100).contains(held_percent) {
                return Err(ScenarioError(format!(
                    "bottleneck.held_percent is {held_percent}; expected 1 to 100"
                )));
            }
        }
        for plan in &self.activities {
            if Category::from_name(&plan.category).is_none() {
                return Err(ScenarioError(format!(
                    "activity category {:?} is unknown; expected one such as {:?}",
                    plan.category,
                    Category::Admin.name()
                )));
            }
            bounded(&format!("per_day of {}", plan.category), plan.per_day, 100_000.0)?;
            bounded(&format!("median_minutes of {}", plan.category), plan.median_minutes.into(), 1_440.0)?;
        }
        Ok(())
    }

    /// All currencies with their rates as [`FxRate`] has them, the reporting one first.
    pub(crate) fn currency_rates(&self) -> Result<Vec<(Currency, i64)>, ScenarioError> {
        let currency = |code: &str| {
            Currency::from_code(code).map_err(|error| ScenarioError(format!("currency {code:?} {error}")))
        };
        let mut rates = vec![(currency(&self.reporting_currency)?, 10_i64.pow(FxRate::SCALE))];
        for plan in &self.currencies {
            let code = currency(&plan.code)?;
            if rates.iter().any(|&(known, _)| known == code) {
                return Err(ScenarioError(format!("currency {code} is there twice")));
            }
            let rate = parse_decimal(&plan.rate)
                .filter(|&(_, scale)| scale <= FxRate::SCALE)
                .and_then(|(unscaled, scale)| unscaled.checked_mul(10_i128.pow(FxRate::SCALE - scale)))
                .and_then(|rate| i64::try_from(rate).ok())
                .filter(|rate| (1_000..=1_000_000_000_000_000_000).contains(rate))
                .ok_or_else(|| {
                    ScenarioError(format!(
                        "rate {:?} of {code} is not a decimal from 0.000000001 to 1000000 with at most {} digits \
                         behind the point",
                        plan.rate,
                        FxRate::SCALE
                    ))
                })?;
            rates.push((code, rate));
        }
        Ok(rates)
    }
}

fn currency(code: &str, rate: &str) -> CurrencyPlan {
    CurrencyPlan { code: code.to_owned(), rate: rate.to_owned() }
}

/// Lead, MQL, SQL, demo, proposal, negotiation, won, lost; with the times of a usual mid-market sale times a factor.
fn default_pipeline(days_factor: f64) -> PipelinePlan {
    let stage = |name: &str, kind, limit_days, typical_days: f64, loss_rate| StagePlan {
        name: name.to_owned(),
        kind,
        limit_days,
        role: None,
        typical_days: typical_days * days_factor,
        loss_rate,
    };
    PipelinePlan {
        name: "default".to_owned(),
        stages: vec![
            stage("lead", StageKind::Open, Some(14), 4.0, 0.24),
            StagePlan { role: Some(StageRole::Mql), ..stage("mql", StageKind::Open, Some(14), 5.0, 0.30) },
            StagePlan { role: Some(StageRole::Sql), ..stage("sql", StageKind::Open, Some(21), 7.0, 0.18) },
            stage("demo", StageKind::Open, Some(21), 8.0, 0.16),
            stage("proposal", StageKind::Open, Some(30), 11.0, 0.20),
            stage("negotiation", StageKind::Open, Some(30), 13.0, 0.14),
            stage("won", StageKind::Won, None, 0.0, 0.0),
            stage("lost", StageKind::Lost, None, 0.0, 0.0),
        ],
    }
}

/// A day as ISO 8601 text.
mod day_text {
    use model::Day;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(day: &Day, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let text = String::deserialize(deserializer)?;
        Day::parse(&text).map_err(|error| de::Error::custom(format!("{text:?} {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_text_and_back() {
        for scenario in [Scenario::demo(), Scenario::tiny(3)] {
            let text = serde_json::to_string(&scenario).unwrap();
            assert_eq!(serde_json::from_str::<Scenario>(&text).unwrap(), scenario);
        }
        let scenario: Scenario =
            serde_json::from_str(r#"{"reps": 7, "start_day": "2026-11-02", "rates": {"reopened": 0.5}}"#)
                .unwrap();
        assert_eq!((scenario.reps, scenario.teams), (7, Scenario::demo().teams));
        assert_eq!(scenario.start_day.to_string(), "2026-11-02");
        assert_eq!(scenario.rates, Rates { reopened: 0.5, ..Rates::default() });
    }

    #[test]
    fn unknown_keys_and_wrong_days_are_refused() {
        for text in [
            r#"{"rep": 7}"#,
            r#"{"rates": {"reopend": 0.5}}"#,
            r#"{"start_day": "2026-02-30"}"#,
            r#"{"pipelines": [{"name": "p", "stages": [], "colour": "red"}]}"#,
        ] {
            assert!(serde_json::from_str::<Scenario>(text).is_err(), "{text}");
        }
    }

    fn bottleneck(stage: &str, from_day: u32, to_day: u32) -> Option<Bottleneck> {
        Some(Bottleneck { stage: stage.to_owned(), from_day, to_day, held_percent: 100 })
    }

    #[test]
    fn impossible_scenarios_are_refused() {
        type Spoil = fn(&mut Scenario);
        let cases: [(Spoil, &str); 14] = [
            (|scenario| scenario.bottleneck = bottleneck("sqm", 3, 9), "bottleneck.stage is \"sqm\""),
            (|scenario| scenario.bottleneck = bottleneck("sql", 9, 9), "bottleneck is from day 9 to 9"),
            (
                |scenario| {
                    scenario.bottleneck =
                        bottleneck("sql", 3, 9).map(|jam| Bottleneck { held_percent: 0, ..jam });
                },
                "bottleneck.held_percent is 0",
            ),
            (|scenario| scenario.reps = 0, "reps is 0"),
            (|scenario| scenario.rates.split = 1.5, "rates.split is 1.5"),
            (|scenario| scenario.rates.deleted = f64::NAN, "rates.deleted is NaN"),
            (|scenario| scenario.start_day = Day(-1), "start_day"),
            (|scenario| scenario.median_amount_minor = 0, "median_amount_minor"),
            (|scenario| scenario.pipelines.clear(), "no pipeline"),
            (|scenario| scenario.activities[0].category = "naps".to_owned(), "\"naps\""),
            (|scenario| scenario.pipelines[0].stages[0].typical_days = -1.0, "typical_days"),
            (|scenario| scenario.currencies[0].rate = "0".to_owned(), "rate \"0\""),
            (|scenario| scenario.currencies[0].code = "EUR".to_owned(), "EUR is there twice"),
            (|scenario| scenario.reporting_currency = "EURO".to_owned(), "\"EURO\""),
        ];
        for (spoil, expected) in cases {
            let mut scenario = Scenario::demo();
            assert_eq!(scenario.check(), Ok(()));
            spoil(&mut scenario);
            let message = scenario.check().unwrap_err().to_string();
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }
}
