//! A state frozen, written as sections of bytes, and read back.
//!
//! Numbers are as in [`crate::encoding`] unless a width is given; widths are little-endian.
//!
//! | section | content |
//! | --- | --- |
//! | names | reps: count, then each as length and UTF-8; territories likewise |
//! | deals | count of slots, then each slot's record as length and bytes (see [`crate::deals`]), vacant ones empty |
//! | activities | likewise (see [`crate::activities`]) |
//! | cells | 4-byte numbers of rep, territory and day, 8-byte measure code, 16-byte value; for each cell, to the end |
//! | horizons | newest deal event and newest activity event, each signed microseconds, -1 for none |

use std::io::{self, Read};
use std::sync::Arc;

use model::{CellKey, Contribution, Day, Measure, RepIndex, TerritoryIndex, Timestamp};
use thiserror::Error;

use crate::activities::{self, Activities};
use crate::cells::Cells;
use crate::config::FoldConfig;
use crate::contribution;
use crate::deals::{self, Deals};
use crate::encoding::{put_bytes, put_number, put_signed};
use crate::fold::PartitionState;
use crate::horizon::{Horizon, utc_day};
use crate::index::{after_id, id_of};
use crate::names::Names;
use crate::shelf::Shelf;

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
}

impl Section {
    /// All sections, in the order in which they are written and must be read.
    pub const ALL: [Self; 5] = [Self::Names, Self::Deals, Self::Activities, Self::Cells, Self::Horizons];
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
    reps: Names,
    territories: Names,
    deals: Shelf,
    activities: Shelf,
    cells: Cells,
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
            deals: self.deals.shelf.clone(),
            activities: self.activities.shelf.clone(),
            cells: self.cells.clone(),
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
            Ok(read) => Ok(Input { section, read: io::BufReader::with_capacity(PIECE_BYTES, read) }),
            Err(source) => Err(ImageError::Read { section, source }),
        };
        let mut state = Self::new(config);
        let mut names = input(Section::Names)?;
        state.reps = names.names()?;
        state.territories = names.names()?;
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
                for names in [&self.reps, &self.territories] {
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
                for (key, value) in self.cells.iter() {
                    piece.extend_from_slice(&key.rep.0.to_le_bytes());
                    piece.extend_from_slice(&key.territory.0.to_le_bytes());
                    piece.extend_from_slice(&key.day.0.to_le_bytes());
                    piece.extend_from_slice(&key.measure.code().to_le_bytes());
                    piece.extend_from_slice(&value.to_le_bytes());
                    hand_on(&mut piece, PIECE_BYTES)?;
                }
            }
            Section::Horizons => {
                for newest in [self.newest_deal, self.newest_activity] {
                    put_signed(&mut piece, newest.map_or(-1, Timestamp::micros));
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
    let (reps, territories) = (state.reps.as_slice().len(), state.territories.as_slice().len());
    let mut deals = Deals::new(Horizon::new(config.deal_retention_days, newest));
    let count = input.slot_count()?;
    deals.index.reserve(count.min(1 << 20));
    let mut record = Vec::new();
    for _ in 0..count {
        input.bytes(&mut record)?;
        if !deals::has_form(&record) {
            return Err(input.damaged("a record is not a deal"));
        }
        let slot = deals.shelf.push_frozen(&record);
        if deals.index.find(id_of(&record), &deals.shelf).is_some() {
            return Err(input.damaged("a deal is there twice"));
        }
        deals.index.insert(id_of(&record), slot);
        if let Some(history) = deals::history(&record) {
            if history.0.is_empty() || !history.is_valid(stages, reps, territories) {
                return Err(input.damaged("a record is not a history"));
            }
            if let Some(settled_at) = contribution::settled_at(history, &config) {
                deals.horizon.note(utc_day(settled_at), slot);
            }
        } else {
            deals.finals += 1;
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
    let (reps, territories) = (state.reps.as_slice().len(), state.territories.as_slice().len());
    let mut activities = Activities::new(Horizon::new(state.config.activity_horizon_days, newest));
    let count = input.slot_count()?;
    activities.index.reserve(count.min(1 << 20));
    let mut record = Vec::new();
    for _ in 0..count {
        input.bytes(&mut record)?;
        let slot = activities.shelf.push_frozen(&record);
        if record.is_empty() {
            continue;
        }
        let known = |activity: &activities::StoredActivity<'_>| {
            (activity.rep.0 as usize) < reps && (activity.territory.0 as usize) < territories
        };
        let Some(activity) = activities::read(after_id(&record)).filter(known) else {
            return Err(input.damaged("a record is not an activity"));
        };
        let id = id_of(&record);
        if activities.index.find(id, &activities.shelf).is_some() {
            return Err(input.damaged("an activity is there twice"));
        }
        activities.index.insert(id, slot);
        activities.horizon.note(activity.held_by_day, slot);
    }
    input.end()?;
    state.activities = activities;
    Ok(())
}

fn restore_cells(state: &mut PartitionState, input: &mut Input<'_>) -> Result<(), ImageError> {
    let (reps, territories) = (state.reps.as_slice().len(), state.territories.as_slice().len());
    let mut cells = Cells::default();
    while !input.is_at_end()? {
        let rep = u32::from_le_bytes(input.array()?);
        let territory = u32::from_le_bytes(input.array()?);
        let day = Day(i32::from_le_bytes(input.array()?));
        let measure = Measure::from_code(u64::from_le_bytes(input.array()?));
        let value = i128::from_le_bytes(input.array()?);
        let measure = measure.ok_or_else(|| input.damaged("a cell is of no known measure"))?;
        if rep as usize >= reps || territory as usize >= territories || value == 0 {
            return Err(input.damaged("a cell is for no known name or is 0"));
        }
        let key = CellKey { rep: RepIndex(rep), territory: TerritoryIndex(territory), day, measure };
        if cells.get(&key) != 0 {
            return Err(input.damaged("a cell is there twice"));
        }
        cells.add(Contribution { key, value });
    }
    state.cells = cells;
    Ok(())
}

/// A section being read.
struct Input<'r> {
    section: Section,
    read: io::BufReader<Box<dyn Read + 'r>>,
}

impl Input<'_> {
    const fn damaged(&self, what: &'static str) -> ImageError {
        ImageError::Damaged { section: self.section, what }
    }

    fn exactly(&mut self, out: &mut [u8]) -> Result<(), ImageError> {
        self.read.read_exact(out).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it ends too early"),
            _ => ImageError::Read { section: self.section, source },
        })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ImageError> {
        let mut array = [0; N];
        self.exactly(&mut array)?;
        Ok(array)
    }

    fn number(&mut self) -> Result<u64, ImageError> {
        let mut bytes = Vec::with_capacity(10);
        loop {
            let [byte] = self.array()?;
            bytes.push(byte);
            if byte < 0x80 || bytes.len() == 10 {
                break;
            }
        }
        crate::encoding::Reader::new(&bytes).number().ok_or_else(|| self.damaged("a number has no end"))
    }

    fn slot_count(&mut self) -> Result<usize, ImageError> {
        let count = self.number()?;
        u32::try_from(count)
            .map(|count| count as usize)
            .map_err(|_| self.damaged("there are too many records"))
    }

    fn bytes(&mut self, out: &mut Vec<u8>) -> Result<(), ImageError> {
        let length = self.number()?;
        if length > RECORD_BYTES_MAX {
            return Err(self.damaged("a record is too long"));
        }
        out.clear();
        out.resize(usize::try_from(length).unwrap_or(0), 0);
        self.exactly(out)
    }

    fn names(&mut self) -> Result<Names, ImageError> {
        let count = self.number()?;
        let mut names = Names::default();
        let mut bytes = Vec::new();
        for number in 0..count {
            self.bytes(&mut bytes)?;
            let name = std::str::from_utf8(&bytes).map_err(|_| self.damaged("a name is not UTF-8"))?;
            if names.intern(name).map(u64::from) != Some(number) {
                return Err(self.damaged("a name is there twice, or there are too many"));
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
        let rest = io::BufRead::fill_buf(&mut self.read);
        rest.map(<[u8]>::is_empty).map_err(|source| ImageError::Read { section: self.section, source })
    }

    fn end(&mut self) -> Result<(), ImageError> {
        if self.is_at_end()? { Ok(()) } else { Err(self.damaged("there is more than expected")) }
    }
}
