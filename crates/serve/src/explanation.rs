//! `/api/v1/explain`: what a number is made of.

use std::time::Duration;

use axum::http::StatusCode;
use board::{Board, Labels};
use explain::{
    CauseEntry, Cursor, ExplainError, Explainer, Explanation, PartEntry, Quantity, QuantitySum, Question,
    Time,
};
use kpi::When;
use model::{Category, Currency, Day, FxRate, StageIndex, Timestamp, Touches, decimal_text};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::api::{self, AskedDocument};
use crate::figures::{KpiFigure, number};
use crate::openapi::words;
use crate::parameters::{Count, DAYS, ID, KIND, KPI, PERIOD, Parameter, Parameters, SCOPE, Text};
use crate::problem::Problem;

pub(crate) static EXPLAIN_PARAMETERS: &[&dyn Parameter] =
    &[&KPI, &SCOPE, &ID, &PERIOD, &KIND, &DAYS, &CAUSES_LIMIT, &AFTER];

pub(crate) static CAUSES_LIMIT: Count = Count {
    name: "limit",
    about: "How many causes a page has; causes_total says how many there are.",
    default: 50,
    // Over HTTP: their events are looked at one by one.
    max: |_| 1_000,
};

pub(crate) static AFTER: Text = Text {
    name: "after",
    about: "The value of next of the page before, as it was; without it the first page.",
    is_required: false,
    schema: || json!({ "type": "string", "minLength": 1 }),
    example: None,
};

/// Reads where the page before ended.
pub(crate) fn after<T>(
    parameters: &Parameters,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(text) = parameters.get(&AFTER) else { return Ok(None) };
    let expected = "the value of next of the page before, as it was";
    parse(text).map(Some).ok_or_else(|| Problem::contradiction(AFTER.name, text, expected))
}

/// What a number is made of.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Explanation")]
pub(crate) struct ExplanationDocument {
    #[serde(flatten)]
    asked: AskedDocument,
    /// The days that were asked for in place of a period.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<DaysDocument>,
    kpi: KpiFigure,
    help: &'static str,
    formula: &'static str,
    edge_cases: &'static str,
    source: &'static str,
    sums: Vec<SumDocument>,
    causes_total: usize,
    causes: Vec<CauseDocument>,
    /// Parameter `after` of the next page; null at the end.
    next: Option<String>,
}

/// Any days, in the organisation's time zone.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Days")]
struct DaysDocument {
    /// First day.
    #[schemars(extend("format" = "date"))]
    start: String,
    /// Last day.
    #[schemars(extend("format" = "date"))]
    end: String,
}

/// What is measured, and by what.
#[derive(Debug, Serialize, JsonSchema)]
struct MeasureDocument {
    /// Of what time: `period`, `previous`, `standing` and so on.
    of: &'static str,
    measure: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::CategoryName>")]
    category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
}

/// A sum that entered the number.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExplainedSum")]
struct SumDocument {
    #[serde(flatten)]
    measure: MeasureDocument,
    /// What entered the number.
    #[schemars(with = "words::Amount")]
    total: Json,
    /// The sum of the parts of all causes.
    #[schemars(with = "words::Amount")]
    explained: Json,
    /// The rest: of deals and activities that are final, whose events are gone.
    #[schemars(with = "words::Amount")]
    r#final: Json,
    /// How many deals or activities have a part in it.
    causes: usize,
}

/// A deal or activity that has a part in the number.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Cause")]
struct CauseDocument {
    /// `deal` or `activity`.
    #[schemars(extend("enum" = ["deal", "activity"]))]
    kind: &'static str,
    id: String,
    topic: String,
    partition: i32,
    parts: Vec<PartDocument>,
    events: Vec<EventDocument>,
}

/// What a deal or activity adds.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Part")]
struct PartDocument {
    #[serde(flatten)]
    measure: MeasureDocument,
    rep_id: String,
    territory_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_type: Option<String>,
    /// Null for what stands now.
    #[schemars(extend("format" = "date"))]
    day: Option<String>,
    #[schemars(with = "words::Amount")]
    value: Json,
    /// For money in a foreign currency: what a unit of it is worth in the reporting currency; null if no rate holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange_rate: Option<Option<String>>,
    /// For what is counted by its duration: the middle of the range that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Amount>")]
    seconds: Option<Json>,
    /// For deals that are counted by their activities: how many they had.
    #[serde(skip_serializing_if = "Option::is_none")]
    activities: Option<u16>,
    /// Likewise: whether they were won.
    #[serde(skip_serializing_if = "Option::is_none")]
    won: Option<bool>,
}

/// An event of a deal or activity.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CauseEvent")]
struct EventDocument {
    event_id: String,
    offset: i64,
    #[schemars(extend("format" = "date-time"))]
    occurred_at: String,
    /// Whether the parts would be others without it.
    decides: bool,
    #[serde(flatten)]
    deal: Option<DealDocument>,
}

/// The deal as the event tells it.
#[derive(Debug, Serialize, JsonSchema)]
struct DealDocument {
    pipeline: String,
    stage: String,
    rep_id: String,
    amount: Option<String>,
    currency: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deleted: bool,
}

/// Opens a KPI of a scope and a period or any days, within a time, with at most so many causes at once.
pub(crate) fn explain(
    board: &Board,
    explainer: &Explainer,
    parameters: &Parameters,
    (within, causes_max): (Duration, usize),
    now: Timestamp,
) -> Result<ExplanationDocument, Problem> {
    let kpi = api::named_kpi(parameters)?;
    let limit = parameters.count(&CAUSES_LIMIT, causes_max)?;
    let today = board.calendar().day_of(now);
    let (scope_name, scope) = api::scope(board, parameters)?;
    let of = match parameters.days(kpi)? {
        Some(days) => Time::Days(days),
        None => api::period_of(board, parameters, kpi, today)?.into(),
    };
    let days = match &of {
        Time::Days(days) => {
            Some(DaysDocument { start: days.start.to_string(), end: Day(days.end.0 - 1).to_string() })
        }
        Time::Now | Time::Period(_) => None,
    };
    let period = of.period();
    let after = after(parameters, Cursor::parse)?;
    let question = Question { kpi, scope: scope.clone(), of, limit, after };
    let explanation = explainer.explain(board, &question, now, within).map_err(|error| problem(&error))?;
    let Explanation { value, labels, sums, causes_total, causes, next, positions } = explanation;
    let reporting = board.reporting_currency();
    Ok(ExplanationDocument {
        asked: AskedDocument::new(board, parameters, (scope_name, &scope), period, now, positions),
        days,
        help: kpi.help,
        formula: kpi.formula,
        edge_cases: kpi.edge_cases,
        source: kpi.source,
        kpi: KpiFigure::new(&value, &labels),
        sums: sums.iter().map(|(quantity, sum)| SumDocument::new(quantity, sum, &labels)).collect(),
        causes_total,
        causes: causes.into_iter().map(|cause| CauseDocument::new(cause, &labels, reporting)).collect(),
        next: next.map(|next| next.to_string()),
    })
}

pub(crate) fn problem(error: &ExplainError) -> Problem {
    let detail = error.to_string();
    match error {
        ExplainError::GivenUp | ExplainError::NoEvidence(_) => Problem::unavailable(1, detail),
        ExplainError::NotTold(_) | ExplainError::NotOfAnyDays(_) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
        ExplainError::Cells(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail),
    }
}

impl MeasureDocument {
    fn new(
        (when, measure): (When, &'static str),
        stage: Option<StageIndex>,
        category: Option<Category>,
        currency: Option<Currency>,
        labels: &Labels,
    ) -> Self {
        let (pipeline, stage) = stage.map(|stage| labels.stage(stage)).unzip();
        Self {
            of: when.name(),
            measure,
            pipeline,
            stage,
            category: category.map(Category::name),
            currency: currency.map(Currency::code),
        }
    }
}

/// Money as decimal text, all else as a number.
pub(crate) fn amount(value: i128, currency: Option<Currency>) -> Json {
    currency.map_or_else(|| number(value, 1), |currency| Json::String(decimal_text(value, currency)))
}

impl SumDocument {
    fn new(quantity: &Quantity, sum: &QuantitySum, labels: &Labels) -> Self {
        let Quantity { when, name, stage, currency, category } = *quantity;
        Self {
            measure: MeasureDocument::new((when, name), stage, category, currency, labels),
            total: amount(sum.total, currency),
            explained: amount(sum.explained, currency),
            r#final: amount(sum.total - sum.explained, currency),
            causes: sum.causes,
        }
    }
}

impl CauseDocument {
    fn new(cause: CauseEntry, labels: &Labels, reporting: Currency) -> Self {
        let part = |part: PartEntry| PartDocument::new(part, labels, reporting);
        let event = |(event, rep): (explain::CauseEvent, Option<std::sync::Arc<str>>)| {
            let deal = event.deal.map(|deal| {
                let (pipeline, stage) = labels.stage(deal.stage);
                DealDocument {
                    pipeline,
                    stage,
                    rep_id: rep.map(|rep| rep.to_string()).unwrap_or_default(),
                    amount: deal.amount.map(|money| money.decimal()),
                    currency: deal.amount.map(|money| money.currency.code()),
                    deleted: deal.deleted,
                }
            });
            EventDocument {
                event_id: event.event_id,
                offset: event.offset.0,
                occurred_at: event.occurred_at.to_string(),
                decides: event.decides,
                deal,
            }
        };
        Self {
            kind: match cause.origin {
                explain::Origin::Deal => "deal",
                explain::Origin::Activity => "activity",
            },
            id: cause.id,
            topic: cause.topic.to_string(),
            partition: cause.partition.0,
            parts: cause.parts.into_iter().map(part).collect(),
            events: cause.events.into_iter().map(event).collect(),
        }
    }
}

impl PartDocument {
    fn new(part: PartEntry, labels: &Labels, reporting: Currency) -> Self {
        let PartEntry { when, measure, rep, territory, day, activity_type, value, rate } = part;
        let currency = measure.currency();
        let is_foreign = currency.is_some_and(|currency| currency != reporting);
        let named = (when, measure.name());
        let seconds = measure.bucket().map(|bucket| {
            let half_seconds = i128::try_from(bucket.middle_half_seconds()).unwrap_or(i128::MAX);
            number(half_seconds, 2)
        });
        Self {
            measure: MeasureDocument::new(named, measure.stage(), measure.category(), currency, labels),
            activity_type: activity_type.map(|name| name.to_string()),
            rep_id: rep.to_string(),
            territory_id: territory.to_string(),
            day: day.map(|day| day.to_string()),
            value: amount(value, currency),
            exchange_rate: is_foreign.then(|| rate.map(rate_text)),
            seconds,
            activities: measure.touches().map(Touches::count),
            won: measure.touches().map(Touches::is_won),
        }
    }
}

/// A rate as a decimal number.
fn rate_text(rate: i64) -> String {
    let one = 10_i64.pow(FxRate::SCALE);
    let text = format!("{}.{:0width$}", rate / one, rate % one, width = FxRate::SCALE as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_decimal_numbers() {
        for (rate, expected) in
            [(1_085_000_000_000, "1.085"), (1_000_000_000_000, "1"), (1, "0.000000000001"), (0, "0")]
        {
            assert_eq!(rate_text(rate), expected);
        }
    }
}
