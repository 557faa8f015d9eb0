//! Writing records to a topic.

use std::time::Duration;

use model::{PartitionId, TopicName};

use crate::error::LogError;
use crate::record::NewRecord;

/// Something that records can be written to. Sharable between threads.
pub trait RecordSink: Send + Sync {
    /// Writes a record, to the partition of its key if none is named. Returns before it is acknowledged; waits only
    /// while the queue of those not yet acknowledged is full.
    ///
    /// # Errors
    /// [`LogError::Backlog`] if the queue stays full for too long: retryable, the record was not taken. Others if
    /// the record can never be written.
    fn send(
        &self,
        topic: &TopicName,
        partition: Option<PartitionId>,
        record: NewRecord<'_>,
    ) -> Result<(), LogError>;

    /// Waits until all records sent so far are acknowledged.
    ///
    /// # Errors
    /// [`LogError::Delivery`] if one could not be written since the last flush, or the time is over.
    fn flush(&self, deadline: Duration) -> Result<(), LogError>;
}
