//! Whether what is open is enough: what is due in a period against what its quotas still need, and what the pipeline is
//! worth by how deals have gone before.

use std::collections::BTreeMap;

use model::{Currency, Measure, PeriodKind};

use super::pipeline::open_by_stage;
use super::targets::{OF_REPS, quota_sums};
use super::{Computed, Dimension, Kpi, quotient, stages};
use crate::conversion::Conversion;
use crate::ingredient::{Ingredient, When};
use crate::input::Input;
use crate::value::{Absence, Part, PartKey, Unit, Value};

pub(super) const OPEN_AMOUNT_DUE: Kpi = Kpi {
    name: "open_amount_due",
    metric: "open_amount_due",
    unit: Unit::Money,
    dimension: Dimension::None,
    periods: &PeriodKind::ALL,
    help: "Amount of the deals that are open now and expected to close in the period, in the reporting currency.",
    formula: "sum over open deals of amount x exchange rate of today, by expected close, rounded once, half to even",
    edge_cases: "Divided over credited reps, for whoever has the deal now. Deals without an expected close in their latest event are in no \
        period; those that are overdue stay in the one they were expected in. Absent if an exchange rate is missing.",
    source: "deal events: stage, amount, currency, expected_close, credits; reference records: fx_rate",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::OpenDueAmount(_)))],
    compute: open_amount_due,
};

pub(super) const PIPELINE_COVERAGE: Kpi = Kpi {
    name: "pipeline_coverage",
    metric: "pipeline_coverage",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    periods: &[PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year],
    help: "How many times the open amount that is due in the period covers what the quotas still need.",
    formula: "open_amount_due / (sum of quotas - sum of credited won amounts of the reps who have one)",
    edge_cases: "Quotas as for quota_attainment; a week has those that are published for it. What a rep has won beyond the \
        quota counts for the scope's others. Absent without a quota, or if nothing remains to be won.",
    source: "deal events: stage, amount, currency, expected_close, credits; reference records: quota, rep, fx_rate",
    made_of: &[Ingredient::of_period(|measure| matches!(measure, Measure::OpenDueAmount(_))), OF_REPS],
    compute: |input| coverage(input).into(),
};

pub(super) const WEIGHTED_PIPELINE: Kpi = Kpi {
    name: "weighted_pipeline",
    metric: "weighted_pipeline",
    unit: Unit::Money,
    dimension: Dimension::Stage,
    periods: &[],
    help: "What the deals that are open now are worth by the share of deals won from each stage before, in the reporting \
        currency.",
    formula: "sum over stages of open_amount x won / (won + lost), of deals that had reached the stage and were closed in \
        this fiscal year or the one before; each stage rounded once, half to even, and then added",
    edge_cases: "With the scope's own shares, so it does not add up over scopes. A stage that no closed deal had reached has \
        no share: absent, and the total is absent if an amount is open there, since any guess would be wrong. Absent if an \
        exchange rate is missing.",
    source: "deal events: stage, amount, currency, credits; reference records: fx_rate",
    made_of: &[
        Ingredient::standing(|measure| matches!(measure, Measure::OpenAmount(..))),
        Ingredient::of(When::History, |measure| {
            matches!(measure, Measure::WonReached(_) | Measure::LostReached(_))
        }),
    ],
    compute: weighted_pipeline,
};

fn weighted_pipeline(input: &Input<'_>) -> Computed {
    let amounts = open_by_stage(input);
    let weighted = |stage| {
        let of_history = |measure| input.history.map_or(0, |history| history.tally.get(measure));
        let won = of_history(Measure::WonReached(stage));
        let closed = won + of_history(Measure::LostReached(stage));
        let amount = amounts.get(&stage);
        amount.map_or(Ok(0), Conversion::total)?;
        quotient(won, closed, "closed deals that had reached the stage")?;
        amount.map_or(Ok(0), |amount| amount.share(won, closed))
    };
    let part = |stage| Part { key: PartKey::Stage(stage), value: weighted(stage).map(Value::Whole) };
    let total = amounts
        .keys()
        .try_fold(0_i128, |total, &stage| total.checked_add(weighted(stage)?).ok_or(Absence::OutOfRange));
    let parts = stages(input, &amounts).map(part).collect();
    Computed { parts, ..total.map(Value::Whole).into() }
}

/// The amounts that are due, by currency, and converted at the latest rates.
fn due(input: &Input<'_>) -> (BTreeMap<Currency, i128>, Result<i128, Absence>) {
    let reporting = input.sums.amounts.reporting();
    let mut sum = Conversion::new(reporting);
    let mut by_currency = BTreeMap::new();
    for (measure, minor) in input.sums.tally.of_kind(Measure::OpenDueAmount(reporting)) {
        if let Measure::OpenDueAmount(currency) = measure {
            sum.add(minor, currency, Some(input.today), input.reference);
            by_currency.insert(currency, minor);
        }
    }
    (by_currency, sum.total())
}

fn open_amount_due(input: &Input<'_>) -> Computed {
    let (by_currency, total) = due(input);
    Computed { by_currency: by_currency.into_iter().collect(), ..total.map(Value::Whole).into() }
}

fn coverage(input: &Input<'_>) -> Result<Value, Absence> {
    let (won, quota) = quota_sums(input)?.ok_or(Absence::NothingToDivideBy("quotas"))?;
    quotient(due(input).1?, quota - won, "quotas that still need something")
}
