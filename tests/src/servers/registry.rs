//! Apicurio Registry, asked through its API in the manner of Confluent's schema registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::distribution::{Contents, Distribution};
use super::java::{self, Classes};
use super::on_free_ports;
use crate::not_run;
use crate::process::GuardedProcess;

const DISTRIBUTION: Distribution = Distribution {
    name: "registry",
    pom: include_str!("../../servers/registry/pom.xml"),
    contents: Contents::Archive,
};

const HEAP_MEBIBYTES: u32 = 384;
const START_BOUND: Duration = Duration::from_secs(120);
const STOP_BOUND: Duration = Duration::from_secs(30);
const REQUEST_BOUND: Duration = Duration::from_secs(10);

/// A schema registry on 127.0.0.1, ended and its data removed when dropped.
#[derive(Debug)]
pub struct Registry {
    /// Before the directory: the process goes first.
    process: Option<GuardedProcess>,
    directory: TempDir,
    folder: PathBuf,
    classes: Classes,
    port: u16,
    client: Client,
}

impl Registry {
    /// Starts a registry for the caller alone: for a test that stops it. Takes about three seconds.
    ///
    /// # Errors
    ///
    /// [`crate::Missing`] if it cannot be had on this machine; anything else if it does not start.
    pub fn start() -> anyhow::Result<Registry> {
        let folder = DISTRIBUTION.folder(|folder| {
            Registry::start_from(folder, Classes::Record)?.stop()?;
            Ok(java::keep_classes(folder)?)
        })?;
        Registry::start_from(&folder, Classes::Use)
    }

    /// The registry that the tests of this binary share, started by the first that asks. It ends with the process.
    ///
    /// # Errors
    ///
    /// As [`Registry::start`], the same for every test that asks.
    pub fn shared() -> anyhow::Result<&'static Registry> {
        static SHARED: OnceLock<anyhow::Result<Registry>> = OnceLock::new();
        SHARED.get_or_init(Registry::start).as_ref().map_err(not_run::repeated)
    }

    /// The address that a client of Confluent's registry is given. Stays the same over [`Registry::restart`].
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/apis/ccompat/v7", self.port)
    }

    /// The registry's process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(GuardedProcess::pid)
    }

    /// Registers an Avro schema under `subject` and returns its id. The same schema again gives the same id.
    ///
    /// # Errors
    ///
    /// If the registry refuses, as for a schema that breaks the subject's rule of compatibility, or does not answer.
    pub fn register(&self, subject: &str, schema: &str) -> anyhow::Result<u32> {
        let response = self
            .client
            .post(format!("{}/subjects/{subject}/versions", self.url()))
            .header("content-type", "application/vnd.schemaregistry.v1+json")
            .body(json!({ "schema": schema }).to_string())
            .send()?;
        let answer = read(response)?;
        let id = answer["id"].as_u64().with_context(|| format!("the answer has no id: {answer}"))?;
        Ok(u32::try_from(id)?)
    }

    /// The text of the schema with this id.
    ///
    /// # Errors
    ///
    /// If there is none or the registry does not answer.
    pub fn schema(&self, id: u32) -> anyhow::Result<String> {
        let answer = read(self.client.get(format!("{}/schemas/ids/{id}", self.url())).send()?)?;
        let schema = answer["schema"].as_str().with_context(|| format!("no schema in {answer}"))?;
        Ok(schema.to_owned())
    }

    /// Shuts the registry down in order and keeps its data. Does nothing if it is down.
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

    /// Starts the registry again with the schemas, ids and address it had; stops it first if it runs.
    ///
    /// # Errors
    ///
    /// If it does not stop or not start.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.stop()?;
        self.launch()
    }

    fn start_from(folder: &Path, classes: Classes) -> anyhow::Result<Registry> {
        let client = Client::builder().timeout(REQUEST_BOUND).build()?;
        on_free_ports(|[port]| {
            let directory = tempfile::Builder::new().prefix("tallyboard-registry-").tempdir()?;
            let (folder, client) = (folder.to_owned(), client.clone());
            let mut registry = Registry { process: None, directory, folder, classes, port, client };
            registry.launch()?;
            Ok(registry)
        })
    }

    fn launch(&mut self) -> anyhow::Result<()> {
        let directory = self.directory.path();
        let mut command = java::virtual_machine(HEAP_MEBIBYTES, &self.folder, self.classes)?;
        command.arg("-jar").arg(program_in(&self.folder)?).current_dir(directory);
        command.env("QUARKUS_HTTP_HOST", "127.0.0.1").env("QUARKUS_HTTP_PORT", self.port.to_string());
        command.env("APICURIO_STORAGE_KIND", "sql").env("APICURIO_STORAGE_SQL_KIND", "h2");
        // In a file rather than in memory, so that ids outlive a restart.
        let database = directory.join("registry");
        command.env("APICURIO_DATASOURCE_URL", format!("jdbc:h2:file:{}", database.display()));
        let mut process = GuardedProcess::spawn("registry", &command, Some(directory))?;
        let subjects = format!("{}/subjects", self.url());
        let client = &self.client;
        process.wait_until("answering requests", START_BOUND, || read(client.get(&subjects).send()?))?;
        self.process = Some(process);
        Ok(())
    }
}

fn program_in(folder: &Path) -> anyhow::Result<PathBuf> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with("-runner.jar") {
            return Ok(path);
        }
    }
    anyhow::bail!("no program (a file …-runner.jar) in {}", folder.display())
}

fn read(response: Response) -> anyhow::Result<Value> {
    let status = response.status();
    let text = response.text()?;
    ensure!(status.is_success(), "the registry answered {status}: {text}");
    serde_json::from_str(&text).with_context(|| format!("the registry's answer is not JSON: {text}"))
}
