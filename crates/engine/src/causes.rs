//! What is behind the cells: the deals and activities that add to them, and the events that decided it (FOLD-1, read
//! backwards). Of what is final the contributions stay and the causes are gone.

use std::ops::ControlFlow;

use model::{CellKey, Contribution, Money, Offset, RepIndex, StageIndex, Timestamp};

use crate::activities;
use crate::cells::Cells;
use crate::change::Change;
use crate::config::FoldConfig;
use crate::contribution;
use crate::deals;
use crate::history::{EventId, History, uuid_text};
use crate::image::Frozen;
use crate::index::{after_id, id_of};
use crate::names::Names;
use crate::restatements::Restatements;
use crate::shelf::Slot;
use crate::ties::Ties;

/// What kind of thing adds to cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A deal.
    Deal,
    /// An activity.
    Activity,
}

/// Where a frozen state has a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CausePlace {
    origin: Origin,
    slot: Slot,
}

/// A deal or an activity, and what it adds to the cells that are asked for.
#[derive(Debug)]
pub struct Cause<'a> {
    /// What it is.
    pub origin: Origin,
    /// Its id.
    pub id: &'a str,
    /// What it adds, each cell once, ascending; at least one, none of them 0.
    pub parts: &'a [Contribution],
    /// Where it is.
    pub place: CausePlace,
}

/// An event that told of a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseEvent {
    /// Its id.
    pub event_id: String,
    /// Where its topic has it.
    pub offset: Offset,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Whether the parts would be others without it.
    pub decides: bool,
    /// What it said of a deal.
    pub deal: Option<DealState>,
}

/// What an event said of a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DealState {
    /// The stage.
    pub stage: StageIndex,
    /// The owner, by the partition's number.
    pub rep: RepIndex,
    /// The amount, if it named one.
    pub amount: Option<Money>,
    /// Whether it deleted the deal.
    pub deleted: bool,
}

/// Which cells are asked for.
pub type Wanted<'w> = dyn Fn(&CellKey) -> bool + 'w;

/// Of a longer history every event counts as one that decides: to find out costs a look at the others for each.
const TRIED_MAX: usize = 200;

/// How many records are looked at between two questions whether to go on.
const RECORDS_PER_QUESTION: Slot = 256;

impl Frozen {
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

    /// The cells.
    #[must_use]
    pub const fn cells(&self) -> &Cells {
        &self.cells
    }

    /// Tells of every deal and activity that adds to a wanted cell, in no particular order, for as long as it may go on.
    /// Cost: what folding each of them once more costs.
    pub fn causes(
        &self,
        config: &FoldConfig,
        wanted: &Wanted<'_>,
        may_go_on: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(&Cause<'_>),
    ) -> ControlFlow<()> {
        let mut parts = Vec::new();
        for (origin, shelf) in [(Origin::Deal, &self.deals), (Origin::Activity, &self.activities)] {
            for (slot, record) in (0..).zip(shelf.records()) {
                if slot % RECORDS_PER_QUESTION == 0 && !may_go_on() {
                    return ControlFlow::Break(());
                }
                if record.is_empty() {
                    continue;
                }
                match origin {
                    Origin::Deal => match deals::whole(record) {
                        Some((ties, history)) => of_history(history, ties, config, wanted, &mut parts),
                        None => continue,
                    },
                    Origin::Activity => of_activity(record, config, wanted, &mut parts),
                }
                if !parts.is_empty() {
                    let id = text(id_of(record));
                    let place = CausePlace { origin, slot };
                    tell(&Cause { origin, id, parts: &parts, place });
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The events of a cause of this frozen state, in their order.
    #[must_use]
    pub fn events(&self, place: CausePlace, config: &FoldConfig, wanted: &Wanted<'_>) -> Vec<CauseEvent> {
        match place.origin {
            Origin::Deal => deals::whole(self.deals.get(place.slot))
                .map_or_else(Vec::new, |(ties, history)| deal_events(history, ties, config, wanted)),
            Origin::Activity => {
                let activity = activities::read(after_id(self.activities.get(place.slot)));
                let event = |activity: activities::StoredActivity<'_>| CauseEvent {
                    event_id: text(activity.event_id).to_owned(),
                    offset: activity.offset,
                    occurred_at: activity.occurred_at,
                    decides: true,
                    deal: None,
                };
                activity.map(event).into_iter().collect()
            }
        }
    }
}

fn deal_events(
    history: History<'_>,
    ties: Ties<'_>,
    config: &FoldConfig,
    wanted: &Wanted<'_>,
) -> Vec<CauseEvent> {
    let (mut whole, mut without) = (Vec::new(), Vec::new());
    of_history(history, ties, config, wanted, &mut whole);
    let is_short = history.iter().take(TRIED_MAX + 1).count() <= TRIED_MAX;
    let mut rest = Vec::with_capacity(history.0.len());
    let event = history.iter().map(|(state, start, end)| {
        let decides = !is_short || {
            rest.clear();
            rest.extend_from_slice(&history.0[..start]);
            rest.extend_from_slice(&history.0[end..]);
            of_history(History(&rest), ties, config, wanted, &mut without);
            without != whole
        };
        CauseEvent {
            event_id: match state.event_id {
                EventId::Text(id) => text(id).to_owned(),
                EventId::Uuid(bytes) => text(&uuid_text(bytes)).to_owned(),
            },
            offset: state.offset,
            occurred_at: state.occurred_at,
            decides,
            deal: Some(DealState {
                stage: state.stage,
                rep: state.rep,
                amount: state.amount,
                deleted: state.deleted,
            }),
        }
    });
    event.collect()
}

fn of_history(
    history: History<'_>,
    ties: Ties<'_>,
    config: &FoldConfig,
    wanted: &Wanted<'_>,
    parts: &mut Vec<Contribution>,
) {
    let mut changes = Vec::new();
    contribution::of_deal(history, ties, config, &mut changes);
    gather(&changes, config, wanted, parts);
}

fn of_activity(record: &[u8], config: &FoldConfig, wanted: &Wanted<'_>, parts: &mut Vec<Contribution>) {
    let mut changes = Vec::new();
    if let Some(activity) = activities::read(after_id(record)) {
        contribution::of_activity(&activity, config, &mut changes);
    }
    gather(&changes, config, wanted, parts);
}

/// Leaves what is wanted of what changes tell, each measure, rep, territory and day once.
fn gather(changes: &[Change], config: &FoldConfig, wanted: &Wanted<'_>, parts: &mut Vec<Contribution>) {
    parts.clear();
    for change in changes {
        let key = change.row().with(change.held());
        key.tell(change.value(), &config.pipelines, |key, value| {
            if wanted(&key) {
                parts.push(Contribution { key, value });
            }
        });
    }
    parts.sort_unstable();
    parts.dedup_by(|next, kept| {
        let is_same = next.key == kept.key;
        if is_same {
            kept.value += next.value;
        }
        is_same
    });
    parts.retain(|part| part.value != 0);
}

/// Ids come from texts.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
