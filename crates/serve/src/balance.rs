//! `/api/v1/territories/balance`: how evenly the work lies on the territories, and what would even it out.

use std::collections::BTreeMap;

use board::{BalancedTerritory, Board, MovedRep, SuggestedMove, TerritoryBalance};
use kpi::{Absence, Change, Component, Load, Unit, Value, Verdict};
use model::{Currency, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use crate::api::Progress;
use crate::figures::{Figure, show};
use crate::openapi::words;

/// How evenly the work lies on the territories, and what would even it out.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Balance")]
pub(crate) struct BalanceDocument {
    #[serde(flatten)]
    progress: Progress,
    /// By kind of work.
    weights: BTreeMap<&'static str, u32>,
    within_percent: u32,
    activities: Days,
    dispersion: Figure,
    /// Kinds of work that do not count.
    left_out: Vec<LeftOut>,
    /// Reps who are at home in none of the territories.
    reps_elsewhere: usize,
    /// The ids of the territories that have work and no reps.
    unserved: Vec<String>,
    territories: Vec<TerritoryDocument>,
    suggested: Suggested,
}

/// The days whose activities count.
#[derive(Debug, Serialize, JsonSchema)]
struct Days {
    /// First day.
    #[schemars(extend("format" = "date"))]
    from: String,
    /// The day behind the last one.
    #[schemars(extend("format" = "date"))]
    to: String,
}

/// A kind of work that does not count, and why.
#[derive(Debug, Serialize, JsonSchema)]
struct LeftOut {
    #[schemars(with = "words::ComponentName")]
    component: &'static str,
    absent_reason: String,
}

/// The work of a territory.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BalancedTerritory")]
struct TerritoryDocument {
    id: String,
    name: String,
    reps: u32,
    /// 1 is the company's mean.
    index: Figure,
    verdict: Option<&'static str>,
    components: Vec<ComponentDocument>,
}

/// How much work of a kind there is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Load")]
struct ComponentDocument {
    #[schemars(with = "words::ComponentName")]
    component: &'static str,
    load: Figure,
    index: Figure,
}

/// Two ways to even it out; the moves of each follow one another.
#[derive(Debug, Serialize, JsonSchema)]
struct Suggested {
    rep_moves: Vec<MoveDocument>,
    deal_moves: Vec<MoveDocument>,
}

/// A suggested move of a rep or of deals, with the figures before and after.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Move")]
struct MoveDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    rep: Option<RepDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deals: Option<DealsDocument>,
    from: EndDocument,
    to: EndDocument,
    #[schemars(with = "words::Amount")]
    dispersion_before: Json,
    #[schemars(with = "words::Amount")]
    dispersion_after: Json,
}

/// The rep who would move.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MovedRep")]
struct RepDocument {
    id: String,
    name: String,
    /// What others have to take over.
    leaves_behind: DealsDocument,
}

/// Deals and their open amount.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Deals")]
struct DealsDocument {
    deals: Figure,
    amount: Figure,
}

/// A territory before and after the move.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MoveEnd")]
struct EndDocument {
    id: String,
    name: String,
    #[schemars(with = "Option<words::Amount>")]
    index_before: Json,
    #[schemars(with = "Option<words::Amount>")]
    index_after: Json,
}

/// The document.
pub(crate) fn territories(board: &Board, now: Timestamp) -> BalanceDocument {
    // Before the values, so that what is told of progress is never ahead of them.
    let progress = Progress::new(board, None, now);
    let found = board.territory_balance(now);
    let currency = board.reporting_currency();
    let [first, last] = found.months.map(|month| board.calendar().days(month));
    let left_out = |&(component, absence): &(Component, Absence)| LeftOut {
        component: component.name(),
        absent_reason: absence.to_string(),
    };
    let is_unserved = |row: &&BalancedTerritory| row.load.reps == 0 && !row.load.is_nothing();
    let moves = |moves: &[SuggestedMove]| moves.iter().map(|one| suggested(one, &found, currency)).collect();
    BalanceDocument {
        progress,
        weights: Component::ALL.map(|component| (component.name(), found.weights.of(component))).into(),
        within_percent: found.within_percent,
        activities: Days { from: first.start.to_string(), to: last.end.to_string() },
        dispersion: Figure::new(Unit::Ratio, None, found.dispersion),
        left_out: found.left_out.iter().map(left_out).collect(),
        reps_elsewhere: found.reps_elsewhere,
        unserved: found.territories.iter().filter(is_unserved).map(|row| row.id.to_string()).collect(),
        territories: found.territories.iter().map(|row| territory(row, currency)).collect(),
        suggested: Suggested { rep_moves: moves(&found.rep_moves), deal_moves: moves(&found.deal_moves) },
    }
}

fn territory(row: &BalancedTerritory, currency: Currency) -> TerritoryDocument {
    let component = |(component, index)| ComponentDocument {
        component: Component::name(component),
        load: load(&row.load, component, currency),
        index: Figure::new(Unit::Ratio, None, index),
    };
    TerritoryDocument {
        id: row.id.to_string(),
        name: row.name.to_string(),
        reps: row.load.reps,
        index: Figure::new(Unit::Ratio, None, row.balanced.index),
        verdict: row.balanced.verdict.map(Verdict::name),
        components: Component::ALL.into_iter().zip(row.components).map(component).collect(),
    }
}

fn load(load: &Load, component: Component, currency: Currency) -> Figure {
    let whole = |value| Ok(Value::Whole(value));
    match component {
        Component::OpenAmount => Figure::new(Unit::Money, Some(currency), load.open_amount.map(Value::Whole)),
        Component::OpenDeals => Figure::new(Unit::Deals, None, whole(load.open_deals)),
        Component::ActivityMinutes => Figure::new(Unit::Minutes, None, whole(load.activity_seconds)),
    }
}

fn suggested(
    SuggestedMove { step, rep }: &SuggestedMove,
    found: &TerritoryBalance,
    currency: Currency,
) -> MoveDocument {
    let ratio = |value| show(Unit::Ratio, None, value);
    let end = |place: usize, number: usize| EndDocument {
        id: found.territories[place].id.to_string(),
        name: found.territories[place].name.to_string(),
        index_before: step.before[number].map_or(Json::Null, ratio),
        index_after: step.after[number].map_or(Json::Null, ratio),
    };
    let moved = |MovedRep { id, name, left_behind }: &MovedRep| RepDocument {
        id: id.to_string(),
        name: name.to_string(),
        leaves_behind: deals(left_behind.open_deals, left_behind.open_amount, currency),
    };
    MoveDocument {
        rep: rep.as_ref().map(moved),
        deals: match step.change {
            Change::Deals { count, amount } => Some(deals(count, amount, currency)),
            Change::Rep => None,
        },
        from: end(step.from, 0),
        to: end(step.to, 1),
        dispersion_before: ratio(step.dispersion_before),
        dispersion_after: ratio(step.dispersion_after),
    }
}

fn deals(count: i128, amount: Result<i128, Absence>, currency: Currency) -> DealsDocument {
    DealsDocument {
        deals: Figure::new(Unit::Deals, None, Ok(Value::Whole(count))),
        amount: Figure::new(Unit::Money, Some(currency), amount.map(Value::Whole)),
    }
}
