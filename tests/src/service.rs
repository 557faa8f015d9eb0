//! The built binary `tallyboard` as a process.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::blocking::Client;
use serde_json::Value;

use crate::paths;
use crate::process::GuardedProcess;

const REQUEST_BOUND: Duration = Duration::from_secs(10);
const READY_BOUND: Duration = Duration::from_secs(60);
/// More than the service allows itself for an orderly end.
const STOP_BOUND: Duration = Duration::from_secs(60);

/// How to start the service.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// `None` is the binary `tallyboard` that cargo built beside the running test.
    pub binary: Option<PathBuf>,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Environment variables that it has besides the test's own.
    pub environment: Vec<(String, String)>,
    /// Where it answers HTTP, on 127.0.0.1: what the arguments or the configuration say.
    pub port: u16,
    /// How long `/readyz` may take to say yes.
    pub ready_bound: Duration,
}

impl ServiceOptions {
    /// `tallyboard serve --config CONFIG`.
    pub fn serve(config: &Path, port: u16) -> ServiceOptions {
        ServiceOptions {
            binary: None,
            arguments: vec!["serve".to_owned(), "--config".to_owned(), config.display().to_string()],
            environment: Vec::new(),
            port,
            ready_bound: READY_BOUND,
        }
    }
}

/// An answer of any status.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// A running service, killed when dropped.
#[derive(Debug)]
pub struct Service {
    process: GuardedProcess,
    client: Client,
    port: u16,
    ready_bound: Duration,
}

impl Service {
    /// Starts the service and waits until `/readyz` answers 200.
    ///
    /// # Errors
    ///
    /// As [`Service::spawn`] and [`Service::wait_ready`].
    pub fn start(options: &ServiceOptions) -> anyhow::Result<Service> {
        let mut service = Service::spawn(options)?;
        service.wait_ready()?;
        Ok(service)
    }

    /// Starts the service without waiting for it.
    ///
    /// # Errors
    ///
    /// [`Missing`] if the binary is not built; anything else if it cannot be started.
    pub fn spawn(options: &ServiceOptions) -> anyhow::Result<Service> {
        let binary = match &options.binary {
            Some(binary) => binary.clone(),
            None => paths::tallyboard()?,
        };
        let mut command = Command::new(binary);
        command.args(&options.arguments).envs(options.environment.iter().map(|(key, value)| (key, value)));
        let process = GuardedProcess::spawn("service", &command, None)?;
        let client = Client::builder().timeout(REQUEST_BOUND).build()?;
        Ok(Service { process, client, port: options.port, ready_bound: options.ready_bound })
    }

    /// Waits until `/readyz` answers 200.
    ///
    /// # Errors
    ///
    /// If the service ends or the bound passes first, with the end of its log.
    pub fn wait_ready(&mut self) -> anyhow::Result<()> {
        let (url, client) = (self.url("/readyz"), &self.client);
        self.process.wait_until("ready", self.ready_bound, || {
            let response = fetch(client, &url)?;
            ensure!(response.status == 200, "/readyz answers {}: {}", response.status, response.body);
            Ok(())
        })
    }

    /// The address of a path that begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The answer to GET, whatever its status.
    ///
    /// # Errors
    ///
    /// If there is no answer.
    pub fn get(&self, path: &str) -> anyhow::Result<Response> {
        fetch(&self.client, &self.url(path))
    }

    /// The body of the answer to GET.
    ///
    /// # Errors
    ///
    /// If there is no answer or one that is not a success.
    pub fn get_text(&self, path: &str) -> anyhow::Result<String> {
        let Response { status, body } = self.get(path)?;
        ensure!((200..300).contains(&status), "GET {path} answered {status}: {body}");
        Ok(body)
    }

    /// The body of the answer to GET, as JSON.
    ///
    /// # Errors
    ///
    /// If there is no answer, one that is not a success, or one that is not JSON.
    pub fn get_json(&self, path: &str) -> anyhow::Result<Value> {
        let body = self.get_text(path)?;
        serde_json::from_str(&body).with_context(|| format!("GET {path} answered no JSON: {body}"))
    }

    /// The service's process: its id, its log.
    pub fn process(&self) -> &GuardedProcess {
        &self.process
    }

    /// SIGKILL: no chance to save anything.
    ///
    /// # Errors
    ///
    /// If the process does not vanish.
    pub fn kill_hard(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.kill()
    }

    /// SIGTERM, and the status of the orderly end.
    ///
    /// # Errors
    ///
    /// If the service does not end within a minute; it is killed when dropped.
    pub fn terminate(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.terminate(STOP_BOUND)
    }

    /// Waits for a service that is expected to end by itself, as on a broken configuration.
    ///
    /// # Errors
    ///
    /// If it still runs after `bound`.
    pub fn wait(&mut self, bound: Duration) -> anyhow::Result<ExitStatus> {
        self.process.wait(bound)
    }
}

fn fetch(client: &Client, url: &str) -> anyhow::Result<Response> {
    let response = client.get(url).send()?;
    Ok(Response { status: response.status().as_u16(), body: response.text()? })
}
