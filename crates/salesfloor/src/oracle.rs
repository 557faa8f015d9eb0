//! The naive oracle: every number recomputed from all events, by the most straightforward code.
//!
//! The fold is judged against it, so it must not share code with the engine, keep anything between calls, or be
//! clever: it groups, sorts and adds. Each function carries the definition that it implements.

use std::collections::BTreeMap;

use model::{
    ActivityEvent, Calendar, CycleBucket, Day, DealEvent, Event, MICROS_PER_SECOND, Measure, Money, Period,
    PeriodKind, Pipelines, StageIndex, StageKind, Timestamp, WHOLE_SHARE_BASIS_POINTS,
};

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
    /// What.
    pub measure: Measure,
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
    let mut deals: BTreeMap<&str, BTreeMap<DealOrder, DealState>> = BTreeMap::new();
    let mut activities: BTreeMap<&str, (ActivityOrder, &ActivityEvent<'_>)> = BTreeMap::new();
    for event in events {
        match event {
            Event::Deal(deal) => {
                let Some(state) = DealState::of(deal, pipelines) else {
                    continue;
                };
                // Of the events of one key, the greatest by content counts.
                let history = deals.entry(&deal.deal_id).or_default();
                let kept = history.entry(DealOrder::of(deal)).or_insert_with(|| state.clone());
                *kept = state.max(kept.clone());
            }
            Event::Activity(activity) => {
                // Of the events of one activity, the greatest counts.
                let order = ActivityOrder::of(activity);
                let kept =
                    activities.entry(&activity.activity_id).or_insert_with(|| (order.clone(), activity));
                if order > kept.0 {
                    *kept = (order, activity);
                }
            }
        }
    }
    let mut cells = Cells(BTreeMap::new());
    for history in deals.into_values() {
        let history: Vec<(Timestamp, DealState)> =
            history.into_iter().map(|(order, state)| (order.occurred_at, state)).collect();
        count_deal(&history, pipelines, calendar, &mut cells);
    }
    for (_, activity) in activities.into_values() {
        count_activity(activity, calendar, &mut cells);
    }
    cells.0.retain(|_, value| *value != 0);
    cells.0
}

/// The sums of all dated numbers over the periods of a kind, by rep, territory, period and measure. Sums that are 0
/// are left out, and so is what has no day.
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

/// The order within a deal. None is below every version, as `Option` orders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct DealOrder {
    occurred_at: Timestamp,
    version: Option<i64>,
    event_id: String,
}

impl DealOrder {
    fn of(event: &DealEvent<'_>) -> Self {
        Self { occurred_at: event.occurred_at, version: event.version, event_id: event.event_id.to_string() }
    }
}

/// The content of a deal's event; contents compare by their fields in the order in which they stand here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct DealState {
    stage: StageIndex,
    rep_id: String,
    territory_id: String,
    amount_minor: Option<i64>,
    currency_code: Option<String>,
    expected_close: Option<Day>,
    /// Rep, share in basis points, overlay.
    credits: Vec<(String, u32, bool)>,
    deleted: bool,
}

impl DealState {
    fn of(event: &DealEvent<'_>, pipelines: &Pipelines) -> Option<Self> {
        let credits = event.credits.iter();
        Some(Self {
            stage: pipelines.find(&event.pipeline, &event.stage)?,
            rep_id: event.rep_id.to_string(),
            territory_id: event.territory_id.to_string(),
            amount_minor: event.amount.map(|amount| amount.minor),
            currency_code: event.amount.map(|amount| amount.currency.code()),
            expected_close: event.expected_close,
            credits: credits
                .map(|credit| (credit.rep_id.to_string(), credit.share_basis_points, credit.overlay))
                .collect(),
            deleted: event.deleted,
        })
    }

    fn amount(&self) -> Option<Money> {
        let currency = model::Currency::from_code(self.currency_code.as_ref()?).ok()?;
        Some(Money { minor: self.amount_minor?, currency })
    }

    /// Whether the deal is closed by this event; a deleted event is not terminal.
    fn is_terminal(&self, pipelines: &Pipelines) -> bool {
        !self.deleted && pipelines.kind(self.stage).is_closed()
    }
}

/// What decides which event of an activity counts: version, time, event, then content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ActivityOrder {
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
    fn of(event: &ActivityEvent<'_>) -> Self {
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

struct Cells(OracleCells);

impl Cells {
    fn add(&mut self, rep_id: &str, territory_id: &str, day: Option<Day>, measure: Measure, value: i128) {
        let key =
            OracleKey { rep_id: rep_id.to_owned(), territory_id: territory_id.to_owned(), day, measure };
        *self.0.entry(key).or_insert(0) += value;
    }

    /// An amount, divided over the credits of a state; the territory is the deal's.
    fn add_divided(&mut self, state: &DealState, day: Option<Day>, measure: Measure, minor: i64) {
        for (rep_id, part) in divide(minor, state) {
            self.add(rep_id, &state.territory_id, day, measure, part);
        }
    }
}

/// One deal, from its history in order.
fn count_deal(
    history: &[(Timestamp, DealState)],
    pipelines: &Pipelines,
    calendar: &Calendar,
    cells: &mut Cells,
) {
    let (Some((created_at, _)), Some((_, latest))) = (history.first(), history.last()) else {
        return;
    };
    // A deal whose last state is deleted contributes nothing.
    if latest.deleted {
        return;
    }

    // Created: when the first event happened, for the rep and territory of the last event of that very time.
    let mut at_creation = history.iter().filter(|(at, _)| at == created_at);
    if let Some((_, creation)) = at_creation.next_back() {
        let day = Some(calendar.day_of(*created_at));
        cells.add(&creation.rep_id, &creation.territory_id, day, Measure::CreatedDeals, 1);
    }

    // The latest known amount: that of the last event that has one.
    let amount = history.iter().rev().find_map(|(_, state)| state.amount());

    let kind = pipelines.kind(latest.stage);
    if kind == StageKind::Open {
        let (rep_id, territory_id) = (&latest.rep_id, &latest.territory_id);
        cells.add(rep_id, territory_id, None, Measure::OpenDeals(latest.stage), 1);
        if let Some(Money { minor, currency }) = amount {
            cells.add_divided(latest, None, Measure::OpenAmount(latest.stage, currency), minor);
        }
        return;
    }

    // Closed: at the first event of the final unbroken run of terminal events, for the rep and territory of the last
    // event of that very time within the run.
    let run: Vec<_> = history.iter().rev().take_while(|(_, state)| state.is_terminal(pipelines)).collect();
    let Some((closed_at, _)) = run.last() else { return };
    let Some((_, close)) = run.iter().find(|(at, _)| at == closed_at) else { return };
    let (rep_id, territory_id) = (&close.rep_id, &close.territory_id);
    let day = Some(calendar.day_of(*closed_at));
    if kind == StageKind::Lost {
        cells.add(rep_id, territory_id, day, Measure::LostDeals, 1);
        return;
    }
    cells.add(rep_id, territory_id, day, Measure::WonDeals, 1);
    if let Some(Money { minor, currency }) = amount {
        cells.add_divided(close, day, Measure::WonAmount(currency), minor);
    }
    // The history is in order of time, so the difference is not below 0 and dividing rounds down.
    let cycle_seconds = (closed_at.micros().abs_diff(created_at.micros())) / MICROS_PER_SECOND.unsigned_abs();
    cells.add(rep_id, territory_id, day, Measure::CycleSeconds, cycle_seconds.into());
    let bucket = CycleBucket::of(cycle_seconds);
    cells.add(rep_id, territory_id, day, Measure::CycleDeals(bucket), 1);
}

/// Divides an amount over the credits of a state: each credit that is no overlay gets its share rounded towards
/// negative infinity, and the last of them the rest as well; without such credits all is the owner's.
fn divide(minor: i64, state: &DealState) -> Vec<(&str, i128)> {
    let credited = state.credits.iter().filter(|(_, _, overlay)| !overlay);
    let mut parts: Vec<(&str, i128)> = credited
        .map(|(rep_id, share, _)| {
            let part = (i128::from(minor) * i128::from(*share)).div_euclid(WHOLE_SHARE_BASIS_POINTS.into());
            (rep_id.as_str(), part)
        })
        .collect();
    let rest = i128::from(minor) - parts.iter().map(|(_, part)| part).sum::<i128>();
    match parts.last_mut() {
        Some((_, part)) => *part += rest,
        None => parts.push((&state.rep_id, rest)),
    }
    parts
}

/// One activity, from the event of it that counts.
fn count_activity(activity: &ActivityEvent<'_>, calendar: &Calendar, cells: &mut Cells) {
    if activity.retracted {
        return;
    }
    let (rep_id, territory_id) = (&activity.rep_id, &activity.territory_id);
    let day = Some(calendar.day_of(activity.occurred_at));
    let seconds = i128::from(activity.duration_seconds);
    cells.add(rep_id, territory_id, day, Measure::Activities(activity.category), 1);
    cells.add(rep_id, territory_id, day, Measure::ActivitySeconds(activity.category), seconds);
}
