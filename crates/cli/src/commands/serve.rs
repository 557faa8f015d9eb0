//! `tallyboard serve`: the service.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use runtime::OnLostLog;
use serve::{ServeState, router};
use tokio::net::TcpListener;

use crate::exit::Failure;
use crate::settings::Settings;
use crate::wiring::{self, Wired};

/// Reads events from Kafka and serves live KPIs until it is told to stop.
///
/// Answers at once on /healthz and /metrics; /readyz says 200 once everything in the log is counted. A broker that is
/// away, a topic that is missing and wrong credentials are logged and tried again. SIGTERM and SIGINT end it after the
/// last snapshots are written.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard serve --config /etc/tallyboard.toml
  TALLYBOARD__KAFKA__BOOTSTRAP_SERVERS=kafka:9092 tallyboard serve
  tallyboard serve --on-lost-log=rebuild      after a topic was created anew, or its records have expired
  curl -s 'http://127.0.0.1:8080/api/v1/kpis?scope=rep&id=r17&period=2026-Q4'")]
pub(crate) struct ServeArguments {
    /// What to do if the log does not hold what was folded before.
    ///
    /// stop: end with exit code 5 and say what was found. rebuild: set the snapshots of the partitions concerned aside and
    /// fold them again from where the log begins now; what the log has lost is then not counted.
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    on_lost_log: LostLog,
}

/// What to do about a lost log.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum LostLog {
    /// Stop and say what was found.
    #[default]
    Stop,
    /// Fold again from where the log begins.
    Rebuild,
}

pub(crate) fn run(arguments: &ServeArguments, settings: &Settings) -> Result<(), Failure> {
    let on_lost_log = match arguments.on_lost_log {
        LostLog::Stop => OnLostLog::Stop,
        LostLog::Rebuild => OnLostLog::Rebuild,
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, stop.clone()).context("signals")?;
        signal_hook::flag::register(signal, stop.clone()).context("signals")?;
    }
    let runtime = http_runtime()?;
    let listener = listen(&runtime, settings)?;
    let wired = wiring::start(settings, on_lost_log, runtime.handle().clone())?;
    serve_until(&runtime, listener, wired, settings, || stop.load(Ordering::Relaxed))
}

/// A runtime for HTTP and for the snapshot store; the fold has threads of its own.
pub(crate) fn http_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the HTTP runtime")
}

/// Listens where the settings say.
pub(crate) fn listen(runtime: &tokio::runtime::Runtime, settings: &Settings) -> anyhow::Result<TcpListener> {
    let address = settings.serve.listen;
    runtime.block_on(TcpListener::bind(address)).with_context(|| {
        format!("cannot listen on {address}; choose another address with TALLYBOARD__SERVE__LISTEN or [serve] listen")
    })
}

/// Serves HTTP until told to stop or until the service ends by itself, then ends both.
pub(crate) fn serve_until(
    runtime: &tokio::runtime::Runtime,
    listener: TcpListener,
    Wired { service, board, explainer, registry }: Wired,
    settings: &Settings,
    mut should_stop: impl FnMut() -> bool,
) -> Result<(), Failure> {
    let address = listener.local_addr().context("the listening address")?;
    tracing::info!(%address, "serving http://{address}/");
    let app = router(ServeState {
        board,
        choice: settings.choice().map_err(Failure::Configuration)?,
        contests: settings.contests().map_err(Failure::Configuration)?,
        explainer,
        registry,
        alerts: settings.alerts.clone(),
        clock: wiring::system_clock(),
        options: settings.serve.clone(),
    });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let options = settings.serve.clone();
    let server = runtime.spawn(async move {
        let shutdown = async {
            let _ = stopped.await;
        };
        serve::serve(listener, app, &options, shutdown).await
    });
    while !should_stop() && !service.has_ended() && !server.is_finished() {
        std::thread::sleep(Duration::from_millis(50));
    }
    tracing::info!("stopping");
    let result = service.finish().map_err(Failure::Decide);
    let _ = stop.send(());
    // A client that holds its connection does not keep the service from ending.
    let _ = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(2), server).await });
    result
}
