//! `tallyboard demo`: a simulated sales floor, an in-process broker and the service, in one program.

mod broker;
mod playing;
mod screen;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use chrono::Days;
use clap::Args;
use model::{Day, Timestamp};
use runtime::OnLostLog;
use salesfloor::{Bottleneck, Floor, Scenario};
use serve::{ServeState, router};

use crate::commands::serve::{http_runtime, listen};
use crate::exit::Failure;
use crate::say;
use crate::settings::{Contest, Settings};
use crate::wiring::{self, Wired};

use broker::{Broker, PARTITIONS};
use playing::{FloorTime, Playing, caught_up};
use screen::Screen;

/// A whole sales floor to look at, with nothing installed: simulated reps, an in-process broker, the service.
///
/// The service consumes over the real Kafka protocol, as in production. Time on the floor runs faster than outside: it
/// begins with a year of history, counted in seconds, and goes on live. Six weeks before it does, deals begin to pile up in
/// the stage proposal, for the board to find.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard demo
  tallyboard demo --seconds 30
  tallyboard demo --bottleneck none --objectives grow_revenue,fix_the_funnel
  tallyboard demo --history 60 --bottleneck negotiation:20..75
  tallyboard demo --speed 3600 --listen 127.0.0.1:9090")]
pub(crate) struct DemoArguments {
    /// End by itself after so many seconds; 0: go on until Ctrl-C.
    #[arg(long, default_value_t = 0, env = "DEMO_SECONDS", value_name = "N")]
    seconds: u64,
    /// Where HTTP is served.
    #[arg(long, default_value = "127.0.0.1:8080", env = "DEMO_LISTEN", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// How many seconds pass on the floor in one second.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=86_400), value_name = "N")]
    speed: u32,
    /// How many days of history there are when the demo begins.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=730), value_name = "DAYS")]
    history: u32,
    /// Decides everything that is left to chance.
    #[arg(long, default_value_t = 20_260_105, value_name = "N")]
    seed: u64,
    /// Whose KPIs are exported as metrics, with commas between; all: every one, as dashboards want them.
    #[arg(long, value_delimiter = ',', default_value = kpi::ALL, value_name = "OBJECTIVES")]
    objectives: Vec<String>,
    /// A stage that deals do not leave on some days of the floor, counted from the beginning of the history; or none.
    ///
    /// Without it, more than half of the deals wait in proposal from six weeks before live time begins until a week after.
    #[arg(long, value_parser = bottleneck, value_name = "STAGE:FROM..TO")]
    bottleneck: Option<Jam>,
}

/// A bottleneck, if there is to be one.
#[derive(Debug, Clone)]
struct Jam(Option<Bottleneck>);

/// On the floor, the demo begins so many days before today, so that its time stays behind real time for long.
const BEHIND_DAYS: u64 = 60;
/// New deals a day: at the usual speed, one is won once or twice a minute.
const DEALS_PER_DAY: u32 = 32;
/// The bottleneck that there is if nothing is said, from so many days before live time to so many after.
const JAM_STAGE: &str = "proposal";
const JAM_DAYS: (u32, u32) = (42, 7);
/// Not all, or nothing would be won any more.
const JAM_HELD_PERCENT: u32 = 55;

pub(crate) fn run(arguments: &DemoArguments) -> Result<(), Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, stop.clone()).context("signals")?;
        signal_hook::flag::register(signal, stop.clone()).context("signals")?;
    }
    let folder = tempfile::tempdir().context("a temporary folder for snapshots")?;
    let broker = Broker::start()?;
    let Stage { settings, scenario, floor, live } = stage(arguments, &broker.bootstrap, folder.path())?;
    let time = FloorTime::new(live, arguments.speed);

    let runtime = http_runtime()?;
    let listener = listen(&runtime, &settings)?;
    let address = listener.local_addr().context("the listening address")?;
    let Wired { service, board, explainer, registry } =
        wiring::start(&settings, OnLostLog::Stop, runtime.handle().clone())?;
    let state = ServeState {
        board: board.clone(),
        choice: settings.choice().map_err(Failure::Configuration)?,
        contests: settings.contests()?,
        explainer,
        registry,
        alerts: settings.alerts.clone(),
        clock: time.clock(),
        options: settings.serve.clone(),
    };
    let options = settings.serve.clone();
    let server = runtime
        .spawn(async move { serve::serve(listener, router(state), &options, std::future::pending()).await });
    let playing = Playing::start(&settings, floor, &time, &board, stop.clone())?;

    let progress = playing.progress.clone();

    say(&format!("tallyboard demo: http://{address}/  (metrics: http://{address}/metrics)"));
    say(&format!("broker: {}, {PARTITIONS} partitions; Ctrl-C ends the demo", broker.bootstrap));
    say(&story(&scenario, live));
    let started = Instant::now();
    let mut screen = Screen::new(scenario.start_day);
    let is_over = || {
        stop.load(Ordering::Relaxed)
            || (arguments.seconds > 0 && started.elapsed() >= Duration::from_secs(arguments.seconds))
    };
    while !is_over() && !service.has_ended() && !server.is_finished() && !playing.has_failed() {
        screen.draw(&board, &time, &progress)?;
        std::thread::sleep(Duration::from_millis(100));
    }
    stop.store(true, Ordering::Relaxed);
    let sent = playing.finish()?;
    let counted = caught_up(&board, sent);
    screen.draw_last(&board, &time, &progress)?;
    service.finish().map_err(Failure::Decide)?;
    server.abort();
    drop(broker);
    if !counted {
        return Err(Failure::Other(anyhow!(
            "not all of the {sent} events sent were counted within 30 seconds"
        )));
    }
    say(&format!("{sent} events were sent, all of them counted"));
    Ok(())
}

/// `proposal:20..75`: a stage, and the days from and until which deals wait there; `none`.
fn bottleneck(text: &str) -> Result<Jam, String> {
    if text == "none" {
        return Ok(Jam(None));
    }
    let parts = text.rsplit_once(':').and_then(|(stage, days)| Some((stage, days.split_once("..")?)));
    let parts = parts.and_then(|(stage, (from, to))| Some((stage, from.parse().ok()?, to.parse().ok()?)));
    let (stage, from_day, to_day) = parts.ok_or("expected STAGE:FROM..TO, as in proposal:20..75, or none")?;
    Ok(Jam(Some(Bottleneck { stage: stage.to_owned(), from_day, to_day, held_percent: 100 })))
}

/// What the demo is about: its settings, and the floor with the moment at which live time begins.
struct Stage {
    settings: Settings,
    scenario: Scenario,
    floor: Floor,
    live: Timestamp,
}

fn stage(arguments: &DemoArguments, bootstrap: &str, folder: &std::path::Path) -> Result<Stage, Failure> {
    let today = wiring::now().to_utc().date_naive();
    let live = today.checked_sub_days(Days::new(BEHIND_DAYS)).context("a date")?;
    let start = live.checked_sub_days(Days::new(u64::from(arguments.history))).context("a date")?;
    let usual = Jam(Some(Bottleneck {
        stage: JAM_STAGE.to_owned(),
        from_day: arguments.history.saturating_sub(JAM_DAYS.0),
        to_day: arguments.history + JAM_DAYS.1,
        held_percent: JAM_HELD_PERCENT,
    }));
    let scenario = Scenario {
        seed: arguments.seed,
        start_day: Day::from_date(start),
        days: None,
        deals_per_day: DEALS_PER_DAY,
        months_have_quotas: true,
        office_hours: false,
        bottleneck: arguments.bottleneck.clone().unwrap_or(usual).0,
        ..Scenario::demo()
    };
    let floor = Floor::new(&scenario).map_err(|error| Failure::CommandLine(anyhow!(error)))?;
    let mut settings = Settings { pipelines: floor.pipelines().as_slice().to_vec(), ..Settings::default() };
    settings.organisation.reporting_currency.clone_from(&scenario.reporting_currency);
    settings.kafka.bootstrap_servers = bootstrap.to_owned();
    settings.serve.listen = arguments.listen;
    settings.snapshots.store = folder.join("snapshots").display().to_string();
    settings.snapshots.interval_seconds = 10;
    settings.kpis.objectives.clone_from(&arguments.objectives);
    settings.contests = contests(Day::from_date(live));
    let live = live.and_hms_opt(9, 0, 0).context("a time")?.and_utc().timestamp_micros();
    let live = Timestamp::from_micros(live).context("a time")?;
    Ok(Stage { settings, scenario, floor, live })
}

/// Contests that go on when the demo begins: reps about money, territories about deals.
fn contests(live: Day) -> Vec<Contest> {
    let contest = |name: &str, kpi: &str, group: &str, days: i32, target| Contest {
        name: name.to_owned(),
        kpi: kpi.to_owned(),
        group: group.to_owned(),
        members: Vec::new(),
        start: Day(live.0 - 7).to_string(),
        end: Day(live.0 + days).to_string(),
        target,
    };
    vec![
        contest("Closing sprint", "won_amount", "rep", 14, Some(200_000)),
        contest("Most deals", "won_deals", "territory", 21, None),
    ]
}

/// What there is to see, in words.
fn story(scenario: &Scenario, live: Timestamp) -> String {
    let company = format!(
        "{} reps in {} territories; {} until {}, then live",
        scenario.reps,
        scenario.territories,
        scenario.start_day,
        live.to_utc().format("%Y-%m-%d")
    );
    let Some(jam) = &scenario.bottleneck else { return company };
    let day = |day: u32| Day(scenario.start_day.0.saturating_add_unsigned(day));
    format!(
        "{company}; from {} to {}, {} of 100 deals do not leave the stage {}",
        day(jam.from_day),
        day(jam.to_day),
        jam.held_percent,
        jam.stage
    )
}
