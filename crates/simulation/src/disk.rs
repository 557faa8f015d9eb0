//! The snapshot store over memory, and damage to what is in it.

use std::sync::Arc;

use model::PartitionId;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use snapshot::{Candidate, Options, SnapshotStore};
use tokio::runtime::{Builder, Runtime};

/// What happens to a stored snapshot.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Damage {
    /// The byte at this place, counted from the start and around, is another one.
    Flip(usize),
    /// Only this many bytes are left, counted around.
    Cut(usize),
    /// It is gone.
    Lose,
}

/// A snapshot store that can be damaged.
pub(crate) struct Disk {
    runtime: Runtime,
    objects: Arc<InMemory>,
    store: SnapshotStore,
}

type Anything = Box<dyn std::error::Error>;

impl Disk {
    pub(crate) fn new() -> Result<Self, Anything> {
        let runtime = Builder::new_multi_thread().worker_threads(1).build()?;
        let objects = Arc::new(InMemory::new());
        let store = SnapshotStore::over(objects.clone(), Options::default(), runtime.handle().clone())?;
        Ok(Self { runtime, objects, store })
    }

    pub(crate) const fn store(&self) -> &SnapshotStore {
        &self.store
    }

    /// The snapshot of a partition that a restore would take if it is whole.
    pub(crate) fn newest(&self, partition: PartitionId) -> Result<Option<Candidate>, Anything> {
        Ok(self.store.candidates(partition)?.into_iter().next())
    }

    pub(crate) fn damage(&self, candidate: &Candidate, damage: Damage) -> Result<(), Anything> {
        let path = Path::from(candidate.name().as_str());
        self.runtime.block_on(async {
            let mut bytes = self.objects.get(&path).await?.bytes().await?.to_vec();
            let length = bytes.len().max(1);
            match damage {
                Damage::Flip(at) => {
                    bytes.get_mut(at % length).into_iter().for_each(|byte| *byte ^= 0x10);
                }
                Damage::Cut(left) => bytes.truncate(left % length),
                Damage::Lose => return self.objects.delete(&path).await,
            }
            self.objects.put(&path, PutPayload::from(bytes)).await.map(drop)
        })?;
        Ok(())
    }
}
