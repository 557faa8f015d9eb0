//! The log in memory: for tests, simulations and demonstrations.
//!
//! It keeps the same contract as Kafka's, which the conformance suite checks, without threads, time or randomness of its
//! own: what is delivered follows from the calls alone.

mod consumer;
mod dead_letters;
mod group;
mod reader;
mod store;
#[cfg(test)]
mod tests;

pub use consumer::MemoryConsumer;
pub use dead_letters::MemoryDeadLetters;
pub use group::MemoryGroup;
pub use reader::MemoryReader;
pub use store::MemoryLog;
