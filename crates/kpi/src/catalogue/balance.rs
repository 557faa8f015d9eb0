//! How evenly the work lies on the reps of the territories, now.

use model::Measure;

use super::{Computed, Dimension, Kpi};
use crate::ingredient::{Ingredient, When, Whose};
use crate::value::{Absence, Unit};

/// The company's work.
const WORK: &[Ingredient] = &[
    Ingredient {
        when: When::Standing,
        whose: Whose::Company,
        is: |measure| matches!(measure, Measure::OpenAmount(..) | Measure::OpenDeals(_)),
    },
    Ingredient {
        when: When::TwoMonths,
        whose: Whose::Company,
        is: |measure| matches!(measure, Measure::ActivitySeconds(..)),
    },
];

pub(super) const TERRITORY_BALANCE: Kpi = Kpi {
    name: "territory_balance",
    metric: "balance",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    periods: &[],
    help: "Work by rep of a territory or region against the company's mean, which is 1.",
    formula: "weighted mean over open amount, open deals and activity minutes of (the territory's / its reps) / (that of all \
        territories with reps / their reps)",
    edge_cases: "Open deals stand now; minutes are those of the current and the previous month. A territory's reps are those \
        whose home it is and who work today; who is at home in none of the territories does not count, nor does the work \
        of territories without reps, which have no index. A region in which itself nothing is open and \
        no activity was is no territory; its index is that of its territories taken as one. The company's is 1 by \
        definition and not told. Amounts below 0 count as 0. A component without any work, or with an amount whose \
        exchange rate is missing, is left out, and the others weigh more (balance_weights, equal by default). Further \
        than 15 % from 1 (balance_within_percent): overloaded or underloaded. Told as the work over the reps, both in \
        millionths of a rep, so that both add up.",
    source: "deal events: stage, amount, currency, credits; activity events: duration; reference records: rep, territory, \
        fx_rate",
    made_of: WORK,
    compute: |input| match input.balance {
        Some(balanced) => Computed { verdict: balanced.verdict, ..balanced.index.into() },
        None => Err(Absence::NotToldHere("territories and regions")).into(),
    },
};

pub(super) const TERRITORY_DISPERSION: Kpi = Kpi {
    name: "territory_dispersion",
    metric: "territory_dispersion",
    unit: Unit::Ratio,
    dimension: Dimension::None,
    periods: &[],
    help: "How unevenly the work lies on the territories: 0 if it is even, towards 1 if one has it all.",
    formula: "Gini coefficient of territory_balance: sum over all pairs of |difference| / (2 x number of territories x sum)",
    edge_cases: "Over the territories with reps, each counting once however many they are. 0 for one territory. Absent \
        where there are no reps or there is no work.",
    source: "as territory_balance",
    made_of: WORK,
    compute: |input| match input.balance {
        Some(balanced) => balanced.dispersion.into(),
        None => Err(Absence::NotToldHere("the company and of regions")).into(),
    },
};
