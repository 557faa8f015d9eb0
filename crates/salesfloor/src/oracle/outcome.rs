//! What became of a deal: created, open, won, lost, its amount and its sales cycle.

use model::{Calendar, DurationBucket, MICROS_PER_SECOND, Measure, Money, Pipelines, StageKind};

use super::Cells;
use super::history::{Told, close, creation, known_amount};

pub(super) fn count(history: &[Told], pipelines: &Pipelines, calendar: &Calendar, cells: &mut Cells) {
    let (Some(creation), Some(latest)) = (creation(history), history.last()) else {
        return;
    };
    cells.add_one(&creation.state, Some(calendar.day_of(creation.at)), Measure::CreatedDeals);

    let amount = known_amount(history);
    let kind = pipelines.kind(latest.state.stage);
    if kind == StageKind::Open {
        cells.add_one(&latest.state, None, Measure::OpenDeals(latest.state.stage));
        if let Some(Money { minor, currency }) = amount {
            cells.add_divided(&latest.state, None, Measure::OpenAmount(latest.state.stage, currency), minor);
        }
        // Due: the amount by the day on which the latest event expects the deal to close, if it does.
        if let (Some(Money { minor, currency }), Some(due)) = (amount, latest.state.expected_close) {
            cells.add_divided(&latest.state, Some(due), Measure::OpenDueAmount(currency), minor);
        }
        return;
    }

    let Some(close) = close(history, pipelines) else { return };
    let day = Some(calendar.day_of(close.at));
    if kind == StageKind::Lost {
        cells.add_one(&close.state, day, Measure::LostDeals);
        return;
    }
    cells.add_one(&close.state, day, Measure::WonDeals);
    if let Some(Money { minor, currency }) = amount {
        cells.add_divided(&close.state, day, Measure::WonAmount(currency), minor);
    }
    // The history is in order of time, so the difference is not below 0 and dividing rounds down.
    let cycle_seconds = close.at.micros().abs_diff(creation.at.micros()) / MICROS_PER_SECOND.unsigned_abs();
    cells.add_to(&close.state, day, Measure::CycleSeconds, cycle_seconds.into());
    cells.add_one(&close.state, day, Measure::CycleDeals(DurationBucket::of(cycle_seconds)));
}
