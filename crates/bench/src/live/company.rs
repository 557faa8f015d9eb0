//! The demo's company in a real Kafka, with `tallyboard serve` behind it, and its events at the demo's pace.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use codec::Record;
use codec::encode::json;
use model::{Currency, Day, DealEvent, Event, MICROS_PER_SECOND, Money, Timestamp};
use salesfloor::{Floor, Scenario};
use tallyboard_end_to_end::{
    Configuration, Exposition, Kafka, KafkaOptions, Message, Sender, Service, Topics, now_ms,
};

const PARTITIONS: usize = 6;
const DEALS_PER_DAY: u32 = 32;
/// Seconds that pass on the floor in one.
const SPEED: i64 = 600;
/// The history ends so many days ago, so that the floor's time stays behind the machine's.
const BEHIND_DAYS: i32 = 3;
const LOAD_BOUND: Duration = Duration::from_secs(120);
/// How often the floor goes on.
const PAUSE: Duration = Duration::from_millis(10);

/// Whoever wins the deals that are measured, and nothing else.
pub(super) const REP: &str = "the-winner";
/// By how much each of them raises the won amount, in whole units of money: far more than all else that is won meanwhile.
pub(super) const STEP: i64 = 10_000_000;

pub(super) struct Company {
    pub(super) service: Service,
    // Before the broker, which goes last.
    sender: Sender,
    topics: Topics,
    floor: Floor,
    territory: String,
    live: Timestamp,
    started: Instant,
    won: u64,
    _configuration: Configuration,
    _kafka: Kafka,
}

impl Company {
    /// With so many days of history, all of them counted.
    pub(super) fn start(history_days: i32) -> Result<Self> {
        let kafka = Kafka::start(&KafkaOptions::default())?;
        let live =
            Timestamp::from_micros(now_ms() * 1_000 - i64::from(BEHIND_DAYS) * 86_400 * MICROS_PER_SECOND)?;
        let scenario = Scenario {
            start_day: Day(Day::from_date(live.to_utc().date_naive()).0 - history_days),
            days: None,
            deals_per_day: DEALS_PER_DAY,
            months_have_quotas: true,
            office_hours: false,
            ..Scenario::demo()
        };
        let mut floor = Floor::new(&scenario)?;
        let mut configuration = Configuration::new(&kafka, "bench", "json")?;
        configuration.set("organisation.reporting_currency", &scenario.reporting_currency)?;
        configuration.set("pipelines", floor.pipelines().as_slice())?;
        let topics = configuration.topics().clone();
        let keep = [("retention.ms", "-1")];
        kafka.create_topic(&topics.deals, PARTITIONS, &keep)?;
        kafka.create_topic(&topics.activities, PARTITIONS, &keep)?;
        kafka.create_topic(&topics.reference, 1, &[("cleanup.policy", "compact")])?;
        let sender = kafka.sender()?;
        let reference: Vec<Message> =
            floor.reference().into_iter().map(|record| message(&Record::Reference(record))).collect();
        sender.send(&topics.reference, &reference)?;
        let events = floor.advance(live);
        let territory = events.iter().find_map(|event| match event {
            Event::Deal(deal) => Some(deal.territory_id.to_string()),
            Event::Activity(_) => None,
        });
        let counts = send(&sender, &topics, events)?;
        sender.wait()?;
        let service = Service::start(&configuration.service()?)?;
        service.wait_folded(&topics.deals, counts[0], LOAD_BOUND)?;
        service.wait_folded(&topics.activities, counts[1], LOAD_BOUND)?;
        let mut company = Self {
            service,
            sender,
            topics,
            floor,
            territory: territory.context("the history has no deal")?,
            live,
            started: Instant::now(),
            won: 0,
            _configuration: configuration,
            _kafka: kafka,
        };
        // Whoever has won nothing yet is not in sight.
        company.win()?;
        Ok(company)
    }

    /// Lets the floor go on for so long, at the demo's pace.
    pub(super) fn go_on(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        loop {
            let passed = i64::try_from(self.started.elapsed().as_micros())?;
            let events = self.floor.advance(Timestamp::from_micros(self.live.micros() + passed * SPEED)?);
            send(&self.sender, &self.topics, events)?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(PAUSE));
        }
    }

    /// Wins a deal; when it was handed to the producer and when the broker had it, in milliseconds since 1970.
    pub(super) fn win(&mut self) -> Result<(i64, i64)> {
        self.won += 1;
        let event = DealEvent {
            event_id: format!("win-{}", self.won).into(),
            deal_id: format!("W-{}", self.won).into(),
            occurred_at: Timestamp::from_micros(now_ms() * 1_000)?,
            version: None,
            pipeline: "default".into(),
            stage: "won".into(),
            rep_id: REP.into(),
            territory_id: self.territory.clone().into(),
            amount: Some(Money { minor: STEP * 100, currency: Currency::from_code("EUR")? }),
            expected_close: None,
            credits: Vec::new(),
            deleted: false,
        };
        let message = message(&Record::Event(Event::Deal(event)));
        let produced = now_ms();
        self.sender.send(&self.topics.deals, &[message])?;
        Ok((produced, now_ms()))
    }

    pub(super) fn metrics(&self) -> Result<Exposition> {
        Exposition::read(&self.service.get_text("/metrics")?)
    }
}

/// Begins to write events; how many of deals and of activities.
fn send(sender: &Sender, topics: &Topics, events: Vec<Event<'static>>) -> Result<[usize; 2]> {
    let (mut deals, mut activities) = (Vec::new(), Vec::new());
    for event in events {
        let of_kind = if matches!(event, Event::Deal(_)) { &mut deals } else { &mut activities };
        of_kind.push(message(&Record::Event(event)));
    }
    sender.enqueue(&topics.deals, &deals)?;
    sender.enqueue(&topics.activities, &activities)?;
    Ok([deals.len(), activities.len()])
}

fn message(record: &Record<'_>) -> Message {
    Message {
        key: Some(record.message_key().as_bytes().to_vec()),
        payload: Some(json(record)),
        ..Message::default()
    }
}
