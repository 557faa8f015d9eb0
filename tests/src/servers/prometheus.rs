//! Prometheus and its Alertmanager, as Debian packages them, with the configuration of `deploy/prometheus`.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::Url;
use reqwest::blocking::Client;
use serde_json::Value;
use tempfile::TempDir;

use super::on_free_ports;
use crate::paths;
use crate::process::GuardedProcess;
use crate::program::installed;

const START_BOUND: Duration = Duration::from_secs(30);
const REQUEST_BOUND: Duration = Duration::from_secs(20);
/// What the shipped configuration says, and what stands there in a test.
const TARGET: &str = "127.0.0.1:8080";
const ALERTMANAGER: &str = "127.0.0.1:9093";
const WEBHOOK: &str = "http://127.0.0.1:9094/";

/// A Prometheus on 127.0.0.1 that scrapes and evaluates every second; ended and its data removed when dropped.
#[derive(Debug)]
pub struct Prometheus {
    /// Before the directory: the process goes first.
    _process: GuardedProcess,
    _directory: TempDir,
    port: u16,
    client: Client,
}

/// A series and its value.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its labels.
    pub labels: serde_json::Map<String, Value>,
    /// Its value, which may be no number.
    pub value: f64,
}

impl Prometheus {
    /// Starts a Prometheus with the shipped configuration that scrapes a service and tells an Alertmanager, if there is
    /// one. `change` may change the text of rules on the way.
    ///
    /// # Errors
    ///
    /// [`crate::Missing`] if it is not installed; anything else if it does not start.
    pub fn start(
        service_port: u16,
        alertmanager: Option<&Alertmanager>,
        change: impl Fn(String) -> String,
    ) -> anyhow::Result<Prometheus> {
        let binary = installed("prometheus", "prometheus")?;
        let directory = tempfile::Builder::new().prefix("tallyboard-prometheus-").tempdir()?;
        let shipped = paths::in_workspace("deploy/prometheus");
        let rules = directory.path().join("rules");
        fs::create_dir(&rules)?;
        for entry in fs::read_dir(shipped.join("rules"))? {
            let entry = entry?;
            fs::write(rules.join(entry.file_name()), change(fs::read_to_string(entry.path())?))?;
        }
        let notified =
            alertmanager.map_or_else(|| ALERTMANAGER.to_owned(), |it| format!("127.0.0.1:{}", it.port));
        let configuration = fs::read_to_string(shipped.join("prometheus.yml"))?
            .replace(TARGET, &format!("127.0.0.1:{service_port}"))
            .replace(ALERTMANAGER, &notified)
            .replace("scrape_interval: 15s", "scrape_interval: 3s");
        let configuration = format!("global: {{ evaluation_interval: 1s }}\n{configuration}");
        let file = directory.path().join("prometheus.yml");
        fs::write(&file, configuration)?;
        let (process, port) = on_free_ports(|[port]| {
            let mut command = Command::new(&binary);
            command
                .arg(format!("--config.file={}", file.display()))
                .arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()))
                .arg(format!("--web.listen-address=127.0.0.1:{port}"));
            spawned("prometheus", &command, &directory, port)
        })?;
        Ok(Prometheus { _process: process, _directory: directory, port, client: client()? })
    }

    /// What an expression is now.
    ///
    /// # Errors
    ///
    /// If Prometheus refuses it or does not answer.
    pub fn query(&self, expr: &str) -> anyhow::Result<Vec<Sample>> {
        let answer = self.get("/api/v1/query", &[("query", expr)])?;
        let result = answer["result"].as_array().cloned().unwrap_or_default();
        let sample = |one: &Value| {
            // A scalar is a pair of time and value by itself.
            let pair = one.get("value")?;
            let labels = one["metric"].as_object().cloned().unwrap_or_default();
            Some(Sample { labels, value: pair[1].as_str()?.parse().ok()? })
        };
        Ok(result.iter().filter_map(sample).collect())
    }

    /// All rules, as the API tells them.
    ///
    /// # Errors
    ///
    /// If Prometheus does not answer.
    pub fn rules(&self) -> anyhow::Result<Vec<Value>> {
        let answer = self.get("/api/v1/rules", &[])?;
        let groups = answer["groups"].as_array().context("no groups")?;
        Ok(groups.iter().flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default()).collect())
    }

    fn get(&self, path: &str, parameters: &[(&str, &str)]) -> anyhow::Result<Value> {
        let base = format!("http://127.0.0.1:{}{path}", self.port);
        let response = self.client.get(Url::parse_with_params(&base, parameters)?).send()?;
        let answer: Value = response.json()?;
        ensure!(answer["status"] == "success", "{parameters:?}: {answer}");
        Ok(answer["data"].clone())
    }
}

/// An Alertmanager on 127.0.0.1 without a cluster, with the shipped routes, that waits for nothing.
#[derive(Debug)]
pub struct Alertmanager {
    _process: GuardedProcess,
    _directory: TempDir,
    port: u16,
}

impl Alertmanager {
    /// Starts one whose receivers are at this port.
    ///
    /// # Errors
    ///
    /// [`crate::Missing`] if it is not installed; anything else if it does not start.
    pub fn start(webhook_port: u16) -> anyhow::Result<Alertmanager> {
        let binary = installed("prometheus-alertmanager", "prometheus-alertmanager")?;
        let directory = tempfile::Builder::new().prefix("tallyboard-alertmanager-").tempdir()?;
        let shipped = fs::read_to_string(paths::in_workspace("deploy/prometheus/alertmanager.yml"))?;
        let mut configuration = shipped.replace(WEBHOOK, &format!("http://127.0.0.1:{webhook_port}/"));
        for wait in ["group_wait: 30s", "group_wait: 5m", "group_interval: 5m"] {
            ensure!(configuration.contains(wait), "alertmanager.yml has no {wait}");
            let (key, _) = wait.split_once(": ").context("a key")?;
            configuration = configuration.replace(wait, &format!("{key}: 1s"));
        }
        let file = directory.path().join("alertmanager.yml");
        fs::write(&file, configuration)?;
        let (process, port) = on_free_ports(|[port]| {
            let mut command = Command::new(&binary);
            command
                .arg(format!("--config.file={}", file.display()))
                .arg(format!("--storage.path={}", directory.path().join("data").display()))
                .arg(format!("--web.listen-address=127.0.0.1:{port}"))
                .arg("--cluster.listen-address=");
            spawned("alertmanager", &command, &directory, port)
        })?;
        Ok(Alertmanager { _process: process, _directory: directory, port })
    }
}

fn client() -> anyhow::Result<Client> {
    Ok(Client::builder().timeout(REQUEST_BOUND).build()?)
}

/// Starts one of the two and waits until it says that it is ready.
fn spawned(
    name: &str,
    command: &Command,
    directory: &TempDir,
    port: u16,
) -> anyhow::Result<(GuardedProcess, u16)> {
    let mut process = GuardedProcess::spawn(name, command, Some(directory.path()))?;
    let client = client()?;
    process.wait_until("ready", START_BOUND, || {
        let status = client.get(format!("http://127.0.0.1:{port}/-/ready")).send()?.status();
        ensure!(status.is_success(), "/-/ready answers {status}");
        Ok(())
    })?;
    Ok((process, port))
}
