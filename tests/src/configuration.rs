//! A `tallyboard.toml` for a test: its own topics, group, port and snapshot folder.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;
use tempfile::TempDir;

use crate::ports::free_ports;
use crate::servers::kafka::Kafka;
use crate::service::{Service, ServiceOptions};
use crate::wait;

/// The topics of a test.
#[derive(Debug, Clone)]
pub struct Topics {
    /// Deal events.
    pub deals: String,
    /// Activity events.
    pub activities: String,
    /// Reference records.
    pub reference: String,
    /// What is not counted.
    pub dead_letters: String,
}

/// A configuration, and the folder in which it and the snapshots lie; removed when dropped.
#[derive(Debug)]
pub struct Configuration {
    folder: TempDir,
    port: u16,
    topics: Topics,
    table: toml::Table,
}

impl Configuration {
    /// For topics in this format with names of their own, which are not created yet.
    ///
    /// # Errors
    ///
    /// If there is no port or no folder.
    pub fn new(kafka: &Kafka, name: &str, format: &str) -> anyhow::Result<Configuration> {
        let [port] = free_ports()?;
        let unique = |topic: &str| kafka.unique_name(&format!("{name}.{topic}"));
        let topics = Topics {
            deals: unique("deals"),
            activities: unique("activities"),
            reference: unique("reference"),
            dead_letters: unique("dead-letters"),
        };
        let folder = tempfile::Builder::new().prefix("tallyboard-service-").tempdir()?;
        let snapshots = folder.path().join("snapshots").display().to_string();
        let mut configuration = Configuration { folder, port, topics, table: toml::Table::new() };
        for (key, topic) in [
            ("topics.deals", &configuration.topics.deals.clone()),
            ("topics.activities", &configuration.topics.activities.clone()),
            ("topics.reference", &configuration.topics.reference.clone()),
        ] {
            configuration.set(&format!("{key}.name"), topic)?;
            configuration.set(&format!("{key}.format"), format)?;
        }
        configuration.set("topics.dead_letters", configuration.topics.dead_letters.clone())?;
        configuration.set("kafka.bootstrap_servers", kafka.bootstrap())?;
        configuration.set("kafka.group_id", kafka.unique_name(name))?;
        configuration.set("serve.listen", format!("127.0.0.1:{port}"))?;
        configuration.set("snapshots.store", snapshots)?;
        // Tests may look at every KPI's metrics.
        configuration.set("kpis.objectives", ["all"])?;
        // Tests do not want to wait for what is tried again.
        configuration.set("runtime.retry_wait_ms_max", 500)?;
        Ok(configuration)
    }

    /// Sets a value by its key, with points between the sections.
    ///
    /// # Errors
    ///
    /// If the value has no form in TOML or the key goes through one that is no section.
    pub fn set(&mut self, key: &str, value: impl Serialize) -> anyhow::Result<()> {
        let value = toml::Value::try_from(value)?;
        let mut sections: Vec<&str> = key.split('.').collect();
        let last = sections.pop().context("no key")?;
        let mut table = &mut self.table;
        for section in sections {
            let entry = table.entry(section).or_insert_with(|| toml::Table::new().into());
            table = entry.as_table_mut().with_context(|| format!("{section} is not a section"))?;
        }
        table.insert(last.to_owned(), value);
        Ok(())
    }

    /// Sets a property of librdkafka, whose names have points themselves.
    ///
    /// # Errors
    ///
    /// As [`Configuration::set`].
    pub fn set_kafka_property(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        let all = self.table.get("kafka").and_then(|kafka| kafka.get("properties"));
        let mut all = all.and_then(toml::Value::as_table).cloned().unwrap_or_default();
        all.insert(name.to_owned(), value.into());
        self.set("kafka.properties", all)
    }

    /// The topics.
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// Writes the file and gives its path.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn file(&self) -> anyhow::Result<PathBuf> {
        let file = self.folder.path().join("tallyboard.toml");
        fs::write(&file, toml::to_string(&self.table)?)?;
        Ok(file)
    }

    /// `tallyboard serve` with this configuration.
    ///
    /// # Errors
    ///
    /// As [`Configuration::file`].
    pub fn service(&self) -> anyhow::Result<ServiceOptions> {
        Ok(ServiceOptions::serve(&self.file()?, self.port))
    }
}

impl Service {
    /// Waits until the board is behind so many records of a topic, over all its partitions.
    ///
    /// # Errors
    ///
    /// If it is not within `bound`.
    pub fn wait_folded(&self, topic: &str, records: usize, bound: Duration) -> anyhow::Result<()> {
        wait::eventually(&format!("{records} records of {topic} on the board"), bound, || {
            let folded = self.folded(topic)?;
            ensure!(folded == records, "the board is behind {folded} records");
            Ok(())
        })
    }

    /// How many records of a topic the board is behind, over all its partitions.
    ///
    /// # Errors
    ///
    /// If there is no answer or not the expected one.
    pub fn folded(&self, topic: &str) -> anyhow::Result<usize> {
        let document = self.get_json("/api/v1/kpis")?;
        let positions = document["positions"].as_array().context("no positions")?;
        let mut sum = 0;
        for position in positions.iter().filter(|position| position["topic"] == topic) {
            sum += position["offset"].as_u64().context("no offset")?;
        }
        Ok(usize::try_from(sum)?)
    }
}
