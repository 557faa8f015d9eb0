//! The service as a whole: its threads, started and ended together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use board::Board;
use codec::{Decoder, SchemaSource};
use engine::FoldConfig;
use eventlog::DeadLetterSink;
use model::Reference;
use snapshot::SnapshotStore;

use crate::Clock;
use crate::coordinator::{Connect, Coordinator, CoordinatorParts, OpenDeadLetters};
use crate::error::ServiceError;
use crate::metrics::ServiceMetrics;
use crate::options::{EventTopic, OnLostLog, Options};
use crate::reference::{ConnectReference, FollowerParts, follow};
use crate::states::States;

/// Where reference records come from.
pub enum ReferenceSource {
    /// They do not change.
    Fixed(Reference),
    /// A compacted topic.
    Topic {
        /// Makes a reader of it.
        connect: ConnectReference,
        /// Reads its records.
        decoder: Decoder,
        /// Where its rejects go.
        dead_letters: Box<dyn DeadLetterSink>,
    },
}

/// What a service is made of.
pub struct ServiceParts {
    /// Where numbers go.
    pub board: Arc<Board>,
    /// What shapes the fold.
    pub config: Arc<FoldConfig>,
    /// The topics of events.
    pub topics: Vec<EventTopic>,
    /// Schemas, for topics framed with their ids.
    pub schemas: Option<Arc<dyn SchemaSource>>,
    /// Makes a consumer of those topics.
    pub connect: Connect,
    /// Makes a handle for their dead letters.
    pub dead_letters: OpenDeadLetters,
    /// Reference records.
    pub reference: ReferenceSource,
    /// The snapshot store.
    pub snapshots: Arc<SnapshotStore>,
    /// The service's own metrics.
    pub metrics: Arc<ServiceMetrics>,
    /// The time.
    pub clock: Clock,
    /// The rhythm.
    pub options: Options,
    /// What to do about a lost log.
    pub on_lost_log: OnLostLog,
}

/// A running service. Dropping it without [`Service::finish`] leaves its threads running.
pub struct Service {
    states: States,
    shutdown: Arc<AtomicBool>,
    coordinator: JoinHandle<Result<(), ServiceError>>,
    reference: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts the threads. They connect by themselves, again and again if need be.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(parts: ServiceParts) -> std::io::Result<Self> {
        Self::start_with(parts, Arc::default())
    }

    /// The same with a flag that is set once the service ends: what its parts wait for, such as a broker that is away, may
    /// look at it, so that the end does not wait for it.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start_with(parts: ServiceParts, shutdown: Arc<AtomicBool>) -> std::io::Result<Self> {
        let reference = match parts.reference {
            ReferenceSource::Fixed(reference) => {
                parts.metrics.reference_records.set(i64::try_from(reference.len()).unwrap_or(i64::MAX));
                parts.board.set_reference(Arc::new(reference));
                None
            }
            ReferenceSource::Topic { connect, decoder, dead_letters } => {
                let follower = FollowerParts {
                    board: parts.board.clone(),
                    calendar: parts.config.calendar.clone(),
                    connect,
                    decoder,
                    dead_letters,
                    metrics: parts.metrics.clone(),
                    options: parts.options.clone(),
                    shutdown: shutdown.clone(),
                };
                Some(
                    std::thread::Builder::new()
                        .name("reference".to_owned())
                        .spawn(move || follow(follower))?,
                )
            }
        };
        let states = States::default();
        let coordinator = Coordinator::new(CoordinatorParts {
            states: states.clone(),
            board: parts.board,
            config: parts.config,
            topics: parts.topics,
            schemas: parts.schemas,
            connect: parts.connect,
            dead_letters: parts.dead_letters,
            snapshots: parts.snapshots,
            metrics: parts.metrics,
            clock: parts.clock,
            options: parts.options,
            on_lost_log: parts.on_lost_log,
            shutdown: shutdown.clone(),
        })?;
        let coordinator =
            std::thread::Builder::new().name("log".to_owned()).spawn(move || coordinator.run())?;
        Ok(Self { states, shutdown, coordinator, reference })
    }

    /// The way to the states of the partitions, which stays valid for as long as the service runs.
    #[must_use]
    pub fn states(&self) -> States {
        self.states.clone()
    }

    /// Whether the service has ended by itself.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.coordinator.is_finished()
    }

    /// Ends the service: workers stop where they are, last snapshots are written. Blocks until that is done.
    ///
    /// # Errors
    /// Why the service had ended by itself, if it had.
    pub fn finish(self) -> Result<(), ServiceError> {
        self.shutdown.store(true, Ordering::Relaxed);
        if let Some(reference) = self.reference
            && reference.join().is_err()
        {
            tracing::error!("the thread that reads the reference topic died");
        }
        self.coordinator.join().unwrap_or(Err(ServiceError::Died("the thread that reads the log")))
    }
}
