//! `/api/v1/series`: a KPI of a scope in the last periods of a kind.

use board::Board;
use model::{Day, Period, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::{PeriodDocument, Progress, named_kpi, scope};
use crate::figures::Figure;
use crate::openapi::words;
use crate::options::ServeOptions;
use crate::parameters::{
    Count, ID, KIND, KPI, PERIOD_EXPECTED, PERIOD_FORMS, Parameter, Parameters, PeriodName, SCOPE,
};
use crate::problem::Problem;

pub(crate) static SERIES_PARAMETERS: &[&dyn Parameter] = &[&KPI, &SCOPE, &ID, &KIND, &COUNT, &UNTIL];

pub(crate) static COUNT: Count = Count {
    name: "count",
    about: "How many periods at most: none is told of before 1970.",
    default: 12,
    max: |_| 400,
};

static UNTIL: PeriodName = PeriodName {
    name: "until",
    about: "The last period, as parameter period has it.",
    forms: PERIOD_FORMS,
    expected: PERIOD_EXPECTED,
    default: Some("current"),
};

/// A KPI of a scope in the last periods of a kind.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Series")]
pub(crate) struct SeriesDocument {
    #[schemars(with = "words::KpiName")]
    kpi: &'static str,
    #[schemars(with = "words::UnitName")]
    unit: &'static str,
    #[schemars(with = "words::ScopeName")]
    scope: &'static str,
    id: Option<String>,
    name: Option<String>,
    #[schemars(with = "words::PeriodKindName")]
    kind: &'static str,
    #[serde(flatten)]
    progress: Progress,
    /// The oldest first.
    values: Vec<ValueDocument>,
}

/// The value of a period.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SeriesValue")]
struct ValueDocument {
    period: PeriodDocument,
    /// Whether the period is over and everything known of it is counted.
    complete: bool,
    #[serde(flatten)]
    figure: Figure,
}

pub(crate) fn series(
    board: &Board,
    parameters: &Parameters,
    options: &ServeOptions,
    now: Timestamp,
) -> Result<SeriesDocument, Problem> {
    let kpi = named_kpi(parameters)?;
    let count = parameters.count(&COUNT, (COUNT.max)(options))?;
    let (scope_name, scope) = scope(board, parameters)?;
    let today = board.calendar().day_of(now);
    let last = parameters.period(&UNTIL, board.calendar(), today)?;
    if !kpi.is_told_for(Some(last.kind)) {
        return Err(Problem::not_told_for(kpi, Some(last.kind)));
    }
    // Nothing happens before the first day that times can be on.
    let is_possible = |period: &Period| Day(board.calendar().days(*period).end.0 - 1).has_timestamps();
    let backwards = std::iter::successors(Some(last), |period| Some(period.previous()).filter(is_possible));
    let mut periods: Vec<Period> = backwards.take(count).collect();
    periods.reverse();
    // Before the values, so that what is told of progress is never ahead of them.
    let progress = Progress::new(board, Some(last), now);
    let values = board.series(kpi, &scope, &periods, now);
    let value = |(&period, value): (&Period, kpi::KpiValue)| ValueDocument {
        period: PeriodDocument::new(board, period, today),
        complete: progress.is_complete(board, period, today),
        figure: Figure::new(kpi.unit, value.currency, value.value),
    };
    let values = periods.iter().zip(values).map(value).collect();
    Ok(SeriesDocument {
        kpi: kpi.name,
        unit: kpi.unit.name(),
        scope: scope_name,
        id: parameters.get(&ID).map(str::to_owned),
        name: board.name(&scope).map(|name| name.to_string()),
        kind: last.kind.name(),
        progress,
        values,
    })
}
