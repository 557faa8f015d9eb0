//! One partition's state, and how an event changes it. Single writer: the owner has it alone.

use std::borrow::Cow;
use std::sync::Arc;

use model::{
    ActivityEvent, Closing, DealEvent, Event, HeldKey, MICROS_PER_SECOND, Offset, Pipelines, Reject,
    RejectReason, RepIndex, StageIndex, TerritoryIndex, Timestamp, TypeIndex,
};

use crate::activities::{Activities, ActivityNames, Applied, StoredActivity};
use crate::cells::Cells;
use crate::change::Change;
use crate::closings::Closings;
use crate::config::FoldConfig;
use crate::credits::{Credits, StoredCredit, put_credit};
use crate::deals::Deals;
use crate::history::{EventId, State};
use crate::horizon::{Horizon, utc_day};
use crate::names::Names;
use crate::restatements::Restatements;

/// What became of an event. Every one is an answer: `apply` has no errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is part of what counts now.
    Applied,
    /// It was there already, or an activity's higher version was.
    Duplicate,
    /// An event of the same identity was there with other content; of the two, the greater counts, whichever came
    /// first.
    Conflict,
    /// It does not count.
    Rejected(Reject),
}

/// What a state holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Deals whose history is held.
    pub deals: usize,
    /// Deals that are final: only their id is held, and which activities they had.
    pub deals_final: usize,
    /// Deals that no event has told of yet: only which activities they had is held.
    pub deals_unknown: usize,
    /// Activities within the horizon.
    pub activities: usize,
    /// Cells that are not 0.
    pub cells: usize,
    /// Bytes of memory, about.
    pub memory_bytes: usize,
}

/// A partition's deals, activities and cells.
#[derive(Debug)]
pub struct PartitionState {
    pub(crate) config: Arc<FoldConfig>,
    pub(crate) reps: Names,
    pub(crate) territories: Names,
    pub(crate) types: Names,
    pub(crate) deals: Deals,
    pub(crate) activities: Activities,
    pub(crate) cells: Cells,
    pub(crate) restatements: Restatements,
    closings: Closings,
    changes: Vec<Change>,
    /// Changes of events before, which are not in the cells yet.
    unsettled: Vec<Change>,
    credits: Vec<u8>,
}

/// What types of activities beyond the first so many are counted as.
const OTHER_TYPES: &str = "other types";

/// So many changes go to the cells together, so that they wait for memory together.
const UNSETTLED_MAX: usize = 96;

impl PartitionState {
    /// The state before the first event.
    #[must_use]
    pub fn new(config: Arc<FoldConfig>) -> Self {
        let deals = Deals::new(Horizon::new(config.deal_retention_days, None));
        let activities = Activities::new(Horizon::new(config.activity_horizon_days, None));
        let restatements = Restatements::new(config.restatements);
        Self {
            config,
            reps: Names::default(),
            territories: Names::default(),
            types: Names::default(),
            deals,
            activities,
            cells: Cells::default(),
            restatements,
            closings: Closings::default(),
            changes: Vec::new(),
            unsettled: Vec::new(),
            credits: Vec::new(),
        }
    }

    /// Folds an event in. `offset` is where its topic has it, `appended_at` when the log received it, if known.
    ///
    /// Costs a look-up and the deal's own history; never more with more deals.
    pub fn apply(&mut self, event: &Event<'_>, offset: Offset, appended_at: Option<Timestamp>) -> Outcome {
        let occurred_at = match event {
            Event::Deal(deal) => deal.occurred_at,
            Event::Activity(activity) => activity.occurred_at,
        };
        if let Some(reject) = self.check_time(occurred_at, appended_at) {
            return Outcome::Rejected(reject);
        }
        self.changes.clear();
        let named = [&self.reps, &self.territories, &self.types].map(|names| names.as_slice().len());
        let applied = match event {
            Event::Deal(deal) => self.apply_deal(deal, offset),
            Event::Activity(activity) => self.apply_activity(activity, offset),
        };
        let outcome = match applied {
            Ok(applied) => self.conclude(applied, event, (offset, appended_at)),
            Err(reject) => Outcome::Rejected(reject),
        };
        if matches!(outcome, Outcome::Rejected(_)) {
            // What does not count must not fill the tables of names, nor show up as somebody's.
            let names = [&mut self.reps, &mut self.territories, &mut self.types];
            names.into_iter().zip(named).for_each(|(names, count)| names.truncate(count));
        }
        outcome
    }

    /// For how many deals at once [`expect_deals`](Self::expect_deals) pays, about.
    pub const EXPECTED_DEALS: usize = 16;

    /// Brings the records of deals near the processor that events are about to come for, the first
    /// [`EXPECTED_DEALS`](Self::EXPECTED_DEALS) of them; changes nothing.
    ///
    /// A look-up waits four times for memory, one time after the other. Look-ups that do not depend on each other wait
    /// together, so that some at once cost little more than one.
    pub fn expect_deals<'i>(&self, ids: impl Iterator<Item = &'i [u8]>) {
        let mut slots = [None; Self::EXPECTED_DEALS];
        let count = ids.zip(&mut slots).map(|(id, slot)| *slot = self.deals.index.guess(id)).count();
        let lines = slots[..count].iter().flatten().map(|&slot| self.deals.shelf.touch(slot));
        std::hint::black_box(lines.sum::<u64>());
    }

    /// The cells. Costs copies of some of their tables unless the state was [settled](Self::settle) since the last event.
    #[must_use]
    pub fn cells(&self) -> Cow<'_, Cells> {
        if self.unsettled.is_empty() {
            return Cow::Borrowed(&self.cells);
        }
        let mut cells = self.cells.clone();
        cells.add_all(&self.unsettled);
        Cow::Owned(cells)
    }

    /// Takes out the cells that changed since the last call, each once, with their sums now, 0 for those that are gone.
    pub fn take_changes(&mut self) -> Vec<(HeldKey, i128)> {
        self.settle();
        self.cells.take_changes()
    }

    /// Whether [`take_changes`](Self::take_changes) would give anything.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.cells.has_changes() || !self.unsettled.is_empty()
    }

    /// Brings the cells up to the last event, so that reading them costs nothing.
    pub fn settle(&mut self) {
        self.cells.add_all(&self.unsettled);
        self.unsettled.clear();
    }

    /// The stages.
    #[must_use]
    pub fn pipelines(&self) -> &Pipelines {
        &self.config.pipelines
    }

    /// The names of the reps that cells are for.
    #[must_use]
    pub const fn reps(&self) -> &Names {
        &self.reps
    }

    /// The names of the territories that cells are for.
    #[must_use]
    pub const fn territories(&self) -> &Names {
        &self.territories
    }

    /// The names of the types of activities that cells are of.
    #[must_use]
    pub const fn types(&self) -> &Names {
        &self.types
    }

    /// The changes to months that had ended.
    #[must_use]
    pub const fn restatements(&self) -> &Restatements {
        &self.restatements
    }

    /// Notes from now on which deals become won, or are so no more: what came before is history.
    pub const fn want_closings(&mut self) {
        self.closings.want();
    }

    /// Takes out the closings since the last call, the oldest first; of very many, the newest.
    pub fn take_closings(&mut self) -> Vec<Closing> {
        self.closings.take()
    }

    /// The newest event time of deals and of activities.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.deals.horizon.newest().max(self.activities.horizon.newest())
    }

    /// What is held. Costs a pass over the pages and rows, not over the records.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (deals, activities) = (&self.deals, &self.activities);
        let memory_bytes = deals.shelf.memory_bytes()
            + deals.index.memory_bytes()
            + deals.horizon.memory_bytes()
            + activities.shelf.memory_bytes()
            + activities.index.memory_bytes()
            + activities.horizon.memory_bytes()
            + self.cells.memory_bytes();
        Counts {
            deals: deals.index.len() - deals.finals - deals.unknown,
            deals_final: deals.finals,
            deals_unknown: deals.unknown,
            activities: activities.index.len(),
            cells: self.cells().len(),
            memory_bytes,
        }
    }

    fn check_time(&self, occurred_at: Timestamp, appended_at: Option<Timestamp>) -> Option<Reject> {
        let tolerance = i64::from(self.config.future_tolerance_seconds);
        let appended_at = appended_at?;
        let latest = appended_at.micros().saturating_add(tolerance.saturating_mul(MICROS_PER_SECOND));
        (occurred_at.micros() > latest).then(|| {
            let detail = format!(
                "field occurred_at: {occurred_at} is more than {tolerance} s ahead of {appended_at}, when the log received it"
            );
            Reject::new(RejectReason::InFuture, detail)
        })
    }

    fn apply_deal(&mut self, deal: &DealEvent<'_>, offset: Offset) -> Result<Applied, Reject> {
        let stage = self.stage(deal)?;
        let rep = self.rep(&deal.rep_id)?;
        let territory = self.territory(&deal.territory_id)?;
        let mut credits = std::mem::take(&mut self.credits);
        credits.clear();
        for credit in &deal.credits {
            let stored = StoredCredit {
                rep: self.rep(&credit.rep_id)?,
                share_basis_points: credit.share_basis_points,
                overlay: credit.overlay,
            };
            put_credit(&mut credits, stored);
        }
        let mut uuid = [0; 16];
        let state = State {
            occurred_at: deal.occurred_at,
            version: deal.version,
            event_id: EventId::of(&deal.event_id, &mut uuid),
            stage,
            rep,
            territory,
            amount: deal.amount,
            expected_close: deal.expected_close,
            credits: Credits(&credits),
            deleted: deal.deleted,
            offset,
        };
        let names = (&self.reps, &self.territories);
        let applied =
            self.deals.apply(deal.deal_id.as_bytes(), &state, &self.config, names, &mut self.changes);
        self.credits = credits;
        Ok(applied)
    }

    fn apply_activity(&mut self, activity: &ActivityEvent<'_>, offset: Offset) -> Result<Applied, Reject> {
        let stored = StoredActivity {
            version: activity.version,
            occurred_at: activity.occurred_at,
            event_id: activity.event_id.as_bytes(),
            rep: self.rep(&activity.rep_id)?,
            territory: self.territory(&activity.territory_id)?,
            deal_id: activity.deal_id.as_deref().map(str::as_bytes),
            category: activity.category,
            of_type: self.activity_type(&activity.kind),
            duration_seconds: activity.duration_seconds,
            retracted: activity.retracted,
            offset,
            held_by_day: utc_day(activity.occurred_at),
        };
        let config = &self.config;
        let tied = stored.tie(config);
        let names = ActivityNames { reps: &self.reps, territories: &self.territories, types: &self.types };
        let id = activity.activity_id.as_bytes();
        let applied = self.activities.apply(id, &stored, config, &names, &mut self.changes);
        if matches!(applied, Applied::Taken | Applied::Conflict) {
            let untied = self.activities.untied.map(|touch| (&self.activities.untied_deal[..], touch));
            if untied != tied {
                for (tie, is_more) in [(untied, false), (tied, true)] {
                    if let Some((deal_id, touch)) = tie {
                        self.deals.tie(deal_id, touch, is_more, config, &mut self.changes);
                    }
                }
            }
        }
        Ok(applied)
    }

    fn conclude(
        &mut self,
        applied: Applied,
        event: &Event<'_>,
        (offset, appended_at): (Offset, Option<Timestamp>),
    ) -> Outcome {
        let reject = |reason, detail: String| Outcome::Rejected(Reject::new(reason, detail));
        match applied {
            Applied::Taken | Applied::Conflict => {
                let kept_from = self.unsettled.len();
                self.keep_changes();
                if let Event::Deal(deal) = event {
                    let names = (&self.reps, &self.territories);
                    let changes = &self.unsettled[kept_from..];
                    if let Some(turn) = self.deals.turn {
                        self.closings.note(turn, (deal, offset, appended_at), names);
                    }
                    self.restatements.note(
                        changes,
                        &self.config.calendar,
                        names,
                        (deal, offset, appended_at),
                    );
                    // Only now: an event does not itself end the months that it changes.
                    self.restatements.advance(self.deals.horizon.newest(), &self.config.calendar);
                }
                if self.unsettled.len() >= UNSETTLED_MAX {
                    self.settle();
                }
                if applied == Applied::Taken { Outcome::Applied } else { Outcome::Conflict }
            }
            Applied::Outdone => Outcome::Conflict,
            Applied::Known => Outcome::Duplicate,
            Applied::Late => match event {
                Event::Deal(deal) => reject(
                    RejectReason::Late,
                    format!(
                        "deal {:?} was settled more than {} days before the newest event and is final",
                        deal.deal_id, self.config.deal_retention_days
                    ),
                ),
                Event::Activity(activity) => reject(
                    RejectReason::Late,
                    format!(
                        "field occurred_at: {} is more than {} days before the newest activity",
                        activity.occurred_at, self.config.activity_horizon_days
                    ),
                ),
            },
            Applied::Full => reject(
                RejectReason::LimitReached,
                format!("the deal has {} events already; expected no more", crate::history::MAX_EVENTS),
            ),
        }
    }

    /// Keeps the changes for the cells, those of a row together and each cell once. Most of what an event takes it gives
    /// back at once: such pairs never get there.
    fn keep_changes(&mut self) {
        self.changes.sort_unstable_by_key(Change::cell_number);
        for of_cell in self.changes.chunk_by(|one, other| one.cell_number() == other.cell_number()) {
            let value = of_cell.iter().map(Change::value).sum();
            if value != 0 {
                self.unsettled.push(of_cell[0].by(value));
            }
        }
    }

    fn stage(&self, deal: &DealEvent<'_>) -> Result<StageIndex, Reject> {
        self.config.pipelines.find(&deal.pipeline, &deal.stage).ok_or_else(|| {
            let detail = if self.config.pipelines.has_pipeline(&deal.pipeline) {
                format!("field stage: {:?} is not a stage of pipeline {:?}", deal.stage, deal.pipeline)
            } else {
                format!("field pipeline: {:?} is not configured", deal.pipeline)
            };
            Reject::new(RejectReason::UnknownStage, detail)
        })
    }

    fn rep(&mut self, name: &str) -> Result<RepIndex, Reject> {
        self.reps.intern(name, Names::MAX).map(RepIndex).ok_or_else(|| too_many("rep_id", name))
    }

    fn territory(&mut self, name: &str) -> Result<TerritoryIndex, Reject> {
        let interned = self.territories.intern(name, Names::MAX).map(TerritoryIndex);
        interned.ok_or_else(|| too_many("territory_id", name))
    }

    /// The number of a type; of those beyond the first so many, that of all others. How many there are must not decide
    /// whether an activity counts.
    fn activity_type(&mut self, name: &str) -> TypeIndex {
        let interned = self.types.intern(name, Names::TYPES_MAX - 1);
        let number = interned.or_else(|| self.types.intern(OTHER_TYPES, Names::TYPES_MAX));
        TypeIndex(number.and_then(|number| u16::try_from(number).ok()).unwrap_or_default())
    }
}

fn too_many(field: &str, name: &str) -> Reject {
    let detail = format!("field {field}: {name:?} would be one more than {} distinct values", Names::MAX);
    Reject::new(RejectReason::LimitReached, detail)
}
