//! A state frozen, written as sections of bytes, and read back.
//!
//! Numbers are as in [`crate::encoding`] unless a width is given; widths are little-endian.
//!
//! | section | content |
//! | --- | --- |
//! | names | reps: count, then each as length and UTF-8; territories and types of activities likewise |
//! | deals | count of slots, then each slot's record as length and bytes (see [`crate::deals`]), vacant ones empty |
//! | activities | likewise (see [`crate::activities`]) |
//! | cells | rows to the end: 4-byte numbers of rep, territory and day and a count of cells, then 4-byte measure code and 16-byte value for each, ascending by code |
//! | horizons | newest deal event and newest activity event, each signed microseconds, -1 for none |
//! | restatements | how many there were of each measure, how many are kept, then each one's record as length and bytes (see [`crate::restatements`]) |

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use model::{Day, Held, RepIndex, TerritoryIndex, Timestamp};
use thiserror::Error;

use crate::activities::{self, Activities};
use crate::cells::{Cells, is_sum};
use crate::change::RowKey;
use crate::config::FoldConfig;
use crate::deals::{self, Deals, Form};
use crate::encoding::{put_bytes, put_number, put_signed};
use crate::fold::PartitionState;
use crate::horizon::{Horizon, utc_day};
use crate::index::{after_id, id_of};
use crate::names::Names;
use crate::restatements::{RESTATED_MEASURES, Restatement, Restatements};
use crate::shelf::Shelf;
use crate::story::Settling;
use crate::ties::Ties;

/// A part of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Section {
    /// Reps and territories.
    Names = 1,
    /// Deals with their histories.
    Deals = 2,
    /// Activities within the horizon.
    Activities = 3,
    /// The cells.
    Cells = 4,
    /// How far event time has come.
    Horizons = 5,
    /// Changes to months that had ended.
    Restatements = 6,
}

impl Section {
    /// All sections, in the order in which they are written and must be read.
    pub const ALL: [Self; 6] =
        [Self::Names, Self::Deals, Self::Activities, Self::Cells, Self::Horizons, Self::Restatements];
}

/// Why sections are not a state.
#[derive(Debug, Error)]
pub enum ImageError {
    /// The bytes could not be had.
    #[error("section {section:?} cannot be read")]
    Read {
        /// Where.
        section: Section,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The bytes are not what a state writes.
    #[error("section {section:?} is damaged: {what}")]
    Damaged {
        /// Where.
        section: Section,
        /// What was found.
        what: &'static str,
    },
}

/// A state as it stood at one moment; cheap to take, and the fold goes on (FOLD-5).
#[derive(Debug, Clone)]
pub struct Frozen {
    pub(crate) reps: Names,
    pub(crate) territories: Names,
    pub(crate) types: Names,
    pub(crate) deals: Shelf,
    pub(crate) activities: Shelf,
    pub(crate) cells: Cells,
    pub(crate) restatements: Restatements,
    newest_deal: Option<Timestamp>,
    newest_activity: Option<Timestamp>,
}

/// Sections are handed on in pieces of about this many bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// No record is longer; a length beyond it is damage and not worth an allocation.
const RECORD_BYTES_MAX: u64 = 16 * 1024 * 1024;

impl PartitionState {
    /// Freezes the state: some hundred nanoseconds for each thousand records, then nothing until they are written to.
    #[must_use]
    pub fn freeze(&self) -> Frozen {
        Frozen {
            reps: self.reps.clone(),
            territories: self.territories.clone(),
            types: self.types.clone(),
            deals: self.deals.shelf.clone(),
            activities: self.activities.shelf.clone(),
            cells: self.cells().into_owned(),
            restatements: self.restatements.clone(),
            newest_deal: self.deals.horizon.newest(),
            newest_activity: self.activities.horizon.newest(),
        }
    }

    /// The state that was frozen into sections, under the same configuration.
    ///
    /// # Errors
    /// Anything in the sections that no state writes.
    pub fn restore<'r>(
        config: Arc<FoldConfig>,
        mut open: impl FnMut(Section) -> io::Result<Box<dyn Read + 'r>>,
    ) -> Result<Self, ImageError> {
        let mut input = |section| match open(section) {
            Ok(read) => Ok(Input::new(section, read)),
            Err(source) => Err(ImageError::Read { section, source }),
        };
        let mut state = Self::new(config);
        let mut names = input(Section::Names)?;
        state.reps = names.names(Names::MAX)?;
        state.territories = names.names(Names::MAX)?;
        state.types = names.names(Names::TYPES_MAX)?;
        names.end()?;
        let mut deals = input(Section::Deals)?;
        let mut activities = input(Section::Activities)?;
        let mut cells = input(Section::Cells)?;
        let mut horizons = input(Section::Horizons)?;
        let (newest_deal, newest_activity) = (horizons.newest()?, horizons.newest()?);
        horizons.end()?;
        restore_deals(&mut state, &mut deals, newest_deal)?;
        restore_activities(&mut state, &mut activities, newest_activity)?;
        restore_cells(&mut state, &mut cells)?;
        restore_restatements(&mut state, &mut input(Section::Restatements)?)?;
        Ok(state)
    }
}

impl Frozen {
    /// Writes a section, piece by piece.
    ///
    /// # Errors
    /// What `sink` fails with.
    pub fn write(&self, section: Section, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut piece = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 4);
        let mut hand_on = |piece: &mut Vec<u8>, least: usize| {
            if piece.len() < least {
                return Ok(());
            }
            sink(piece)?;
            piece.clear();
            Ok(())
        };
        match section {
            Section::Names => {
                for names in [&self.reps, &self.territories, &self.types] {
                    put_number(&mut piece, names.as_slice().len() as u64);
                    for name in names.as_slice() {
                        put_bytes(&mut piece, name.as_bytes());
                        hand_on(&mut piece, PIECE_BYTES)?;
                    }
                }
            }
            Section::Deals | Section::Activities => {
                let shelf = if section == Section::Deals { &self.deals } else { &self.activities };
                put_number(&mut piece, u64::from(shelf.slots()));
                for record in shelf.records() {
                    put_bytes(&mut piece, record);
                    hand_on(&mut piece, PIECE_BYTES)?;
                }
            }
            Section::Cells => {
                for (RowKey { rep, territory, day }, cells) in self.cells.rows() {
                    let count = u32::try_from(cells.clone().count()).map_err(io::Error::other)?;
                    if count == 0 {
                        continue;
                    }
                    for number in [rep.0, territory.0, day.0.cast_unsigned(), count] {
                        piece.extend_from_slice(&number.to_le_bytes());
                    }
                    for (held, value) in cells {
                        piece.extend_from_slice(&held.code().to_le_bytes());
                        piece.extend_from_slice(&value.to_le_bytes());
                    }
                    hand_on(&mut piece, PIECE_BYTES)?;
                }
            }
            Section::Horizons => {
                for newest in [self.newest_deal, self.newest_activity] {
                    put_signed(&mut piece, newest.map_or(-1, Timestamp::micros));
                }
            }
            Section::Restatements => {
                self.restatements.put_head(&mut piece);
                for entry in self.restatements.iter() {
                    entry.put(&mut piece);
                    hand_on(&mut piece, PIECE_BYTES)?;
                }
            }
        }
        hand_on(&mut piece, 1)
    }
}

fn restore_deals(
    state: &mut PartitionState,
    input: &mut Input<'_>,
    newest: Option<Timestamp>,
) -> Result<(), ImageError> {
    let config = state.config.clone();
    let stages = config.pipelines.indices().count();
    let [reps, territories, _] = named(state);
    let mut deals = Deals::new(Horizon::new(config.deal_retention_days, newest));
    let count = input.slot_count()?;
    deals.index.reserve(count.min(1 << 20));
    let section = input.section;
    for _ in 0..count {
        let record = input.bytes()?;
        let slot = deals.shelf.push_frozen(record);
        // Vacant: of a deal that only an activity told of, which is for another one now.
        if record.is_empty() {
            continue;
        }
        let held = deals::form(record).filter(|_| !id_of(record).is_empty());
        let held = held.ok_or_else(|| damaged(section, "a record is not a deal"))?;
        if deals.index.find(id_of(record), &deals.shelf).is_some() {
            return Err(damaged(section, "a deal is there twice"));
        }
        deals.index.insert(id_of(record), slot);
        let mut settled_at = None;
        let ties = match held {
            Form::Whole(ties, history) => {
                let mut settling = Settling::default();
                let is_valid = history.is_valid((stages, reps, territories), |state| {
                    settling.go_on(&state, &config);
                });
                if !is_valid || history.0.is_empty() && ties.0.is_empty() {
                    return Err(damaged(section, "a record is not a history"));
                }
                settled_at = settling.settled_at();
                deals.unknown += usize::from(history.0.is_empty());
                ties
            }
            Form::Closed(close, ties) => {
                let is_known = (close.rep.0 as usize) < reps && (close.territory.0 as usize) < territories;
                if !is_known || !close.day.has_timestamps() {
                    return Err(damaged(section, "a deal was closed by nobody, nowhere or never"));
                }
                deals.finals += 1;
                ties
            }
            Form::Deleted => {
                deals.finals += 1;
                Ties::default()
            }
        };
        if !ties.is_valid() {
            return Err(damaged(section, "a deal's activities are out of order"));
        }
        if let Some(settled_at) = settled_at {
            deals.horizon.note(utc_day(settled_at), slot);
        }
    }
    input.end()?;
    state.deals = deals;
    Ok(())
}

fn restore_activities(
    state: &mut PartitionState,
    input: &mut Input<'_>,
    newest: Option<Timestamp>,
) -> Result<(), ImageError> {
    let [reps, territories, types] = named(state);
    let mut activities = Activities::new(Horizon::new(state.config.activity_horizon_days, newest));
    let count = input.slot_count()?;
    activities.index.reserve(count.min(1 << 20));
    let section = input.section;
    for _ in 0..count {
        let record = input.bytes()?;
        let slot = activities.shelf.push_frozen(record);
        if record.is_empty() {
            continue;
        }
        let known = |activity: &activities::StoredActivity<'_>| {
            (activity.rep.0 as usize) < reps
                && (activity.territory.0 as usize) < territories
                && usize::from(activity.of_type.0) < types
        };
        let Some(activity) = activities::read(after_id(record)).filter(known) else {
            return Err(damaged(section, "a record is not an activity"));
        };
        let id = id_of(record);
        if activities.index.find(id, &activities.shelf).is_some() {
            return Err(damaged(section, "an activity is there twice"));
        }
        activities.index.insert(id, slot);
        activities.horizon.note(activity.held_by_day, slot);
    }
    input.end()?;
    state.activities = activities;
    Ok(())
}

fn restore_cells(state: &mut PartitionState, input: &mut Input<'_>) -> Result<(), ImageError> {
    let [reps, territories, types] = named(state);
    let stages = state.config.pipelines.indices().count();
    let mut cells = Cells::default();
    let mut row: Vec<(Held, i128)> = Vec::new();
    while !input.is_at_end()? {
        let rep = u32::from_le_bytes(input.array()?);
        let territory = u32::from_le_bytes(input.array()?);
        let day = Day(i32::from_le_bytes(input.array()?));
        let count = u32::from_le_bytes(input.array()?);
        if rep as usize >= reps || territory as usize >= territories || count == 0 {
            return Err(input.damaged("a row of cells is for no known name or is empty"));
        }
        if !day.has_timestamps() {
            return Err(input.damaged("a row of cells is of a day on which no time falls"));
        }
        row.clear();
        for _ in 0..count {
            let held =
                Held::from_code(u32::from_le_bytes(input.array()?)).filter(|held| held.is_of_the_fold());
            let value = i128::from_le_bytes(input.array()?);
            let held = held.ok_or_else(|| input.damaged("a cell is of nothing that cells hold"))?;
            if held.activity_type().is_some_and(|of_type| usize::from(of_type.0) >= types) {
                return Err(input.damaged("a cell is of no known type of activities"));
            }
            let mut named = held.stage().into_iter().chain(held.entered());
            if named.any(|stage| usize::from(stage.0) >= stages) {
                return Err(input.damaged("a cell is of no known stage"));
            }
            if value == 0 || row.last().is_some_and(|(last, _)| last.code() >= held.code()) {
                return Err(input.damaged("a cell is 0 or out of order"));
            }
            if !is_sum(value) {
                return Err(input.damaged("a cell is larger than any sum"));
            }
            row.push((held, value));
        }
        let key = RowKey { rep: RepIndex(rep), territory: TerritoryIndex(territory), day };
        if !cells.insert_row(key, row.drain(..)) {
            return Err(input.damaged("a row of cells is there twice"));
        }
    }
    state.cells = cells;
    Ok(())
}

fn restore_restatements(state: &mut PartitionState, input: &mut Input<'_>) -> Result<(), ImageError> {
    let [reps, territories, _] = named(state);
    let rules = state.config.restatements;
    let mut totals = [0; RESTATED_MEASURES.len()];
    for total in &mut totals {
        *total = input.number()?;
    }
    let mut kept = VecDeque::new();
    for _ in 0..input.number()? {
        let entry = Restatement::read(input.bytes()?, (reps, territories));
        kept.push_back(entry.ok_or_else(|| input.damaged("a record is not a restatement"))?);
    }
    input.end()?;
    let restatements = Restatements::restored(rules, totals, kept);
    state.restatements =
        restatements.ok_or_else(|| input.damaged("there are more restatements than there were"))?;
    state.restatements.advance(state.deals.horizon.newest(), &state.config.calendar);
    Ok(())
}

/// How many reps, territories and types there are.
fn named(state: &PartitionState) -> [usize; 3] {
    [&state.reps, &state.territories, &state.types].map(|names| names.as_slice().len())
}

const fn damaged(section: Section, what: &'static str) -> ImageError {
    ImageError::Damaged { section, what }
}

/// A section being read, through a buffer in which every record stands whole.
struct Input<'r> {
    section: Section,
    read: Box<dyn Read + 'r>,
    buffer: Vec<u8>,
    /// What of the buffer is not taken yet.
    rest: std::ops::Range<usize>,
}

impl<'r> Input<'r> {
    fn new(section: Section, read: Box<dyn Read + 'r>) -> Self {
        Self { section, read, buffer: vec![0; PIECE_BYTES], rest: 0..0 }
    }

    const fn damaged(&self, what: &'static str) -> ImageError {
        damaged(self.section, what)
    }

    /// Reads on until so many bytes are there, or all that are to come.
    fn look_ahead(&mut self, count: usize) -> Result<&[u8], ImageError> {
        while self.rest.len() < count {
            if self.rest.start > 0 {
                self.buffer.copy_within(self.rest.clone(), 0);
                self.rest = 0..self.rest.len();
            }
            if self.buffer.len() < count {
                self.buffer.resize(count.next_power_of_two(), 0);
            }
            match self.read.read(&mut self.buffer[self.rest.end..]) {
                Ok(0) => break,
                Ok(more) => self.rest.end += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ImageError::Read { section: self.section, source }),
            }
        }
        Ok(&self.buffer[self.rest.clone()])
    }

    fn take(&mut self, count: usize) -> Result<&[u8], ImageError> {
        if self.look_ahead(count)?.len() < count {
            return Err(self.damaged("it ends too early"));
        }
        let start = self.rest.start;
        self.rest.start += count;
        Ok(&self.buffer[start..start + count])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ImageError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn number(&mut self) -> Result<u64, ImageError> {
        const LONGEST: usize = 10;
        let mut reader = crate::encoding::Reader::new(self.look_ahead(LONGEST)?);
        let (number, length) = (reader.number(), reader.position());
        self.rest.start += length;
        number.ok_or_else(|| self.damaged("a number has no end"))
    }

    fn slot_count(&mut self) -> Result<usize, ImageError> {
        let count = self.number()?;
        u32::try_from(count)
            .map(|count| count as usize)
            .map_err(|_| self.damaged("there are too many records"))
    }

    fn bytes(&mut self) -> Result<&[u8], ImageError> {
        match self.number()? {
            RECORD_BYTES_MAX.. => Err(self.damaged("a record is too long")),
            length => self.take(usize::try_from(length).unwrap_or(usize::MAX)),
        }
    }

    fn names(&mut self, max: usize) -> Result<Names, ImageError> {
        let count = self.number()?;
        let section = self.section;
        let mut names = Names::default();
        for number in 0..count {
            let name =
                std::str::from_utf8(self.bytes()?).map_err(|_| damaged(section, "a name is not UTF-8"))?;
            if names.intern(name, max).map(u64::from) != Some(number) {
                return Err(damaged(section, "a name is there twice, or there are too many"));
            }
        }
        Ok(names)
    }

    fn newest(&mut self) -> Result<Option<Timestamp>, ImageError> {
        let number = self.number()?;
        let micros = (number >> 1).cast_signed() ^ -(number & 1).cast_signed();
        if micros == -1 {
            return Ok(None);
        }
        Timestamp::from_micros(micros).map(Some).map_err(|_| self.damaged("a time is out of range"))
    }

    fn is_at_end(&mut self) -> Result<bool, ImageError> {
        self.look_ahead(1).map(<[u8]>::is_empty)
    }

    fn end(&mut self) -> Result<(), ImageError> {
        if self.is_at_end()? { Ok(()) } else { Err(self.damaged("there is more than expected")) }
    }
}
