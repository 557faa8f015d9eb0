//! How the open amount came from what it was at a period's start to what it was at its end.

use std::collections::BTreeMap;

use model::{Currency, Flow, Measure, PeriodKind, StageIndex};

use super::{Computed, Dimension, Kpi};
use crate::conversion::Conversion;
use crate::ingredient::{Ingredient, When};
use crate::input::{Input, Sums};
use crate::value::{Absence, Part, PartKey, Unit, Value, WaterfallStep};

pub(super) const PIPELINE_WATERFALL: Kpi = Kpi {
    name: "pipeline_waterfall",
    metric: "pipeline_waterfall",
    unit: Unit::Money,
    dimension: Dimension::Flow,
    periods: &PeriodKind::ALL,
    help: "How the open amount changed in the period, in the reporting currency, from its start to its end; the value is \
        that of the end.",
    formula: "start + new + reopened + moved_in + increased + exchanged - decreased - moved_out - won - lost = end, where \
        end = open_amount now - what flowed since the period; at one set of exchange rates, those of the period's last day \
        or of today while it lasts",
    edge_cases: "Holds to the minor unit: the sums up to each step are converted and rounded, and a step is the difference of \
        two. Divided over credited reps. An event moves its deal first, then changes its amount, then its stage: so won is \
        with the amount and for the reps at close. Only what a rep or territory has more or less after a move moves. An \
        amount that becomes known increases; one in another currency is exchanged, which can be below 0. Deals that were \
        told as closed first are reopened, not new. Deleted deals are in no step. \
        Where rates change, one period's end is not quite the next one's start. Absent if an exchange rate is missing, and before the period begins.",
    source: "deal events: stage, amount, currency, rep, territory, credits; reference records: fx_rate",
    made_of: &[
        Ingredient::of_period(|measure| matches!(measure, Measure::FlowAmount(..))),
        Ingredient::standing(|measure| matches!(measure, Measure::OpenAmount(..))),
        Ingredient::of(When::After, |measure| matches!(measure, Measure::FlowAmount(..))),
    ],
    compute: |input| match input.elapsed {
        Some((0, _)) => Err(Absence::NotBegun).into(),
        _ => waterfall(input).unwrap_or_else(|absence| Err(absence).into()),
    },
};

type ByCurrency = BTreeMap<Currency, i128>;

/// What was added in all flows together.
fn added(sums: Sums<'_>) -> impl Iterator<Item = (Currency, i128)> {
    let of_kind = move |flow| sums.tally.of_kind(Measure::FlowAmount(flow, sums.amounts.reporting()));
    Flow::ALL.into_iter().flat_map(of_kind).filter_map(|(measure, minor)| match measure {
        Measure::FlowAmount(flow, currency) => Some((currency, flow.sign() * minor)),
        _ => None,
    })
}

fn waterfall(input: &Input<'_>) -> Result<Computed, Absence> {
    let mut end = ByCurrency::new();
    let reporting = input.sums.amounts.reporting();
    for (measure, minor) in input.standing.tally.of_kind(Measure::OpenAmount(StageIndex(0), reporting)) {
        if let Measure::OpenAmount(_, currency) = measure {
            *end.entry(currency).or_insert(0) += minor;
        }
    }
    for (currency, minor) in input.after.into_iter().flat_map(added) {
        *end.entry(currency).or_insert(0) -= minor;
    }
    let mut start = end.clone();
    for (currency, minor) in added(input.sums) {
        *start.entry(currency).or_insert(0) -= minor;
    }

    let mut sum = Conversion::new(reporting);
    let mut add = |currency, minor| sum.add(minor, currency, Some(input.valued_on), input.reference);
    start.iter().for_each(|(&currency, &minor)| add(currency, minor));
    let mut before = sum.total()?;
    let mut parts = vec![part(WaterfallStep::Start, before)];
    for flow in Flow::ALL {
        for (measure, minor) in input.sums.tally.of_kind(Measure::FlowAmount(flow, reporting)) {
            if let Measure::FlowAmount(_, currency) = measure {
                sum.add(flow.sign() * minor, currency, Some(input.valued_on), input.reference);
            }
        }
        let after = sum.total()?;
        parts.push(part(WaterfallStep::Flow(flow), (after - before) * flow.sign()));
        before = after;
    }
    parts.push(part(WaterfallStep::End, before));
    end.retain(|_, minor| *minor != 0);
    let by_currency = end.into_iter().collect();
    Ok(Computed { parts, by_currency, ..Ok(Value::Whole(before)).into() })
}

const fn part(step: WaterfallStep, minor: i128) -> Part {
    Part { key: PartKey::Flow(step), value: Ok(Value::Whole(minor)) }
}
