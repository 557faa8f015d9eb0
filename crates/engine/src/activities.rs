//! Activities: of each, the event with the highest version, for as long as it may still be corrected.
//!
//! A record is the activity's id (see [`crate::index`]) and then, numbers as in [`crate::encoding`]: 1 byte of flags
//! (1 version, 2 retracted), `occurred_at` as a number, the version signed if flagged, the event id with its length,
//! rep and territory as numbers, 1 byte of category, the duration in seconds as a number, the offset of the record that
//! brought the event as a number, and as a number by how many days the latest event of the activity is later than this
//! one: it is held until that one would be late, too, so that no event is taken for a new activity while it is still
//! accepted.
//!
//! What this cannot see: an activity that is corrected, after it has left the horizon, to a time within it. It then
//! counts at both times.

use std::cmp::Ordering;

use model::{Category, Contribution, Offset, RepIndex, TerritoryIndex, Timestamp};

use crate::config::FoldConfig;
use crate::contribution;
use crate::encoding::{Reader, put_bytes, put_number, put_signed};
use crate::horizon::{Horizon, utc_day};
use crate::index::{Index, after_id, id_of, put_id};
use crate::names::Names;
use crate::shelf::Shelf;

const VERSION: u8 = 1;
const RETRACTED: u8 = 2;

/// What one event said of an activity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredActivity<'a> {
    pub(crate) version: Option<i64>,
    pub(crate) occurred_at: Timestamp,
    pub(crate) event_id: &'a [u8],
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) category: Category,
    pub(crate) duration_seconds: u32,
    pub(crate) retracted: bool,
    pub(crate) offset: Offset,
    /// The latest UTC day of all events of the activity so far.
    pub(crate) held_by_day: i64,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It is the one that counts now.
    Taken,
    /// It, or one above it, was there already.
    Known,
    /// One of the same version, time and id was there, with other content.
    Conflict,
    /// It is too old.
    Late,
    /// The history has no place for more.
    Full,
}

impl StoredActivity<'_> {
    fn put(&self, out: &mut Vec<u8>) {
        let version = if self.version.is_some() { VERSION } else { 0 };
        out.push(version | if self.retracted { RETRACTED } else { 0 });
        put_number(out, self.occurred_at.micros().cast_unsigned());
        if let Some(version) = self.version {
            put_signed(out, version);
        }
        put_bytes(out, self.event_id);
        put_number(out, u64::from(self.rep.0));
        put_number(out, u64::from(self.territory.0));
        out.push(self.category as u8);
        put_number(out, u64::from(self.duration_seconds));
        put_number(out, self.offset.0.cast_unsigned());
        put_number(out, (self.held_by_day - utc_day(self.occurred_at)).cast_unsigned());
    }

    /// The order in which events of an activity count: by version, then time, then id; equal: the same event.
    fn order(&self, other: &StoredActivity<'_>) -> Ordering {
        (self.version, self.occurred_at, self.event_id).cmp(&(
            other.version,
            other.occurred_at,
            other.event_id,
        ))
    }

    /// Decides between two contents under the same order, by names, since numbers differ between partitions.
    fn order_of_content(&self, other: &StoredActivity<'_>, reps: &Names, territories: &Names) -> Ordering {
        let content = |activity: &StoredActivity<'_>| {
            let (category, duration) = (activity.category, activity.duration_seconds);
            (activity.rep, activity.territory, category, duration, activity.retracted)
        };
        let (one, two) = (content(self), content(other));
        let names =
            |rep: RepIndex, territory: TerritoryIndex| (reps.name(rep.0), territories.name(territory.0));
        names(one.0, one.1).cmp(&names(two.0, two.1)).then((one.2, one.3, one.4).cmp(&(two.2, two.3, two.4)))
    }
}

pub(crate) fn read<'a>(bytes: &'a [u8]) -> Option<StoredActivity<'a>> {
    let mut reader = Reader::new(bytes);
    let flags = reader.byte().filter(|&flags| flags <= VERSION | RETRACTED)?;
    let occurred_at = Timestamp::from_micros(i64::try_from(reader.number()?).ok()?).ok()?;
    let version = if flags & VERSION != 0 { Some(reader.signed()?) } else { None };
    let event_id = reader.bytes()?;
    let rep = RepIndex(reader.small()?);
    let territory = TerritoryIndex(reader.small()?);
    let category = Category::from_number(reader.byte()?)?;
    let duration_seconds = reader.small()?;
    let retracted = flags & RETRACTED != 0;
    let offset = Offset(i64::try_from(reader.number()?).ok()?);
    let held_by_day = utc_day(occurred_at) + i64::from(reader.small()?);
    let activity = StoredActivity {
        version,
        occurred_at,
        event_id,
        rep,
        territory,
        category,
        duration_seconds,
        retracted,
        offset,
        held_by_day,
    };
    reader.is_at_end().then_some(activity)
}

/// The activities of a partition within the horizon.
#[derive(Debug)]
pub(crate) struct Activities {
    pub(crate) shelf: Shelf,
    pub(crate) index: Index,
    pub(crate) horizon: Horizon,
    record: Vec<u8>,
}

impl Activities {
    pub(crate) fn new(horizon: Horizon) -> Self {
        Self { shelf: Shelf::default(), index: Index::default(), horizon, record: Vec::new() }
    }

    /// Applies an event; appends what it takes from the cells (negated) and what it adds to them.
    pub(crate) fn apply(
        &mut self,
        id: &[u8],
        event: &StoredActivity<'_>,
        config: &FoldConfig,
        (reps, territories): (&Names, &Names),
        changes: &mut Vec<Contribution>,
    ) -> Applied {
        let day = event.held_by_day;
        if self.horizon.first_day().is_some_and(|first| day < first) {
            return Applied::Late;
        }
        let found = self.index.find(id, &self.shelf);
        let mut event = *event;
        let mut applied = Applied::Taken;
        self.record.clear();
        put_id(&mut self.record, id);
        if let Some(slot) = found
            && let Some(mut stored) = read(after_id(self.shelf.get(slot)))
        {
            let order = event.order(&stored);
            let content = || event.order_of_content(&stored, reps, territories);
            let lower = match (order, (order == Ordering::Equal).then(content)) {
                (Ordering::Less, _) | (_, Some(Ordering::Equal)) => Some(Applied::Known),
                (_, Some(Ordering::Less)) => Some(Applied::Conflict),
                _ => None,
            };
            if let Some(lower) = lower {
                if day > stored.held_by_day {
                    stored.held_by_day = day;
                    stored.put(&mut self.record);
                    self.shelf.replace(slot, &self.record);
                    self.horizon.note(day, slot);
                }
                return lower;
            }
            if order == Ordering::Equal {
                applied = Applied::Conflict;
            }
            event.held_by_day = day.max(stored.held_by_day);
            contribution::of_activity(&stored, config, changes);
            changes.iter_mut().for_each(|change| change.value = -change.value);
        }
        contribution::of_activity(&event, config, changes);
        event.put(&mut self.record);
        let slot = self.index.keep(id, found, &self.record, &mut self.shelf);
        self.horizon.note(event.held_by_day, slot);
        if self.horizon.advance(event.occurred_at) {
            self.forget_due();
        }
        applied
    }

    /// Forgets what has left the horizon; what it contributed stays.
    fn forget_due(&mut self) {
        while let Some(slots) = self.horizon.take_due() {
            for slot in slots {
                self.forget_if_due(slot);
            }
        }
    }

    fn forget_if_due(&mut self, slot: u32) {
        let record = self.shelf.get(slot);
        let Some(activity) = read(after_id(record)) else {
            return;
        };
        if self.horizon.first_day().is_some_and(|first| activity.held_by_day < first) {
            self.index.remove(id_of(record), slot);
            self.shelf.remove(slot);
        }
    }
}
