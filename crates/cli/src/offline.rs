//! A board from JSON lines, without a broker: the service's own fold, of one partition whose log received all lines at
//! one time.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use board::Board;
use codec::{Carries, DecodeFailure, Decoder, Record};
use engine::{FoldConfig, Outcome, PartitionState};
use explain::{Evidence, Explainer};
use model::{Offset, PartitionId, Reference, Timestamp, TopicName};

use crate::files::{Lines, Rejections};
use crate::settings::Settings;

/// What the lines are called where a log has topics.
const TOPIC: &str = "events";

/// The numbers of lines, and what they are made of.
pub(crate) struct Folded {
    pub(crate) board: Arc<Board>,
    pub(crate) explainer: Explainer,
    /// The newest event time.
    pub(crate) newest: Option<Timestamp>,
}

/// Folds all lines of files, one behind the other. A line's offset is its number, from 0, over all files.
pub(crate) fn fold(
    files: &[PathBuf],
    settings: &Settings,
    received_at: Timestamp,
    rejections: &mut Rejections,
) -> Result<Folded> {
    let mut folding = Folding::new(settings, received_at)?;
    let mut line = Vec::new();
    for file in files {
        let mut lines = Lines::open(file)?;
        let before = folding.offset;
        while let Some(number) = lines.next(&mut line)? {
            // Blank lines have numbers, too.
            folding.offset = Offset(before.0.saturating_add_unsigned(number - 1));
            if let Outcome::Rejected(reject) = folding.apply(&line)? {
                rejections.add(&lines.place(number), &reject);
            }
        }
        folding.offset = Offset(before.0.saturating_add_unsigned(lines.count()));
    }
    folding.finish()
}

/// A fold of lines.
pub(crate) struct Folding {
    config: Arc<FoldConfig>,
    board: Arc<Board>,
    state: PartitionState,
    reference: Reference,
    decoder: Decoder,
    offset: Offset,
    received_at: Timestamp,
}

impl Folding {
    pub(crate) fn new(settings: &Settings, received_at: Timestamp) -> Result<Self> {
        let config = Arc::new(settings.fold_config()?);
        Ok(Self {
            board: settings.board()?,
            state: PartitionState::new(config.clone()),
            config,
            reference: Reference::default(),
            decoder: Decoder::json(Carries::Anything),
            offset: Offset(0),
            received_at,
        })
    }

    /// Folds a line in: a deal, an activity or a reference record.
    pub(crate) fn apply(&mut self, line: &[u8]) -> Result<Outcome> {
        let outcome = match self.decoder.decode(line) {
            Ok(Record::Event(event)) => self.state.apply(&event, self.offset, Some(self.received_at)),
            Ok(Record::Reference(record)) => match self.reference.apply(record, &self.config.calendar) {
                Ok(()) => Outcome::Applied,
                Err(reject) => Outcome::Rejected(reject),
            },
            Err(DecodeFailure::Reject(reject)) => Outcome::Rejected(reject),
            Err(failure) => return Err(failure.into()),
        };
        self.offset = self.offset.next();
        Ok(outcome)
    }

    /// What all lines so far make.
    pub(crate) fn finish(self) -> Result<Folded> {
        let Self { config, board, mut state, reference, offset, .. } = self;
        let partition = PartitionId(0);
        board.set_reference(Arc::new(reference));
        board.set_assignment(&[partition]);
        let newest = state.newest();
        board.set_status(
            partition,
            board::Status { caught_up: true, lag_records: 0, lag_seconds: 0, newest_event_at: newest },
        );
        let mut writer = board.writer(partition);
        let changes = state.take_changes();
        let stamp = board::Stamp { progress: offset.0.cast_unsigned(), positions: Vec::new() };
        writer.name_types(state.types().as_slice());
        writer.publish(stamp, state.reps().as_slice(), state.territories().as_slice(), changes)?;
        drop(writer);
        let topic = TopicName::from(TOPIC);
        let evidence = Evidence {
            partition,
            deals: topic.clone(),
            activities: topic.clone(),
            positions: vec![(topic, offset)],
            frozen: state.freeze(),
        };
        let explainer = Explainer::new(config, Box::new(move |_| Ok(vec![evidence.clone()])));
        Ok(Folded { board, explainer, newest })
    }
}
