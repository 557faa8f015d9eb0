//! The generator: events of a scenario in order of event time.
//!
//! The agenda holds one entry per deal in motion, per rep and per activity with more to tell; whatever is due first
//! happens first. How the events are asked for, one by one or up to moments, does not change them.

use model::{Event, Pipelines, ReferenceRecord, Timestamp};

use crate::activities::Activities;
use crate::agenda::Agenda;
use crate::deals::Deals;
use crate::dice::{Dice, MICROS_PER_DAY};
use crate::records;
use crate::scenario::{Scenario, ScenarioError};
use crate::staff::{Company, start_micros};

/// The stream of chance of everything that happens.
const FLOOR_STREAM: u64 = 3;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A new deal turns up.
    Arrival,
    /// The next change of the deal in a slot.
    Deal(u32),
    /// A rep's next activity.
    Activity(u32),
    /// What is still to be told of an activity.
    Echo(u32),
}

/// A sales floor on which time passes as events are taken.
pub struct Floor {
    scenario: Scenario,
    pipelines: Pipelines,
    company: Company,
    deals: Deals,
    activities: Activities,
    dice: Dice,
    agenda: Agenda<Due>,
    told: u64,
    arrival_gap_micros: Option<i64>,
    /// Nothing happens from here on.
    end_micros: i64,
}

impl Floor {
    /// The floor of a scenario, before anything has happened on it.
    ///
    /// # Errors
    /// What in the scenario cannot be; a retry gives the same answer.
    pub fn new(scenario: &Scenario) -> Result<Self, ScenarioError> {
        scenario.check()?;
        let start = start_micros(scenario.start_day);
        let end =
            scenario.days.map_or(i64::MAX, |days| start.saturating_add(i64::from(days) * MICROS_PER_DAY));
        let mut floor = Self {
            pipelines: scenario.pipelines()?,
            company: Company::new(scenario)?,
            deals: Deals::new(scenario)?,
            activities: Activities::new(scenario),
            dice: Dice::new(scenario.seed, FLOOR_STREAM),
            agenda: Agenda::new(),
            told: 0,
            arrival_gap_micros: MICROS_PER_DAY.checked_div(i64::from(scenario.deals_per_day)),
            end_micros: end,
            scenario: scenario.clone(),
        };
        floor.await_arrival(start);
        for rep in 0..scenario.reps {
            let started_on = floor.company.reps[rep as usize].started_on;
            let from = started_on.map_or(start, |day| start_micros(day).max(start));
            floor.await_activity(from, rep);
        }
        Ok(floor)
    }

    /// The pipelines of the scenario.
    #[must_use]
    pub const fn pipelines(&self) -> &Pipelines {
        &self.pipelines
    }

    /// The reference records: territories, reps, exchange rates, quotas and goals, each key once. Periods are named
    /// by quarters, months and years of the calendar year.
    #[must_use]
    pub fn reference(&self) -> Vec<ReferenceRecord> {
        records::reference(&self.scenario, &self.company)
    }

    /// The next event, at or after the time of the one before; none when the scenario is over.
    pub fn next_event(&mut self) -> Option<Event<'static>> {
        while let Some((at_micros, due)) = self.agenda.pop() {
            if let Some(event) = self.happen(at_micros, due) {
                return Some(event);
            }
        }
        None
    }

    /// All further events up to a moment and at it. History first, then live: the events of two calls are those of
    /// one.
    pub fn advance(&mut self, until: Timestamp) -> Vec<Event<'static>> {
        let mut events = Vec::new();
        while self.agenda.first_micros().is_some_and(|at| at <= until.micros()) {
            if let Some((at_micros, due)) = self.agenda.pop() {
                events.extend(self.happen(at_micros, due));
            }
        }
        events
    }

    /// No event happens before this moment; none when the scenario is over.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        Timestamp::from_micros(self.agenda.first_micros()?).ok()
    }

    fn happen(&mut self, at_micros: i64, due: Due) -> Option<Event<'static>> {
        let at = Timestamp::from_micros(at_micros).ok()?;
        match due {
            Due::Arrival => {
                let (slot, territory) = self.deals.open(at_micros, &self.company, &mut self.dice);
                let created = self.company.working_time(at_micros, at_micros, territory, &mut self.dice);
                self.enqueue(created, Due::Deal(slot));
                self.await_arrival(at_micros);
                None
            }
            Due::Deal(slot) => {
                let event_id = self.event_id();
                let step = self.deals.step(slot, at, event_id, &self.company, &mut self.dice)?;
                if let Some((rep, deal_number)) = step.engaged {
                    self.activities.work_on(rep, deal_number);
                }
                if let Some(next) = step.next {
                    self.enqueue(next, Due::Deal(slot));
                }
                Some(Event::Deal(step.event))
            }
            Due::Activity(rep) => {
                let event_id = self.event_id();
                let begun = self.activities.begin(rep, at, event_id, &self.company, &mut self.dice);
                if let Some((due, slot)) = begun.echo {
                    self.enqueue(due, Due::Echo(slot));
                }
                self.await_activity(at_micros, rep);
                Some(Event::Activity(begun.event))
            }
            Due::Echo(slot) => {
                let event_id = self.event_id();
                self.activities.echo(slot, at, event_id).map(Event::Activity)
            }
        }
    }

    fn await_arrival(&mut self, now_micros: i64) {
        if let Some(gap) = self.arrival_gap_micros {
            let waiting = self.dice.waiting(gap);
            self.enqueue(now_micros + waiting, Due::Arrival);
        }
    }

    fn await_activity(&mut self, now_micros: i64, rep: u32) {
        if let Some(at) = self.activities.next_after(now_micros, rep, &self.company, &mut self.dice) {
            self.enqueue(at, Due::Activity(rep));
        }
    }

    fn enqueue(&mut self, at_micros: i64, due: Due) {
        if at_micros < self.end_micros && Timestamp::from_micros(at_micros).is_ok() {
            self.agenda.push(at_micros, due);
        }
    }

    /// Unique within the scenario, and in no order that a reader could lean on, as ids from elsewhere are not.
    fn event_id(&mut self) -> String {
        self.told += 1;
        format!("{:016x}", mixed(self.told ^ self.scenario.seed.rotate_left(32)))
    }
}

impl Iterator for Floor {
    type Item = Event<'static>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_event()
    }
}

/// A permutation of all 64-bit numbers (the finaliser of SplitMix64).
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
