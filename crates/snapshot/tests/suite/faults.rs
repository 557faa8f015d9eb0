//! Writes cut short, stores that fail, and what is left behind.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::support::{
    Fault, Faulty, Memory, Pieces, Section, header, noise, restore, restored, runtime, state,
};
use model::PartitionId;
use tallyboard_snapshot::{Options, Position, Refusal, RestoreError, SnapshotError, SnapshotStore, TagError};

const PARTITION: PartitionId = PartitionId(7);

/// Names of the files under a folder.
fn files(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(self::files(&entry.path()));
        } else {
            files.push(entry.file_name().into_string().unwrap());
        }
    }
    files.sort_unstable();
    files
}

fn open(root: &Path, runtime: &tokio::runtime::Runtime) -> SnapshotStore {
    let options = Options { store: root.display().to_string(), ..Options::default() };
    SnapshotStore::open(options, runtime.handle().clone()).unwrap()
}

#[test]
fn a_write_cut_short_leaves_nothing_that_counts() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let store = open(folder.path(), &runtime);
    store.write(&header(1, "24T03:00:00"), &state("old")).unwrap();
    let good = files(folder.path());
    let part_way = |end: fn() -> std::io::Error| {
        let (store, root) = (&store, folder.path());
        Section(move |sink: &mut dyn std::io::Write| {
            sink.write_all(&noise(20 << 20))?;
            assert!(files(root).len() == 2, "the write is under way beside its place");
            assert_eq!(store.candidates(PARTITION).unwrap().len(), 1);
            Err(end())
        })
    };
    let failing = part_way(|| std::io::Error::other("no more"));
    let error = store.write(&header(2, "24T03:05:00"), &failing).unwrap_err();
    assert!(matches!(error, SnapshotError::Body(_)), "{error}");
    assert!(error.to_string().contains("no more"), "{error}");
    assert_eq!(files(folder.path()), good);

    let panicking = part_way(|| panic!("the body panics"));
    let panicked = catch_unwind(AssertUnwindSafe(|| store.write(&header(2, "24T03:05:00"), &panicking)));
    assert!(panicked.is_err());
    assert_eq!(files(folder.path()), good);
    assert_eq!(restored(&store).as_deref(), Some("old"));
}

#[test]
fn litter_is_removed_when_it_is_old() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let name = open(folder.path(), &runtime).write(&header(1, "24T03:00:00"), &state("old")).unwrap().name;
    let path = folder.path().join(&name);
    let age = |suffix: &str, seconds: u64| {
        let path = path.with_file_name(format!("{}{suffix}", path.file_name().unwrap().to_str().unwrap()));
        let file = std::fs::File::options().create(true).append(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    };
    age("", 100_000);
    age("#1", 100_000);
    age("#2", 60);
    age("#notes", 100_000);
    std::fs::write(folder.path().join("partition-00009"), "no folder").unwrap();
    let store = open(folder.path(), &runtime);
    let left = files(folder.path());
    let suffixes: Vec<&str> =
        left.iter().filter_map(|file| file.split_once(".tallyboard")).map(|(_, end)| end).collect();
    assert_eq!(suffixes, ["", "#2", "#notes"]);
    assert_eq!(restored(&store).as_deref(), Some("old"));
}

#[test]
fn a_folder_is_created_or_complained_of() {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let deep = folder.path().join("a/b c");
    let url = format!("file://{}", deep.display()).replace(' ', "%20");
    let options = |store: String| Options { store, ..Options::default() };
    SnapshotStore::open(options(url), runtime.handle().clone()).unwrap();
    assert!(deep.is_dir());
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for (store, expected) in
        [(file.display().to_string(), "cannot be used"), ("s3://bucket".to_owned(), "not supported")]
    {
        let error = SnapshotStore::open(options(store), runtime.handle().clone()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_failing_write_is_an_error_and_a_retry_works() {
    let small = Pieces::new(&[("state", b"new")]);
    let large = Pieces::new(&[("state", b"new"), ("noise", &noise(20 << 20))]);
    for (fault, body) in [(Fault::Put, &small), (Fault::Part, &large), (Fault::Complete, &large)] {
        let faulty = Faulty::default();
        let memory = Memory::over(Arc::new(faulty.clone()), Options::default());
        memory.store.write(&header(1, "24T03:00:00"), &state("old")).unwrap();
        faulty.set(Some(fault));
        let error = memory.store.write(&header(2, "24T03:05:00"), body).unwrap_err();
        assert!(matches!(error, SnapshotError::Store { .. }), "{fault:?}: {error}");
        assert!(error.to_string().contains("told to fail"), "{fault:?}: {error}");
        assert_eq!(restored(&memory.store).as_deref(), Some("old"), "{fault:?}");
        faulty.set(None);
        memory.store.write(&header(2, "24T03:05:00"), body).unwrap();
        assert_eq!(restored(&memory.store).as_deref(), Some("new"), "{fault:?}");
    }
}

#[test]
fn a_body_that_overlooks_an_error_gets_no_snapshot() {
    let faulty = Faulty::default();
    let memory = Memory::over(Arc::new(faulty.clone()), Options::default());
    faulty.set(Some(Fault::Part));
    let careless = Section(|sink: &mut dyn std::io::Write| {
        for piece in noise(40 << 20).chunks(1 << 20) {
            if sink.write_all(piece).is_err() {
                faulty.set(None);
            }
        }
        Ok(())
    });
    let error = memory.store.write(&header(1, "24T03:00:00"), &careless).unwrap_err();
    assert!(matches!(error, SnapshotError::Store { .. }), "{error}");
    faulty.set(None);
    assert_eq!(memory.store.candidates(PARTITION).unwrap(), []);
}

#[test]
fn a_store_that_does_not_answer_is_not_an_empty_store() {
    for fault in [Fault::List, Fault::Get, Fault::MiddleOfGet] {
        let faulty = Faulty::default();
        let memory = Memory::over(Arc::new(faulty.clone()), Options::default());
        memory.store.write(&header(1, "24T02:00:00"), &state("old")).unwrap();
        memory.store.write(&header(2, "24T03:00:00"), &state("new")).unwrap();
        faulty.set(Some(fault));
        let result = memory.store.restore(PARTITION, |_, _| Ok::<_, Refusal<String>>(()));
        let Err(RestoreError::Store(error)) = result else { panic!("{fault:?}: {result:?}") };
        assert!(matches!(error, SnapshotError::Store { .. }), "{fault:?}: {error}");
        faulty.set(None);
        let report = restore(&memory.store);
        assert_eq!((report.restored.unwrap().value.as_str(), report.tried.len()), ("new", 0), "{fault:?}");
    }
}

#[test]
fn a_failed_deletion_is_made_up_for_later() {
    let faulty = Faulty::default();
    let options = Options { keep_newest: 1, keep_hourly: 0, keep_daily: 0, ..Options::default() };
    let memory = Memory::over(Arc::new(faulty.clone()), options);
    let write = |next| memory.store.write(&header(next, "24T03:00:00"), &state("x")).unwrap().expired;
    assert_eq!(write(1), 0);
    faulty.set(Some(Fault::Delete));
    assert_eq!(write(2), 0);
    faulty.set(Some(Fault::List));
    assert_eq!(write(3), 0);
    faulty.set(None);
    assert_eq!(memory.store.candidates(PARTITION).unwrap().len(), 3);
    assert_eq!(write(4), 3);
    memory.only();
}

#[test]
fn setting_aside_reports_a_failure() {
    let faulty = Faulty::default();
    let memory = Memory::over(Arc::new(faulty.clone()), Options::default());
    memory.store.write(&header(1, "24T03:00:00"), &state("x")).unwrap();
    faulty.set(Some(Fault::Copy));
    assert!(matches!(memory.store.set_aside(PARTITION), Err(SnapshotError::Store { .. })));
    faulty.set(None);
    assert_eq!(memory.store.set_aside(PARTITION).unwrap().len(), 1);
}

#[test]
fn rules_are_checked_before_anything_is_written() {
    let memory = Memory::new(Options::default());
    let mut wrong = header(1, "24T03:00:00");
    wrong.positions.clear();
    let error = memory.store.write(&wrong, &state("x")).unwrap_err();
    assert!(matches!(error, SnapshotError::Header(_)), "{error}");
    let twice = Pieces::new(&[("a", b""), ("b", b""), ("a", b"")]);
    let many = Pieces { sections: (0..257).map(|index| (format!("s{index}"), vec![])).collect(), piece: 1 };
    let most = Pieces { sections: many.sections[..256].to_vec(), piece: 1 };
    for (body, expected) in [(&twice, TagError::Repeated), (&many, TagError::TooMany)] {
        let error = memory.store.write(&header(2, "24T03:00:00"), body).unwrap_err();
        assert!(matches!(error, SnapshotError::Section { reason, .. } if reason == expected), "{error}");
    }
    memory.store.write(&header(2, "24T03:00:00"), &most).unwrap();
    let (_, sections) = memory.store.read(&memory.store.candidates(PARTITION).unwrap()[0]).unwrap();
    assert_eq!(crate::support::contents(sections), most.sections);
}

/// Control characters take six bytes each in JSON: no header that keeps the rules is longer than a reader accepts.
#[test]
fn the_longest_header_is_read() {
    let memory = Memory::new(Options::default());
    let long = |bytes: usize, index: u8| "\u{1}".repeat(bytes - 2) + &format!("{index:02}");
    let mut longest = header(i64::MAX, "24T03:20:11.123456");
    longest.cluster_id = long(255, 0);
    let first = longest.positions[0].clone();
    let position = |index| Position { topic: long(249, index).into(), ..first.clone() };
    longest.positions = (0..16).map(position).collect();
    longest.counts = (0..64).map(|index| (long(64, index), u64::MAX)).collect();
    let written = memory.store.write(&longest, &state("x")).unwrap();
    assert!(written.bytes > 50_000, "{}", written.bytes);
    assert_eq!(memory.store.read(&memory.only()).unwrap().0, longest);
}
