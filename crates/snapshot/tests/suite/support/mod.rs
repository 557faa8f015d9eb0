//! What the tests of this room share: headers, bodies, a runtime, and stores that fail when told to.

mod faulty;

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;

use model::{Offset, PartitionId, Timestamp};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tallyboard_snapshot::{
    Body, Candidate, Header, Mark, Options, Position, Refusal, RestoreReport, SectionTag, Sections,
    SnapshotStore,
};
use tokio::runtime::{Builder, Runtime};

pub(crate) use faulty::{Fault, Faulty};

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-11-{text}Z")).unwrap()
}

/// A header of partition 7 that stands at `next` in its first topic.
pub(crate) fn header(next: i64, created_at: &str) -> Header {
    let last = (next > 0).then(|| Mark {
        offset: Offset(next - 1),
        appended_at_millis: 1_795_490_411_123,
        checksum: 0xdead_beef,
    });
    Header {
        cluster_id: "lkc-7Qx".to_owned(),
        fingerprint: 0xcafe_f00d,
        partition: PartitionId(7),
        created_at: time(created_at),
        positions: vec![
            Position { topic: "sales.deals".into(), next: Offset(next), last },
            Position { topic: "sales.activities".into(), next: Offset(345), last: None },
        ],
        event_time_newest: Some(time("24T03:20:09")),
        counts: [("deals".to_owned(), 17), ("cells".to_owned(), 4)].into(),
    }
}

/// A body of given sections, written in pieces of `piece` bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pieces {
    pub(crate) sections: Vec<(String, Vec<u8>)>,
    pub(crate) piece: usize,
}

impl Pieces {
    pub(crate) fn new(sections: &[(&str, &[u8])]) -> Self {
        let sections = sections.iter().map(|(tag, bytes)| ((*tag).to_owned(), bytes.to_vec())).collect();
        Self { sections, piece: 1000 }
    }
}

impl Body for Pieces {
    fn sections(&self) -> Vec<SectionTag> {
        self.sections.iter().map(|(tag, _)| SectionTag::new(tag).unwrap()).collect()
    }

    fn write_section(&self, tag: &SectionTag, sink: &mut dyn Write) -> io::Result<()> {
        let (_, bytes) = self.sections.iter().find(|(name, _)| name == tag.as_str()).unwrap();
        bytes.chunks(self.piece).try_for_each(|piece| sink.write_all(piece))
    }
}

/// A body of one section whose writing is a function.
pub(crate) struct Section<F>(pub(crate) F);

impl<F: Fn(&mut dyn Write) -> io::Result<()> + Send> Body for Section<F> {
    fn sections(&self) -> Vec<SectionTag> {
        vec![SectionTag::literal("section")]
    }

    fn write_section(&self, _: &SectionTag, sink: &mut dyn Write) -> io::Result<()> {
        (self.0)(sink)
    }
}

/// Bytes that do not compress, always the same.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A small body that says which state it is.
pub(crate) fn state(text: &str) -> Pieces {
    Pieces::new(&[("state", text.as_bytes()), ("noise", &noise(100)), ("zeros", &[0; 500])])
}

/// Reads all sections.
pub(crate) fn contents(mut sections: Sections) -> Vec<(String, Vec<u8>)> {
    let tags: Vec<SectionTag> = sections.tags().cloned().collect();
    let read = |tag: SectionTag| {
        let mut section = sections.take(&tag).unwrap();
        let mut bytes = Vec::new();
        section.read_to_end(&mut bytes).unwrap();
        assert_eq!(section.raw_bytes(), bytes.len() as u64);
        (tag.to_string(), bytes)
    };
    tags.into_iter().map(read).collect()
}

/// The text of a body that [`state`] made.
pub(crate) fn text(sections: Sections) -> String {
    let contents: BTreeMap<String, Vec<u8>> = contents(sections).into_iter().collect();
    String::from_utf8(contents["state"].clone()).unwrap()
}

/// Restores partition 7, taking whatever comes first.
pub(crate) fn restore(store: &SnapshotStore) -> RestoreReport<String, String> {
    store.restore(PartitionId(7), |_, sections| Ok::<_, Refusal<String>>(text(sections))).unwrap()
}

/// What [`restore`] gives.
pub(crate) fn restored(store: &SnapshotStore) -> Option<String> {
    restore(store).restored.map(|restored| restored.value)
}

/// A store in memory, with a view of its objects.
pub(crate) struct Memory {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) store: SnapshotStore,
    pub(crate) runtime: Runtime,
}

impl Memory {
    pub(crate) fn new(options: Options) -> Self {
        Self::over(Arc::new(InMemory::new()), options)
    }

    pub(crate) fn over(objects: Arc<dyn ObjectStore>, options: Options) -> Self {
        let runtime = runtime();
        let store = SnapshotStore::over(Arc::clone(&objects), options, runtime.handle().clone()).unwrap();
        Self { objects, store, runtime }
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        let path = Path::from(name);
        self.runtime
            .block_on(async { self.objects.get(&path).await.unwrap().bytes().await.unwrap() })
            .to_vec()
    }

    pub(crate) fn put(&self, name: &str, bytes: Vec<u8>) {
        self.runtime.block_on(self.objects.put(&Path::from(name), bytes.into())).unwrap();
    }

    /// The only snapshot of partition 7.
    pub(crate) fn only(&self) -> Candidate {
        let candidates = self.store.candidates(PartitionId(7)).unwrap();
        assert_eq!(candidates.len(), 1);
        candidates[0].clone()
    }
}
