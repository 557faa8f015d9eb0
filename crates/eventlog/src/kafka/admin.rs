//! Questions about topics, and creating them.

use std::time::{Duration, Instant};

use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;

use super::connection::{
    PlainContext, Reporter, cluster_of, partition_count, plain_consumer, refused, retry,
};
use super::options::KafkaOptions;
use crate::error::LogError;

/// The identity of the cluster, if it tells one.
///
/// # Errors
/// Why the brokers do not answer; tried for `connect_timeout_ms`.
pub fn cluster_id(options: &KafkaOptions) -> Result<Option<String>, LogError> {
    cluster_of(options, &plain_consumer(options)?)
}

/// How many partitions a topic has; none if there is no such topic.
///
/// # Errors
/// Why the brokers do not answer; tried for `connect_timeout_ms`.
pub fn topic_partitions(options: &KafkaOptions, topic: &str) -> Result<Option<usize>, LogError> {
    match partition_count(options, &plain_consumer(options)?, topic) {
        Ok(count) => Ok(Some(count)),
        Err(LogError::UnknownTopic { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Creates a topic if it does not exist, and waits until it can be used. A topic that exists stays as it is, also if it was
/// created otherwise; whether this created it.
///
/// # Errors
/// Why it cannot be created; safe to call again.
pub fn ensure_topic(
    options: &KafkaOptions,
    name: &str,
    partitions: usize,
    replication: usize,
    configs: &[(&str, &str)],
) -> Result<bool, LogError> {
    if topic_partitions(options, name)?.is_some() {
        return Ok(false);
    }
    let number = |what: &str, value: usize| {
        i32::try_from(value).ok().filter(|&value| value > 0).ok_or_else(|| LogError::Configuration {
            option: format!("{what} of topic {name}"),
            problem: format!("is {value}; expected 1 or more"),
        })
    };
    let topic = NewTopic::new(
        name,
        number("partitions", partitions)?,
        TopicReplication::Fixed(number("replication", replication)?),
    );
    let topic = configs.iter().fold(topic, |topic, (config, value)| topic.set(config, value));
    let reporter = Reporter::new(options);
    let admin: AdminClient<PlainContext> = options
        .administrator()
        .create_with_context(PlainContext { reporter: Reporter::new(options) })
        .map_err(|error| refused(&error))?;
    let created = retry(
        options,
        &admin.inner().context().reporter,
        || (),
        |patience| {
            let settings =
                AdminOptions::new().request_timeout(Some(patience)).operation_timeout(Some(patience));
            let results = block_on(admin.create_topics([&topic], &settings))
                .map_err(|error| reporter.error("create a topic", &error))?;
            match results.into_iter().next() {
                Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
                Some(Err((_, code))) => {
                    let detail =
                        format!("{name:?} with {partitions} partitions and {replication} replicas: {code}");
                    Err(reporter.error_of_code("create", Some(name), code, &detail))
                }
                Some(Ok(_)) | None => Ok(true),
            }
        },
    )?;
    wait_until_led(options, name)?;
    Ok(created)
}

/// Waits until each partition of a new topic has a leader.
fn wait_until_led(options: &KafkaOptions, name: &str) -> Result<(), LogError> {
    let consumer = plain_consumer(options)?;
    let deadline = Instant::now() + options.connect_timeout();
    loop {
        let led = consumer.fetch_metadata(Some(name), options.request_timeout()).is_ok_and(|metadata| {
            metadata.topics().iter().any(|topic| {
                topic.name() == name
                    && !topic.partitions().is_empty()
                    && topic.partitions().iter().all(|partition| partition.leader() >= 0)
            })
        });
        if led {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(LogError::Other {
                action: format!("create topic {name:?}"),
                detail: "its partitions have no leader yet".to_owned(),
                retryable: true,
            });
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
