//! Deals and activities by the million, cheaply: each event is a pure function of its deal's number and its own, so
//! that nothing but a batch of ids has to be held while the fold is measured.
//!
//! 200 reps in 20 territories, two years of days. A deal has 3 or 4 events: created, moved on, and then won, lost or
//! still open in about equal parts; further events come after those. Must not know what is measured.

use std::borrow::Cow;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use engine::FoldConfig;
use model::{
    ActivityEvent, Calendar, Category, Credit, Currency, Day, DealEvent, Event, MICROS_PER_SECOND, Money,
    Pipeline, Pipelines, Stage, StageKind, Timestamp,
};

const REPS: u64 = 200;
const TERRITORIES: u64 = 20;
/// The days on which deals are created.
const CREATION_DAYS: u64 = 600;
/// 2024-01-01.
const FIRST_DAY: u64 = 19_723;
const SECONDS_PER_DAY: u64 = 86_400;
/// The days on which activities happen: within the horizon in which all of them are held.
const ACTIVITY_DAYS: u64 = 30;

const PIPELINE: &str = "default";
const STAGES: [(&str, StageKind); 6] = [
    ("lead", StageKind::Open),
    ("qualified", StageKind::Open),
    ("proposal", StageKind::Open),
    ("negotiation", StageKind::Open),
    ("won", StageKind::Won),
    ("lost", StageKind::Lost),
];

/// The configuration under which the events are folded; nothing of them is ever late.
pub(crate) fn fold_config() -> Result<FoldConfig> {
    let stages = STAGES
        .map(|(name, kind)| Stage { name: name.to_owned(), kind, limit_days: None, role: None })
        .to_vec();
    Ok(FoldConfig {
        pipelines: Pipelines::new(vec![Pipeline { name: PIPELINE.to_owned(), stages }])?,
        calendar: Calendar::new("Europe/Berlin", 1)?,
        deal_retention_days: 731,
        activity_horizon_days: 35,
        future_tolerance_seconds: 86_400,
        restatements: engine::RestatementRules::default(),
    })
}

/// Which event: of which deal (or activity), and its number there, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) subject: u64,
    pub(crate) number: u64,
}

/// The ids of the events of a batch, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    text: String,
}

/// Bytes of the id of a deal or an activity, and of an event's (a UUID's text).
const SUBJECT_ID_BYTES: usize = 18;
const EVENT_ID_BYTES: usize = 36;

impl Ids {
    /// Makes the ids of these events in place of those before.
    pub(crate) fn fill(&mut self, steps: &[Step]) -> Result<()> {
        self.text.clear();
        for &Step { subject, number } in steps {
            let low = mixed(subject << 16 ^ number ^ 0xe0e0 << 48);
            let high = mixed(low);
            write!(
                self.text,
                "D-{:016x}{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                mixed(subject),
                low >> 32,
                low >> 16 & 0xffff,
                low & 0xffff,
                high >> 48,
                high & 0xffff_ffff_ffff,
            )?;
        }
        Ok(())
    }

    fn of(&self, place: usize) -> (&str, &str) {
        let start = place * (SUBJECT_ID_BYTES + EVENT_ID_BYTES);
        let middle = start + SUBJECT_ID_BYTES;
        (&self.text[start..middle], &self.text[middle..middle + EVENT_ID_BYTES])
    }
}

/// What all events share.
#[derive(Debug)]
pub(crate) struct Workload {
    reps: Vec<String>,
    territories: Vec<String>,
    currencies: [Currency; 2],
}

impl Workload {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            reps: (0..REPS).map(|number| format!("r{number:03}")).collect(),
            territories: (0..TERRITORIES).map(|number| format!("territory-{number}")).collect(),
            currencies: [Currency::from_code("USD")?, Currency::from_code("EUR")?],
        })
    }

    /// How many events a deal has before further ones.
    pub(crate) fn events_of(deal: u64) -> u64 {
        3 + (mixed(deal) >> 8 & 1)
    }

    /// The deal events of these steps, with ids that [`Ids::fill`] has made of the same steps.
    pub(crate) fn deals<'a>(&'a self, steps: &[Step], ids: &'a Ids) -> Result<Vec<Event<'a>>> {
        let deal = |(place, &step)| self.deal(step, ids.of(place)).map(Event::Deal);
        steps.iter().enumerate().map(deal).collect()
    }

    /// The activity events of these steps: number 0 is the activity, a higher one a correction of it.
    pub(crate) fn activities<'a>(&'a self, steps: &[Step], ids: &'a Ids) -> Result<Vec<Event<'a>>> {
        let activity = |(place, &step)| self.activity(step, ids.of(place)).map(Event::Activity);
        steps.iter().enumerate().map(activity).collect()
    }

    fn deal<'a>(&'a self, step: Step, (deal_id, event_id): (&'a str, &'a str)) -> Result<DealEvent<'a>> {
        let Step { subject, number } = step;
        let of_deal = mixed(subject ^ 0xdea1 << 32);
        let of_event = mixed(of_deal ^ number);
        let events = Self::events_of(subject);
        let step_days = 1 + (of_deal >> 16) % 20;
        let later_seconds = if number < events {
            number * step_days * SECONDS_PER_DAY
        } else {
            (events * step_days + 1) * SECONDS_PER_DAY + number * 3_600
        };
        let created_seconds = of_deal % (CREATION_DAYS * SECONDS_PER_DAY);
        let occurred_at = moment(FIRST_DAY * SECONDS_PER_DAY + created_seconds + later_seconds)?;
        let stage = match number {
            0 => 0,
            1 => 1,
            number if number + 1 == events => [2, 4, 5][index(of_deal >> 40, 3)],
            number if number < events => 2,
            _ => [2, 3, 4, 5][index(of_event >> 8, 4)],
        };
        let rep = index(of_deal >> 20, REPS);
        let expected_day = FIRST_DAY + created_seconds / SECONDS_PER_DAY + 60;
        Ok(DealEvent {
            event_id: Cow::Borrowed(event_id),
            deal_id: Cow::Borrowed(deal_id),
            occurred_at,
            version: Some(i64::try_from(number)? + 1),
            pipeline: Cow::Borrowed(PIPELINE),
            stage: Cow::Borrowed(STAGES[stage].0),
            rep_id: Cow::Borrowed(&self.reps[rep]),
            territory_id: Cow::Borrowed(&self.territories[rep % self.territories.len()]),
            amount: Some(Money {
                minor: i64::try_from(10_000 + of_event % 5_000_000)?,
                currency: self.currencies[usize::from(of_deal >> 30 & 3 == 0)],
            }),
            expected_close: Some(Day(i32::try_from(expected_day)?)),
            credits: if (of_deal >> 34).is_multiple_of(10) { self.credits(rep) } else { Vec::new() },
            deleted: false,
        })
    }

    /// A deal that two reps share.
    fn credits(&self, owner: usize) -> Vec<Credit<'_>> {
        let credit = |rep: usize, share_basis_points| Credit {
            rep_id: Cow::Borrowed(self.reps[rep % self.reps.len()].as_str()),
            share_basis_points,
            overlay: false,
        };
        vec![credit(owner, 6_000), credit(owner + 1, 4_000)]
    }

    fn activity<'a>(&'a self, step: Step, (id, event_id): (&'a str, &'a str)) -> Result<ActivityEvent<'a>> {
        let Step { subject, number } = step;
        let of_activity = mixed(subject ^ 0xac71 << 32);
        let rep = index(of_activity >> 20, REPS);
        Ok(ActivityEvent {
            event_id: Cow::Borrowed(event_id),
            activity_id: Cow::Borrowed(id),
            occurred_at: moment(
                FIRST_DAY * SECONDS_PER_DAY + of_activity % (ACTIVITY_DAYS * SECONDS_PER_DAY),
            )?,
            version: Some(i64::try_from(number)? + 1),
            rep_id: Cow::Borrowed(&self.reps[rep]),
            territory_id: Cow::Borrowed(&self.territories[rep % self.territories.len()]),
            deal_id: None,
            category: Category::ALL[index(of_activity >> 40, 7)],
            kind: Cow::Borrowed("call"),
            duration_seconds: u32::try_from(60 + mixed(of_activity ^ number) % 7_200)?,
            retracted: false,
        })
    }
}

/// All events of so many deals: first each deal's first one, then each one's second in another order, and so on, so
/// that every event but the first finds its deal in a random place.
pub(crate) fn build_up(deals: u64) -> impl Iterator<Item = Step> {
    (0..4).flat_map(move |number| {
        let deal_at = move |place| if number == 0 { place } else { scattered(place, deals, number) };
        (0..deals)
            .map(move |place| Step { subject: deal_at(place), number })
            .filter(|step| step.number < Workload::events_of(step.subject))
    })
}

/// One further event for each second deal, in random order.
pub(crate) fn further(deals: u64) -> impl Iterator<Item = Step> {
    (0..deals / 2).map(move |place| {
        let subject = scattered(place, deals, 7);
        Step { subject, number: Workload::events_of(subject) }
    })
}

/// The first events of so many activities.
pub(crate) fn activities(count: u64) -> impl Iterator<Item = Step> {
    (0..count).map(|subject| Step { subject, number: 0 })
}

/// One correction for each second activity, in random order.
pub(crate) fn corrections(count: u64) -> impl Iterator<Item = Step> {
    (0..count / 2).map(move |place| Step { subject: scattered(place, count, 7), number: 1 })
}

/// The number at a place in a scattered order of `[0, count)`; each is at one place.
fn scattered(place: u64, count: u64, order: u64) -> u64 {
    // Cycle walking: a bijection of the next power of two, repeated until it lands within the range.
    let bits = (64 - count.saturating_sub(1).leading_zeros()).max(2);
    let mask = (1_u64 << bits) - 1;
    let mut number = place;
    loop {
        for round in 0..3 {
            number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15 | 1).wrapping_add(mixed(order + round)) & mask;
            number ^= number >> (bits / 2).max(1);
        }
        if number < count {
            return number;
        }
    }
}

/// A bijection of 64 bits that scatters them (the finaliser of SplitMix64).
pub(crate) fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

fn index(bits: u64, below: u64) -> usize {
    usize::try_from(bits % below).unwrap_or(0)
}

fn moment(seconds: u64) -> Result<Timestamp> {
    let micros = i64::try_from(seconds)? * MICROS_PER_SECOND;
    Timestamp::from_micros(micros).context("the workload's times are within the model's years")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_scattered_order_is_an_order() {
        for count in [1, 2, 7, 1_000, 4_096] {
            let numbers: BTreeSet<u64> = (0..count).map(|place| scattered(place, count, 3)).collect();
            assert_eq!(numbers, (0..count).collect(), "{count}");
        }
    }

    #[test]
    fn every_deal_has_its_events_once_and_in_order() {
        let mut seen = vec![0; 500];
        for step in build_up(500) {
            assert_eq!(step.number, seen[usize::try_from(step.subject).unwrap()]);
            seen[usize::try_from(step.subject).unwrap()] += 1;
        }
        for (deal, seen) in seen.iter().enumerate() {
            assert_eq!(*seen, Workload::events_of(deal as u64));
        }
        assert_eq!(further(500).map(|step| step.subject).collect::<BTreeSet<_>>().len(), 250);
    }
}
