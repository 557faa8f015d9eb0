//! What a number is made of: any KPI of any scope and period, or of any days where it is told of those, opened into the deals
//! and activities behind it, down to the events in the log that decided them; and what changed it after its period had ended.
//!
//! Made from frozen states of the partitions, so that nothing moves meanwhile and no fold waits; it must not know where
//! they come from, nor how an explanation is shown.
//!
//! Invariants: EXPLAIN-1, the value is the one that the board's own code makes from the very cells that are explained;
//! EXPLAIN-2, of each quantity, the parts of all causes and what is final add up to the sum that entered the value; RESTATE-1, a closed
//! sum, and the changes to it since, add up to the sum now.
//!
//! Cost of an explanation: one fold of all deals and activities that are held, a page of causes in memory. What is too long is given up.

mod explainer;
mod explanation;
mod filter;
mod page;
mod restatements;

pub use engine::{CauseEvent, DealState, Origin, Restatement};
pub use explainer::{Explainer, Source};
pub use explanation::{
    CauseEntry, ExplainError, Explanation, PartEntry, Quantity, QuantitySum, Question, Time, explain,
};
pub use filter::Evidence;
pub use page::Cursor;
pub use restatements::{
    RestatedMonth, RestatementEntry, RestatementPage, RestatementPlace, RestatementQuestion, restatements,
};
