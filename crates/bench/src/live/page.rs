//! From the event to the screen: deals are won one after another while a real browser shows a view of the page.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use tallyboard_end_to_end::Browser;

use super::company::{Company, REP, STEP};
use crate::workload::mixed;

/// Between two wins, in milliseconds.
const PAUSE_LEAST_MS: u64 = 200;
const PAUSE_SPREAD_MS: u64 = 300;
const OPEN_BOUND: Duration = Duration::from_secs(60);
const SEEN_BOUND: Duration = Duration::from_secs(30);

/// When what was seen by the page: the amount and the time.
type Seen = Vec<(f64, i64)>;

/// What the browser tells in the end.
#[derive(Debug, Deserialize)]
struct Told {
    received: Seen,
    painted: Seen,
}

/// The way of one deal, in milliseconds from the moment at which it was handed to the producer.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Way {
    /// The broker has it.
    pub(super) acknowledged: i64,
    /// The browser has a document in which it counts.
    pub(super) received: i64,
    /// The number is on the screen.
    pub(super) painted: i64,
}

/// Follows so many deals to a view.
pub(super) fn follow(company: &mut Company, browser: &Browser, view: &str, count: u64) -> Result<Vec<Way>> {
    let arguments = [view, REP, &STEP.to_string(), &count.to_string()];
    let mut page = browser.start("latency", &company.service.url("/"), &arguments)?;
    let base: f64 = page.wait_line("ready ", OPEN_BOUND)?.parse()?;
    let mut sent = Vec::new();
    for number in 0..count {
        let pause = PAUSE_LEAST_MS + mixed(number) % PAUSE_SPREAD_MS;
        company.go_on(Duration::from_millis(pause))?;
        sent.push(company.win()?);
    }
    let told: Told = serde_json::from_str(&page.wait_line("seen ", SEEN_BOUND)?)?;
    ensure!(page.wait(SEEN_BOUND)?.success(), "the browser failed\n{}", page.log_tail());
    let mut amount = base - STEP as f64 / 2.0;
    sent.into_iter()
        .map(|(produced, acknowledged)| {
            amount += STEP as f64;
            let first = |seen: &Seen| {
                let found = seen.iter().find(|(shown, _)| *shown >= amount);
                found.map(|(_, at)| at - produced).with_context(|| format!("{amount} was never seen"))
            };
            Ok(Way {
                acknowledged: acknowledged - produced,
                received: first(&told.received)?,
                painted: first(&told.painted)?,
            })
        })
        .collect()
}
