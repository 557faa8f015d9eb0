//! `/api/v1/series`: a KPI of a scope in the last periods of a kind.

use axum::http::StatusCode;
use board::Board;
use model::{Day, Period, Timestamp};
use serde::Serialize;

use crate::api::{PeriodDocument, Progress, named_kpi, scope};
use crate::figures::Figure;
use crate::parameters::Parameters;
use crate::problem::Problem;

pub(crate) const SERIES_PARAMETERS: &[&str] = &["kpi", "scope", "id", "kind", "count", "until"];
const COUNT_DEFAULT: usize = 12;
const COUNT_MAX: usize = 400;

#[derive(Debug, Serialize)]
pub(crate) struct SeriesDocument {
    kpi: &'static str,
    unit: &'static str,
    scope: &'static str,
    id: Option<String>,
    name: Option<String>,
    kind: &'static str,
    #[serde(flatten)]
    progress: Progress,
    /// The oldest first.
    values: Vec<ValueDocument>,
}

#[derive(Debug, Serialize)]
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
    now: Timestamp,
) -> Result<SeriesDocument, Problem> {
    let kpi = named_kpi(parameters.get("kpi"))?;
    let (scope_name, scope) = scope(board, parameters)?;
    let count = parameters.count("count", COUNT_DEFAULT, COUNT_MAX)?;
    let today = board.calendar().day_of(now);
    let last = parameters.period_named("until", board.calendar(), today)?;
    if !kpi.is_told_for(Some(last.kind)) {
        let detail = format!("parameter kpi is {:?}, which is not told for a {}", kpi.name, last.kind.name());
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
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
        id: parameters.get("id").map(str::to_owned),
        name: board.name(&scope).map(|name| name.to_string()),
        kind: last.kind.name(),
        progress,
        values,
    })
}
