//! A receiver of Alertmanager's notifications.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tallyboard_end_to_end::now_ms;

/// What it was told: the path, the document, and when, in milliseconds since 1970.
type Told = (String, Value, i64);

/// Listens until the test ends.
pub(super) struct Webhook {
    pub(super) port: u16,
    told: Receiver<Told>,
}

impl Webhook {
    pub(super) fn start() -> anyhow::Result<Webhook> {
        // It listens at once and until the end: nobody can take its port in between.
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let (tell, told) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Ok(notification) = receive(stream)
                    && tell.send(notification).is_err()
                {
                    return;
                }
            }
        });
        Ok(Webhook { port, told })
    }

    /// The next notification of an alert with these labels and this status: the path, the alert, and when it came. One of
    /// another status in between is an error.
    pub(super) fn next(
        &self,
        labels: &[(&str, &str)],
        status: &str,
        bound: Duration,
    ) -> anyhow::Result<(String, Value, i64)> {
        let deadline = Instant::now() + bound;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (path, mut document, at) = self.told.recv_timeout(left).context("nothing is told")?;
            let alerts = document["alerts"].as_array_mut().context("no alerts")?;
            let is_it = |alert: &Value| labels.iter().all(|(label, value)| alert["labels"][label] == *value);
            if let Some(alert) = alerts.iter_mut().find(|alert| is_it(alert)) {
                if alert["status"] != status {
                    bail!("the alert is told to be {}, not {status}", alert["status"]);
                }
                return Ok((path, alert.take(), at));
            }
        }
    }
}

/// One request, which is answered and then closed.
fn receive(stream: TcpStream) -> anyhow::Result<Told> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).context("no path")?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    Ok((path, serde_json::from_slice(&body)?, now_ms()))
}
