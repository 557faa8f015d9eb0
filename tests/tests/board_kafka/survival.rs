//! A service that is killed ten times while it reads events that come twice and in any order: its numbers are those of
//! the same events, once and in order.

use std::time::{Duration, Instant};

use crate::document::Compared;
use crate::{document, maven, scenario};
use anyhow::ensure;
use codec::{Carries, Decoder, Record};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use salesfloor::disorder::{duplicate, shuffle};
use serde_json::Value;
use tallyboard_end_to_end::{
    Configuration, Exposition, Finished, Kafka, Message, Sender, Service, Topics, eventually, if_there,
    in_workspace, promtool_check, require, shared_data, tallyboard, tell,
};

const BOUND: Duration = Duration::from_secs(60);
const PARTITIONS: usize = 6;
const KILLS: usize = 10;
/// How long events trickle in before the last moments of a life, in milliseconds: longer and shorter than it takes until
/// the next snapshot.
const TRICKLE_MS: std::ops::Range<u64> = 100..1_500;
const TRICKLE_PAUSE: Duration = Duration::from_millis(20);
/// How many events a slice has for each time that events trickle in.
const TRICKLE: usize = 20;
/// How many times, in the last moments, many events are sent at once.
const BURSTS: usize = 4;
/// How long it is waited for a burst's first events to be counted.
const BURST_PATIENCE: Duration = Duration::from_millis(500);

/// Compares what a service answers with what is expected.
type Compare<'c> = dyn Fn(&dyn Fn(&str) -> Value) -> Compared + 'c;

/// What a service is to survive on.
struct Ordeal {
    name: &'static str,
    year: &'static str,
    seed: u64,
    configuration: Configuration,
    reference: Vec<Message>,
    /// Events, each twice and in any order, with whether they are of deals.
    events: Vec<(bool, Message)>,
}

/// How it went.
#[derive(Debug, Default)]
struct Outcome {
    /// Kills at which a part of a burst was on the board, and not all of it.
    kills_halfway: usize,
    /// Starts after a kill at which a partition or more came from a snapshot.
    starts_from_snapshots: usize,
    compared: Compared,
}

impl Ordeal {
    fn new(
        kafka: &Kafka,
        (name, year): (&'static str, &'static str),
        format: &str,
        pipelines: impl serde::Serialize,
        time_zone: &str,
    ) -> anyhow::Result<Ordeal> {
        let mut configuration = Configuration::new(kafka, name, format)?;
        configuration.set("organisation.time_zone", time_zone)?;
        configuration.set("pipelines", pipelines)?;
        configuration.set("snapshots.interval_seconds", 1)?;
        // In any order, the first day may come after the last.
        configuration.set("fold.activity_horizon_days", 400)?;
        // Small batches, so that a kill falls between two; and the group soon notices who is dead.
        configuration.set("kafka.batch_records_max", 50)?;
        configuration.set_kafka_property("session.timeout.ms", "2000")?;
        configuration.set_kafka_property("heartbeat.interval.ms", "500")?;
        Ok(Ordeal { name, year, seed: 0, configuration, reference: Vec::new(), events: Vec::new() })
    }

    /// Takes the records over; events come twice, in an order that the seed decides.
    fn fill<'r>(
        &mut self,
        seed: u64,
        records: impl IntoIterator<Item = Record<'r>>,
        encode: fn(&Record<'_>) -> Vec<u8>,
    ) {
        self.seed = seed;
        let mut events = Vec::new();
        for record in records {
            let message = Message {
                key: Some(record.message_key().as_bytes().to_vec()),
                payload: Some(encode(&record)),
                ..Message::default()
            };
            match record {
                Record::Event(event) => events.push((matches!(event, model::Event::Deal(_)), message)),
                Record::Reference(_) => self.reference.push(message),
            }
        }
        self.events = shuffle(duplicate(&events, 2), seed);
    }

    /// Kills the service again and again while events are sent, and compares what it says in the end.
    fn endure(&self, kafka: &Kafka, compare: &Compare<'_>) -> anyhow::Result<Outcome> {
        let topics = self.configuration.topics();
        kafka.create_topic(&topics.deals, PARTITIONS, &[])?;
        kafka.create_topic(&topics.activities, PARTITIONS, &[])?;
        kafka.create_topic(&topics.reference, 1, &[("cleanup.policy", "compact")])?;
        kafka.send(&topics.reference, &self.reference)?;

        let mut log = Log { sender: kafka.sender()?, topics, sent: 0 };
        let mut outcome = Outcome::default();
        let mut dice = ChaCha8Rng::seed_from_u64(self.seed);
        let mut slices = self.events.chunks(self.events.len().div_ceil(KILLS + 1));
        for kill in 1..=KILLS {
            let slice = slices.next().unwrap_or_default();
            let trickle = Duration::from_millis(dice.random_range(TRICKLE_MS));
            self.live_and_die(&mut log, slice, trickle, kill == KILLS, &mut outcome)?;
        }
        // How soon a kill follows a burst is left to the machine, but that none of them hits the middle is no luck.
        ensure!(outcome.kills_halfway > 0, "no kill fell between the first and the last event in the log");
        let rest = slices.next().unwrap_or_default();
        self.live_on(&mut log, rest, compare, &mut outcome)?;
        Ok(outcome)
    }

    /// One life: it ends by SIGKILL while it reads a slice of the events, of which the last come when it is dead.
    fn live_and_die(
        &self,
        log: &mut Log<'_>,
        slice: &[(bool, Message)],
        trickle: Duration,
        is_last: bool,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let mut service = Service::spawn(&self.configuration.service()?)?;
        eventually("the assignment of partitions", BOUND, || {
            let owned = metrics(&service)?.sum("tallyboard_partitions_owned", &[]);
            ensure!(
                owned == PARTITIONS as f64,
                "{owned} partitions are owned\n{}",
                service.process().log_tail()
            );
            Ok(())
        })?;
        let (trickling, bursting) = slice.split_at(slice.len() / 3);
        let mut trickling = trickling.chunks(TRICKLE);
        let until = Instant::now() + trickle;
        while Instant::now() < until {
            log.send(trickling.next().unwrap_or_default())?;
            std::thread::sleep(TRICKLE_PAUSE);
        }
        if is_last {
            // So that there is something to restore, however slow the machine is.
            eventually("a snapshot of each partition", BOUND, || {
                let snapshots = metrics(&service)?.by("tallyboard_snapshot_size_bytes", "partition");
                ensure!(snapshots.len() == PARTITIONS, "there are {}", snapshots.len());
                Ok(())
            })?;
        }
        let restored = restored_from_snapshots(&metrics(&service)?);
        outcome.starts_from_snapshots += usize::from(restored > 0.0);
        let mut bursts = bursting.chunks(bursting.len().div_ceil(BURSTS).max(1));
        for burst in bursts.by_ref().take(BURSTS - 1) {
            log.begin(burst)?;
            let until = Instant::now() + BURST_PATIENCE;
            let mut folded = 0;
            while folded <= log.sent && Instant::now() < until {
                folded = self.folded(&service)?;
            }
            let is_halfway = log.sent < folded && folded < log.sent + burst.len();
            if is_halfway {
                service.kill_hard()?;
                outcome.kills_halfway += 1;
            }
            log.end(burst)?;
            if is_halfway {
                break;
            }
        }
        service.kill_hard()?;
        for events in trickling.chain(bursts) {
            log.send(events)?;
        }
        Ok(())
    }

    /// The last life: it ends in order, and the next one finds everything done.
    fn live_on(
        &self,
        log: &mut Log<'_>,
        rest: &[(bool, Message)],
        compare: &Compare<'_>,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let options = self.configuration.service()?;
        let mut service = Service::start(&options)?;
        log.send(rest)?;
        self.wait_folded(&service)?;
        let page = metrics(&service)?;
        assert_eq!(
            restored_from_snapshots(&page),
            PARTITIONS as f64,
            "{}: restored from snapshots",
            self.name
        );
        assert_eq!(page.sum("tallyboard_dead_letters_total", &[]), 0.0, "{}: dead letters", self.name);
        outcome.compared = compare(&|path| service.get_json(path).unwrap());
        let before = self.numbers(&service)?;
        check_page(&format!("survival: promtool reads the page of {}", self.name), &service)?;
        let status = service.terminate()?;
        assert_eq!(status.code(), Some(0), "{}", service.process().log_tail());

        let mut service = Service::start(&options)?;
        self.wait_folded(&service)?;
        let page = metrics(&service)?;
        assert_eq!(restored_from_snapshots(&page), PARTITIONS as f64, "{}: restored at the end", self.name);
        assert_eq!(page.sum("tallyboard_events_total", &[]), 0.0, "{}: events read once more", self.name);
        assert_eq!(self.numbers(&service)?, before, "{}: after the last start", self.name);
        assert_eq!(service.terminate()?.code(), Some(0), "{}", service.process().log_tail());
        Ok(())
    }

    /// The company's numbers of the year that has most of them.
    fn numbers(&self, service: &Service) -> anyhow::Result<Value> {
        Ok(service.get_json(&document::path("company", None, self.year))?["kpis"].take())
    }

    fn folded(&self, service: &Service) -> anyhow::Result<usize> {
        let topics = self.configuration.topics();
        Ok(service.folded(&topics.deals)? + service.folded(&topics.activities)?)
    }

    fn wait_folded(&self, service: &Service) -> anyhow::Result<()> {
        let topics = self.configuration.topics();
        let deals = self.events.iter().filter(|(of_deal, _)| *of_deal).count();
        service.wait_folded(&topics.deals, deals, BOUND)?;
        service.wait_folded(&topics.activities, self.events.len() - deals, BOUND)
    }

    fn tell(&self, outcome: &Outcome, started: Instant) {
        let Outcome { kills_halfway, starts_from_snapshots, compared } = outcome;
        tell(&format!(
            "survival: {}: {} events sent in any order, each twice; {KILLS} kills, {kills_halfway} of them with a part of \
             the log on the board, {starts_from_snapshots} of those lives began from snapshots; \
             {} documents or rows with {} figures are as expected; {:.1} s",
            self.name,
            self.events.len(),
            compared.rows,
            compared.figures,
            started.elapsed().as_secs_f32()
        ));
    }
}

/// Where events go.
struct Log<'t> {
    sender: Sender,
    topics: &'t Topics,
    sent: usize,
}

impl Log<'_> {
    fn send(&mut self, events: &[(bool, Message)]) -> anyhow::Result<()> {
        self.begin(events)?;
        self.end(events)
    }

    /// Lets events go, and does not wait until they are there.
    fn begin(&mut self, events: &[(bool, Message)]) -> anyhow::Result<()> {
        for (topic, is_deals) in [(&self.topics.deals, true), (&self.topics.activities, false)] {
            let of_topic = events.iter().filter(|(of_deal, _)| *of_deal == is_deals);
            self.sender.enqueue(topic, of_topic.map(|(_, message)| message))?;
        }
        Ok(())
    }

    fn end(&mut self, events: &[(bool, Message)]) -> anyhow::Result<()> {
        self.sender.wait()?;
        self.sent += events.len();
        Ok(())
    }
}

fn metrics(service: &Service) -> anyhow::Result<Exposition> {
    Exposition::read(&service.get_text("/metrics")?)
}

fn restored_from_snapshots(page: &Exposition) -> f64 {
    page.sum("tallyboard_restore_duration_seconds_count", &[("source", "snapshot")])
}

/// Prometheus' own linter on the page of a service that has lived.
fn check_page(test: &str, service: &Service) -> anyhow::Result<()> {
    let page = service.get_text("/metrics")?;
    if let Some(Finished { status, stdout, stderr }) = require(test, || promtool_check(&page)) {
        assert!(status.success(), "promtool: {status}: {stdout}{stderr}");
    }
    Ok(())
}

#[test]
fn a_simulated_year_survives_ten_kills() {
    const TEST: &str = "survival: a simulated year survives ten kills";
    let Some(kafka) = require(TEST, Kafka::shared) else { return };
    let started = Instant::now();
    let floor = scenario::SalesFloor::new(20_250_106, 365);
    let mut ordeal =
        Ordeal::new(kafka, ("year", "2025"), "json", floor.pipelines.as_slice(), scenario::TIME_ZONE)
            .unwrap();
    let first_month = scenario::FISCAL_YEAR_FIRST_MONTH;
    ordeal.configuration.set("organisation.fiscal_year_first_month", first_month).unwrap();
    let events = floor.events.iter().cloned().map(Record::Event);
    let records = floor.reference.iter().cloned().map(Record::Reference).chain(events);
    ordeal.fill(1, records, codec::encode::json);
    let outcome = ordeal.endure(kafka, &|ask| floor.compare(ask)).unwrap();
    ordeal.tell(&outcome, started);
}

/// In plain Avro, and as a static member of its group, as in a stateful set: it is back at once.
#[test]
fn the_opportunity_table_survives_ten_kills() {
    const TEST: &str = "survival: the opportunity table survives ten kills";
    let Some(data) = if_there(TEST, || shared_data("maven_crm")) else { return };
    let Some(kafka) = require(TEST, Kafka::shared) else { return };
    let started = Instant::now();
    let mapping = in_workspace("examples/import/opportunity-table.toml");
    let input = |name: &str, file: &str| format!("{name}={}", data.join(file).display());
    let (opportunities, teams) =
        (input("opportunities", "sales_pipeline.csv"), input("teams", "sales_teams.csv"));
    let arguments =
        ["import", "--mapping", mapping.to_str().unwrap(), "--input", &opportunities, "--input", &teams];
    let lines = tallyboard(&arguments).and_then(Finished::success).unwrap();
    let mut decoder = Decoder::json(Carries::Anything);
    let records: Vec<Record<'static>> =
        lines.lines().map(|line| decoder.decode(line.as_bytes()).unwrap().into_owned()).collect();

    let mut ordeal =
        Ordeal::new(kafka, ("maven", "2017"), "avro", maven::pipelines(), maven::TIME_ZONE).unwrap();
    ordeal.configuration.set_kafka_property("group.instance.id", "board-1").unwrap();
    ordeal.fill(2, records, codec::encode::Avro::plain);
    let oracle = maven::Oracle::read(&data);
    let outcome = ordeal.endure(kafka, &|ask| oracle.compare(ask)).unwrap();
    ordeal.tell(&outcome, started);
}
