//! The states of the partitions of this instance, for those who look behind the numbers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::unbounded;
use explain::Evidence;
use model::PartitionId;
use parking_lot::Mutex;

use crate::worker::StateRequests;

/// Asks the workers for their states. Clones ask the same ones.
#[derive(Debug, Clone, Default)]
pub struct States(Arc<Mutex<BTreeMap<PartitionId, StateRequests>>>);

impl States {
    pub(crate) fn add(&self, partition: PartitionId, requests: StateRequests) {
        self.0.lock().insert(partition, requests);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }

    /// The states of all partitions that are owned, each as it stands between two batches. Cost for a worker: what freezing
    /// costs (see [`engine::PartitionState::freeze`]).
    ///
    /// # Errors
    /// That there is no partition, or which one does not answer until then; a retry is safe.
    pub fn freeze(&self, until: Instant) -> Result<Vec<Evidence>, String> {
        let asked: Vec<(PartitionId, StateRequests)> =
            self.0.lock().iter().map(|(&number, requests)| (number, requests.clone())).collect();
        if asked.is_empty() {
            return Err("no partition is assigned to this instance yet; try again".to_owned());
        }
        // All at once: each may have to fold something first.
        let answers: Vec<_> = asked
            .into_iter()
            .map(|(number, requests)| {
                let (answer, answered) = unbounded();
                let _ = requests.send(answer);
                (number, answered)
            })
            .collect();
        let state = |(number, answered): (PartitionId, crossbeam_channel::Receiver<Evidence>)| {
            answered.recv_deadline(until).map_err(|_| {
                format!("partition {number} has changed hands or is busy, there was no state of it in time; try again")
            })
        };
        answers.into_iter().map(state).collect()
    }
}
