//! `/api/v1`: KPIs of a scope, and leaderboards.

use axum::http::StatusCode;
use board::{Board, Order, RankedRow, Scope};
use kpi::{CATALOGUE, Kpi, KpiValue};
use model::{Day, Offset, PartitionId, Period, Timestamp, TopicName, check_identifier};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::figures::{Figure, KpiFigure};
use crate::openapi::words;
use crate::options::ServeOptions;
use crate::parameters::{
    Count, GROUP, ID, KIND, KPI, ORDER, PERIOD, Parameter, Parameters, SCOPE, Text, Within, group_name,
};
use crate::problem::Problem;

pub(crate) static KPI_PARAMETERS: &[&dyn Parameter] = &[&SCOPE, &ID, &PERIOD, &KIND];
pub(crate) static LEADERBOARD_PARAMETERS: &[&dyn Parameter] =
    &[&KPI, &GROUP, &PERIOD, &KIND, &ORDER, &LEADERBOARD_LIMIT, &SEARCH];

static SEARCH: Text = Text {
    name: "search",
    about: "Only rows whose name holds this text, in upper or lower case, and the one whose id it is. Their ranks are those \
            among all, and total_rows counts all.",
    is_required: false,
    schema: || json!({ "type": "string" }),
    example: None,
};

pub(crate) static LEADERBOARD_LIMIT: Count = Count {
    name: "limit",
    about: "How many rows; total_rows says how many there are.",
    default: 10,
    max: |options| options.leaderboard_rows_max,
};

/// A period of the organisation's time zone and fiscal calendar.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Period")]
pub(crate) struct PeriodDocument {
    #[schemars(with = "words::PeriodKindName")]
    kind: &'static str,
    name: String,
    /// First day.
    #[schemars(extend("format" = "date"))]
    from: String,
    /// The day behind the last one.
    #[schemars(extend("format" = "date"))]
    to: String,
    /// When the first day begins in the organisation's time zone.
    #[schemars(extend("format" = "date-time"))]
    starts_at: String,
    /// When the last day ends there.
    #[schemars(extend("format" = "date-time"))]
    ends_at: String,
    /// `current`, `previous` or null.
    #[schemars(extend("enum" = ["current", "previous", null]))]
    relative: Option<&'static str>,
}

impl PeriodDocument {
    pub(crate) fn new(board: &Board, period: Period, today: Day) -> Self {
        let calendar = board.calendar();
        let current = calendar.period_of(period.kind, today);
        let days = calendar.days(period);
        let relative = match period {
            _ if period == current => Some("current"),
            _ if period == current.previous() => Some("previous"),
            _ => None,
        };
        Self {
            kind: period.kind.name(),
            name: calendar.name(period),
            from: days.start.to_string(),
            to: days.end.to_string(),
            starts_at: calendar.start_of(days.start).to_string(),
            ends_at: calendar.start_of(days.end).to_string(),
            relative,
        }
    }
}

/// How far the numbers go.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Progress {
    /// When this was asked.
    #[schemars(extend("format" = "date-time"))]
    as_of: String,
    /// Whether the period is over and everything known of it is counted.
    complete: bool,
    /// Whether every partition is at the end of its log.
    caught_up: bool,
    /// The latest event time that was counted.
    #[schemars(extend("format" = "date-time"))]
    newest_event_at: Option<String>,
    positions: Vec<PositionDocument>,
}

/// How far the log of a partition was read.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Position")]
pub(crate) struct PositionDocument {
    topic: String,
    partition: i32,
    /// The next offset to read.
    offset: i64,
}

impl PositionDocument {
    pub(crate) fn new((partition, topic, offset): (PartitionId, TopicName, Offset)) -> Self {
        Self { topic: topic.to_string(), partition: partition.0, offset: offset.0 }
    }
}

impl Progress {
    pub(crate) fn new(board: &Board, period: Option<Period>, now: Timestamp) -> Self {
        let readiness = board.readiness();
        let today = board.calendar().day_of(now);
        let is_over = period.is_none_or(|period| board.calendar().days(period).end <= today);
        Self {
            as_of: now.to_string(),
            complete: is_over && readiness.caught_up,
            caught_up: readiness.caught_up,
            newest_event_at: readiness.newest_event_at().map(|at| at.to_string()),
            positions: board.positions().into_iter().map(PositionDocument::new).collect(),
        }
    }
}

impl Progress {
    pub(crate) const fn is_caught_up(&self) -> bool {
        self.caught_up
    }

    /// Whether a period is over and everything known of it is counted.
    pub(crate) fn is_complete(&self, board: &Board, period: Period, today: Day) -> bool {
        self.caught_up && board.calendar().days(period).end <= today
    }
}

/// What was asked, and when: the head of what is told from frozen states.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AskedDocument {
    #[schemars(with = "words::ScopeName")]
    scope: &'static str,
    id: Option<String>,
    name: Option<String>,
    /// Null for what stands now, for any days, or for all.
    period: Option<PeriodDocument>,
    /// When this was asked.
    #[schemars(extend("format" = "date-time"))]
    as_of: String,
    /// How far the log was folded: the next offset of each topic and partition.
    positions: Vec<PositionDocument>,
}

impl AskedDocument {
    pub(crate) fn new(
        board: &Board,
        parameters: &Parameters,
        (scope_name, scope): (&'static str, &Scope),
        period: Option<Period>,
        now: Timestamp,
        positions: Vec<(PartitionId, TopicName, Offset)>,
    ) -> Self {
        let today = board.calendar().day_of(now);
        Self {
            scope: scope_name,
            id: parameters.get(&ID).map(str::to_owned),
            name: board.name(scope).map(|name| name.to_string()),
            period: period.map(|period| PeriodDocument::new(board, period, today)),
            as_of: now.to_string(),
            positions: positions.into_iter().map(PositionDocument::new).collect(),
        }
    }
}

/// The KPIs of a scope: those of the period, and those that stand now.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Kpis")]
pub(crate) struct KpisDocument {
    #[schemars(with = "words::ScopeName")]
    scope: &'static str,
    id: Option<String>,
    name: Option<String>,
    period: PeriodDocument,
    #[serde(flatten)]
    progress: Progress,
    kpis: Vec<KpiFigure>,
}

/// The KPIs of one scope: those of the period, and those that stand now.
pub(crate) fn kpis(board: &Board, parameters: &Parameters, now: Timestamp) -> Result<KpisDocument, Problem> {
    let today = board.calendar().day_of(now);
    let (scope_name, scope) = scope(board, parameters)?;
    let period = parameters.period(&PERIOD, board.calendar(), today)?;
    // Before the values, so that what is told of progress is never ahead of them.
    let progress = Progress::new(board, Some(period), now);
    let dated = board.kpis(&scope, Some(period), now);
    let standing = board.kpis(&scope, None, now);
    let labels = board.labels();
    let in_order = CATALOGUE.iter().filter_map(|kpi| {
        let value = dated.iter().chain(&standing).find(|value: &&KpiValue| value.kpi == kpi)?;
        Some(KpiFigure::new(value, &labels))
    });
    Ok(KpisDocument {
        scope: scope_name,
        id: parameters.get(&ID).map(str::to_owned),
        name: board.name(&scope).map(|name| name.to_string()),
        period: PeriodDocument::new(board, period, today),
        progress,
        kpis: in_order.collect(),
    })
}

pub(crate) fn scope(board: &Board, parameters: &Parameters) -> Result<(&'static str, Scope), Problem> {
    let within = parameters.choice(&SCOPE)?;
    let id = parameters.get(&ID);
    let checked = id.map_or(Ok(()), check_identifier);
    checked.map_err(|error| {
        Problem::parameter(ID.name, id.unwrap_or_default(), &format!("an id, but it {error}"))
    })?;
    let name = within.name();
    let make = match within {
        Within::Company => {
            return match id {
                None => Ok((name, Scope::Company)),
                Some(id) => Err(Problem::contradiction("id", id, "none for the scope company")),
            };
        }
        Within::Region => Scope::Region,
        Within::Territory => Scope::Territory,
        Within::Team => Scope::Team,
        Within::Rep => Scope::Rep,
    };
    let Some(id) = id else {
        let detail = format!("parameter id is missing; expected the id of a {name}");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    };
    let scope = make(id.to_owned());
    if board.name(&scope).is_none() {
        let detail = format!("parameter id is {id:?}; there is no {name} of that id");
        return Err(Problem::not_found(detail));
    }
    Ok((name, scope))
}

/// Reps, territories, regions or teams, ranked by a KPI.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Leaderboard")]
pub(crate) struct LeaderboardDocument {
    #[schemars(with = "words::KpiName")]
    kpi: &'static str,
    #[schemars(with = "words::UnitName")]
    unit: &'static str,
    #[schemars(with = "words::GroupName")]
    group: &'static str,
    #[schemars(extend("enum" = ["desc", "asc"]))]
    order: &'static str,
    /// Null for what stands now.
    period: Option<PeriodDocument>,
    #[serde(flatten)]
    progress: Progress,
    total_rows: usize,
    rows: Vec<RankedDocument>,
}

/// One of those who are ranked.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LeaderboardRow")]
pub(crate) struct RankedDocument {
    rank: Option<usize>,
    id: String,
    name: String,
    #[serde(flatten)]
    figure: Figure,
}

impl RankedDocument {
    pub(crate) fn new(kpi: &Kpi, row: &RankedRow) -> Self {
        Self {
            rank: row.rank,
            id: row.id.to_string(),
            name: row.name.to_string(),
            figure: Figure::new(kpi.unit, row.value.currency, row.value.value),
        }
    }
}

/// Ranks the reps, territories, regions or teams by a KPI.
pub(crate) fn leaderboard(
    board: &Board,
    parameters: &Parameters,
    options: &ServeOptions,
    now: Timestamp,
) -> Result<LeaderboardDocument, Problem> {
    let kpi = named_kpi(parameters)?;
    let (group, order) = (parameters.choice(&GROUP)?, parameters.choice(&ORDER)?);
    let limit = parameters.count(&LEADERBOARD_LIMIT, (LEADERBOARD_LIMIT.max)(options))?;
    let today = board.calendar().day_of(now);
    let period = period_of(board, parameters, kpi, today)?;
    let progress = Progress::new(board, period, now);
    let search = parameters.get(&SEARCH);
    // Whoever is searched for may be the last of all.
    let ranked = if search.is_some() { usize::MAX } else { limit };
    let leaderboard = board
        .leaderboard(kpi, period, group, order, ranked, now)
        .ok_or_else(|| Problem::not_told_for(kpi, period.map(|period| period.kind)))?;
    Ok(LeaderboardDocument {
        kpi: kpi.name,
        unit: kpi.unit.name(),
        group: group_name(group),
        order: match order {
            Order::Descending => "desc",
            Order::Ascending => "asc",
        },
        period: period.map(|period| PeriodDocument::new(board, period, today)),
        progress,
        total_rows: leaderboard.total_rows,
        rows: found(&leaderboard.rows, search).take(limit).map(|row| RankedDocument::new(kpi, row)).collect(),
    })
}

/// The rows that a search finds: all without one.
fn found<'r>(rows: &'r [RankedRow], search: Option<&'r str>) -> impl Iterator<Item = &'r RankedRow> {
    let lower = search.map(str::to_lowercase);
    rows.iter().filter(move |row| {
        let (Some(id), Some(text)) = (search, &lower) else { return true };
        *row.id == *id || row.name.to_lowercase().contains(text)
    })
}

/// The period that is asked for; none, and none may be, for a KPI of what stands now.
pub(crate) fn period_of(
    board: &Board,
    parameters: &Parameters,
    kpi: &Kpi,
    today: Day,
) -> Result<Option<Period>, Problem> {
    if !kpi.is_standing() {
        return parameters.period(&PERIOD, board.calendar(), today).map(Some);
    }
    let period = parameters.get(&PERIOD).map(|found| (PERIOD.name, found));
    period.or_else(|| Some((KIND.name, parameters.get(&KIND)?))).map_or(Ok(None), |(name, found)| {
        let expected = format!("none, because {} tells what stands now", kpi.name);
        Err(Problem::contradiction(name, found, &expected))
    })
}

pub(crate) fn named_kpi(parameters: &Parameters) -> Result<&'static Kpi, Problem> {
    let names: Vec<&str> = CATALOGUE.iter().map(|kpi| kpi.name).collect();
    let expected = format!("one of {}", names.join(", "));
    let Some(name) = parameters.get(&KPI) else {
        let detail = format!("parameter kpi is missing; expected {expected}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    };
    kpi::find(name).ok_or_else(|| Problem::parameter("kpi", name, &expected))
}
