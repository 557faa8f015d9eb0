//! Apache Kafka: one node that is broker and controller.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tempfile::TempDir;

use super::distribution::{Contents, Distribution};
use super::java::{self, Classes};
use super::on_free_ports;
use crate::process::{self, GuardedProcess};
use crate::{not_run, wait};

/// The one user that [`Kafka::sasl_bootstrap`] lets in.
pub const SASL_USER: &str = "tallyboard";
/// That user's password.
pub const SASL_PASSWORD: &str = "the-right-password";

const DISTRIBUTION: Distribution = Distribution {
    name: "kafka",
    pom: include_str!("../../servers/kafka/pom.xml"),
    contents: Contents::Libraries,
};
const SETTINGS: &str = include_str!("../../servers/kafka/server.properties");
const LOGGING: &str = include_str!("../../servers/kafka/log4j2.xml");
const HEAP_MEBIBYTES: u32 = 512;
const START_BOUND: Duration = Duration::from_secs(120);
const STOP_BOUND: Duration = Duration::from_secs(30);
const REQUEST_BOUND: Duration = Duration::from_secs(30);
/// One try of a request that is repeated until it succeeds.
const TRY_BOUND: Duration = Duration::from_secs(2);

/// What a test may change about its own Kafka.
#[derive(Debug, Default, Clone)]
pub struct KafkaOptions {
    /// Lines for the broker's settings, which win over those of `servers/kafka/server.properties`.
    pub settings: Vec<(String, String)>,
}

/// A broker on 127.0.0.1 with its own data, ended and its data removed when dropped.
#[derive(Debug)]
pub struct Kafka {
    /// Before the directory: the process goes first.
    process: Option<GuardedProcess>,
    directory: TempDir,
    libraries: PathBuf,
    classes: Classes,
    ports: Ports,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    plain: u16,
    sasl: u16,
    controller: u16,
}

impl Kafka {
    /// Starts a broker for the caller alone: for a test that stops it. Takes about three seconds.
    ///
    /// # Errors
    ///
    /// [`crate::Missing`] if it cannot be had on this machine; anything else if it does not start.
    pub fn start(options: &KafkaOptions) -> anyhow::Result<Kafka> {
        let libraries = DISTRIBUTION.folder(|libraries| {
            Kafka::start_from(libraries, Classes::Record, &KafkaOptions::default())?.stop()?;
            Ok(java::keep_classes(libraries)?)
        })?;
        Kafka::start_from(&libraries, Classes::Use, options)
    }

    /// The broker that the tests of this binary share, started by the first that asks. It ends with the process.
    /// Name topics with [`Kafka::unique_name`] or [`Kafka::unique_topic`].
    ///
    /// # Errors
    ///
    /// As [`Kafka::start`], the same for every test that asks.
    pub fn shared() -> anyhow::Result<&'static Kafka> {
        static SHARED: OnceLock<anyhow::Result<Kafka>> = OnceLock::new();
        let outcome = SHARED.get_or_init(|| Kafka::start(&KafkaOptions::default()));
        outcome.as_ref().map_err(not_run::repeated)
    }

    /// `host:port` for clients without authentication. Stays the same over [`Kafka::restart`].
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.ports.plain)
    }

    /// `host:port` of the same broker for `SASL_PLAINTEXT` with mechanism `PLAIN`, [`SASL_USER`] and [`SASL_PASSWORD`].
    pub fn sasl_bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.ports.sasl)
    }

    /// Settings of an rdkafka client of [`Kafka::bootstrap`], to add to.
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap());
        // Back soon after a restart; librdkafka's own limit is ten seconds.
        config.set("reconnect.backoff.max.ms", "500");
        config
    }

    /// The broker's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(GuardedProcess::pid)
    }

    /// A name for a topic or group that no other test of this machine uses.
    pub fn unique_name(&self, prefix: &str) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        format!("{prefix}-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    /// Creates a topic with a [`Kafka::unique_name`], which is returned.
    ///
    /// # Errors
    ///
    /// As [`Kafka::create_topic`].
    pub fn unique_topic(&self, prefix: &str, partitions: usize) -> anyhow::Result<String> {
        let name = self.unique_name(prefix);
        self.create_topic(&name, partitions, &[])?;
        Ok(name)
    }

    /// Creates a topic and waits until each partition has a leader.
    ///
    /// # Errors
    ///
    /// If the broker refuses or does not answer.
    pub fn create_topic(
        &self,
        name: &str,
        partitions: usize,
        configs: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let count = i32::try_from(partitions)?;
        let topic = configs
            .iter()
            .fold(NewTopic::new(name, count, TopicReplication::Fixed(1)), |topic, (key, value)| {
                topic.set(key, value)
            });
        let results = block_on(self.admin()?.create_topics(&[topic], &admin_options()))?;
        for result in results {
            result.map_err(|(topic, code)| anyhow::anyhow!("topic {topic} was not created: {code}"))?;
        }
        let consumer: BaseConsumer = self.client().create()?;
        wait::eventually("leaders of a new topic", REQUEST_BOUND, || {
            let found = partitions_of(&consumer, name)?;
            ensure!(found == partitions, "{name} has {found} partitions with a leader of {partitions}");
            Ok(())
        })
    }

    /// Deletes a topic and waits until it is gone.
    ///
    /// # Errors
    ///
    /// If the broker refuses or does not answer.
    pub fn delete_topic(&self, name: &str) -> anyhow::Result<()> {
        for result in block_on(self.admin()?.delete_topics(&[name], &admin_options()))? {
            result.map_err(|(topic, code)| anyhow::anyhow!("topic {topic} was not deleted: {code}"))?;
        }
        let consumer: BaseConsumer = self.client().create()?;
        wait::eventually("the end of a deleted topic", REQUEST_BOUND, || {
            let found = partitions_of(&consumer, name)?;
            ensure!(found == 0, "{name} still has {found} partitions");
            Ok(())
        })
    }

    /// Makes every offset below `first_kept` expire, as retention would.
    ///
    /// # Errors
    ///
    /// If the broker refuses or does not answer.
    pub fn delete_records(&self, topic: &str, partition: i32, first_kept: i64) -> anyhow::Result<()> {
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, partition, Offset::Offset(first_kept))?;
        let deleted = block_on(self.admin()?.delete_records(&offsets, &admin_options()))?;
        for element in deleted.elements() {
            element.error().with_context(|| format!("records of {topic}/{partition} were not deleted"))?;
        }
        Ok(())
    }

    /// The offsets `[first, end)` that a partition holds.
    ///
    /// # Errors
    ///
    /// If the partition is unknown or the broker does not answer.
    pub fn offsets(&self, topic: &str, partition: i32) -> anyhow::Result<(i64, i64)> {
        let consumer: BaseConsumer = self.client().create()?;
        Ok(consumer.fetch_watermarks(topic, partition, REQUEST_BOUND)?)
    }

    /// Shuts the broker down in order and keeps its data. Does nothing if it is down.
    ///
    /// # Errors
    ///
    /// If it does not end.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.terminate(STOP_BOUND)?;
        }
        Ok(())
    }

    /// Kills the broker as a crash would and keeps its data. Does nothing if it is down.
    ///
    /// # Errors
    ///
    /// If it does not end.
    pub fn crash(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }

    /// Starts the broker again with the data and the addresses it had; stops it first if it runs.
    ///
    /// # Errors
    ///
    /// If it does not stop or not start.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.stop()?;
        self.launch()
    }

    fn start_from(libraries: &Path, classes: Classes, options: &KafkaOptions) -> anyhow::Result<Kafka> {
        on_free_ports(|[plain, sasl, controller]| {
            let ports = Ports { plain, sasl, controller };
            let directory = tempfile::Builder::new().prefix("tallyboard-kafka-").tempdir()?;
            prepare(directory.path(), ports, options)?;
            let libraries = libraries.to_owned();
            let mut kafka = Kafka { process: None, directory, libraries, classes, ports };
            kafka.format()?;
            kafka.launch()?;
            Ok(kafka)
        })
    }

    fn admin(&self) -> anyhow::Result<AdminClient<DefaultClientContext>> {
        Ok(self.client().create()?)
    }

    fn format(&self) -> anyhow::Result<()> {
        let mut command = self.command("kafka.tools.StorageTool", Classes::Use)?;
        command
            .args(["format", "-t", &cluster_id(), "-c"])
            .arg(self.directory.path().join("server.properties"));
        process::run("kafka-format", &command, START_BOUND)
    }

    fn launch(&mut self) -> anyhow::Result<()> {
        let mut command = self.command("kafka.Kafka", self.classes)?;
        command.arg(self.directory.path().join("server.properties"));
        let mut process = GuardedProcess::spawn("kafka", &command, Some(self.directory.path()))?;
        let consumer: BaseConsumer = self.client().create()?;
        process.wait_until("answering requests", START_BOUND, || {
            let metadata = consumer.fetch_metadata(None, TRY_BOUND)?;
            if metadata.brokers().is_empty() {
                bail!("the metadata names no broker");
            }
            Ok(())
        })?;
        self.process = Some(process);
        Ok(())
    }

    fn command(&self, class: &str, classes: Classes) -> anyhow::Result<std::process::Command> {
        let directory = self.directory.path();
        let mut command = java::virtual_machine(HEAP_MEBIBYTES, &self.libraries, classes)?;
        command.arg(format!("-Dlog4j2.configurationFile={}", directory.join("log4j2.xml").display()));
        command.arg("-cp").arg(self.libraries.join("*")).arg(class);
        command.current_dir(directory);
        Ok(command)
    }
}

fn prepare(directory: &Path, ports: Ports, options: &KafkaOptions) -> anyhow::Result<()> {
    let Ports { plain, sasl, controller } = ports;
    let clients = format!("PLAINTEXT://127.0.0.1:{plain},SASL_PLAINTEXT://127.0.0.1:{sasl}");
    let mut settings = SETTINGS.to_owned();
    let mut set = |key: &str, value: &str| writeln!(settings, "{key}={value}");
    set("listeners", &format!("{clients},CONTROLLER://127.0.0.1:{controller}"))?;
    set("advertised.listeners", &clients)?;
    set("controller.quorum.voters", &format!("1@127.0.0.1:{controller}"))?;
    set("log.dirs", &directory.join("data").display().to_string())?;
    set(
        "listener.name.sasl_plaintext.plain.sasl.jaas.config",
        &format!(
            "org.apache.kafka.common.security.plain.PlainLoginModule required user_{SASL_USER}=\"{SASL_PASSWORD}\";"
        ),
    )?;
    // The last line of a key wins.
    for (key, value) in &options.settings {
        set(key, value)?;
    }
    fs::write(directory.join("server.properties"), settings)?;
    fs::write(directory.join("log4j2.xml"), LOGGING)?;
    Ok(())
}

fn admin_options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(REQUEST_BOUND)).operation_timeout(Some(REQUEST_BOUND))
}

/// How many partitions of `topic` have a leader; none if there is no such topic.
pub(super) fn partitions_of(consumer: &BaseConsumer, topic: &str) -> anyhow::Result<usize> {
    let metadata = consumer.fetch_metadata(Some(topic), REQUEST_BOUND)?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    Ok(partitions.filter(|partition| partition.leader() >= 0).count())
}

/// An identity for a cluster of one, another each time: 16 bytes in base64, which may end in Q.
fn cluster_id() -> String {
    static CLUSTERS: AtomicU32 = AtomicU32::new(0);
    let number = CLUSTERS.fetch_add(1, Ordering::Relaxed) % 1_000;
    format!("Tallyboard{:08}{number:03}Q", std::process::id() % 100_000_000)
}
