//! The fold: events in, cells out.
//!
//! One [`PartitionState`] is one partition's share of the board. It knows the model and nothing else: no clock, no
//! log, no disk. Time comes with the events.
//!
//! | invariant | |
//! | --- | --- |
//! | FOLD-1 | the cells are the sum of the contributions of the histories that are held, and of what was final before |
//! | FOLD-2 | a history is the sorted set of a deal's events; a repetition changes nothing |
//! | FOLD-3 | contributions are a pure function of one history |
//! | FOLD-4 | what is held, which events are late, and what is a restatement, follows from the events and their order in the log alone |
//! | FOLD-5 | a frozen state does not change while the fold goes on |
//!
//! From FOLD-1 to FOLD-3: any permutation, repetition or split of the same events gives the same cells, as long as
//! no event is late (FOLD-4).

mod activities;
mod causes;
mod cells;
mod change;
mod closings;
mod config;
mod contribution;
mod credits;
mod deals;
mod encoding;
mod flow;
mod fold;
mod hands;
mod history;
mod horizon;
mod image;
mod index;
mod names;
mod restatements;
mod shelf;
mod story;
mod ties;

pub use causes::{Cause, CauseEvent, CausePlace, DealState, Origin, Wanted};
pub use cells::Cells;
pub use config::FoldConfig;
pub use fold::{Counts, Outcome, PartitionState};
pub use image::{Frozen, ImageError, Section};
pub use names::Names;
pub use restatements::{RESTATED_MEASURES, Restatement, RestatementRules, Restatements};
