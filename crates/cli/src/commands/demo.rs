//! `tallyboard demo`: a simulated sales floor, an in-process broker and the service, in one program.
//!
//! The broker is librdkafka's mock: it speaks the real Kafka protocol over loopback, keeps little and stores nothing.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use board::{Board, Group, Order, Scope};
use chrono::Days;
use clap::Args;
use codec::Record;
use codec::encode::json;
use eventlog::{NewRecord, RecordProducer, RecordSink as _};
use model::{Day, MICROS_PER_SECOND, PeriodKind, Timestamp};
use rdkafka::mocking::MockCluster;
use runtime::{Clock, OnLostLog};
use salesfloor::{Floor, Scenario};
use serve::{ServeState, router};

use crate::commands::serve::{http_runtime, listen};
use crate::exit::Failure;
use crate::settings::{Contest, Settings};
use crate::wiring::{self, Wired};
use crate::{leaderboard, say, show};

/// A whole sales floor to look at, with nothing installed: simulated reps, an in-process broker, the service.
///
/// The service consumes over the real Kafka protocol, as in production. Time on the floor runs faster than outside: it
/// begins weeks ago with a history and goes on live.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard demo
  tallyboard demo --seconds 30
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
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=120), value_name = "DAYS")]
    history: u32,
    /// Decides everything that is left to chance.
    #[arg(long, default_value_t = 20_260_105, value_name = "N")]
    seed: u64,
}

/// The mock broker keeps 5 MiB a partition: enough partitions for the history, and the consumer keeps up after that.
const PARTITIONS: i32 = 12;
/// On the floor, the demo begins so many days before today, so that its time stays behind real time for long.
const BEHIND_DAYS: u64 = 60;
const DRAW_INTERVAL: Duration = Duration::from_secs(1);
const PRINT_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) fn run(arguments: &DemoArguments) -> Result<(), Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, stop.clone()).context("signals")?;
        signal_hook::flag::register(signal, stop.clone()).context("signals")?;
    }
    let folder = tempfile::tempdir().context("a temporary folder for snapshots")?;
    let broker = Broker::start()?;
    let (settings, floor) = stage(arguments, &broker.bootstrap, folder.path())?;
    let time = FloorTime::new(floor.1, arguments.speed);

    let runtime = http_runtime()?;
    let listener = listen(&runtime, &settings)?;
    let address = listener.local_addr().context("the listening address")?;
    let Wired { service, board, explainer, registry } =
        wiring::start(&settings, OnLostLog::Stop, runtime.handle().clone())?;
    let state = ServeState {
        board: board.clone(),
        choice: settings.choice()?,
        contests: settings.contests()?,
        explainer,
        registry,
        clock: time.clock(),
        options: settings.serve.clone(),
    };
    let options = settings.serve.clone();
    let server = runtime
        .spawn(async move { serve::serve(listener, router(state), &options, std::future::pending()).await });
    let producing = Producing::start(&settings, floor.0, &time, stop.clone())?;

    say(&format!("tallyboard demo: http://{address}/  (metrics: http://{address}/metrics)"));
    say(&format!("broker: {}, {PARTITIONS} partitions; Ctrl-C ends the demo", broker.bootstrap));
    let started = Instant::now();
    let mut screen = Screen::new();
    let is_over = || {
        stop.load(Ordering::Relaxed)
            || (arguments.seconds > 0 && started.elapsed() >= Duration::from_secs(arguments.seconds))
    };
    while !is_over() && !service.has_ended() && !server.is_finished() && !producing.has_failed() {
        screen.draw(&board, &time, &producing)?;
        std::thread::sleep(Duration::from_millis(100));
    }
    stop.store(true, Ordering::Relaxed);
    let sent = producing.finish()?;
    let counted = caught_up(&board, sent);
    screen.draw_last(&board, &time)?;
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

/// The settings of the demo, and its floor with the moment at which live time begins.
fn stage(
    arguments: &DemoArguments,
    bootstrap: &str,
    folder: &std::path::Path,
) -> Result<(Settings, (Floor, Timestamp)), Failure> {
    let today = wiring::now().to_utc().date_naive();
    let live = today.checked_sub_days(Days::new(BEHIND_DAYS)).context("a date")?;
    let start = live.checked_sub_days(Days::new(u64::from(arguments.history))).context("a date")?;
    let scenario = Scenario {
        seed: arguments.seed,
        start_day: Day::from_date(start),
        days: None,
        office_hours: false,
        ..Scenario::demo()
    };
    let floor = Floor::new(&scenario).map_err(|error| anyhow!(error))?;
    let mut settings = Settings { pipelines: floor.pipelines().as_slice().to_vec(), ..Settings::default() };
    settings.organisation.reporting_currency.clone_from(&scenario.reporting_currency);
    settings.kafka.bootstrap_servers = bootstrap.to_owned();
    settings.serve.listen = arguments.listen;
    settings.snapshots.store = folder.join("snapshots").display().to_string();
    settings.snapshots.interval_seconds = 10;
    settings.contests = contests(Day::from_date(live));
    let live = live.and_hms_opt(9, 0, 0).context("a time")?.and_utc().timestamp_micros();
    let live = Timestamp::from_micros(live).context("a time")?;
    Ok((settings, (floor, live)))
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

/// The in-process broker. It is tied to the thread that makes it, so it gets one of its own.
struct Broker {
    bootstrap: String,
    end: Option<std::sync::mpsc::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Broker {
    fn start() -> anyhow::Result<Self> {
        let topics = Settings::default().topics;
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("broker".to_owned()).spawn(move || {
            let cluster = MockCluster::new(1).and_then(|cluster| {
                for (topic, partitions) in [
                    (&topics.deals.name, PARTITIONS),
                    (&topics.activities.name, PARTITIONS),
                    (&topics.reference.name, 1),
                    (&topics.dead_letters, 1),
                ] {
                    cluster.create_topic(topic, partitions, 1)?;
                }
                Ok(cluster)
            });
            match cluster {
                Ok(cluster) => {
                    let _ = tell.send(Ok(cluster.bootstrap_servers()));
                    // Until the demo is over: the channel is closed then.
                    let _ = ended.recv();
                }
                Err(error) => {
                    let _ = tell.send(Err(error));
                }
            }
        })?;
        let bootstrap =
            told.recv().context("the in-process broker died")?.context("the in-process broker")?;
        Ok(Self { bootstrap, end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Time on the floor: faster than outside, and never ahead of it.
#[derive(Clone)]
struct FloorTime {
    live: Timestamp,
    started: Instant,
    speed: u32,
}

impl FloorTime {
    fn new(live: Timestamp, speed: u32) -> Self {
        Self { live, started: Instant::now(), speed }
    }

    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        let micros = self.live.micros().saturating_add(passed.saturating_mul(i64::from(self.speed)));
        Timestamp::from_micros(micros.min(wiring::now().micros())).unwrap_or(self.live)
    }

    fn clock(&self) -> Clock {
        let time = self.clone();
        Arc::new(move || time.now())
    }
}

/// The thread that plays the floor into the broker.
struct Producing {
    thread: std::thread::JoinHandle<anyhow::Result<u64>>,
    sent: Arc<AtomicU64>,
    history_until: Arc<AtomicI64>,
}

impl Producing {
    fn start(
        settings: &Settings,
        mut floor: Floor,
        time: &FloorTime,
        stop: Arc<AtomicBool>,
    ) -> anyhow::Result<Self> {
        let (kafka, topics, time) = (settings.kafka.clone(), settings.topics.clone(), time.clone());
        let sent = Arc::new(AtomicU64::new(0));
        let history_until = Arc::new(AtomicI64::new(0));
        let (counter, reached) = (sent.clone(), history_until.clone());
        let thread = std::thread::Builder::new().name("floor".to_owned()).spawn(move || {
            let producer = RecordProducer::connect(&kafka)?;
            let send = |topic: &str, record: &Record<'_>| {
                let (key, value) = (record.message_key(), json(record));
                let record = NewRecord {
                    timestamp_millis: None,
                    key: Some(key.as_bytes()),
                    value: Some(&value),
                    headers: &[],
                };
                producer.send(&topic.into(), None, record)
            };
            for record in floor.reference() {
                send(&topics.reference.name, &Record::Reference(record))?;
            }
            while !stop.load(Ordering::Relaxed) {
                // A day at a time, so that history does not wait in memory and the stop is noticed.
                let next_day =
                    reached.load(Ordering::Relaxed).max(floor.next_at().map_or(0, Timestamp::micros))
                        + 86_400 * MICROS_PER_SECOND;
                let until = Timestamp::from_micros(next_day.min(time.now().micros()))?;
                for event in floor.advance(until) {
                    let topic = match &event {
                        model::Event::Deal(_) => &topics.deals.name,
                        model::Event::Activity(_) => &topics.activities.name,
                    };
                    send(topic, &Record::Event(event))?;
                    counter.fetch_add(1, Ordering::Relaxed);
                }
                reached.store(until.micros(), Ordering::Relaxed);
                if until.micros() < next_day {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            producer.flush(Duration::from_secs(30))?;
            Ok(counter.load(Ordering::Relaxed))
        })?;
        Ok(Self { thread, sent, history_until })
    }

    fn has_failed(&self) -> bool {
        self.thread.is_finished()
    }

    fn finish(self) -> anyhow::Result<u64> {
        self.thread.join().map_err(|_| anyhow!("the simulated floor died"))?
    }
}

/// Waits until the board has counted all events that were sent.
fn caught_up(board: &Board, sent: u64) -> bool {
    let reference_topic = Settings::default().topics.reference.name;
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        let positions = board.positions();
        let counted: i64 = positions
            .iter()
            .filter(|(_, topic, _)| **topic != *reference_topic)
            .map(|(_, _, offset)| offset.0)
            .sum();
        if counted.cast_unsigned() >= sent {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

/// What is drawn in the terminal; where there is none, a few lines now and then.
struct Screen {
    is_terminal: bool,
    drawn_at: Option<Instant>,
    sent_then: u64,
}

impl Screen {
    fn new() -> Self {
        Self { is_terminal: std::io::stdout().is_terminal(), drawn_at: None, sent_then: 0 }
    }

    fn draw(&mut self, board: &Board, time: &FloorTime, producing: &Producing) -> anyhow::Result<()> {
        let interval = if self.is_terminal { DRAW_INTERVAL } else { PRINT_INTERVAL };
        if self.drawn_at.is_some_and(|at| at.elapsed() < interval) {
            return Ok(());
        }
        let sent = producing.sent.load(Ordering::Relaxed);
        let seconds = self.drawn_at.map_or(0.0, |at| at.elapsed().as_secs_f64());
        let rate = if seconds > 0.0 {
            f64::from(u32::try_from(sent - self.sent_then).unwrap_or(u32::MAX)) / seconds
        } else {
            0.0
        };
        (self.drawn_at, self.sent_then) = (Some(Instant::now()), sent);
        let is_history = producing.history_until.load(Ordering::Relaxed) < time.live.micros();
        let phase = if is_history { "history is being folded" } else { "live" };
        let status = format!("{phase}, {sent} events sent, {rate:.0} a second");
        let text = picture(board, time.now(), &status);
        if self.is_terminal { show(&format!("\x1b[2J\x1b[H{text}")) } else { show(&text) }
    }

    fn draw_last(&self, board: &Board, time: &FloorTime) -> anyhow::Result<()> {
        show(&picture(board, time.now(), "the end"))
    }
}

fn picture(board: &Board, now: Timestamp, status: &str) -> String {
    let today = board.calendar().day_of(now);
    let month = board.calendar().period_of(PeriodKind::Month, today);
    let mut text =
        format!("── Tallyboard ── {} on the floor ── {status}\n", now.to_utc().format("%Y-%m-%d %H:%M"));
    let figures: Vec<String> = board
        .kpis(&Scope::Company, Some(month), now)
        .iter()
        .chain(&board.kpis(&Scope::Company, None, now))
        .filter(|value| ["won_amount", "won_deals", "win_rate", "open_amount"].contains(&value.kpi.name))
        .map(|value| format!("{} {}", value.kpi.name.replace('_', " "), leaderboard::value(value)))
        .collect();
    text.push_str(&format!("{}: {}\n", board.calendar().name(month), figures.join("   ")));
    if let Some(kpi) = kpi::find("won_amount")
        && let Some(ranking) = board.leaderboard(kpi, Some(month), Group::Reps, Order::Descending, 10, now)
    {
        text.push_str(&leaderboard::ranking(&ranking.rows));
    }
    text.push('\n');
    text
}
