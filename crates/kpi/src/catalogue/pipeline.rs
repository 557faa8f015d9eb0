//! What is open now.

use std::collections::BTreeMap;

use model::{Currency, Measure, StageIndex};

use super::{Computed, Dimension, Kpi, stages};
use crate::conversion::Conversion;
use crate::ingredient::Ingredient;
use crate::input::Input;
use crate::value::{Part, PartKey, Unit, Value};

pub(super) const OPEN_DEALS: Kpi = Kpi {
    name: "open_deals",
    metric: "open_deals",
    unit: Unit::Deals,
    dimension: Dimension::Stage,
    periods: &[],
    help: "Open deals now.",
    formula: "count of deals whose latest stage is open, by stage",
    edge_cases: "For the rep and territory the deal has now.",
    source: "deal events: stage",
    made_of: &[Ingredient::standing(|measure| matches!(measure, Measure::OpenDeals(_)))],
    compute: open_deals,
};

pub(super) const OPEN_AMOUNT: Kpi = Kpi {
    name: "open_amount",
    metric: "open_amount",
    unit: Unit::Money,
    dimension: Dimension::Stage,
    periods: &[],
    help: "Amount of the deals that are open now, in the reporting currency.",
    formula: "sum over open deals of amount x exchange rate of today, by stage, each sum rounded once, half to even",
    edge_cases: "Divided over credited reps. Absent if an exchange rate is missing. Stages are rounded each by \
        itself.",
    source: "deal events: stage, amount, currency, credits; reference records: fx_rate",
    made_of: &[Ingredient::standing(|measure| matches!(measure, Measure::OpenAmount(..)))],
    compute: open_amount,
};

fn open_deals(input: &Input<'_>) -> Computed {
    let counted: BTreeMap<StageIndex, i128> = input
        .sums
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
        named: None,
        verdict: None,
    }
}

/// The amount that is open now, by stage, of those that have any.
pub(super) fn open_by_stage(input: &Input<'_>) -> BTreeMap<StageIndex, Conversion> {
    let reporting = input.sums.amounts.reporting();
    let mut counted: BTreeMap<StageIndex, Conversion> = BTreeMap::new();
    for (measure, minor) in input.sums.tally.of_kind(Measure::OpenAmount(StageIndex(0), reporting)) {
        if let Measure::OpenAmount(stage, currency) = measure {
            let of_stage = counted.entry(stage).or_insert_with(|| Conversion::new(reporting));
            of_stage.add(minor, currency, Some(input.today), input.reference);
        }
    }
    counted
}

fn open_amount(input: &Input<'_>) -> Computed {
    let counted = open_by_stage(input);
    let reporting = input.sums.amounts.reporting();
    let mut all = Conversion::new(reporting);
    counted.values().for_each(|of_stage| all.merge(of_stage));
    let mut by_currency: BTreeMap<Currency, i128> = BTreeMap::new();
    for (measure, minor) in input.sums.tally.of_kind(Measure::OpenAmount(StageIndex(0), reporting)) {
        if let Measure::OpenAmount(_, currency) = measure {
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
        named: None,
        verdict: None,
    }
}
