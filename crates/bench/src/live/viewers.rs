//! What viewers cost who only watch: processor time of the service with none and with many of them, in turns.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

use super::company::Company;
use crate::process::{processor_time, processor_time_by_thread};

/// The first view of the page: who leads, and the quotas.
const WATCHES: &str = "watch=leaderboard%3Fkpi%3Dwon_amount%26group%3Drep%26kind%3Dquarter%26limit%3D50\
    &watch=leaderboard%3Fkpi%3Dquota_attainment%26group%3Drep%26kind%3Dquarter%26limit%3D1000";
const SETTLE: Duration = Duration::from_secs(2);
const ATTACH_BOUND: Duration = Duration::from_secs(30);
/// The threads that read, fold and publish; all others serve.
const FOLDING: [&str; 3] = ["log", "partition", "rdk"];

/// What went on in a second, on average.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Load {
    pub(super) viewers: usize,
    /// Seconds of processor time of the whole service.
    pub(super) service: f64,
    /// Of those, seconds of the threads that read and fold.
    pub(super) folding: f64,
    pub(super) events: f64,
    pub(super) messages: f64,
    pub(super) bytes: f64,
    /// Mean milliseconds from an event's entry in the log to the board.
    pub(super) to_board_ms: f64,
}

/// Measures for so long with so many viewers, while the floor goes on.
pub(super) fn measure(company: &mut Company, viewers: usize, time: Duration) -> Result<Load> {
    let attached = Viewers::attach(company, viewers)?;
    company.go_on(SETTLE)?;
    // Asking for metrics costs something itself: it is done outside of what is measured.
    let told_before = Told::of(company, &attached)?;
    let started = Instant::now();
    let (service_before, folding_before) = processor(company)?;
    company.go_on(time)?;
    let (service, folding) = processor(company)?;
    let seconds = started.elapsed().as_secs_f64();
    let told = Told::of(company, &attached)?;
    // None of them was dropped meanwhile.
    wait_for(company, viewers)?;
    let each = |of: fn(&Told) -> f64| (of(&told) - of(&told_before)) / seconds;
    let load = Load {
        viewers,
        service: (service - service_before) / seconds,
        folding: (folding - folding_before) / seconds,
        events: each(|told| told.events),
        messages: each(|told| told.messages),
        bytes: each(|told| told.bytes),
        to_board_ms: 1e3 * each(|told| told.to_board_seconds) / each(|told| told.to_board).max(1e-9),
    };
    attached.leave(company)?;
    Ok(load)
}

/// Seconds of processor time of the service so far, and of the threads that read and fold.
fn processor(company: &Company) -> Result<(f64, f64)> {
    let process = company.service.process().pid();
    let threads = processor_time_by_thread(process)?;
    let is_folding = |name: &str| FOLDING.iter().any(|folding| name.starts_with(folding));
    let folding = threads.iter().filter(|(name, _)| is_folding(name));
    // Of the threads that read the board, some end meanwhile: their time is in that of the process alone.
    Ok((processor_time(process)?.as_secs_f64(), folding.map(|(_, time)| time.as_secs_f64()).sum()))
}

/// What was counted since the service began.
struct Told {
    events: f64,
    messages: f64,
    bytes: f64,
    to_board: f64,
    to_board_seconds: f64,
}

impl Told {
    fn of(company: &Company, viewers: &Viewers) -> Result<Self> {
        let metrics = company.metrics()?;
        Ok(Self {
            events: metrics.sum("tallyboard_events_total", &[]),
            messages: metrics.sum("tallyboard_live_messages_total", &[]),
            bytes: viewers.bytes.load(Ordering::Relaxed) as f64,
            to_board: metrics.sum("tallyboard_event_to_visible_seconds_count", &[]),
            to_board_seconds: metrics.sum("tallyboard_event_to_visible_seconds_sum", &[]),
        })
    }
}

/// Clients of the live feed that read what comes and do nothing with it.
struct Viewers {
    bytes: Arc<AtomicU64>,
    /// They are gone when it is.
    runtime: Runtime,
}

impl Viewers {
    fn attach(company: &Company, count: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let bytes = Arc::new(AtomicU64::new(0));
        let address: SocketAddr =
            company.service.url("").trim_start_matches("http://").parse().context("the service's address")?;
        for _ in 0..count {
            let bytes = bytes.clone();
            runtime.spawn(async move { view(address, &bytes).await });
        }
        let viewers = Self { bytes, runtime };
        wait_for(company, count)?;
        Ok(viewers)
    }

    fn leave(self, company: &Company) -> Result<()> {
        drop(self.runtime);
        wait_for(company, 0)
    }
}

async fn view(address: SocketAddr, bytes: &AtomicU64) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let request = format!("GET /api/v1/live?{WATCHES} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.writable().await?;
    // A fresh connection has room for it.
    stream.try_write(request.as_bytes())?;
    let mut chunk = vec![0; 16_384];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                bytes.fetch_add(read as u64, Ordering::Relaxed);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

fn wait_for(company: &Company, viewers: usize) -> Result<()> {
    tallyboard_end_to_end::eventually("the viewers (files that may be open: ulimit -n)", ATTACH_BOUND, || {
        let found = company.metrics()?.sum("tallyboard_live_clients", &[]);
        ensure!((found - viewers as f64).abs() < 0.5, "{found} viewers of {viewers} are there");
        Ok(())
    })
}
