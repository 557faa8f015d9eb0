//! A simulated sales floor: scenario, generator, and the naive oracle against which the fold is judged.
//!
//! A [`Scenario`] says what a company is like, a [`Floor`] produces its events in order of event time, [`disorder`]
//! brings them out of order, and [`oracle`] recomputes every number from all of them. Everything is a pure function
//! of the scenario with its seed: no clock, no disk, no network. This room must not know the engine that it judges.

pub mod disorder;
pub mod oracle;

mod activities;
mod agenda;
mod deals;
mod dice;
mod floor;
mod names;
mod records;
mod scenario;
mod staff;

pub use floor::Floor;
pub use scenario::{
    ActivityPlan, Bottleneck, CurrencyPlan, PipelinePlan, Rates, Scenario, ScenarioError, StagePlan,
};
