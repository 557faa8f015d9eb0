//! `/api/v1/restatements`: changes to months that had ended, each with the event that caused it.

use std::time::Duration;

use board::Board;
use explain::{
    Explainer, RestatedMonth, RestatementEntry, RestatementPage, RestatementPlace, RestatementQuestion,
};
use model::{Currency, Measure, Period, PeriodKind, Timestamp};
use serde::Serialize;
use serde_json::Value as Json;

use crate::api::{self, AskedDocument};
use crate::explanation::{amount, problem};
use crate::parameters::Parameters;
use crate::problem::Problem;

pub(crate) const RESTATEMENTS_PARAMETERS: &[&str] = &["scope", "id", "period", "kind", "limit", "after"];
const ENTRIES_DEFAULT: usize = 50;
const ENTRIES_MAX: usize = 1_000;

#[derive(Debug, Serialize)]
pub(crate) struct RestatementsDocument {
    #[serde(flatten)]
    asked: AskedDocument,
    /// What all restatements together made of each month, for the whole scope.
    months: Vec<MonthDocument>,
    restatements_total: usize,
    /// How many older ones, of any scope and period, are no longer kept.
    dropped: u64,
    /// The newest first.
    restatements: Vec<EntryDocument>,
    /// Parameter `after` of the next page; null at the end.
    next: Option<String>,
}

/// Of which sum a value is.
#[derive(Debug, Serialize)]
struct SumDocument {
    month: String,
    quarter: String,
    year: String,
    measure: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
}

/// Money as decimal text, counts as numbers.
#[derive(Debug, Serialize)]
struct ChangeDocument {
    old: Json,
    new: Json,
    delta: Json,
}

#[derive(Debug, Serialize)]
struct MonthDocument {
    #[serde(flatten)]
    sum: SumDocument,
    #[serde(flatten)]
    change: ChangeDocument,
    restatements: usize,
}

#[derive(Debug, Serialize)]
struct EntryDocument {
    #[serde(flatten)]
    sum: SumDocument,
    rep_id: String,
    territory_id: String,
    #[serde(flatten)]
    change: ChangeDocument,
    deal_id: String,
    event_id: String,
    occurred_at: String,
    topic: String,
    partition: i32,
    offset: i64,
    /// When the log received the event; null if it does not tell.
    received_at: Option<String>,
}

/// Pages through the restatements of a scope.
pub(crate) fn restatements(
    board: &Board,
    explainer: &Explainer,
    parameters: &Parameters,
    within: Duration,
    now: Timestamp,
) -> Result<RestatementsDocument, Problem> {
    let (scope_name, scope) = api::scope(board, parameters)?;
    let period = period(board, parameters, now)?;
    let limit = parameters.count("limit", ENTRIES_DEFAULT, ENTRIES_MAX)?;
    let after = match parameters.get("after") {
        None => None,
        Some(text) => Some(RestatementPlace::parse(text).ok_or_else(|| {
            Problem::parameter("after", text, "the value of next of the page before, as it was")
        })?),
    };
    let question = RestatementQuestion { scope: scope.clone(), period, limit, after };
    let page = explainer.restatements(board, &question, within).map_err(|error| problem(&error))?;
    let RestatementPage { entries, total, months, dropped, next, positions } = page;
    Ok(RestatementsDocument {
        asked: AskedDocument::new(board, parameters, (scope_name, &scope), period, now, positions),
        months: months.iter().map(|month| MonthDocument::new(board, month)).collect(),
        restatements_total: total,
        dropped,
        restatements: entries.into_iter().map(|entry| EntryDocument::new(board, entry)).collect(),
        next: next.map(|next| next.to_string()),
    })
}

/// The month, quarter or year that is asked for; none for all.
fn period(board: &Board, parameters: &Parameters, now: Timestamp) -> Result<Option<Period>, Problem> {
    let given = ["period", "kind"].into_iter().find_map(|name| Some((name, parameters.get(name)?)));
    let Some((name, found)) = given else {
        return Ok(None);
    };
    let period = parameters.period(board.calendar(), board.calendar().day_of(now))?;
    if matches!(period.kind, PeriodKind::Day | PeriodKind::Week) {
        let expected = "a month, quarter or year, because restatements are told by month";
        return Err(Problem::parameter(name, found, expected));
    }
    Ok(Some(period))
}

impl SumDocument {
    fn new(board: &Board, month: Period, measure: Measure) -> Self {
        let calendar = board.calendar();
        let first = calendar.days(month).start;
        let name = |kind| calendar.name(calendar.period_of(kind, first));
        Self {
            month: calendar.name(month),
            quarter: name(PeriodKind::Quarter),
            year: name(PeriodKind::Year),
            measure: measure.name(),
            currency: measure.currency().map(Currency::code),
        }
    }
}

impl ChangeDocument {
    fn new(old: i128, new: i128, measure: Measure) -> Self {
        let [old, new, delta] = [old, new, new - old].map(|value| amount(value, measure.currency()));
        Self { old, new, delta }
    }
}

impl MonthDocument {
    fn new(board: &Board, restated: &RestatedMonth) -> Self {
        let RestatedMonth { month, measure, old, new, entries } = *restated;
        Self {
            sum: SumDocument::new(board, month, measure),
            change: ChangeDocument::new(old, new, measure),
            restatements: entries,
        }
    }
}

impl EntryDocument {
    fn new(board: &Board, entry: RestatementEntry) -> Self {
        let RestatementEntry { restatement, rep, territory, old, new, topic, partition } = entry;
        Self {
            sum: SumDocument::new(board, restatement.month, restatement.measure),
            rep_id: rep,
            territory_id: territory,
            change: ChangeDocument::new(old, new, restatement.measure),
            deal_id: restatement.deal_id,
            event_id: restatement.event_id,
            occurred_at: restatement.occurred_at.to_string(),
            topic: topic.to_string(),
            partition: partition.0,
            offset: restatement.offset.0,
            received_at: restatement.appended_at.map(|at| at.to_string()),
        }
    }
}
