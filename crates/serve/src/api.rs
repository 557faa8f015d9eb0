//! `/api/v1`: KPIs of a scope, leaderboards, and the catalogue.

use board::{Board, Group, Order, RankedRow, Scope};
use kpi::{CATALOGUE, Choice, Kpi, KpiValue, OBJECTIVES, Objective};
use model::{Day, Offset, PartitionId, Period, Timestamp, TopicName, check_identifier};
use serde::Serialize;

use crate::figures::{Figure, KpiFigure};
use crate::options::ServeOptions;
use crate::parameters::Parameters;
use crate::problem::Problem;

pub(crate) const KPI_PARAMETERS: &[&str] = &["scope", "id", "period", "kind"];
pub(crate) const LEADERBOARD_PARAMETERS: &[&str] = &["kpi", "group", "period", "kind", "order", "limit"];
const LEADERBOARD_ROWS_DEFAULT: usize = 10;

#[derive(Debug, Serialize)]
pub(crate) struct PeriodDocument {
    kind: &'static str,
    name: String,
    /// First day.
    from: String,
    /// The day behind the last one.
    to: String,
    /// When the first day begins in the organisation's time zone.
    starts_at: String,
    /// When the last day ends there.
    ends_at: String,
    /// `current`, `previous` or null.
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
#[derive(Debug, Serialize)]
pub(crate) struct Progress {
    /// When this was asked.
    as_of: String,
    /// Whether the period is over and everything known of it is counted.
    complete: bool,
    /// Whether every partition is at the end of its log.
    caught_up: bool,
    /// The latest event time that was counted.
    newest_event_at: Option<String>,
    positions: Vec<PositionDocument>,
}

#[derive(Debug, Serialize)]
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
#[derive(Debug, Serialize)]
pub(crate) struct AskedDocument {
    scope: &'static str,
    id: Option<String>,
    name: Option<String>,
    /// Null for what stands now, or for all.
    period: Option<PeriodDocument>,
    /// When this was asked.
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
            id: parameters.get("id").map(str::to_owned),
            name: board.name(scope).map(|name| name.to_string()),
            period: period.map(|period| PeriodDocument::new(board, period, today)),
            as_of: now.to_string(),
            positions: positions.into_iter().map(PositionDocument::new).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct KpisDocument {
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
    let period = parameters.period(board.calendar(), today)?;
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
        id: parameters.get("id").map(str::to_owned),
        name: board.name(&scope).map(|name| name.to_string()),
        period: PeriodDocument::new(board, period, today),
        progress,
        kpis: in_order.collect(),
    })
}

pub(crate) fn scope(board: &Board, parameters: &Parameters) -> Result<(&'static str, Scope), Problem> {
    type Make = Option<fn(String) -> Scope>;
    let choices: [(&'static str, (&'static str, Make)); 5] = [
        ("company", ("company", None)),
        ("region", ("region", Some(Scope::Region))),
        ("territory", ("territory", Some(Scope::Territory))),
        ("team", ("team", Some(Scope::Team))),
        ("rep", ("rep", Some(Scope::Rep))),
    ];
    let (name, make) = parameters.choice("scope", &choices, choices[0].1)?;
    match (make, parameters.get("id")) {
        (None, None) => Ok((name, Scope::Company)),
        (None, Some(id)) => Err(Problem::parameter("id", id, "none for the scope company")),
        (Some(_), None) => Err(Problem::new(
            axum::http::StatusCode::BAD_REQUEST,
            format!("parameter id is missing; expected the id of a {name}"),
        )),
        (Some(make), Some(id)) => {
            check_identifier(id)
                .map_err(|error| Problem::parameter("id", id, &format!("an id, but it {error}")))?;
            let scope = make(id.to_owned());
            if board.name(&scope).is_none() {
                return Err(Problem::not_found(format!(
                    "parameter id is {id:?}; there is no {name} of that id"
                )));
            }
            Ok((name, scope))
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct LeaderboardDocument {
    kpi: &'static str,
    unit: &'static str,
    group: &'static str,
    order: &'static str,
    /// Null for what stands now.
    period: Option<PeriodDocument>,
    #[serde(flatten)]
    progress: Progress,
    total_rows: usize,
    rows: Vec<RankedDocument>,
}

/// One of those that are ranked.
#[derive(Debug, Serialize)]
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
    let kpi = named_kpi(parameters.get("kpi"))?;
    let groups = [
        ("rep", ("rep", Group::Reps)),
        ("territory", ("territory", Group::Territories)),
        ("region", ("region", Group::Regions)),
        ("team", ("team", Group::Teams)),
    ];
    let (group_name, group) = parameters.choice("group", &groups, groups[0].1)?;
    let orders = [("desc", ("desc", Order::Descending)), ("asc", ("asc", Order::Ascending))];
    let (order_name, order) = parameters.choice("order", &orders, orders[0].1)?;
    let limit = parameters.count("limit", LEADERBOARD_ROWS_DEFAULT, options.leaderboard_rows_max)?;
    let today = board.calendar().day_of(now);
    let period = period_of(board, parameters, kpi, today)?;
    let progress = Progress::new(board, period, now);
    let leaderboard = board.leaderboard(kpi, period, group, order, limit, now).ok_or_else(|| {
        let kind = period.map_or("", |period| period.kind.name());
        Problem::parameter("kind", kind, &format!("a kind of period that {} is told for", kpi.name))
    })?;
    Ok(LeaderboardDocument {
        kpi: kpi.name,
        unit: kpi.unit.name(),
        group: group_name,
        order: order_name,
        period: period.map(|period| PeriodDocument::new(board, period, today)),
        progress,
        total_rows: leaderboard.total_rows,
        rows: leaderboard.rows.iter().map(|row| RankedDocument::new(kpi, row)).collect(),
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
        return parameters.period(board.calendar(), today).map(Some);
    }
    let given = ["period", "kind"].into_iter().find_map(|name| Some((name, parameters.get(name)?)));
    given.map_or(Ok(None), |(name, found)| {
        let expected = format!("none, because {} tells what stands now", kpi.name);
        Err(Problem::parameter(name, found, &expected))
    })
}

pub(crate) fn named_kpi(name: Option<&str>) -> Result<&'static Kpi, Problem> {
    let names: Vec<&str> = CATALOGUE.iter().map(|kpi| kpi.name).collect();
    let expected = format!("one of {}", names.join(", "));
    let Some(name) = name else {
        let detail = format!("parameter kpi is missing; expected {expected}");
        return Err(Problem::new(axum::http::StatusCode::BAD_REQUEST, detail));
    };
    kpi::find(name).ok_or_else(|| Problem::parameter("kpi", name, &expected))
}

#[derive(Debug, Serialize)]
pub(crate) struct CatalogueDocument {
    kpis: Vec<DefinitionDocument>,
    objectives: Vec<ObjectiveDocument>,
}

#[derive(Debug, Serialize)]
struct DefinitionDocument {
    name: &'static str,
    metric: &'static str,
    unit: &'static str,
    dimension: &'static str,
    standing: bool,
    /// Whether it is exported as a metric.
    chosen: bool,
    periods: Vec<&'static str>,
    help: &'static str,
    formula: &'static str,
    edge_cases: &'static str,
    source: &'static str,
}

#[derive(Debug, Serialize)]
struct ObjectiveDocument {
    name: &'static str,
    question: &'static str,
    chosen: bool,
    kpis: Vec<&'static str>,
}

/// All definitions and objectives, and which of them are chosen.
pub(crate) fn catalogue(choice: &Choice) -> CatalogueDocument {
    let definition = |kpi: &Kpi| DefinitionDocument {
        name: kpi.name,
        metric: kpi.metric,
        unit: kpi.unit.name(),
        dimension: kpi.dimension.name(),
        standing: kpi.is_standing(),
        chosen: choice.has(kpi),
        periods: kpi.periods.iter().map(|kind| kind.name()).collect(),
        help: kpi.help,
        formula: kpi.formula,
        edge_cases: kpi.edge_cases,
        source: kpi.source,
    };
    let objective = |objective: &Objective| ObjectiveDocument {
        name: objective.name,
        question: objective.question,
        chosen: choice.objectives().contains(&objective),
        kpis: objective.kpis().map(|kpi| kpi.name).collect(),
    };
    CatalogueDocument {
        kpis: CATALOGUE.iter().map(definition).collect(),
        objectives: OBJECTIVES.iter().map(objective).collect(),
    }
}
