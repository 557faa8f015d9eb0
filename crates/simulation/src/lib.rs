//! The whole service in one thread with faults, by seed.
//!
//! A [`World`] is a log, a group of instances with their boards, a snapshot store and a place for dead letters, all in
//! memory and driven step by step. A seed decides the events, their disorder, the order of the steps and what goes
//! wrong in between; the same seed gives the same run. In the end everything is delivered, and the boards together must
//! be what [`salesfloor::oracle`] says, whatever happened on the way.
//!
//! | module | what it is |
//! | --- | --- |
//! | `story` | what is appended to the log, good and bad, and what is to become of it |
//! | `site` | what all instances share: log, group, snapshots, dead letters, time |
//! | `disk` | the snapshot store, and damage to what is in it |
//! | `letters` | dead letters that are sometimes not taken |
//! | `instance` | one instance: membership, processes, board |
//! | `world` | the steps |
//! | `audit` | what must hold, meanwhile and in the end |
//! | `fault` | what can go wrong, counted |
//!
//! No threads beside those of the object store's runtime, no clock, no randomness but the seed's. It must not reach into
//! the runtime's threads: it drives the same parts as they do.

mod audit;
mod disk;
mod fault;
mod instance;
mod letters;
mod site;
mod story;
mod world;

pub use fault::{Fault, Faults};
pub use world::{Failure, World};
