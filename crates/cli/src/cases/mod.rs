//! Golden cases: folders with events, a configuration and the KPIs that are expected of them.
//!
//! A case is folded in the order of its file and must show what it expects. Then it is folded with its events reversed
//! and with every line twice, and must show the same: the board is a pure function of the set of events.

mod case;
mod compare;
mod expected;
mod figure;
mod outcome;
mod run;

pub(crate) use case::{folders, judge};
pub(crate) use outcome::{Outcome, Status};
