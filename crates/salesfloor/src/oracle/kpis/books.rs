//! What is known of every deal and activity, written down one by one.

use std::collections::BTreeMap;

use model::{
    ActivityEvent, Calendar, Category, Currency, Day, Event, Flow, MICROS_PER_SECOND, Measure, Pipelines,
    StageIndex, StageKind, StageRole, Timestamp,
};

use crate::oracle::history::{DealState, Told, close, creation, divide, known_amount};
use crate::oracle::{Cells, counting_activities, flows, histories, progress};

/// On which day, and for whom.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) day: Day,
    pub(super) rep_id: String,
    pub(super) territory_id: String,
}

/// What a rep has of an amount.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) rep_id: String,
    pub(super) territory_id: String,
    pub(super) currency: Currency,
    pub(super) minor: i128,
}

/// A deal that is closed now.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) mark: Mark,
    pub(super) is_won: bool,
    pub(super) cycle_seconds: u64,
    /// For the reps at close.
    pub(super) shares: Vec<Share>,
    /// How many activities it had by the end of the closed day.
    pub(super) touches: BTreeMap<Category, u32>,
}

/// A deal that is open now.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) stage: StageIndex,
    /// For whom it is now, and since when it is in its stage.
    pub(super) mark: Mark,
    pub(super) shares: Vec<Share>,
    pub(super) due: Option<Day>,
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Advanced,
    MovedBack,
    Lost,
}

/// A visit to an open stage that is over.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) mark: Mark,
    pub(super) ending: Ending,
    pub(super) seconds: u64,
    pub(super) shares: Vec<Share>,
}

/// A visit to an open stage.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) stage: StageIndex,
    pub(super) entered: Mark,
    pub(super) left: Option<Left>,
}

/// What became of a marketing qualified lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Undecided,
    Sql,
    Dropped,
}

/// A deal that was not deleted.
#[derive(Debug)]
pub(super) struct Deal {
    pub(super) created: Mark,
    pub(super) closed: Option<Closed>,
    pub(super) open: Option<Open>,
    pub(super) visits: Vec<Visit>,
    pub(super) reached: Vec<StageIndex>,
    pub(super) lead: Option<(Mark, Fate)>,
}

/// An activity that was not taken back.
#[derive(Debug)]
pub(super) struct Activity {
    pub(super) mark: Mark,
    pub(super) category: Category,
    pub(super) of_type: String,
    pub(super) seconds: u32,
}

/// A change of somebody's open amount.
#[derive(Debug)]
pub(super) struct Flowed {
    pub(super) mark: Mark,
    pub(super) flow: Flow,
    pub(super) currency: Currency,
    pub(super) minor: i128,
}

/// All that there is to know.
#[derive(Debug, Default)]
pub struct Books {
    pub(super) deals: Vec<Deal>,
    pub(super) activities: Vec<Activity>,
    pub(super) flows: Vec<Flowed>,
}

impl Books {
    /// From all events, in any order and with any repetition.
    #[must_use]
    pub fn new<'e, 'b: 'e>(
        events: impl IntoIterator<Item = &'e Event<'b>>,
        pipelines: &Pipelines,
        calendar: &Calendar,
    ) -> Self {
        let events: Vec<&Event<'_>> = events.into_iter().collect();
        let activities = counting_activities(&events);
        let mut books = Self::default();
        for (deal_id, history) in histories(&events, pipelines) {
            if history.last().is_none_or(|latest| latest.state.deleted) {
                continue;
            }
            let of_deal = |activity: &&&ActivityEvent<'_>| activity.deal_id.as_deref() == Some(deal_id);
            let of_deal: Vec<_> = activities.iter().filter(of_deal).copied().collect();
            books.deals.extend(deal(&history, &of_deal, pipelines, calendar));
            let mut cells = Cells(BTreeMap::new());
            flows::count(&history, pipelines, calendar, &mut cells);
            books.flows.extend(cells.0.into_iter().filter_map(|(key, minor)| {
                let Measure::FlowAmount(flow, currency) = key.measure else { return None };
                let mark = Mark { day: key.day?, rep_id: key.rep_id, territory_id: key.territory_id };
                Some(Flowed { mark, flow, currency, minor })
            }));
        }
        books.activities = activities.into_iter().map(|event| activity(event, calendar)).collect();
        books
    }
}

fn activity(event: &ActivityEvent<'_>, calendar: &Calendar) -> Activity {
    let mark = Mark {
        day: calendar.day_of(event.occurred_at),
        rep_id: event.rep_id.to_string(),
        territory_id: event.territory_id.to_string(),
    };
    Activity {
        mark,
        category: event.category,
        of_type: event.kind.to_string(),
        seconds: event.duration_seconds,
    }
}

fn mark(day: Day, state: &DealState) -> Mark {
    Mark { day, rep_id: state.rep_id.clone(), territory_id: state.territory_id.clone() }
}

/// The amount as known after these events, divided over the credits of a state.
fn shares(known: &[Told], state: &DealState) -> Vec<Share> {
    let Some(amount) = known_amount(known) else { return Vec::new() };
    let share = |(rep_id, minor): (&str, i128)| Share {
        rep_id: rep_id.to_owned(),
        territory_id: state.territory_id.clone(),
        currency: amount.currency,
        minor,
    };
    divide(amount.minor, state).into_iter().map(share).collect()
}

/// Whole seconds from one moment to a later one.
fn seconds_between(from: Timestamp, until: Timestamp) -> u64 {
    until.micros().abs_diff(from.micros()) / MICROS_PER_SECOND.unsigned_abs()
}

fn deal(
    history: &[Told],
    activities: &[&ActivityEvent<'_>],
    pipelines: &Pipelines,
    calendar: &Calendar,
) -> Option<Deal> {
    let (created, latest) = (creation(history)?, history.last()?);
    let visits = visits(history, pipelines, calendar);
    let closed = close(history, pipelines).map(|close| {
        let day = calendar.day_of(close.at);
        let mut touches = BTreeMap::new();
        for activity in activities.iter().filter(|activity| calendar.day_of(activity.occurred_at) <= day) {
            *touches.entry(activity.category).or_insert(0) += 1;
        }
        Closed {
            mark: mark(day, &close.state),
            is_won: pipelines.kind(latest.state.stage) == StageKind::Won,
            cycle_seconds: seconds_between(created.at, close.at),
            shares: shares(history, &close.state),
            touches,
        }
    });
    let open = visits.last().filter(|visit| visit.left.is_none()).map(|visit| Open {
        stage: visit.stage,
        mark: mark(visit.entered.day, &latest.state),
        shares: shares(history, &latest.state),
        due: latest.state.expected_close,
    });
    Some(Deal {
        created: mark(calendar.day_of(created.at), &created.state),
        closed,
        open,
        visits,
        reached: progress::reached(history, latest.state.stage, pipelines),
        lead: lead(history, latest, pipelines, calendar),
    })
}

/// Events in one stage behind one another are one visit.
fn visits(history: &[Told], pipelines: &Pipelines, calendar: &Calendar) -> Vec<Visit> {
    let mut visits = Vec::new();
    let mut first = 0;
    for place in 0..history.len() {
        let next = history.get(place + 1);
        let (begin, last) = (&history[first], &history[place]);
        let stage = last.state.stage;
        if next.is_some_and(|next| next.state.stage == stage) {
            continue;
        }
        first = place + 1;
        if pipelines.kind(stage) != StageKind::Open {
            continue;
        }
        let left = next.map(|next| Left {
            mark: mark(calendar.day_of(next.at), &last.state),
            ending: match pipelines.kind(next.state.stage) {
                StageKind::Won => Ending::Advanced,
                StageKind::Lost => Ending::Lost,
                StageKind::Open if !pipelines.are_beside(next.state.stage, stage) => Ending::MovedBack,
                StageKind::Open if next.state.stage > stage => Ending::Advanced,
                StageKind::Open => Ending::MovedBack,
            },
            seconds: seconds_between(begin.at, next.at),
            shares: shares(&history[..=place + 1], &last.state),
        });
        visits.push(Visit { stage, entered: mark(calendar.day_of(begin.at), &begin.state), left });
    }
    visits
}

fn lead(history: &[Told], latest: &Told, pipelines: &Pipelines, calendar: &Calendar) -> Option<(Mark, Fate)> {
    let first_at = |role| {
        let stage = pipelines.with_role(role, latest.state.stage)?;
        history.iter().find(|told| progress::has_come_to(told, stage, pipelines))
    };
    let qualified = first_at(StageRole::Mql)?;
    let fate = if first_at(StageRole::Sql).is_some() {
        Fate::Sql
    } else if pipelines.kind(latest.state.stage) == StageKind::Lost {
        Fate::Dropped
    } else {
        Fate::Undecided
    };
    Some((mark(calendar.day_of(qualified.at), &qualified.state), fate))
}
