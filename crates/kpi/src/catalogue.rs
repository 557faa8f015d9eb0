//! The KPIs: their definitions, and from sums to their values.
//!
//! A KPI is one entry of [`CATALOGUE`]; the API, the metrics and their help texts are made from it, so that a number
//! means the same wherever it is shown.

use std::collections::BTreeMap;

use model::{Category, Currency, Measure, PeriodKind, Pipelines, Reference, StageIndex, StageKind, Tally};

use crate::conversion::Conversion;
use crate::quantile::{P50, P90, Probability, cycle_quantile};
use crate::value::{Absence, KpiValue, Part, PartKey, Unit, Value};

/// By what a KPI is told beside its scope and period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// By nothing: one value.
    None,
    /// One value a stage.
    Stage,
    /// One value a category of activities.
    Category,
}

impl Dimension {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Stage => "stage",
            Self::Category => "category",
        }
    }
}

/// What the values of one scope and period are made from.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The sums of the scope and period; for standing KPIs, those that stand now.
    pub tally: &'a Tally,
    /// The won amounts of the period, each at the rate of its closed day.
    pub won_amount: &'a Conversion,
    /// Where the latest exchange rates come from.
    pub reference: &'a Reference,
    /// The stages.
    pub pipelines: &'a Pipelines,
}

/// The definition of a KPI.
#[derive(Debug)]
pub struct Kpi {
    /// Its name, in snake case.
    pub name: &'static str,
    /// Its name in metrics, behind `sales_<scope>_`: that of the base unit where it has another.
    pub metric: &'static str,
    /// The unit of its values.
    pub unit: Unit,
    /// By what it is told beside scope and period.
    pub dimension: Dimension,
    /// For which kinds of periods it is told; none for what stands now.
    pub periods: &'static [PeriodKind],
    /// One sentence for those who read the number.
    pub help: &'static str,
    /// How it is computed.
    pub formula: &'static str,
    /// What happens where the formula leaves a choice.
    pub edge_cases: &'static str,
    /// Which events it is made from, and whose definition it is where there are several.
    pub source: &'static str,
    compute: fn(&Input<'_>) -> Computed,
}

impl PartialEq for Kpi {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kpi {}

impl Kpi {
    /// Whether it tells what stands now, so that it has no period.
    #[must_use]
    pub const fn is_standing(&self) -> bool {
        self.periods.is_empty()
    }

    /// Whether it is told for periods of a kind; with no kind, for what stands now.
    #[must_use]
    pub fn is_told_for(&self, kind: Option<PeriodKind>) -> bool {
        kind.map_or(self.is_standing(), |kind| self.periods.contains(&kind))
    }

    /// The value from the sums of a scope and period. Cost: at most a few passes over the tally.
    #[must_use]
    pub fn evaluate(&'static self, input: &Input<'_>) -> KpiValue {
        let Computed { value, parts, by_currency } = (self.compute)(input);
        let currency = matches!(self.unit, Unit::Money).then(|| input.won_amount.reporting());
        KpiValue { kpi: self, value, currency, parts, by_currency }
    }
}

/// The KPI of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Kpi> {
    CATALOGUE.iter().find(|kpi| kpi.name == name)
}

/// All KPIs, in the order in which they are shown.
pub static CATALOGUE: &[Kpi] = &[
    Kpi {
        name: "created_deals",
        metric: "created_deals",
        unit: Unit::Deals,
        dimension: Dimension::None,
        periods: &PeriodKind::ALL,
        help: "Deals created in the period.",
        formula: "count of deals by creation day",
        edge_cases: "A deal counts for the rep and territory it was created with. A deleted deal is taken back.",
        source: "deal events: the earliest event of a deal",
        compute: |input| count(input, Measure::CreatedDeals),
    },
    Kpi {
        name: "won_deals",
        metric: "won_deals",
        unit: Unit::Deals,
        dimension: Dimension::None,
        periods: &PeriodKind::ALL,
        help: "Deals won in the period.",
        formula: "count of deals whose latest stage is won, by closed day",
        edge_cases: "The closed day is when the deal entered its final unbroken run of closed stages. Reopened: taken \
            back from the period it was in.",
        source: "deal events: stage",
        compute: |input| count(input, Measure::WonDeals),
    },
    Kpi {
        name: "lost_deals",
        metric: "lost_deals",
        unit: Unit::Deals,
        dimension: Dimension::None,
        periods: &PeriodKind::ALL,
        help: "Deals lost in the period.",
        formula: "count of deals whose latest stage is lost, by closed day",
        edge_cases: "As for won deals.",
        source: "deal events: stage",
        compute: |input| count(input, Measure::LostDeals),
    },
    Kpi {
        name: "won_amount",
        metric: "won_amount",
        unit: Unit::Money,
        dimension: Dimension::None,
        periods: &PeriodKind::ALL,
        help: "Revenue: amount of deals won in the period, in the reporting currency.",
        formula: "sum over won deals of amount x exchange rate of the closed day, rounded once, half to even",
        edge_cases: "Divided over credited reps. Amount changed after close: restated in the closed period. Absent if \
            an exchange rate is missing.",
        source: "deal events: stage, amount, currency, credits; reference records: fx_rate",
        compute: won_amount,
    },
    Kpi {
        name: "win_rate",
        metric: "win_rate",
        unit: Unit::Ratio,
        dimension: Dimension::None,
        periods: &PeriodKind::ALL,
        help: "Share of the deals closed in the period that were won.",
        formula: "won_deals / (won_deals + lost_deals)",
        edge_cases: "Absent if no deal was closed.",
        source: "deal events: stage; by closed day, not by creation cohort",
        compute: win_rate,
    },
    Kpi {
        name: "average_deal_size",
        metric: "average_deal_size",
        unit: Unit::Money,
        dimension: Dimension::None,
        periods: &PeriodKind::ALL,
        help: "Average amount of the deals won in the period, in the reporting currency.",
        formula: "won_amount / won_deals",
        edge_cases: "Lost deals never enter. Absent if no deal was won or an exchange rate is missing.",
        source: "deal events: stage, amount, currency; reference records: fx_rate",
        compute: average_deal_size,
    },
    Kpi {
        name: "sales_cycle_mean",
        metric: "sales_cycle_mean_seconds",
        unit: Unit::Days,
        dimension: Dimension::None,
        periods: &PeriodKind::ALL,
        help: "Mean time from creation to close of the deals won in the period.",
        formula: "sum of (closed time - created time) / won_deals",
        edge_cases: "Absent if no deal was won.",
        source: "deal events: occurred_at, stage; days of 24 hours",
        compute: sales_cycle_mean,
    },
    Kpi {
        name: "sales_cycle_p50",
        metric: "sales_cycle_p50_seconds",
        unit: Unit::Days,
        dimension: Dimension::None,
        periods: &PeriodKind::ALL,
        help: "Median time from creation to close of the deals won in the period.",
        formula: "quantile 0.5 of (closed time - created time): linear between neighbours at rank (n - 1) x 0.5",
        edge_cases: "Each deal's time is known within 1/128. Absent if no deal was won.",
        source: "deal events: occurred_at, stage; Hyndman and Fan (1996), type 7",
        compute: |input| sales_cycle_quantile(input, P50),
    },
    Kpi {
        name: "sales_cycle_p90",
        metric: "sales_cycle_p90_seconds",
        unit: Unit::Days,
        dimension: Dimension::None,
        periods: &PeriodKind::ALL,
        help: "Time from creation to close that 9 of 10 of the deals won in the period stayed within.",
        formula: "quantile 0.9 of (closed time - created time): linear between neighbours at rank (n - 1) x 0.9",
        edge_cases: "Each deal's time is known within 1/128. Absent if no deal was won.",
        source: "deal events: occurred_at, stage; Hyndman and Fan (1996), type 7",
        compute: |input| sales_cycle_quantile(input, P90),
    },
    Kpi {
        name: "open_deals",
        metric: "open_deals",
        unit: Unit::Deals,
        dimension: Dimension::Stage,
        periods: &[],
        help: "Open deals now.",
        formula: "count of deals whose latest stage is open, by stage",
        edge_cases: "For the rep and territory the deal has now.",
        source: "deal events: stage",
        compute: open_deals,
    },
    Kpi {
        name: "open_amount",
        metric: "open_amount",
        unit: Unit::Money,
        dimension: Dimension::Stage,
        periods: &[],
        help: "Amount of the deals that are open now, in the reporting currency.",
        formula: "sum over open deals of amount x latest exchange rate, by stage, each sum rounded once, half to even",
        edge_cases: "Divided over credited reps. Absent if an exchange rate is missing. Stages are rounded each by \
            itself.",
        source: "deal events: stage, amount, currency, credits; reference records: fx_rate",
        compute: open_amount,
    },
    Kpi {
        name: "activities",
        metric: "activities",
        unit: Unit::Activities,
        dimension: Dimension::Category,
        periods: &PeriodKind::ALL,
        help: "Activities in the period.",
        formula: "count of activities by the day they happened, by category",
        edge_cases: "The highest version of an activity counts; retracted: taken back.",
        source: "activity events",
        compute: |input| by_category(input, Measure::Activities),
    },
    Kpi {
        name: "activity_minutes",
        metric: "activity_seconds",
        unit: Unit::Minutes,
        dimension: Dimension::Category,
        periods: &PeriodKind::ALL,
        help: "Time spent on activities in the period.",
        formula: "sum of durations by the day the activity happened, by category",
        edge_cases: "Overlapping activities count in full each.",
        source: "activity events: duration",
        compute: |input| by_category(input, Measure::ActivitySeconds),
    },
    Kpi {
        name: "selling_time_share",
        metric: "selling_time_share",
        unit: Unit::Ratio,
        dimension: Dimension::None,
        periods: &PeriodKind::ALL,
        help: "Share of the tracked time that is communication with clients, digital or in person.",
        formula: "minutes of both kinds of client communication / minutes of all categories",
        edge_cases: "Absent if no time was tracked.",
        source: "activity events: category, duration",
        compute: selling_time_share,
    },
];

/// What a definition gives.
struct Computed {
    value: Result<Value, Absence>,
    parts: Vec<Part>,
    by_currency: Vec<(Currency, i128)>,
}

impl From<Result<Value, Absence>> for Computed {
    fn from(value: Result<Value, Absence>) -> Self {
        Self { value, parts: Vec::new(), by_currency: Vec::new() }
    }
}

fn count(input: &Input<'_>, measure: Measure) -> Computed {
    Ok(Value::Whole(input.tally.get(measure))).into()
}

fn quotient(numerator: i128, denominator: i128, of_what: &'static str) -> Result<Value, Absence> {
    if denominator > 0 {
        Ok(Value::Quotient { numerator, denominator })
    } else {
        Err(Absence::NothingToDivideBy(of_what))
    }
}

fn won_amount(input: &Input<'_>) -> Computed {
    let amounts = input.tally.iter().filter_map(|(measure, minor)| match measure {
        Measure::WonAmount(currency) => Some((currency, minor)),
        _ => None,
    });
    Computed {
        value: input.won_amount.total().map(Value::Whole),
        parts: Vec::new(),
        by_currency: amounts.collect(),
    }
}

fn win_rate(input: &Input<'_>) -> Computed {
    let won = input.tally.get(Measure::WonDeals);
    quotient(won, won + input.tally.get(Measure::LostDeals), "closed deals").into()
}

fn average_deal_size(input: &Input<'_>) -> Computed {
    let won = input.tally.get(Measure::WonDeals);
    let amount = input.won_amount.total();
    amount.and_then(|amount| quotient(amount, won, "won deals")).into()
}

fn sales_cycle_mean(input: &Input<'_>) -> Computed {
    let seconds = input.tally.get(Measure::CycleSeconds);
    quotient(seconds, input.tally.get(Measure::WonDeals), "won deals").into()
}

fn sales_cycle_quantile(input: &Input<'_>, probability: Probability) -> Computed {
    cycle_quantile(input.tally, probability).ok_or(Absence::NothingToDivideBy("won deals")).into()
}

/// The open stages in order, and any other that has a sum.
fn stages<'a>(
    input: &'a Input<'_>,
    counted: &'a BTreeMap<StageIndex, impl Sized>,
) -> impl Iterator<Item = StageIndex> {
    let open = |stage: &StageIndex| input.pipelines.kind(*stage) == StageKind::Open;
    let unknown = counted.keys().copied().filter(|&stage| input.pipelines.get(stage).is_none());
    let known = input.pipelines.indices().filter(move |stage| open(stage) || counted.contains_key(stage));
    known.chain(unknown)
}

fn open_deals(input: &Input<'_>) -> Computed {
    let counted: BTreeMap<StageIndex, i128> = input
        .tally
        .iter()
        .filter_map(|(measure, deals)| match measure {
            Measure::OpenDeals(stage) => Some((stage, deals)),
            _ => None,
        })
        .collect();
    let part = |stage| {
        let deals = counted.get(&stage).copied().unwrap_or(0);
        Part { key: PartKey::Stage(stage), value: Ok(Value::Whole(deals)) }
    };
    Computed {
        value: Ok(Value::Whole(counted.values().sum())),
        parts: stages(input, &counted).map(part).collect(),
        by_currency: Vec::new(),
    }
}

fn open_amount(input: &Input<'_>) -> Computed {
    let reporting = input.won_amount.reporting();
    let mut counted: BTreeMap<StageIndex, Conversion> = BTreeMap::new();
    let mut all = Conversion::new(reporting);
    let mut by_currency: BTreeMap<Currency, i128> = BTreeMap::new();
    for (measure, minor) in input.tally.iter() {
        if let Measure::OpenAmount(stage, currency) = measure {
            let of_stage = counted.entry(stage).or_insert_with(|| Conversion::new(reporting));
            of_stage.add(minor, currency, None, input.reference);
            all.add(minor, currency, None, input.reference);
            *by_currency.entry(currency).or_insert(0) += minor;
        }
    }
    let part = |stage| {
        let value = counted.get(&stage).map_or(Ok(0), Conversion::total).map(Value::Whole);
        Part { key: PartKey::Stage(stage), value }
    };
    Computed {
        value: all.total().map(Value::Whole),
        parts: stages(input, &counted).map(part).collect(),
        by_currency: by_currency.into_iter().collect(),
    }
}

fn by_category(input: &Input<'_>, measure: fn(Category) -> Measure) -> Computed {
    let parts = Category::ALL.map(|category| (category, input.tally.get(measure(category))));
    let part = |(category, sum)| Part { key: PartKey::Category(category), value: Ok(Value::Whole(sum)) };
    Computed {
        value: Ok(Value::Whole(parts.iter().map(|(_, sum)| sum).sum())),
        parts: parts.into_iter().map(part).collect(),
        by_currency: Vec::new(),
    }
}

fn selling_time_share(input: &Input<'_>) -> Computed {
    let seconds = |category| input.tally.get(Measure::ActivitySeconds(category));
    let selling = Category::ALL.into_iter().filter(|category| category.is_selling()).map(seconds).sum();
    quotient(selling, Category::ALL.into_iter().map(seconds).sum(), "tracked minutes").into()
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
