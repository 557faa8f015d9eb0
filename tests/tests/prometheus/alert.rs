//! An alert on its whole way: a stage of a simulated sales floor holds the deals up, Prometheus notices, Alertmanager tells
//! sales operations, and tells them again once it is over.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tallyboard_end_to_end::{Alertmanager, Prometheus, eventually, free_ports, require, tell};

use super::dashboards::demo;

const BOUND: Duration = Duration::from_secs(120);
/// Nothing more is told once nothing was for so long.
const CALM: Duration = Duration::from_secs(3);
/// Deals do not leave the stage from the tenth day of the history until some days after the demo has begun.
const BOTTLENECK: &str = "proposal:10..85";
/// A day of the floor in two seconds.
const SPEED: &str = "43200";
const STUCK: &str = r#"
    sales_company_open_age_p90_seconds{stage="proposal"} > sales_company_stage_limit_seconds
    and on (job, instance, stage)
    stage:sales_arrivals_per_departure:ratio{stage="proposal", period="month", relative="current"} > 1
"#;

/// What a receiver was told: its path, and the document.
type Told = (String, Value, Instant);

/// A receiver of notifications, which runs until the test ends.
fn webhook() -> anyhow::Result<(u16, Receiver<Told>)> {
    let [port] = free_ports()?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
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
    Ok((port, told))
}

/// One request, which is answered and then closed.
fn receive(stream: std::net::TcpStream) -> anyhow::Result<Told> {
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
    Ok((path, serde_json::from_slice(&body)?, Instant::now()))
}

/// The next notification of the bottleneck within a time: its path, its alert, and when it came.
fn next(told: &Receiver<Told>, within: Duration) -> Option<Told> {
    let deadline = Instant::now() + within;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let (path, document, at) = told.recv_timeout(left).ok()?;
        let alerts = document["alerts"].as_array().cloned().unwrap_or_default();
        let is_it = |alert: &Value| {
            alert["labels"]["alertname"] == "PipelineBottleneck" && alert["labels"]["stage"] == "proposal"
        };
        if let Some(alert) = alerts.into_iter().find(is_it) {
            return Some((path, alert, at));
        }
    }
}

#[test]
fn a_bottleneck_reaches_sales_operations_and_so_does_its_end() {
    const TEST: &str = "alerts: from the log over Prometheus and Alertmanager to a receiver";
    // Half an hour in the shipped rules, which no test can wait for.
    let hasty = |rules: String| rules.replace("for: 30m", "for: 2s");
    let start = || {
        let (webhook_port, told) = webhook()?;
        let alertmanager = Alertmanager::start(webhook_port)?;
        let (service, port) = demo(&["--speed", SPEED, "--history", "60", "--bottleneck", BOTTLENECK])?;
        let prometheus = Prometheus::start(port, Some(&alertmanager), hasty)?;
        Ok((prometheus, alertmanager, service, told))
    };
    let began = Instant::now();
    let Some((prometheus, _alertmanager, _service, told)) = require(TEST, start) else { return };
    let seconds = |at: Instant| at.duration_since(began).as_secs_f32();
    let wait = |what: &str, expr: &str, is_wanted: bool| {
        eventually(what, BOUND, || {
            ensure!(prometheus.query(expr)?.is_empty() != is_wanted, "{expr}");
            Ok(Instant::now())
        })
        .unwrap()
    };
    let firing = r#"ALERTS{alertname="PipelineBottleneck",stage="proposal",alertstate="firing"}"#;
    let seen = wait("the metric", STUCK, true);
    let fires = wait("the alert", firing, true);
    let (path, alert, notified) = next(&told, BOUND).unwrap();
    assert_eq!((path.as_str(), &alert["status"]), ("/sales-ops", &Value::from("firing")));
    let [summary, description, page] =
        ["summary", "description", "runbook_url"].map(|key| alert["annotations"][key].as_str().unwrap());
    assert_eq!(summary, "Deals pile up in stage proposal of pipeline default.");
    assert!(description.contains(" times the stage's limit, and "), "{description}");
    assert!(page.ends_with("/PipelineBottleneck.md"), "{page}");
    tell(&format!(
        "alerts: a stuck stage in the metrics {:.1} s after the start, firing {:.1} s later, told {:.1} s after that: {description}",
        seconds(seen),
        fires.duration_since(seen).as_secs_f32(),
        notified.saturating_duration_since(fires).as_secs_f32(),
    ));
    let cleared = wait("the end of the bottleneck", STUCK, false);
    let silent = wait("the end of the alert", firing, false);
    // A month that begins makes the alert silent for some days, too: what was told last counts.
    let mut last = (alert, notified);
    while let Some((_, alert, at)) = next(&told, if last.0["status"] == "resolved" { CALM } else { BOUND }) {
        last = (alert, at);
    }
    let (alert, resolved) = last;
    assert_eq!(alert["status"], "resolved", "the end was not told");
    tell(&format!(
        "alerts: the stage is free {:.1} s after the start, silent {:.1} s later, told {:.1} s after that",
        seconds(cleared),
        silent.duration_since(cleared).as_secs_f32(),
        resolved.saturating_duration_since(silent).as_secs_f32(),
    ));
}
