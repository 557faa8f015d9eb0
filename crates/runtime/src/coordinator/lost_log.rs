//! What is done when the log does not hold what was folded before: a person decides, once.

use eventlog::{LogConsumer, LogError, StartPosition};
use model::PartitionId;

use super::{Coordinator, Trouble};
use crate::error::ServiceError;
use crate::options::OnLostLog;
use crate::recovery::from_start;

impl Coordinator {
    /// A log that turned out to be lost while it was read.
    pub(super) fn resolve(&mut self, consumer: &mut dyn LogConsumer, error: LogError) -> Result<(), Trouble> {
        self.fence();
        self.rebuild(error)?;
        self.begin(consumer)
    }

    /// Prepares a partition, whose log is lost, to be folded from where the log begins, if a person has decided so.
    pub(super) fn rebuild(&mut self, error: LogError) -> Result<(), Trouble> {
        let (topic, number) = match &error {
            LogError::OffsetExpired { partition, .. } | LogError::LogChanged { partition, .. }
                if self.parked.contains_key(&partition.partition) =>
            {
                (partition.topic.clone(), partition.partition)
            }
            _ => return Err(Trouble::Log(error)),
        };
        let because = self.passed_over.get(&number).filter(|passed_over| !passed_over.is_empty());
        if self.on_lost_log == OnLostLog::Stop {
            let because =
                because.map(|passed_over| format!("snapshots were passed over: {}", passed_over.join("; ")));
            return Err(Trouble::Stop(ServiceError::LostLog { source: error, because }));
        }
        if let Some(process) = self.parked.remove(&number) {
            process.retract();
        }
        tracing::warn!(%error, partition = %number, "the log is lost; as decided, the partition is folded again from where the log begins");
        self.forget_status(number);
        // An image of the lost state that is still to be written would be taken for the newest one later.
        self.writer.settle();
        self.set_aside(number)?;
        let beginning = match &error {
            LogError::OffsetExpired { low, .. } => StartPosition::at(*low),
            _ => StartPosition::default(),
        };
        let mut recovered = from_start(&self.topic_names(), &self.parts.config);
        let beginnings = self.beginnings.entry(number).or_default();
        beginnings.insert(topic, beginning);
        recovered.positions.extend(beginnings.clone());
        let mut process = self.process(number, recovered)?;
        // Also where no record is left to fold: what was decided now is not to be asked again at the next start.
        process.note_unsaved();
        self.parked.insert(number, process);
        Ok(())
    }

    /// Lets a partition count as not caught up; all partitions of this instance are parked.
    fn forget_status(&self, number: PartitionId) {
        let others: Vec<PartitionId> = self.parked.keys().copied().collect();
        self.parts.board.set_assignment(&others);
        self.parts.board.set_assignment(&[others, vec![number]].concat());
    }

    pub(super) fn set_aside(&self, number: PartitionId) -> Result<(), Trouble> {
        match self.parts.snapshots.set_aside(number) {
            Ok(_) => Ok(()),
            Err(error) => Err(Trouble::store(&error)),
        }
    }
}
