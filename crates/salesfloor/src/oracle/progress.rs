//! How far deals have come: the stages they have reached, what became of those created on a day, and leads that turned
//! into opportunities.
//!
//! All of it is about the pipeline that the deal is in now, that of its latest event; what happened in other pipelines
//! does not matter, nor does whether an event on the way is deleted.

use model::{Calendar, Measure, Pipelines, StageIndex, StageKind, StageRole};

use super::Cells;
use super::history::{Told, close, creation};

pub(super) fn count(history: &[Told], pipelines: &Pipelines, calendar: &Calendar, cells: &mut Cells) {
    let Some(latest) = history.last() else { return };
    let reached = reached(history, latest.state.stage, pipelines);
    let kind = pipelines.kind(latest.state.stage);

    // By creation day, for the rep and territory at creation.
    if let Some(creation) = creation(history) {
        let day = Some(calendar.day_of(creation.at));
        for &stage in &reached {
            cells.add_one(&creation.state, day, Measure::Reached(stage));
        }
        match kind {
            StageKind::Open => {}
            StageKind::Won => cells.add_one(&creation.state, day, Measure::CohortWon),
            StageKind::Lost => cells.add_one(&creation.state, day, Measure::CohortLost),
        }
    }

    // By closed day, for the rep and territory at close.
    if let Some(close) = close(history, pipelines) {
        let day = Some(calendar.day_of(close.at));
        for stage in reached {
            match kind {
                StageKind::Open => {}
                StageKind::Won => cells.add_one(&close.state, day, Measure::WonReached(stage)),
                StageKind::Lost => cells.add_one(&close.state, day, Measure::LostReached(stage)),
            }
        }
    }

    count_lead(history, latest, pipelines, calendar, cells);
}

/// The stages that a deal has reached: all open stages of its pipeline if any event is in a won stage of it, else those
/// up to the furthest open stage that any event is in.
pub(super) fn reached(history: &[Told], latest: StageIndex, pipelines: &Pipelines) -> Vec<StageIndex> {
    let been_in = || history.iter().map(|told| told.state.stage);
    let been_in_here = || been_in().filter(|&stage| pipelines.are_beside(stage, latest));
    let was_won = been_in_here().any(|stage| pipelines.kind(stage) == StageKind::Won);
    let furthest = been_in_here().filter(|&stage| pipelines.kind(stage) == StageKind::Open).max();
    let is_reached = |stage: &StageIndex| was_won || furthest.is_some_and(|furthest| *stage <= furthest);
    pipelines.open_stages_beside(latest).filter(is_reached).collect()
}

/// Whether an event says that its deal is in a stage of the pipeline or behind it, or won.
pub(super) fn has_come_to(told: &Told, role_stage: StageIndex, pipelines: &Pipelines) -> bool {
    let stage = told.state.stage;
    let is_so_far = match pipelines.kind(stage) {
        StageKind::Open => stage >= role_stage,
        StageKind::Won => true,
        StageKind::Lost => false,
    };
    pipelines.are_beside(stage, role_stage) && is_so_far
}

/// A lead, if its pipeline has a stage of role mql and the deal came so far: by the day, and for the rep and territory,
/// of the first event that says so.
fn count_lead(
    history: &[Told],
    latest: &Told,
    pipelines: &Pipelines,
    calendar: &Calendar,
    cells: &mut Cells,
) {
    let Some(mql) = pipelines.with_role(StageRole::Mql, latest.state.stage) else { return };
    let Some(qualified) = history.iter().find(|told| has_come_to(told, mql, pipelines)) else { return };
    let day = Some(calendar.day_of(qualified.at));
    cells.add_one(&qualified.state, day, Measure::Mql);

    let sql = pipelines.with_role(StageRole::Sql, latest.state.stage);
    if sql.is_some_and(|sql| history.iter().any(|told| has_come_to(told, sql, pipelines))) {
        cells.add_one(&qualified.state, day, Measure::MqlToSql);
    } else if pipelines.kind(latest.state.stage) == StageKind::Lost {
        cells.add_one(&qualified.state, day, Measure::MqlDropped);
    }
}
