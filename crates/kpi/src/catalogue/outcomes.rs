//! What became of deals: created, won and lost, their amounts and how long they took.

use model::{DurationBucket, Measure, PeriodKind};

use super::{Computed, Dimension, Kpi, count, quotient};
use crate::ingredient::Ingredient;
use crate::input::{Input, Sums, Thresholds};
use crate::quantile::{P50, P90, Probability, quantile};
use crate::value::{Absence, Unit, Value, Verdict};

pub(super) const CREATED_DEALS: Kpi = Kpi {
    name: "created_deals",
    metric: "created_deals",
    unit: Unit::Deals,
    dimension: Dimension::None,
    periods: &PeriodKind::ALL,
    help: "Deals created in the period.",
    formula: "count of deals by creation day",
    edge_cases: "A deal counts for the rep and territory it was created with. A deleted deal is taken back.",
    source: "deal events: the earliest event of a deal",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::CreatedDeals))],
    compute: |input| count(input, Measure::CreatedDeals),
};

pub(super) const WON_DEALS: Kpi = Kpi {
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
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::WonDeals))],
    compute: |input| count(input, Measure::WonDeals),
};

pub(super) const LOST_DEALS: Kpi = Kpi {
    name: "lost_deals",
    metric: "lost_deals",
    unit: Unit::Deals,
    dimension: Dimension::None,
    periods: &PeriodKind::ALL,
    help: "Deals lost in the period.",
    formula: "count of deals whose latest stage is lost, by closed day",
    edge_cases: "As for won deals.",
    source: "deal events: stage",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::LostDeals))],
    compute: |input| count(input, Measure::LostDeals),
};

pub(super) const WON_AMOUNT: Kpi = Kpi {
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
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::WonAmount(_)))],
    compute: won_amount,
};

pub(super) const WIN_RATE: Kpi = Kpi {
    name: "win_rate",
    metric: "win_rate",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    periods: &PeriodKind::ALL,
    help: "Share of the deals closed in the period that were won.",
    formula: "won_deals / (won_deals + lost_deals)",
    edge_cases: "Absent if no deal was closed.",
    source: "deal events: stage; by closed day, not by creation cohort",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::WonDeals | Measure::LostDeals))],
    compute: win_rate,
};

pub(super) const AVERAGE_DEAL_SIZE: Kpi = Kpi {
    name: "average_deal_size",
    metric: "average_deal_size",
    unit: Unit::Money,
    dimension: Dimension::None,
    periods: &PeriodKind::ALL,
    help: "Average amount of the deals won in the period, in the reporting currency.",
    formula: "won_amount / won_deals",
    edge_cases: "Lost deals never enter. Absent if no deal was won or an exchange rate is missing. Growing or shrinking \
        against the previous period, flat within a configured share of it, 5 % by default.",
    source: "deal events: stage, amount, currency; reference records: fx_rate",
    made_of: &[
        Ingredient::of_period(|measure| matches!(measure, Measure::WonAmount(_) | Measure::WonDeals)),
        Ingredient::of_previous(|measure| matches!(measure, Measure::WonAmount(_) | Measure::WonDeals)),
    ],
    compute: average_deal_size,
};

pub(super) const SALES_CYCLE_MEAN: Kpi = Kpi {
    name: "sales_cycle_mean",
    metric: "sales_cycle_mean_seconds",
    unit: Unit::Days,
    dimension: Dimension::None,
    periods: &PeriodKind::ALL,
    help: "Mean time from creation to close of the deals won in the period.",
    formula: "sum of (closed time - created time) / won_deals",
    edge_cases: "Absent if no deal was won.",
    source: "deal events: occurred_at, stage; days of 24 hours",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::CycleSeconds | Measure::WonDeals))],
    compute: sales_cycle_mean,
};

pub(super) const SALES_CYCLE_P50: Kpi = Kpi {
    name: "sales_cycle_p50",
    metric: "sales_cycle_p50_seconds",
    unit: Unit::Days,
    dimension: Dimension::None,
    periods: &PeriodKind::ALL,
    help: "Median time from creation to close of the deals won in the period.",
    formula: "quantile 0.5 of (closed time - created time): linear between neighbours at rank (n - 1) x 0.5",
    edge_cases: "Each deal's time is known within 1/128. Absent if no deal was won.",
    source: "deal events: occurred_at, stage; Hyndman and Fan (1996), type 7",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::CycleDeals(_)))],
    compute: |input| sales_cycle_quantile(input, P50),
};

pub(super) const SALES_CYCLE_P90: Kpi = Kpi {
    name: "sales_cycle_p90",
    metric: "sales_cycle_p90_seconds",
    unit: Unit::Days,
    dimension: Dimension::None,
    periods: &PeriodKind::ALL,
    help: "Time from creation to close that 9 of 10 of the deals won in the period stayed within.",
    formula: "quantile 0.9 of (closed time - created time): linear between neighbours at rank (n - 1) x 0.9",
    edge_cases: "Each deal's time is known within 1/128. Absent if no deal was won.",
    source: "deal events: occurred_at, stage; Hyndman and Fan (1996), type 7",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::CycleDeals(_)))],
    compute: |input| sales_cycle_quantile(input, P90),
};

pub(super) const SALES_VELOCITY: Kpi = Kpi {
    name: "sales_velocity",
    metric: "sales_velocity_per_day",
    unit: Unit::MoneyPerDay,
    dimension: Dimension::None,
    periods: &PeriodKind::ALL,
    help: "Money that the pipeline brings per day, in the reporting currency.",
    formula: "open_deals now x average_deal_size x win_rate / sales_cycle_mean in days",
    edge_cases: "With the period's figures; rounded once, half to even. Absent if none was won, or an exchange rate is missing. \
        Does not add up over scopes.",
    source: "deal events: stage, amount, currency, occurred_at; reference records: fx_rate",
    made_of: &[
        Ingredient::of_period(|measure| {
            matches!(
                measure,
                Measure::WonAmount(_) | Measure::WonDeals | Measure::LostDeals | Measure::CycleSeconds
            )
        }),
        Ingredient::standing(|measure| matches!(measure, Measure::OpenDeals(_))),
    ],
    compute: sales_velocity,
};

/// The won amount in the reporting currency.
pub(super) fn won_total(sums: Sums<'_>) -> Result<i128, Absence> {
    sums.amounts.total(Measure::WonAmount(sums.amounts.reporting()))
}

const SECONDS_PER_DAY: i128 = 86_400;

fn won_amount(input: &Input<'_>) -> Computed {
    let won = Measure::WonAmount(input.sums.amounts.reporting());
    let amounts = input.sums.tally.of_kind(won).filter_map(|(measure, minor)| match measure {
        Measure::WonAmount(currency) => Some((currency, minor)),
        _ => None,
    });
    Computed {
        value: won_total(input.sums).map(Value::Whole),
        parts: Vec::new(),
        by_currency: amounts.collect(),
        named: None,
        verdict: None,
    }
}

fn win_rate(input: &Input<'_>) -> Computed {
    let won = input.sums.tally.get(Measure::WonDeals);
    quotient(won, won + input.sums.tally.get(Measure::LostDeals), "closed deals").into()
}

fn average_deal_size(input: &Input<'_>) -> Computed {
    let average = |sums: Sums<'_>| {
        won_total(sums).and_then(|amount| quotient(amount, sums.tally.get(Measure::WonDeals), "won deals"))
    };
    let value = average(input.sums);
    let before = input.previous.and_then(|previous| average(previous).ok());
    let verdict = value.ok().zip(before).and_then(|(now, before)| trend(now, before, input.thresholds));
    Computed { verdict, ..value.into() }
}

/// Whether a value grew from the one before by more than what counts as flat; none where that was not above 0.
fn trend(now: Value, before: Value, thresholds: &Thresholds) -> Option<Verdict> {
    let (numerator, denominator) = before.fraction();
    let scaled = |percent: u32| {
        let numerator = numerator.checked_mul(percent.into())?;
        Some(Value::Quotient { numerator, denominator: denominator.checked_mul(100)? })
    };
    if numerator <= 0 {
        return None;
    }
    let flat = thresholds.flat_within_percent;
    Some(if now.compare(scaled(100 + flat)?).is_gt() {
        Verdict::Growing
    } else if now.compare(scaled(100 - flat.min(100))?).is_lt() {
        Verdict::Shrinking
    } else {
        Verdict::Flat
    })
}

/// Open deals x average deal size x win rate / mean sales cycle, multiplied out: both counts of won deals cancel one.
fn sales_velocity(input: &Input<'_>) -> Computed {
    let tally = input.sums.tally;
    let (won, lost) = (tally.get(Measure::WonDeals), tally.get(Measure::LostDeals));
    let open: i128 = input
        .standing
        .tally
        .iter()
        .filter_map(|(measure, deals)| matches!(measure, Measure::OpenDeals(_)).then_some(deals))
        .sum();
    let value = won_total(input.sums).and_then(|amount| {
        let factors = [amount, won, SECONDS_PER_DAY];
        let numerator = factors.iter().try_fold(open, |product, &factor| product.checked_mul(factor));
        let denominator = (won + lost).checked_mul(tally.get(Measure::CycleSeconds));
        let (numerator, denominator) = numerator.zip(denominator).ok_or(Absence::OutOfRange)?;
        // Rounded here, since its parts would not add up over scopes.
        let value = quotient(numerator, denominator, "closed deals with a sales cycle above 0")?;
        Ok(Value::Whole(value.rounded()))
    });
    value.into()
}

fn sales_cycle_mean(input: &Input<'_>) -> Computed {
    let seconds = input.sums.tally.get(Measure::CycleSeconds);
    quotient(seconds, input.sums.tally.get(Measure::WonDeals), "won deals").into()
}

fn sales_cycle_quantile(input: &Input<'_>, probability: Probability) -> Computed {
    let any = Measure::CycleDeals(DurationBucket::of(0));
    let buckets = input.sums.tally.of_kind(any).filter_map(|(measure, deals)| match measure {
        Measure::CycleDeals(bucket) => Some((bucket, deals)),
        _ => None,
    });
    quantile(&buckets, probability).ok_or(Absence::NothingToDivideBy("won deals")).into()
}
