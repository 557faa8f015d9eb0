//! Quotas and goals: who is on quota, whether quotas are right, and what the goal still needs.

use model::{Measure, PeriodKind};

use super::outcomes::won_total;
use super::{Computed, Dimension, Kpi, quotient};
use crate::conversion::Conversion;
use crate::ingredient::{Ingredient, When, Whose};
use crate::input::{Input, RepQuota};
use crate::value::{Absence, Attainment, Part, PartKey, Unit, Value, Verdict};

/// The kinds of periods that have quotas and goals.
const TARGETED: &[PeriodKind] = &[PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year];

/// What the scope's reps won, of those who have a quota.
pub(super) const OF_REPS: Ingredient = Ingredient {
    when: When::Period,
    whose: Whose::RepsWithQuota,
    is: |measure| matches!(measure, Measure::WonAmount(_)),
};

pub(super) const QUOTA_ATTAINMENT: Kpi = Kpi {
    name: "quota_attainment",
    metric: "quota_attainment",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    periods: TARGETED,
    help: "Won amount as a share of the quota; over several reps, of those who have one.",
    formula: "sum of credited won amounts of reps with a quota / sum of their quotas",
    edge_cases: "The quota in force today, or at the period's end if it is over. A quarter or year without a quota of its \
        own has the sum of its quarters' or months' quotas, if each has one. A territory's reps are those whose home it \
        is. A quota of 0 is none. Absent without a quota.",
    source: "deal events: stage, amount, currency, credits; reference records: quota, rep, fx_rate",
    made_of: &[OF_REPS],
    compute: quota_attainment,
};

pub(super) const REPS_AT_QUOTA: Kpi = Kpi {
    name: "reps_at_quota",
    metric: "reps_at_quota",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    periods: TARGETED,
    help: "Share of the reps with a quota who have made it; says whether quotas are right.",
    formula: "reps with quota_attainment >= 1 / reps with a quota above 0",
    edge_cases: "Below the configured range quotas are too high, above it too low (50 % and 80 % by default); judged once \
        the period is over. Absent if nobody has a quota.",
    source: "as quota_attainment",
    made_of: &[OF_REPS],
    compute: reps_at_quota,
};

pub(super) const REPS_BY_ATTAINMENT: Kpi = Kpi {
    name: "reps_by_attainment",
    metric: "reps_by_attainment",
    unit: Unit::Reps,
    dimension: Dimension::Attainment,
    periods: TARGETED,
    help: "Reps with a quota, by how much of it they have made.",
    formula: "count of reps with a quota above 0 by quota_attainment: below 50 %, 80 %, 100 %, up to 120 %, above",
    edge_cases: "Ranges include their lower end, and 120 % itself is in the fourth.",
    source: "as quota_attainment",
    made_of: &[OF_REPS],
    compute: reps_by_attainment,
};

pub(super) const GOAL_ATTAINMENT: Kpi = Kpi {
    name: "goal_attainment",
    metric: "goal_attainment",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    periods: TARGETED,
    help: "Won amount as a share of the goal.",
    formula: "won_amount / goal",
    edge_cases: "Absent without a goal for the scope and period, or if it is 0.",
    source: "deal events: stage, amount, currency, credits; reference records: goal, fx_rate",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::WonAmount(_)))],
    compute: |input| goal(input).and_then(|goal| quotient(won_total(input.sums)?, goal, "goal")).into(),
};

pub(super) const GOAL_PACE: Kpi = Kpi {
    name: "goal_pace",
    metric: "goal_pace",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    periods: TARGETED,
    help: "Won amount as a share of what should have been won by now; 1 is on pace.",
    formula: "won_amount / (goal x share of the period that has passed)",
    edge_cases: "Linear, by the second. Absent without a goal, or before the period.",
    source: "deal events: stage, amount, currency, credits; reference records: goal, fx_rate",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::WonAmount(_)))],
    compute: |input| judged(goal_pace(input)),
};

pub(super) const GOAL_PACE_BY_LAST_YEAR: Kpi = Kpi {
    name: "goal_pace_by_last_year",
    metric: "goal_pace_by_last_year",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    periods: TARGETED,
    help: "Won amount as a share of what should have been won by now if the period goes as it did a year before; 1 is on \
        pace.",
    formula: "won_amount / (goal x won_amount of the same share of days of the same period last year / won_amount of all of \
        it)",
    edge_cases: "By whole days, today's included; the share of last year's days is rounded to the nearest day. Absent without \
        a goal, if nothing was won in last year's period, or if nothing had been by then.",
    source: "deal events: stage, amount, currency, credits; reference records: goal, fx_rate",
    made_of: &[
        Ingredient::of_period(|measure| matches!(measure, Measure::WonAmount(_))),
        Ingredient::of(When::LastYear, |measure| matches!(measure, Measure::WonAmount(_))),
    ],
    compute: |input| judged(goal_pace_by_last_year(input)),
};

pub(super) const REQUIRED_DEALS: Kpi = Kpi {
    name: "required_deals",
    metric: "required_deals",
    unit: Unit::Deals,
    dimension: Dimension::None,
    periods: TARGETED,
    help: "Deals that are still to be won to reach the goal.",
    formula: "ceil((goal - won_amount) / average deal size of this and the previous period)",
    edge_cases: "0 once the goal is met. Absent without a goal, or if nothing was won in either period.",
    source: "deal events: stage, amount, currency; reference records: goal, fx_rate",
    made_of: &[
        Ingredient::of_period(|measure| matches!(measure, Measure::WonAmount(_) | Measure::WonDeals)),
        Ingredient::of_previous(|measure| matches!(measure, Measure::WonAmount(_) | Measure::WonDeals)),
    ],
    compute: |input| required_deals(input).map(Value::Whole).into(),
};

pub(super) const REQUIRED_LEADS: Kpi = Kpi {
    name: "required_leads",
    metric: "required_leads",
    unit: Unit::Deals,
    dimension: Dimension::None,
    periods: TARGETED,
    help: "New deals that are needed to win those that the goal still needs.",
    formula: "ceil(required_deals / cohort_conversion of the previous period)",
    edge_cases: "0 once the goal is met. Absent without a goal, or if no deal of the previous period's cohort is won.",
    source: "deal events: stage, amount, currency; reference records: goal, fx_rate",
    made_of: &[
        Ingredient::of_period(|measure| matches!(measure, Measure::WonAmount(_) | Measure::WonDeals)),
        Ingredient::of_previous(|measure| {
            matches!(
                measure,
                Measure::WonAmount(_) | Measure::WonDeals | Measure::CreatedDeals | Measure::CohortWon
            )
        }),
    ],
    compute: |input| required_leads(input).map(Value::Whole).into(),
};

/// Those reps whose quotas something can be divided by.
fn with_quota<'a>(input: &Input<'a>) -> impl Iterator<Item = &'a RepQuota> + use<'a> {
    let counts = |rep: &&RepQuota| {
        rep.won.total().is_err() || rep.quota.is_err() || rep.quota.is_ok_and(|quota| quota > 0)
    };
    input.quotas.iter().filter(counts)
}

/// What each of them has won, and was to win.
fn quotas<'a>(input: &Input<'a>) -> impl Iterator<Item = Result<(i128, i128), Absence>> + use<'a> {
    with_quota(input).map(|rep| Ok((rep.won.total()?, rep.quota?)))
}

/// What all of them together have won, rounded once, and were to win; none if there are none.
pub(super) fn quota_sums(input: &Input<'_>) -> Result<Option<(i128, i128)>, Absence> {
    let mut sums: Option<(Conversion, i128)> = None;
    for rep in with_quota(input) {
        let (won, quota) = sums.get_or_insert((Conversion::new(rep.won.reporting()), 0));
        won.merge(&rep.won);
        *quota = quota.checked_add(rep.quota?).ok_or(Absence::OutOfRange)?;
    }
    sums.map(|(won, quota)| Ok((won.total()?, quota))).transpose()
}

fn quota_attainment(input: &Input<'_>) -> Computed {
    let sums = quota_sums(input).map(Option::unwrap_or_default);
    sums.and_then(|(won, quota)| quotient(won, quota, "quotas")).into()
}

fn reps_at_quota(input: &Input<'_>) -> Computed {
    let counts = quotas(input).try_fold((0, 0), |(at_quota, all), quota| {
        let (won, quota) = quota?;
        Ok((at_quota + i128::from(won >= quota), all + 1))
    });
    let value = counts.and_then(|(at_quota, all)| quotient(at_quota, all, "reps with a quota"));
    let is_over = input.elapsed.is_some_and(|(passed, all)| passed == all);
    let verdict = value.ok().filter(|_| is_over).map(|share| {
        let percent = |percent: u32| Value::Quotient { numerator: percent.into(), denominator: 100 };
        if share.compare(percent(input.thresholds.at_quota_percent_min)).is_lt() {
            Verdict::QuotasTooHigh
        } else if share.compare(percent(input.thresholds.at_quota_percent_max)).is_gt() {
            Verdict::QuotasTooLow
        } else {
            Verdict::QuotasInRange
        }
    });
    Computed { verdict, ..value.into() }
}

fn reps_by_attainment(input: &Input<'_>) -> Computed {
    let ranges = quotas(input).map(|quota| quota.map(|(won, quota)| Attainment::of(won, quota)));
    let ranges: Result<Vec<Attainment>, Absence> = ranges.collect();
    let count = |range| {
        let ranges = ranges.as_ref().map_err(|absence| *absence)?;
        Ok(Value::Whole(ranges.iter().filter(|&&other| other == range).count() as i128))
    };
    let part = |range| Part { key: PartKey::Attainment(range), value: count(range) };
    let parts = Attainment::ALL.into_iter().map(part).collect();
    let value = ranges.as_ref().map(|ranges| Value::Whole(ranges.len() as i128)).map_err(|absence| *absence);
    Computed { parts, ..value.into() }
}

fn goal(input: &Input<'_>) -> Result<i128, Absence> {
    input.goal.unwrap_or(Err(Absence::NoGoal))
}

fn goal_pace(input: &Input<'_>) -> Result<Value, Absence> {
    let (passed, all) = input.elapsed.ok_or(Absence::NoGoal)?;
    pace(input, passed, all)
}

fn goal_pace_by_last_year(input: &Input<'_>) -> Result<Value, Absence> {
    goal(input)?;
    let all = input.last_year.map_or(Ok(0), |year| won_total(year.whole))?;
    if all <= 0 {
        return Err(Absence::NothingToDivideBy("won amounts of last year's period"));
    }
    let passed = input.last_year.map_or(Ok(0), |year| won_total(year.to_date))?;
    pace(input, passed, all)
}

/// What was won as a share of what should have been, where so much of all that counts has passed.
fn pace(input: &Input<'_>, passed: i128, all: i128) -> Result<Value, Absence> {
    let (goal, won) = (goal(input)?, won_total(input.sums)?);
    let parts = won.checked_mul(all).zip(goal.checked_mul(passed));
    let (numerator, denominator) = parts.ok_or(Absence::OutOfRange)?;
    quotient(numerator, denominator, "goal for the time that has passed")
}

fn judged(pace: Result<Value, Absence>) -> Computed {
    let verdict = pace.ok().map(|pace| {
        if pace.compare(Value::Whole(1)).is_lt() { Verdict::BehindPace } else { Verdict::OnPace }
    });
    Computed { verdict, ..pace.into() }
}

fn required_deals(input: &Input<'_>) -> Result<i128, Absence> {
    let missing = goal(input)? - won_total(input.sums)?;
    if missing <= 0 {
        return Ok(0);
    }
    let mut won = won_total(input.sums)?;
    let mut deals = input.sums.tally.get(Measure::WonDeals);
    if let Some(previous) = input.previous {
        won += won_total(previous)?;
        deals += previous.tally.get(Measure::WonDeals);
    }
    // Who has a part in others' deals has an amount, but no deal of a size.
    if deals <= 0 {
        return Err(Absence::NothingToDivideBy("won deals"));
    }
    ceil_of_product(missing, deals, won, "won amounts")
}

fn required_leads(input: &Input<'_>) -> Result<i128, Absence> {
    let deals = required_deals(input)?;
    if deals == 0 {
        return Ok(0);
    }
    let of_cohort = |measure| input.previous.map_or(0, |previous| previous.tally.get(measure));
    let (created, won) = (of_cohort(Measure::CreatedDeals), of_cohort(Measure::CohortWon));
    ceil_of_product(deals, created, won, "won deals of the previous cohort")
}

/// `ceil(one x other / divisor)`.
fn ceil_of_product(one: i128, other: i128, divisor: i128, of_what: &'static str) -> Result<i128, Absence> {
    if divisor <= 0 {
        return Err(Absence::NothingToDivideBy(of_what));
    }
    let product = one.checked_mul(other).ok_or(Absence::OutOfRange)?;
    Ok(product.div_euclid(divisor) + i128::from(product.rem_euclid(divisor) > 0))
}
