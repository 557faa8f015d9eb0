//! What closed deals were worked on with: how many activities of each category they had by the end of the day of the close.

use model::{ActivityEvent, Calendar, Category, Measure, Pipelines, StageKind, Touches};

use super::Cells;
use super::history::{Told, close};

/// One deal, and the activities that are for it, each by the event that counts.
pub(super) fn count(
    history: &[Told],
    activities: &[&ActivityEvent<'_>],
    pipelines: &Pipelines,
    calendar: &Calendar,
    cells: &mut Cells,
) {
    let Some(latest) = history.last().filter(|latest| !latest.state.deleted) else { return };
    let Some(close) = close(history, pipelines) else { return };
    let closed_on = calendar.day_of(close.at);
    let is_won = pipelines.kind(latest.state.stage) == StageKind::Won;
    for category in Category::ALL {
        let of_category = activities.iter().filter(|activity| {
            activity.category == category && calendar.day_of(activity.occurred_at) <= closed_on
        });
        let activities = u32::try_from(of_category.count()).unwrap_or(u32::MAX);
        if activities > 0 {
            let measure = Measure::ClosedWith(category, Touches::new(activities, is_won));
            cells.add_one(&close.state, Some(closed_on), measure);
        }
    }
}
