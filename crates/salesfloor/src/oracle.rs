//! The naive oracle: every number recomputed from all events, by the most straightforward code.
//!
//! The fold is judged against it, so it must not share code with the engine, keep anything between calls, or be
//! clever: it groups, sorts and adds. Each function carries the definition that it implements.

use std::collections::BTreeMap;

use model::{ActivityEvent, Calendar, Day, Event, Measure, Period, PeriodKind, Pipelines};

mod activity;
mod flows;
mod history;
pub mod kpis;
mod outcome;
mod progress;
mod touches;
mod visits;

use activity::ActivityOrder;
use history::{DealOrder, DealState, Told, divide};

#[cfg(test)]
mod tests;

/// For whom, when and what a number is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OracleKey {
    /// For which rep.
    pub rep_id: String,
    /// For which territory.
    pub territory_id: String,
    /// On which day; none for what holds now, such as open deals.
    pub day: Option<Day>,
    /// What; types of activities are told beside it.
    pub measure: Measure,
    /// The type of activities, for what is measured by it.
    pub activity_type: Option<String>,
}

/// All numbers that are not 0.
pub type OracleCells = BTreeMap<OracleKey, i128>;

/// Every number, from all events, in any order and with any repetition. Events of an unknown pipeline or stage are
/// not counted.
#[must_use]
pub fn cells<'e, 'b: 'e>(
    events: impl IntoIterator<Item = &'e Event<'b>>,
    pipelines: &Pipelines,
    calendar: &Calendar,
) -> OracleCells {
    let events: Vec<&Event<'_>> = events.into_iter().collect();
    let activities = counting_activities(&events);
    let mut of_deals: BTreeMap<&str, Vec<&ActivityEvent<'_>>> = BTreeMap::new();
    for activity in &activities {
        if let Some(deal_id) = &activity.deal_id {
            of_deals.entry(deal_id).or_default().push(activity);
        }
    }
    let mut cells = Cells(BTreeMap::new());
    for (deal_id, history) in histories(&events, pipelines) {
        count_deal(&history, pipelines, calendar, &mut cells);
        let activities = of_deals.get(deal_id).map(Vec::as_slice).unwrap_or_default();
        touches::count(&history, activities, pipelines, calendar, &mut cells);
    }
    for activity in activities {
        activity::count(activity, calendar, &mut cells);
    }
    cells.0.retain(|_, value| *value != 0);
    cells.0
}

/// The history of each deal in order. Events of an unknown pipeline or stage are not in it.
fn histories<'e>(events: &[&'e Event<'_>], pipelines: &Pipelines) -> BTreeMap<&'e str, Vec<Told>> {
    let mut deals: BTreeMap<&str, BTreeMap<DealOrder, DealState>> = BTreeMap::new();
    for event in events {
        let Event::Deal(deal) = event else { continue };
        let Some(state) = DealState::of(deal, pipelines) else { continue };
        // Of the events of one key, the greatest by content counts.
        let history = deals.entry(&deal.deal_id).or_default();
        let kept = history.entry(DealOrder::of(deal)).or_insert_with(|| state.clone());
        *kept = state.max(kept.clone());
    }
    let told = |(order, state): (DealOrder, DealState)| Told { at: order.occurred_at, state };
    let in_order = deals.into_iter();
    in_order.map(|(deal_id, history)| (deal_id, history.into_iter().map(told).collect())).collect()
}

/// Of the events of one activity the greatest, unless the activity was taken back by it.
fn counting_activities<'e, 'b>(events: &[&'e Event<'b>]) -> Vec<&'e ActivityEvent<'b>> {
    let mut activities: BTreeMap<&str, (ActivityOrder, &ActivityEvent<'_>)> = BTreeMap::new();
    for event in events {
        let Event::Activity(activity) = event else { continue };
        let order = ActivityOrder::of(activity);
        let kept = activities.entry(&activity.activity_id).or_insert_with(|| (order.clone(), activity));
        if order > kept.0 {
            *kept = (order, activity);
        }
    }
    let counting = activities.into_values().map(|(_, activity)| activity);
    counting.filter(|activity| !activity.retracted).collect()
}

/// The sums of all dated numbers over the periods of a kind, by rep, territory, period and measure, whatever the type of
/// activities. Sums that are 0 are left out, and so is what has no day.
#[must_use]
pub fn period(
    cells: &OracleCells,
    calendar: &Calendar,
    kind: PeriodKind,
) -> BTreeMap<(String, String, Period, Measure), i128> {
    let mut sums = BTreeMap::new();
    for (key, value) in cells {
        if let Some(day) = key.day {
            let period = calendar.period_of(kind, day);
            let sum_key = (key.rep_id.clone(), key.territory_id.clone(), period, key.measure);
            *sums.entry(sum_key).or_insert(0) += value;
        }
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

struct Cells(OracleCells);

impl Cells {
    fn add(&mut self, rep_id: &str, territory_id: &str, day: Option<Day>, measure: Measure, value: i128) {
        self.add_of_type(rep_id, territory_id, day, measure, None, value);
    }

    fn add_of_type(
        &mut self,
        rep_id: &str,
        territory_id: &str,
        day: Option<Day>,
        measure: Measure,
        activity_type: Option<&str>,
        value: i128,
    ) {
        let key = OracleKey {
            rep_id: rep_id.to_owned(),
            territory_id: territory_id.to_owned(),
            day,
            measure,
            activity_type: activity_type.map(str::to_owned),
        };
        *self.0.entry(key).or_insert(0) += value;
    }

    /// For the rep and territory of a state.
    fn add_to(&mut self, state: &DealState, day: Option<Day>, measure: Measure, value: i128) {
        self.add(&state.rep_id, &state.territory_id, day, measure, value);
    }

    /// One deal or visit, for the rep and territory of a state.
    fn add_one(&mut self, state: &DealState, day: Option<Day>, measure: Measure) {
        self.add_to(state, day, measure, 1);
    }

    /// An amount, divided over the credits of a state; the territory is the deal's.
    fn add_divided(&mut self, state: &DealState, day: Option<Day>, measure: Measure, minor: i64) {
        for (rep_id, part) in divide(minor, state) {
            self.add(rep_id, &state.territory_id, day, measure, part);
        }
    }
}

/// One deal, from its history in order: each family of numbers on its own.
fn count_deal(history: &[Told], pipelines: &Pipelines, calendar: &Calendar, cells: &mut Cells) {
    // A deal whose last state is deleted contributes nothing.
    if history.last().is_none_or(|latest| latest.state.deleted) {
        return;
    }
    outcome::count(history, pipelines, calendar, cells);
    visits::count(history, pipelines, calendar, cells);
    progress::count(history, pipelines, calendar, cells);
    flows::count(history, pipelines, calendar, cells);
}
