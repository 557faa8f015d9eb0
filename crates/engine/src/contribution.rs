//! From one history, or one activity, to its contributions. Keeps FOLD-3; the KPI catalogue's words, in code.

use model::{
    CellKey, Contribution, Currency, CycleBucket, Day, MICROS_PER_SECOND, Measure, RepIndex, StageIndex,
    StageKind, TerritoryIndex, Timestamp,
};

use crate::activities::StoredActivity;
use crate::config::FoldConfig;
use crate::history::{History, State};

/// What a history says as a whole. It is told event by event, so that one more at the end costs no look at the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Story<'a> {
    /// The state at creation: the last of those with the earliest time, so that a correction as of then counts.
    created: State<'a>,
    latest: State<'a>,
    /// The latest amount that is known.
    amount: Option<model::Money>,
    /// The state at close: the last of those with the time at which the deal entered the final unbroken run of closed
    /// states, so that a correction as of then counts and a change of hands later does not; none if the deal is open
    /// or deleted.
    closed: Option<State<'a>>,
}

impl<'a> Story<'a> {
    /// The story of a history; none if it has no events.
    pub(crate) fn of(history: History<'a>, config: &FoldConfig) -> Option<Self> {
        let mut states = history.iter().map(|(state, _, _)| state);
        let first = Self::begin(states.next()?, config);
        Some(states.fold(first, |story, state| story.then(state, config)))
    }

    /// The story of a history with this one event.
    pub(crate) fn begin(state: State<'a>, config: &FoldConfig) -> Self {
        Self { created: state, latest: state, amount: None, closed: None }.then(state, config)
    }

    /// The story with one more event, behind all others.
    pub(crate) fn then(self, state: State<'a>, config: &FoldConfig) -> Self {
        let is_closed = !state.deleted && config.pipelines.kind(state.stage).is_closed();
        let is_of_creation = state.occurred_at == self.created.occurred_at;
        Self {
            created: if is_of_creation { state } else { self.created },
            latest: state,
            amount: state.amount.or(self.amount),
            closed: match self.closed {
                _ if !is_closed => None,
                Some(closed) if closed.occurred_at != state.occurred_at => Some(closed),
                _ => Some(state),
            },
        }
    }

    /// The last event.
    pub(crate) const fn latest(&self) -> &State<'a> {
        &self.latest
    }

    /// Since when nothing more is expected of the deal: its close, or its deletion; none if it is open.
    pub(crate) fn settled_at(&self) -> Option<Timestamp> {
        if self.latest.deleted { Some(self.latest.occurred_at) } else { Some(self.closed?.occurred_at) }
    }
}

/// Since when nothing more is expected of a deal with this history; see [`Story::settled_at`].
pub(crate) fn settled_at(history: History<'_>, config: &FoldConfig) -> Option<Timestamp> {
    Story::of(history, config)?.settled_at()
}

/// Appends a deal's contributions.
pub(crate) fn of_deal(story: &Story<'_>, config: &FoldConfig, out: &mut Vec<Contribution>) {
    let Story { created, latest, amount, closed } = *story;
    if latest.deleted {
        return;
    }
    let created_on = config.calendar.day_of(created.occurred_at);
    add(out, created.rep, created.territory, created_on, Measure::CreatedDeals, 1);

    // Whoever has an open deal now, or had a closed one at its close.
    let owned = closed.unwrap_or(latest);
    let (rep, territory) = (owned.rep, owned.territory);
    let divide = |out: &mut Vec<Contribution>, day: Day, measure: fn(StageIndex, Currency) -> Measure| {
        if let Some(money) = amount {
            let measure = measure(latest.stage, money.currency);
            owned.credits.divide(money.minor, rep, |rep, part| add(out, rep, territory, day, measure, part));
        }
    };
    let Some(closed_at) = closed.map(|state| state.occurred_at) else {
        add(out, rep, territory, CellKey::STANDING, Measure::OpenDeals(latest.stage), 1);
        divide(out, CellKey::STANDING, Measure::OpenAmount);
        return;
    };
    let day = config.calendar.day_of(closed_at);
    if config.pipelines.kind(latest.stage) == StageKind::Lost {
        add(out, rep, territory, day, Measure::LostDeals, 1);
        return;
    }
    let cycle = (closed_at.micros() - created.occurred_at.micros()) / MICROS_PER_SECOND;
    add(out, rep, territory, day, Measure::WonDeals, 1);
    divide(out, day, |_, currency| Measure::WonAmount(currency));
    add(out, rep, territory, day, Measure::CycleSeconds, i128::from(cycle));
    let bucket = CycleBucket::of(cycle.cast_unsigned());
    add(out, rep, territory, day, Measure::CycleDeals(bucket), 1);
}

/// Appends an activity's contributions.
pub(crate) fn of_activity(activity: &StoredActivity<'_>, config: &FoldConfig, out: &mut Vec<Contribution>) {
    if activity.retracted {
        return;
    }
    let (rep, territory) = (activity.rep, activity.territory);
    let day = config.calendar.day_of(activity.occurred_at);
    add(out, rep, territory, day, Measure::Activities(activity.category), 1);
    let seconds = i128::from(activity.duration_seconds);
    add(out, rep, territory, day, Measure::ActivitySeconds(activity.category), seconds);
}

fn add(
    out: &mut Vec<Contribution>,
    rep: RepIndex,
    territory: TerritoryIndex,
    day: Day,
    measure: Measure,
    value: i128,
) {
    if value != 0 {
        out.push(Contribution { key: CellKey { rep, territory, day, measure }, value });
    }
}
