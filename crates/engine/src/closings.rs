//! Closings: which deals became won, or are so no more, as the events come. Not a number: the list follows the log's order.
//!
//! They are noted only once somebody wants them, which is when the log's history has been read, and only until they are
//! taken. An event that closes nothing costs two comparisons.

use std::collections::VecDeque;

use model::{Closing, DealEvent, Money, Offset, RepIndex, StageKind, TerritoryIndex, Timestamp, Win};

use crate::config::FoldConfig;
use crate::names::Names;
use crate::story::Story;

/// How many are kept until they are taken; of more, the newest.
const KEPT_MAX: usize = 1_000;

#[derive(Debug, Clone, Copy)]
struct Won {
    rep: RepIndex,
    territory: TerritoryIndex,
    amount: Option<Money>,
    closed_at: Timestamp,
}

impl Won {
    fn of(story: &Story<'_>, config: &FoldConfig) -> Option<Self> {
        let closed = story.closed()?;
        (config.pipelines.kind(story.latest.stage) == StageKind::Won).then_some(Self {
            rep: closed.rep,
            territory: closed.territory,
            amount: story.amount,
            closed_at: closed.occurred_at,
        })
    }

    fn named(self, reps: &Names, territories: &Names) -> Win {
        Win {
            rep_id: reps.name(self.rep.0).to_owned(),
            territory_id: territories.name(self.territory.0).to_owned(),
            amount: self.amount,
            closed_at: self.closed_at,
        }
    }
}

/// What one event changed about a deal's win.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    before: Option<Won>,
    after: Option<Won>,
}

impl Turn {
    /// None if the deal is won as before, or as little; another amount or owner is no other win.
    pub(crate) fn between(
        before: Option<&Story<'_>>,
        after: Option<&Story<'_>>,
        config: &FoldConfig,
    ) -> Option<Self> {
        let [before, after] = [before, after].map(|story| story.and_then(|story| Won::of(story, config)));
        let closed_at = |won: Option<Won>| won.map(|won| won.closed_at);
        (closed_at(before) != closed_at(after)).then_some(Self { before, after })
    }
}

/// The closings of a partition since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct Closings {
    are_wanted: bool,
    kept: VecDeque<Closing>,
}

impl Closings {
    pub(crate) const fn want(&mut self) {
        self.are_wanted = true;
    }

    pub(crate) fn note(
        &mut self,
        Turn { before, after }: Turn,
        (deal, offset, appended_at): (&DealEvent<'_>, Offset, Option<Timestamp>),
        (reps, territories): (&Names, &Names),
    ) {
        if !self.are_wanted {
            return;
        }
        if self.kept.len() == KEPT_MAX {
            self.kept.pop_front();
        }
        let named = |won: Won| won.named(reps, territories);
        self.kept.push_back(Closing {
            deal_id: deal.deal_id.to_string(),
            before: before.map(named),
            after: after.map(named),
            offset,
            appended_at,
        });
    }

    pub(crate) fn take(&mut self) -> Vec<Closing> {
        std::mem::take(&mut self.kept).into()
    }
}
