//! Activities: how many and how long, by category and type.

use model::{ActivityEvent, Calendar, Measure, Timestamp, TypeIndex};

use super::Cells;

/// What decides which event of an activity counts: version, time, event, then content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ActivityOrder {
    version: Option<i64>,
    occurred_at: Timestamp,
    event_id: String,
    rep_id: String,
    territory_id: String,
    category_number: u8,
    duration_seconds: u32,
    retracted: bool,
    kind: String,
    deal_id: Option<String>,
}

impl ActivityOrder {
    pub(super) fn of(event: &ActivityEvent<'_>) -> Self {
        Self {
            version: event.version,
            occurred_at: event.occurred_at,
            event_id: event.event_id.to_string(),
            rep_id: event.rep_id.to_string(),
            territory_id: event.territory_id.to_string(),
            category_number: event.category as u8,
            duration_seconds: event.duration_seconds,
            retracted: event.retracted,
            kind: event.kind.to_string(),
            deal_id: event.deal_id.as_ref().map(ToString::to_string),
        }
    }
}

/// One activity, from the event of it that counts.
pub(super) fn count(activity: &ActivityEvent<'_>, calendar: &Calendar, cells: &mut Cells) {
    let (rep_id, territory_id) = (&activity.rep_id, &activity.territory_id);
    let day = Some(calendar.day_of(activity.occurred_at));
    let seconds = i128::from(activity.duration_seconds);
    for (measure, value) in [
        (Measure::Activities(activity.category, TypeIndex(0)), 1),
        (Measure::ActivitySeconds(activity.category, TypeIndex(0)), seconds),
    ] {
        cells.add_of_type(rep_id, territory_id, day, measure, Some(&activity.kind), value);
    }
}
