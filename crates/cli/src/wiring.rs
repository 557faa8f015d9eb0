//! From settings to a running service over Kafka.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use codec::{Carries, Decoder, SchemaAnswer, SchemaSource};
use eventlog::registry::SchemaRegistry;
use eventlog::{
    CompactedReader, DeadLetterSink, KafkaConsumer, KafkaDeadLetters, KafkaOptions, LogConsumer, LogError,
    TopicReader,
};
use explain::Explainer;
use model::{Timestamp, TopicName};
use runtime::{Clock, Format, OnLostLog, ReferenceSource, Service, ServiceMetrics, ServiceParts};

use crate::settings::Settings;

/// The time of the machine.
pub(crate) fn system_clock() -> Clock {
    Arc::new(now)
}

/// The time now. A clock outside 1970 to 2199 counts as its nearest end.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(micros).unwrap_or_else(|_| {
        Timestamp::parse("2199-12-31T23:59:59Z").unwrap_or_else(|_| unreachable!("a valid time"))
    })
}

/// A schema registry as the decoders want it.
struct Schemas(SchemaRegistry);

impl SchemaSource for Schemas {
    fn schema(&self, id: u32) -> Result<SchemaAnswer, String> {
        match self.0.schema_by_id(id) {
            Ok(text) => Ok(text.into()),
            // A partition must not wait for ever for one schema while the registry answers.
            Err(error) if error.concerns_one_schema() => Ok(SchemaAnswer::Unreadable(error.to_string())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The schemas of the configured registry, if there is one.
pub(crate) fn schemas(settings: &Settings) -> Result<Option<Arc<dyn SchemaSource>>> {
    let Some(options) = &settings.registry else { return Ok(None) };
    let registry = SchemaRegistry::new(options).context("section [registry]")?;
    Ok(Some(Arc::new(Schemas(registry))))
}

/// Settings of a topic whose records are kept for ever, whatever the broker does with others.
pub(crate) const KEPT_FOR_EVER: [(&str, &str); 2] = [("retention.ms", "-1"), ("retention.bytes", "-1")];

/// A running service and what it writes to.
pub(crate) struct Wired {
    pub(crate) service: Service,
    pub(crate) board: Arc<board::Board>,
    pub(crate) explainer: Arc<Explainer>,
    pub(crate) registry: prometheus::Registry,
}

/// Starts the service over Kafka. `handle` is the runtime whose threads the snapshot store may use.
pub(crate) fn start(
    settings: &Settings,
    on_lost_log: OnLostLog,
    handle: tokio::runtime::Handle,
) -> Result<Wired> {
    let registry = prometheus::Registry::new();
    #[cfg(target_os = "linux")]
    registry
        .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
        .context("metrics of the process")?;
    let metrics = Arc::new(ServiceMetrics::register(&registry).context("metrics of the service")?);
    let board = settings.board()?;
    let schemas = schemas(settings)?;
    let snapshots = snapshot::SnapshotStore::open(settings.snapshots.clone(), handle)
        .context("section [snapshots]: the store cannot be opened")?;
    let topics = settings.event_topics();
    let stop = Arc::<AtomicBool>::default();
    let letters = DeadLetters::new(&settings.kafka, &settings.topics.dead_letters, &stop);
    let reference = ReferenceSource::Topic {
        connect: connect_reference(&settings.kafka, &settings.topics.reference.name, &stop),
        decoder: decoder(settings.topics.reference.format, schemas.as_ref()),
        dead_letters: Box::new(letters.clone()),
    };
    let config = Arc::new(settings.fold_config()?);
    let parts = ServiceParts {
        board: board.clone(),
        config: config.clone(),
        connect: connect(&settings.kafka, topics.iter().map(|topic| topic.name.clone()).collect(), &stop),
        dead_letters: Box::new(move || Ok(Box::new(letters.clone()))),
        topics,
        schemas,
        reference,
        snapshots: Arc::new(snapshots),
        metrics,
        clock: system_clock(),
        options: settings.runtime.clone(),
        on_lost_log,
    };
    let service = Service::start_with(parts, stop)?;
    let states = service.states();
    let explainer = Explainer::new(config, Box::new(move |until| states.freeze(until)));
    Ok(Wired { service, board, explainer: Arc::new(explainer), registry })
}

fn connect(kafka: &KafkaOptions, topics: Vec<TopicName>, stop: &Arc<AtomicBool>) -> runtime::Connect {
    let (kafka, stop) = (kafka.clone(), stop.clone());
    Box::new(move || {
        Ok(Box::new(KafkaConsumer::connect_until(&kafka, &topics, &stop)?) as Box<dyn LogConsumer>)
    })
}

fn connect_reference(kafka: &KafkaOptions, topic: &str, stop: &Arc<AtomicBool>) -> runtime::ConnectReference {
    let (kafka, topic, stop) = (kafka.clone(), TopicName::from(topic), stop.clone());
    Box::new(move || {
        Ok(Box::new(CompactedReader::connect_until(&kafka, &topic, &stop)?) as Box<dyn TopicReader>)
    })
}

fn decoder(format: Format, schemas: Option<&Arc<dyn SchemaSource>>) -> Decoder {
    match (format, schemas) {
        (Format::Json, _) => Decoder::json(Carries::Reference),
        (Format::ConfluentAvro, Some(schemas)) => Decoder::confluent(Carries::Reference, schemas.clone()),
        (Format::Avro | Format::ConfluentAvro, _) => Decoder::avro(Carries::Reference),
    }
}

/// Dead letters that connect when the first one is sent, so that a service starts while Kafka is away. The topic is
/// created if it is missing and may be created.
struct DeadLetters {
    kafka: KafkaOptions,
    topic: TopicName,
    /// One connection for all handles.
    connection: Arc<parking_lot::Mutex<Option<KafkaDeadLetters>>>,
    own: Option<KafkaDeadLetters>,
    /// Set once the service ends, which is not to wait for a broker.
    stop: Arc<AtomicBool>,
}

impl Clone for DeadLetters {
    fn clone(&self) -> Self {
        Self {
            kafka: self.kafka.clone(),
            topic: self.topic.clone(),
            connection: self.connection.clone(),
            own: None,
            stop: self.stop.clone(),
        }
    }
}

impl DeadLetters {
    fn new(kafka: &KafkaOptions, topic: &str, stop: &Arc<AtomicBool>) -> Self {
        Self {
            kafka: kafka.clone(),
            topic: topic.into(),
            connection: Arc::default(),
            own: None,
            stop: stop.clone(),
        }
    }

    fn connect(&self) -> Result<KafkaDeadLetters, LogError> {
        KafkaDeadLetters::connect_until(&self.kafka, &self.topic, &self.stop)
    }

    fn own(&mut self) -> Result<&mut KafkaDeadLetters, LogError> {
        if self.own.is_none() {
            let mut connection = self.connection.lock();
            let shared = match &*connection {
                Some(shared) => shared.clone(),
                None => {
                    let connected = match self.connect() {
                        Err(LogError::UnknownTopic { .. }) => {
                            eventlog::ensure_topic(&self.kafka, &self.topic, 1, 1, &KEPT_FOR_EVER)?;
                            tracing::info!(topic = %self.topic, "the dead-letter topic is created");
                            self.connect()?
                        }
                        connected => connected?,
                    };
                    connection.insert(connected).clone()
                }
            };
            self.own = Some(shared);
        }
        Ok(self.own.get_or_insert_with(|| unreachable!("set just above")))
    }
}

impl DeadLetterSink for DeadLetters {
    fn send(&mut self, letter: eventlog::DeadLetter) -> Result<(), LogError> {
        self.own()?.send(letter)
    }

    fn flush(&mut self, deadline: std::time::Duration) -> Result<(), LogError> {
        match &mut self.own {
            Some(own) => own.flush(deadline),
            None => Ok(()),
        }
    }
}
