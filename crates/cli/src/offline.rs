//! A board from JSON lines, without a broker: the service's own fold, of one partition whose log received all lines at
//! one time.

use std::sync::Arc;

use anyhow::Result;
use board::Board;
use codec::{Carries, DecodeFailure, Decoder, Record};
use engine::{FoldConfig, Outcome, PartitionState};
use model::{Offset, PartitionId, Reference, Timestamp};

use crate::settings::Settings;

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

    /// The board of all lines so far, and the newest event time.
    pub(crate) fn finish(self) -> Result<(Arc<Board>, Option<Timestamp>)> {
        let Self { board, mut state, reference, offset, .. } = self;
        board.set_reference(Arc::new(reference));
        board.set_assignment(&[PartitionId(0)]);
        let newest = state.newest();
        board.set_status(
            PartitionId(0),
            board::Status { caught_up: true, lag_records: 0, lag_seconds: 0, newest_event_at: newest },
        );
        let mut writer = board.writer(PartitionId(0));
        let changes = state.take_changes();
        let stamp = board::Stamp { progress: offset.0.cast_unsigned(), positions: Vec::new() };
        writer.name_types(state.types().as_slice());
        writer.publish(stamp, state.reps().as_slice(), state.territories().as_slice(), changes)?;
        drop(writer);
        Ok((board, newest))
    }
}
