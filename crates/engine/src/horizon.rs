//! What is due to leave memory, by the day it counts from.
//!
//! Entries are hints: whether a record really is due is read off the record when its day comes (FOLD-4), so that a
//! record that moved to another day, or a slot that was given to another record, needs no bookkeeping here.

use std::collections::BTreeMap;

use model::{MICROS_PER_SECOND, Timestamp};

use crate::shelf::Slot;

/// Days of 86 400 seconds since 1970 in UTC: horizons do not follow the organisation's clock changes.
pub(crate) fn utc_day(moment: Timestamp) -> i64 {
    moment.micros().div_euclid(86_400 * MICROS_PER_SECOND)
}

/// The newest event time, and the slots by day.
#[derive(Debug, Clone)]
pub(crate) struct Horizon {
    days_kept: i64,
    newest: Option<Timestamp>,
    due: BTreeMap<i64, Vec<Slot>>,
}

impl Horizon {
    pub(crate) fn new(days_kept: u32, newest: Option<Timestamp>) -> Self {
        Self { days_kept: i64::from(days_kept), newest, due: BTreeMap::new() }
    }

    pub(crate) const fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// The first day that is still within the horizon; none before the first event.
    pub(crate) fn first_day(&self) -> Option<i64> {
        self.newest.map(|newest| utc_day(newest) - self.days_kept)
    }

    /// Notes an event's time; whether the first day within the horizon moved.
    pub(crate) fn advance(&mut self, moment: Timestamp) -> bool {
        let before = self.first_day();
        self.newest = self.newest.max(Some(moment));
        self.first_day() != before
    }

    pub(crate) fn note(&mut self, day: i64, slot: Slot) {
        self.due.entry(day).or_default().push(slot);
    }

    /// Takes out the slots of one day that has left the horizon; none when there is no such day left.
    pub(crate) fn take_due(&mut self) -> Option<Vec<Slot>> {
        let first = self.first_day()?;
        let entry = self.due.first_entry()?;
        if *entry.key() < first { Some(entry.remove()) } else { None }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.due.values().map(|slots| slots.capacity() * size_of::<Slot>() + 48).sum()
    }
}
