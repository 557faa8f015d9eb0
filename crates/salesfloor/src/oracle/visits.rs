//! How deals move through stages: when they come, how long they stay, how they leave and with what amount.
//!
//! A visit is a run of events in one stage, as long as it can be. Whether an event within it is deleted does not matter.

use model::{Calendar, DurationBucket, MICROS_PER_SECOND, Measure, Money, Pipelines, StageIndex, StageKind};

use super::Cells;
use super::history::{Told, known_amount};

pub(super) fn count(history: &[Told], pipelines: &Pipelines, calendar: &Calendar, cells: &mut Cells) {
    let mut told = 0;
    for visit in history.chunk_by(|one, other| one.state.stage == other.state.stage) {
        told += visit.len();
        let (Some(first), Some(last)) = (visit.first(), visit.last()) else { continue };
        let stage = first.state.stage;
        // Only visits to open stages are counted.
        if pipelines.kind(stage) != StageKind::Open {
            continue;
        }
        // Entered: by the day, and for the rep and territory, of the visit's first event.
        let entry_day = Some(calendar.day_of(first.at));
        cells.add_one(&first.state, entry_day, Measure::StageEntered(stage));
        // A visit ends with the first event of the next one.
        let Some(ending) = history.get(told) else {
            // Still there: by the day of the first event, for the rep and territory of the latest.
            cells.add_one(&last.state, entry_day, Measure::OpenSince(stage));
            continue;
        };

        // Ended: by the day of the ending event, for the rep and territory of the visit's last.
        let day = Some(calendar.day_of(ending.at));
        cells.add_one(&last.state, day, how_it_ended(stage, ending.state.stage, pipelines));
        // The history is in order of time, so the difference is not below 0 and dividing rounds down.
        let seconds = ending.at.micros().abs_diff(first.at.micros()) / MICROS_PER_SECOND.unsigned_abs();
        cells.add_to(&last.state, day, Measure::DwellSeconds(stage), seconds.into());
        cells.add_one(&last.state, day, Measure::DwellVisits(stage, DurationBucket::of(seconds)));
        // The amount as known at the ending event, which may tell another one; divided by the visit's last credits.
        if let Some(Money { minor, currency }) = known_amount(&history[..=told]) {
            cells.add_divided(&last.state, day, Measure::StageLeftAmount(stage, currency), minor);
            if pipelines.kind(ending.state.stage) == StageKind::Lost {
                cells.add_divided(&last.state, day, Measure::StageLostAmount(stage, currency), minor);
            }
        }
    }
}

/// What a visit's end counts as, by the stage that came next: lost if that is a lost one, of whatever pipeline;
/// advanced if it is a won one, of whatever pipeline, or a later open one of the same pipeline; else moved back.
fn how_it_ended(stage: StageIndex, next: StageIndex, pipelines: &Pipelines) -> Measure {
    match pipelines.kind(next) {
        StageKind::Lost => Measure::StageLost(stage),
        StageKind::Won => Measure::StageAdvanced(stage),
        StageKind::Open if pipelines.are_beside(stage, next) && next > stage => Measure::StageAdvanced(stage),
        StageKind::Open => Measure::StageMovedBack(stage),
    }
}
