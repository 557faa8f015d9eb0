//! `/api/v1/contests`: how the configured contests stand.

use board::{Board, Contest, ContestState, RankedRow};
use kpi::{Unit, Value};
use model::{Day, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use crate::api::{Progress, RankedDocument};
use crate::figures::show;
use crate::openapi::words;
use crate::parameters::group_name;

/// How the configured contests stand.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Contests")]
pub(crate) struct ContestsDocument {
    #[serde(flatten)]
    progress: Progress,
    contests: Vec<ContestDocument>,
}

/// A contest.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Contest")]
struct ContestDocument {
    name: String,
    #[schemars(with = "words::KpiName")]
    kpi: &'static str,
    #[schemars(with = "words::UnitName")]
    unit: &'static str,
    #[schemars(with = "words::GroupName")]
    group: &'static str,
    /// First day.
    #[schemars(extend("format" = "date"))]
    start: String,
    /// Last day.
    #[schemars(extend("format" = "date"))]
    end: String,
    /// `coming`, `running` or `over`.
    #[schemars(extend("enum" = ["coming", "running", "over"]))]
    state: &'static str,
    /// How many of its days are not over, today among them.
    days_left: u32,
    /// Whether it is over and everything known of it is counted.
    complete: bool,
    /// What each is to reach; null if there is no target.
    #[schemars(with = "Option<words::Amount>")]
    target: Option<Json>,
    /// Who is ahead alone; null if nobody is or several are.
    leader: Option<LeaderDocument>,
    rows: Vec<RowDocument>,
}

/// Who is ahead alone.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Leader")]
struct LeaderDocument {
    id: String,
    name: String,
}

/// One of those who take part.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ContestRow")]
struct RowDocument {
    #[serde(flatten)]
    ranked: RankedDocument,
    /// Which share of the target is reached; null if there is no target or no value.
    #[schemars(with = "Option<words::Amount>")]
    target_share: Option<Json>,
}

pub(crate) fn contests(board: &Board, contests: &[Contest], now: Timestamp) -> ContestsDocument {
    // Before the values, so that what is told of progress is never ahead of them.
    let progress = Progress::new(board, None, now);
    let contests = contests.iter().map(|contest| told(board, contest, &progress, now)).collect();
    ContestsDocument { progress, contests }
}

fn told(board: &Board, contest: &Contest, progress: &Progress, now: Timestamp) -> ContestDocument {
    let Contest { name, kpi, group, days, target, .. } = contest;
    let standing = board.standing_of(contest, now);
    let money = (kpi.unit == Unit::Money).then(|| board.reporting_currency());
    let leader = |row: &RankedRow| LeaderDocument { id: row.id.to_string(), name: row.name.to_string() };
    let row = |row: &RankedRow| {
        let share = row.value.value.ok().and_then(|value| contest.share(value));
        RowDocument {
            ranked: RankedDocument::new(kpi, row),
            target_share: share.map(|share| show(Unit::Ratio, None, share)),
        }
    };
    ContestDocument {
        name: name.clone(),
        kpi: kpi.name,
        unit: kpi.unit.name(),
        group: group_name(*group),
        start: days.start.to_string(),
        end: Day(days.end.0 - 1).to_string(),
        state: match standing.state {
            ContestState::Coming => "coming",
            ContestState::Running => "running",
            ContestState::Over => "over",
        },
        days_left: standing.days_left,
        complete: standing.state == ContestState::Over && progress.is_caught_up(),
        target: target.map(|target| show(kpi.unit, money, Value::Whole(target))),
        leader: standing.leader().map(leader),
        rows: standing.rows.iter().map(row).collect(),
    }
}
