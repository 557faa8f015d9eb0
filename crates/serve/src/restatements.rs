//! `/api/v1/restatements`: changes to months that had ended, each with the event that caused it.

use board::Board;
use explain::{
    Explainer, RestatedMonth, RestatementEntry, RestatementPage, RestatementPlace, RestatementQuestion,
};
use model::{Currency, Measure, Period, PeriodKind, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use crate::api::{self, AskedDocument};
use crate::explanation::{AFTER, after, amount, problem};
use crate::openapi::words;
use crate::options::ServeOptions;
use crate::parameters::{Count, ID, OneOf, Parameter, Parameters, PeriodName, SCOPE};
use crate::problem::Problem;

pub(crate) static RESTATEMENTS_PARAMETERS: &[&dyn Parameter] =
    &[&SCOPE, &ID, &RESTATED, &RESTATED_KIND, &RESTATEMENTS_LIMIT, &AFTER];

static RESTATED: PeriodName = PeriodName {
    name: "period",
    about: "The restated month, or the quarter or year that it is in: current, previous, or its name; with neither this nor a kind, \
            all.",
    forms: &["2026-11", "2026-Q4", "FY2026-Q4", "2026", "FY2026"],
    expected: "a month, quarter or year, because restatements are told by month: current, previous, or a name such as 2026-11, \
               2026-Q4 or 2026",
    default: None,
};

static RESTATED_KIND: OneOf<Option<PeriodKind>> = OneOf {
    name: "kind",
    about: "What kind of period.",
    choices: || {
        [PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year]
            .map(|kind| (kind.name(), Some(kind)))
            .to_vec()
    },
    default: None,
    example: "quarter",
};

pub(crate) static RESTATEMENTS_LIMIT: Count = Count {
    name: "limit",
    about: "How many restatements a page has; restatements_total says how many there are.",
    default: 50,
    max: |_| 1_000,
};

/// Changes to months that had ended.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Restatements")]
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
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RestatedSum")]
struct SumDocument {
    month: String,
    quarter: String,
    year: String,
    measure: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
}

/// Money as decimal text, counts as numbers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Change")]
struct ChangeDocument {
    #[schemars(with = "words::Amount")]
    old: Json,
    #[schemars(with = "words::Amount")]
    new: Json,
    #[schemars(with = "words::Amount")]
    delta: Json,
}

/// What all restatements together made of a month.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RestatedMonth")]
struct MonthDocument {
    #[serde(flatten)]
    sum: SumDocument,
    #[serde(flatten)]
    change: ChangeDocument,
    restatements: usize,
}

/// A change, with the event that caused it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Restatement")]
struct EntryDocument {
    #[serde(flatten)]
    sum: SumDocument,
    rep_id: String,
    territory_id: String,
    #[serde(flatten)]
    change: ChangeDocument,
    deal_id: String,
    event_id: String,
    #[schemars(extend("format" = "date-time"))]
    occurred_at: String,
    topic: String,
    partition: i32,
    offset: i64,
    /// When the log received the event; null if it does not tell.
    #[schemars(extend("format" = "date-time"))]
    received_at: Option<String>,
}

/// Pages through the restatements of a scope.
pub(crate) fn restatements(
    board: &Board,
    explainer: &Explainer,
    parameters: &Parameters,
    options: &ServeOptions,
    now: Timestamp,
) -> Result<RestatementsDocument, Problem> {
    let limit = parameters.count(&RESTATEMENTS_LIMIT, (RESTATEMENTS_LIMIT.max)(options))?;
    let (scope_name, scope) = api::scope(board, parameters)?;
    let period = period(board, parameters, now)?;
    let after = after(parameters, RestatementPlace::parse)?;
    let question = RestatementQuestion { scope: scope.clone(), period, limit, after };
    let page =
        explainer.restatements(board, &question, options.time_to_work()).map_err(|error| problem(&error))?;
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
    let kind = parameters.choice(&RESTATED_KIND)?;
    if kind.is_none() && parameters.get(&RESTATED).is_none() {
        return Ok(None);
    }
    let (calendar, kind) = (board.calendar(), kind.unwrap_or(PeriodKind::Quarter));
    parameters.period_of(&RESTATED, kind, calendar, calendar.day_of(now)).map(Some)
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
