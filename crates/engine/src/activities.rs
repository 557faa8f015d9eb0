//! Activities: of each, the event with the highest version, for as long as it may still be corrected.
//!
//! A record is the activity's id (see [`crate::index`]) and then, numbers as in [`crate::encoding`]: 1 byte of flags
//! (1 version, 2 retracted, 4 deal), `occurred_at` as a number, the version signed if flagged, the event id with its
//! length, rep and territory as numbers, the deal's id with its length if flagged, 1 byte of category, the type and the
//! duration in seconds as numbers, the offset of the record that brought the event as a number, and as a number by how
//! many days the latest event of the activity is later than this one: it is held until that one would be late, too, so
//! that no event is taken for a new activity while it is still accepted.
//!
//! What this cannot see: an activity that is corrected, after it has left the horizon, to a time within it. It then
//! counts at both times.

use std::cmp::Ordering;

use model::{Category, Offset, RepIndex, TerritoryIndex, Timestamp, TypeIndex};

use crate::change::Change;
use crate::config::FoldConfig;
use crate::contribution;
use crate::encoding::{Reader, put_bytes, put_number, put_signed};
use crate::horizon::{Horizon, utc_day};
use crate::index::{Index, after_id, id_of, put_id};
use crate::names::Names;
use crate::shelf::Shelf;
use crate::ties::Touch;

const VERSION: u8 = 1;
const RETRACTED: u8 = 2;
const DEAL: u8 = 4;

/// What one event said of an activity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredActivity<'a> {
    pub(crate) version: Option<i64>,
    pub(crate) occurred_at: Timestamp,
    pub(crate) event_id: &'a [u8],
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) deal_id: Option<&'a [u8]>,
    pub(crate) category: Category,
    pub(crate) of_type: TypeIndex,
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
    /// One of the same version, time and id was there, with other content; this one counts now.
    Conflict,
    /// One of the same version, time and id was there, with other content, and still counts.
    Outdone,
    /// It is too old.
    Late,
    /// The history has no place for more.
    Full,
}

impl StoredActivity<'_> {
    fn put(&self, out: &mut Vec<u8>) {
        let flag = |flag: u8, is_set: bool| if is_set { flag } else { 0 };
        let (version, deal) = (flag(VERSION, self.version.is_some()), flag(DEAL, self.deal_id.is_some()));
        out.push(version | flag(RETRACTED, self.retracted) | deal);
        put_number(out, self.occurred_at.micros().cast_unsigned());
        if let Some(version) = self.version {
            put_signed(out, version);
        }
        put_bytes(out, self.event_id);
        put_number(out, u64::from(self.rep.0));
        put_number(out, u64::from(self.territory.0));
        if let Some(deal_id) = self.deal_id {
            put_bytes(out, deal_id);
        }
        out.push(self.category as u8);
        put_number(out, u64::from(self.of_type.0));
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
    fn order_of_content(&self, other: &StoredActivity<'_>, names: &ActivityNames<'_>) -> Ordering {
        let content = |activity: &StoredActivity<'_>| {
            (activity.category, activity.duration_seconds, activity.retracted)
        };
        let who = |activity: &StoredActivity<'_>| {
            (names.reps.name(activity.rep.0), names.territories.name(activity.territory.0))
        };
        let type_of = |activity: &StoredActivity<'_>| names.types.name(activity.of_type.0.into());
        who(self)
            .cmp(&who(other))
            .then_with(|| content(self).cmp(&content(other)))
            .then_with(|| type_of(self).cmp(type_of(other)))
            .then_with(|| self.deal_id.cmp(&other.deal_id))
    }

    /// For which deal it counts and how, if for one.
    pub(crate) fn tie(&self, config: &FoldConfig) -> Option<(&[u8], Touch)> {
        let deal_id = self.deal_id.filter(|_| !self.retracted)?;
        Some((deal_id, (config.calendar.day_of(self.occurred_at), self.category)))
    }
}

/// What the numbers in activities stand for.
pub(crate) struct ActivityNames<'n> {
    pub(crate) reps: &'n Names,
    pub(crate) territories: &'n Names,
    pub(crate) types: &'n Names,
}

pub(crate) fn read<'a>(bytes: &'a [u8]) -> Option<StoredActivity<'a>> {
    let mut reader = Reader::new(bytes);
    let flags = reader.byte().filter(|&flags| flags <= VERSION | RETRACTED | DEAL)?;
    let occurred_at = Timestamp::from_micros(i64::try_from(reader.number()?).ok()?).ok()?;
    let version = if flags & VERSION != 0 { Some(reader.signed()?) } else { None };
    let event_id = reader.bytes()?;
    let rep = RepIndex(reader.small()?);
    let territory = TerritoryIndex(reader.small()?);
    let deal_id = if flags & DEAL != 0 { Some(reader.bytes()?) } else { None };
    let category = Category::from_number(reader.byte()?)?;
    let of_type = TypeIndex(u16::try_from(reader.number()?).ok()?);
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
        deal_id,
        category,
        of_type,
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
    /// For which deal the activity that was replaced last had counted, and how.
    pub(crate) untied: Option<Touch>,
    pub(crate) untied_deal: Vec<u8>,
    record: Vec<u8>,
}

impl Activities {
    pub(crate) fn new(horizon: Horizon) -> Self {
        Self {
            shelf: Shelf::default(),
            index: Index::default(),
            horizon,
            untied: None,
            untied_deal: Vec::new(),
            record: Vec::new(),
        }
    }

    /// Applies an event; appends what it takes from the cells (negated) and what it adds to them. What the activity had
    /// been before is noted in `untied`.
    pub(crate) fn apply(
        &mut self,
        id: &[u8],
        event: &StoredActivity<'_>,
        config: &FoldConfig,
        names: &ActivityNames<'_>,
        changes: &mut Vec<Change>,
    ) -> Applied {
        self.untied = None;
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
            let content = || event.order_of_content(&stored, names);
            let lower = match (order, (order == Ordering::Equal).then(content)) {
                (Ordering::Less, _) | (_, Some(Ordering::Equal)) => Some(Applied::Known),
                (_, Some(Ordering::Less)) => Some(Applied::Outdone),
                _ => None,
            };
            if let Some(lower) = lower {
                if day > stored.held_by_day {
                    stored.held_by_day = day;
                    stored.put(&mut self.record);
                    self.shelf.replace(slot, &self.record);
                    self.horizon.note(day, slot);
                }
                // Time has come so far, whichever version counts: it must not depend on which one came first.
                if self.horizon.advance(event.occurred_at) {
                    self.forget_due();
                }
                return lower;
            }
            if order == Ordering::Equal {
                applied = Applied::Conflict;
            }
            event.held_by_day = day.max(stored.held_by_day);
            if let Some((deal_id, touch)) = stored.tie(config) {
                self.untied = Some(touch);
                self.untied_deal.clear();
                self.untied_deal.extend_from_slice(deal_id);
            }
            contribution::of_activity(&stored, config, changes);
            changes.iter_mut().for_each(Change::negate);
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
