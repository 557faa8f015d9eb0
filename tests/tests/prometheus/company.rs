//! A company in whose log a second half turns up that is stuck.
//!
//! The first half has sold for five weeks, quickly and without trouble. The second half began a week ago, and none of its deals
//! has left the stage `proposal`. Both are simulated; their events are written into Kafka when the test says so.

use std::collections::BTreeMap;

use codec::Record;
use codec::encode::json;
use model::{Day, DealEvent, Event, Pipelines, Timestamp};
use salesfloor::{Bottleneck, Floor, Scenario};
use tallyboard_end_to_end::{Message, now_ms};

/// Where the deals of the second half wait.
pub(super) const STAGE: &str = "proposal";
const NEXT_STAGE: &str = "negotiation";
/// A deal is stalled in [`STAGE`] after so many days, which is several times as long as usual.
const LIMIT_DAYS: u32 = 3;
/// A usual sale takes some three days instead of seven weeks: deals that wait soon show.
const HASTE: f64 = 0.06;
const FIRST_HALF_DAYS: i32 = 35;
const SECOND_HALF_DAYS: i32 = 8;
/// So many of the newest deals still wait when the others have gone on.
const LEFT_WAITING: usize = 3;

pub(super) struct Company {
    now: Timestamp,
    first: Floor,
    second: Floor,
    /// The newest event of each deal that was told, in the order in which they came.
    newest: BTreeMap<String, (usize, DealEvent<'static>)>,
    told: usize,
}

impl Company {
    pub(super) fn new() -> anyhow::Result<Company> {
        let now = Timestamp::from_micros(now_ms() * 1_000)?;
        let today = Day::from_date(now.to_utc().date_naive());
        let first = floor(1, Day(today.0 - FIRST_HALF_DAYS), None)?;
        let jam = Bottleneck { stage: STAGE.to_owned(), from_day: 0, to_day: 365, held_percent: 100 };
        let second = floor(2, Day(today.0 - SECOND_HALF_DAYS), Some(jam))?;
        Ok(Company { now, first, second, newest: BTreeMap::new(), told: 0 })
    }

    pub(super) fn pipelines(&self) -> &Pipelines {
        self.first.pipelines()
    }

    /// A time zone in which a day of the month has passed, at least.
    pub(super) fn time_zone(&self) -> &'static str {
        // As in 2026-11-24T19:02:35Z.
        match self.now.to_string().get(8..13) {
            Some(
                "01T00" | "01T01" | "01T02" | "01T03" | "01T04" | "01T05" | "01T06" | "01T07" | "01T08"
                | "01T09" | "01T10",
            ) => "Pacific/Pago_Pago",
            Some(early) if early.starts_with("01") => "Pacific/Kiritimati",
            _ => "UTC",
        }
    }

    pub(super) fn reference(&self) -> Vec<Message> {
        self.first.reference().into_iter().map(|record| message(&Record::Reference(record))).collect()
    }

    /// All that has happened in the first half.
    pub(super) fn first_half(&mut self) -> Vec<Message> {
        let events = self.first.advance(self.now);
        self.tell(events)
    }

    /// All that has happened in the second half.
    pub(super) fn second_half(&mut self) -> Vec<Message> {
        let events = self.second.advance(self.now).into_iter().map(|event| match event {
            Event::Deal(mut deal) => {
                deal.deal_id = format!("second-{}", deal.deal_id).into();
                Event::Deal(deal)
            }
            other @ Event::Activity(_) => other,
        });
        self.tell(events.collect())
    }

    /// What waits goes on now, but for the newest.
    pub(super) fn clearing(&mut self) -> anyhow::Result<Vec<Message>> {
        let mut waiting: Vec<_> =
            self.newest.values().filter(|(_, deal)| deal.stage == STAGE && !deal.deleted).cloned().collect();
        waiting.sort_by_key(|(order, deal)| (deal.occurred_at, *order));
        waiting.truncate(waiting.len().saturating_sub(LEFT_WAITING));
        let now = Timestamp::from_micros(now_ms() * 1_000)?;
        let on = waiting.into_iter().map(|(_, deal)| {
            Event::Deal(DealEvent {
                event_id: format!("{}-on", deal.event_id).into(),
                stage: NEXT_STAGE.into(),
                occurred_at: now,
                version: deal.version.map(|version| version + 1),
                ..deal
            })
        });
        Ok(self.tell(on.collect()))
    }

    fn tell(&mut self, events: Vec<Event<'static>>) -> Vec<Message> {
        let mut messages = Vec::new();
        for event in events {
            if let Event::Deal(deal) = &event {
                self.newest.insert(deal.deal_id.to_string(), (self.told, deal.clone()));
                self.told += 1;
            }
            messages.push(message(&Record::Event(event)));
        }
        messages
    }
}

fn floor(seed: u64, start_day: Day, bottleneck: Option<Bottleneck>) -> anyhow::Result<Floor> {
    let mut scenario = Scenario {
        seed,
        start_day,
        days: None,
        deals_per_day: 100,
        activities: Vec::new(),
        office_hours: false,
        bottleneck,
        ..Scenario::demo()
    };
    for stage in scenario.pipelines.iter_mut().flat_map(|pipeline| &mut pipeline.stages) {
        stage.typical_days *= HASTE;
        if stage.name == STAGE {
            stage.limit_days = Some(LIMIT_DAYS);
        }
    }
    Ok(Floor::new(&scenario)?)
}

fn message(record: &Record<'_>) -> Message {
    Message {
        key: Some(record.message_key().as_bytes().to_vec()),
        payload: Some(json(record)),
        ..Message::default()
    }
}
