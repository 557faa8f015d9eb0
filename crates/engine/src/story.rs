//! What a history says as a whole. It is told event by event, so that one more at the end costs no look at the others.

use model::{Day, Money, RepIndex, StageIndex, StageKind, StageRole, TerritoryIndex, Timestamp};

use crate::config::FoldConfig;
use crate::history::{History, State};
use crate::ties::Ties;

/// A deal so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Story<'a> {
    /// The state at creation: the last of those with the earliest time, so that a correction as of then counts.
    pub(crate) created: State<'a>,
    /// The stage, rep and territory of the very first event, which a correction as of then leaves as they were.
    pub(crate) first: (StageIndex, RepIndex, TerritoryIndex),
    /// The last event, which is also the last one within the visit that lasts.
    pub(crate) latest: State<'a>,
    /// The latest amount that is known.
    pub(crate) amount: Option<Money>,
    /// When the deal came into the stage that it is in.
    pub(crate) entered_at: Timestamp,
    /// How far it has been in the pipeline that it is in.
    pub(crate) progress: Progress,
    /// The activities that were for it.
    pub(crate) ties: Ties<'a>,
    settling: Settling<'a>,
}

/// How far a deal has been in one pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    furthest: Option<StageIndex>,
    was_won: bool,
    /// When, and with whom, it first came to the stage of role mql or behind it.
    pub(crate) mql: Option<(Timestamp, RepIndex, TerritoryIndex)>,
    /// Whether it has been in the stage of role sql or behind it.
    pub(crate) is_sql: bool,
}

impl Progress {
    fn then(mut self, state: &State<'_>, config: &FoldConfig) -> Self {
        let pipelines = &config.pipelines;
        match pipelines.kind(state.stage) {
            StageKind::Lost => return self,
            StageKind::Won => self.was_won = true,
            StageKind::Open => self.furthest = self.furthest.max(Some(state.stage)),
        }
        let is_at = |role| {
            let stage = pipelines.with_role(role, state.stage);
            stage.is_some_and(|stage| state.stage >= stage || pipelines.kind(state.stage) == StageKind::Won)
        };
        if self.mql.is_none() && is_at(StageRole::Mql) {
            self.mql = Some((state.occurred_at, state.rep, state.territory));
        }
        self.is_sql |= is_at(StageRole::Sql);
        self
    }

    /// The furthest open stage of the pipeline that the deal has been in or behind; of one that was won, the last of all.
    pub(crate) fn furthest(&self, last: impl FnOnce() -> Option<StageIndex>) -> Option<StageIndex> {
        if self.was_won { last() } else { self.furthest }
    }
}

/// Since when nothing more is expected of a deal.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settling<'a> {
    /// The state at close: the last of those with the time at which the deal entered the final unbroken run of closed
    /// states, so that a correction as of then counts and a change of hands later does not; none if the deal is open
    /// or deleted.
    closed: Option<State<'a>>,
    deleted_at: Option<Timestamp>,
}

impl<'a> Settling<'a> {
    /// Tells one more event, behind all others.
    pub(crate) fn go_on(&mut self, state: &State<'a>, config: &FoldConfig) {
        self.deleted_at = state.deleted.then_some(state.occurred_at);
        if state.deleted || !config.pipelines.kind(state.stage).is_closed() {
            self.closed = None;
        } else if self.closed.is_none_or(|closed| closed.occurred_at == state.occurred_at) {
            self.closed = Some(*state);
        }
    }

    /// The time of the close, or of the deletion; none if the deal is open.
    pub(crate) fn settled_at(&self) -> Option<Timestamp> {
        self.deleted_at.or_else(|| self.closed.map(|state| state.occurred_at))
    }
}

impl<'a> Story<'a> {
    /// The story of a history; none if it has no events. `each` is told of every event with the story before it.
    pub(crate) fn of(
        history: History<'a>,
        config: &FoldConfig,
        each: &mut dyn FnMut(Option<&Self>, &State<'a>),
    ) -> Option<Self> {
        let mut story: Option<Self> = None;
        // A stage of each pipeline that was left, and how far the deal had come there.
        let mut left: Vec<(StageIndex, Progress)> = Vec::new();
        for (state, _, _) in history.iter() {
            each(story.as_ref(), &state);
            match &mut story {
                None => story = Some(Self::begin(state, config)),
                Some(story) if story.can_append(&state, config) => story.go_on(&state, config),
                Some(story) => {
                    left.push((story.latest.stage, story.progress));
                    let is_beside =
                        |&(stage, _): &(StageIndex, _)| config.pipelines.are_beside(stage, state.stage);
                    let known = left.iter().position(is_beside);
                    let known = known.map(|place| left.swap_remove(place).1).unwrap_or_default();
                    story.go_on(&state, config);
                    story.progress = known.then(&state, config);
                }
            }
        }
        story
    }

    /// The story of a history with this one event.
    pub(crate) fn begin(state: State<'a>, config: &FoldConfig) -> Self {
        let mut settling = Settling::default();
        settling.go_on(&state, config);
        Self {
            created: state,
            first: (state.stage, state.rep, state.territory),
            latest: state,
            amount: state.amount,
            entered_at: state.occurred_at,
            progress: Progress::default().then(&state, config),
            ties: Ties::default(),
            settling,
        }
    }

    /// Whether [`then`](Self::then) can tell the story with this event behind all others: in another pipeline, how far
    /// the deal has been depends on events that the story does not have.
    pub(crate) fn can_append(&self, state: &State<'_>, config: &FoldConfig) -> bool {
        config.pipelines.are_beside(self.latest.stage, state.stage)
    }

    /// Tells one more event, behind all others. In place, since a story is large.
    pub(crate) fn go_on(&mut self, state: &State<'a>, config: &FoldConfig) {
        if state.occurred_at == self.created.occurred_at {
            self.created = *state;
        }
        if state.stage != self.latest.stage {
            self.entered_at = state.occurred_at;
        }
        self.latest = *state;
        self.amount = state.amount.or(self.amount);
        self.progress = self.progress.then(state, config);
        self.settling.go_on(state, config);
    }

    /// See [`Settling::settled_at`].
    pub(crate) fn settled_at(&self) -> Option<Timestamp> {
        self.settling.settled_at()
    }

    /// How the deal was closed; none if it is open or deleted.
    pub(crate) fn close(&self, config: &FoldConfig) -> Option<Close> {
        self.closed().map(|closed| Close {
            rep: closed.rep,
            territory: closed.territory,
            day: config.calendar.day_of(closed.occurred_at),
            // What was lost and won at once, in one run, is what it is now.
            is_won: config.pipelines.kind(self.latest.stage) == StageKind::Won,
        })
    }

    /// The state at close; none if the deal is open or deleted.
    pub(crate) const fn closed(&self) -> Option<&State<'a>> {
        self.settling.closed.as_ref()
    }
}

/// How a deal was closed, and for whom that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) day: Day,
    pub(crate) is_won: bool,
}
