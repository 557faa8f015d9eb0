//! Who owns which partition, recovery, publishing, shutdown.
//!
//! This room brings log, codec, engine, snapshots and board together and owns all threads of the fold. It must not know
//! Kafka or HTTP: the log comes behind its trait, the board is only written.
//!
//! ```text
//! log thread ──batches──> partition thread ──cells──> board
//!     ^                        │ image
//!     └── safe positions ── snapshot thread ──> store
//! ```

mod coordinator;
mod error;
mod image;
mod metrics;
mod options;
mod partition;
mod recovery;
mod reference;
mod service;
mod snapshots;
mod states;
mod worker;

use std::sync::Arc;

pub use coordinator::{Connect, OpenDeadLetters};
pub use error::ServiceError;
pub use image::{Image, positions, restore};
pub use metrics::ServiceMetrics;
pub use options::{EventTopic, Format, OnLostLog, Options, OptionsError};
pub use partition::{PartitionParts, PartitionProcess, Progress, Wait};
pub use recovery::{PassedOver, Recovered, RecoveryError, from_start, recover};
pub use reference::ConnectReference;
pub use service::{ReferenceSource, Service, ServiceParts};
pub use states::States;

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> model::Timestamp + Send + Sync>;

/// Microseconds as seconds, for metrics.
fn seconds(micros: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a metric, of an age far below 2^53 microseconds")]
    let micros = micros as f64;
    micros / 1e6
}
