//! A partition's frozen state as the body of a snapshot, and back.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;

use engine::{Counts, FoldConfig, Frozen, ImageError, PartitionState, Section};
use eventlog::{RecordMark, StartPosition};
use model::{PartitionId, Timestamp, TopicName};
use snapshot::{Body, Header, Mark, Position, SectionTag, Sections};

/// A state as it stood at positions.
#[derive(Debug)]
pub struct Image {
    pub(crate) partition: PartitionId,
    pub(crate) frozen: Frozen,
    pub(crate) positions: Vec<(TopicName, StartPosition)>,
    pub(crate) newest: Option<Timestamp>,
    pub(crate) counts: Counts,
}

const fn tag(section: Section) -> SectionTag {
    SectionTag::literal(match section {
        Section::Names => "names",
        Section::Deals => "deals",
        Section::Activities => "activities",
        Section::Cells => "cells",
        Section::Horizons => "horizons",
        Section::Restatements => "restatements",
    })
}

impl Image {
    /// The header of its snapshot.
    #[must_use]
    pub fn header(&self, cluster_id: &str, fingerprint: u64, created_at: Timestamp) -> Header {
        let position = |(topic, position): &(TopicName, StartPosition)| Position {
            topic: topic.clone(),
            next: position.next,
            last: position.last.map(|mark| Mark {
                offset: mark.offset,
                appended_at_millis: mark.appended_at_millis,
                checksum: mark.checksum,
            }),
        };
        let count = |name: &str, count: usize| (name.to_owned(), count as u64);
        Header {
            cluster_id: cluster_id.to_owned(),
            fingerprint,
            partition: self.partition,
            created_at,
            positions: self.positions.iter().map(position).collect(),
            event_time_newest: self.newest,
            counts: BTreeMap::from([
                count("deals", self.counts.deals),
                count("deals_final", self.counts.deals_final),
                count("activities", self.counts.activities),
                count("cells", self.counts.cells),
            ]),
        }
    }
}

impl Body for Image {
    fn sections(&self) -> Vec<SectionTag> {
        Section::ALL.map(tag).to_vec()
    }

    fn write_section(&self, wanted: &SectionTag, sink: &mut dyn Write) -> io::Result<()> {
        match Section::ALL.into_iter().find(|&section| tag(section) == *wanted) {
            Some(section) => self.frozen.write(section, &mut |piece| sink.write_all(piece)),
            None => Ok(()),
        }
    }
}

/// The state in the sections of a snapshot.
///
/// # Errors
/// If they are not what a state writes.
pub fn restore(config: Arc<FoldConfig>, mut sections: Sections) -> Result<PartitionState, ImageError> {
    PartitionState::restore(config, |section| {
        let missing = || {
            io::Error::new(io::ErrorKind::NotFound, format!("the snapshot has no section {}", tag(section)))
        };
        let reader = sections.take(&tag(section)).ok_or_else(missing)?;
        Ok(Box::new(reader) as Box<dyn Read>)
    })
}

/// The positions in the header of a snapshot.
#[must_use]
pub fn positions(header: &Header) -> BTreeMap<TopicName, StartPosition> {
    let start = |position: &Position| StartPosition {
        next: position.next,
        last: position.last.map(|mark| RecordMark {
            offset: mark.offset,
            appended_at_millis: mark.appended_at_millis,
            checksum: mark.checksum,
        }),
    };
    header.positions.iter().map(|position| (position.topic.clone(), start(position))).collect()
}
