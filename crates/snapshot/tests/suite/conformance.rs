//! What the snapshot store promises over any object store: one suite, run in memory and in a local folder.

use std::sync::Arc;

use model::{Offset, PartitionId};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use tallyboard_snapshot::{Header, NotUsed, Options, Refusal, RestoreError, SnapshotError, SnapshotStore};

use crate::support::{Memory, Pieces, contents, header, noise, restore, restored, runtime, state, text};

const PARTITION: PartitionId = PartitionId(7);

fn in_memory(test: impl Fn(&Memory), options: &Options) {
    test(&Memory::over(Arc::new(InMemory::new()), options.clone()));
}

fn in_folder(test: impl Fn(&Memory), options: &Options) {
    let folder = tempfile::tempdir().unwrap();
    let objects: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
    let runtime = runtime();
    let options = Options { store: folder.path().display().to_string(), ..options.clone() };
    let store = SnapshotStore::open(options, runtime.handle().clone()).unwrap();
    test(&Memory { objects, store, runtime });
}

macro_rules! suite {
    ($($test:ident $(with $options:expr)?;)*) => {
        mod memory {
            $(#[test] fn $test() { super::in_memory(super::$test, &super::options!($($options)?)); })*
        }
        mod folder {
            $(#[test] fn $test() { super::in_folder(super::$test, &super::options!($($options)?)); })*
        }
    };
}

macro_rules! options {
    () => {
        tallyboard_snapshot::Options::default()
    };
    ($options:expr) => {
        $options
    };
}
use options;

suite! {
    an_empty_store_has_nothing;
    what_was_written_is_read;
    large_states_go_in_parts;
    the_furthest_in_the_log_wins;
    the_damaged_are_passed_over;
    all_damaged_is_told_from_none;
    the_caller_may_refuse;
    the_caller_may_stop;
    a_misplaced_snapshot_is_damaged;
    strange_objects_are_overlooked;
    equal_headers_replace_each_other;
    the_ladder_deletes with super::sparse();
    a_late_writer_does_no_harm with super::sparse();
    the_damaged_take_no_rung with super::sparse();
    setting_aside_makes_room;
    partitions_are_apart;
}

fn sparse() -> Options {
    Options { keep_newest: 2, keep_hourly: 1, keep_daily: 2, ..Options::default() }
}

fn names(memory: &Memory) -> Vec<String> {
    memory.store.candidates(PARTITION).unwrap().iter().map(|candidate| candidate.name()).collect()
}

fn write(memory: &Memory, next: i64, created_at: &str) -> String {
    memory.store.write(&header(next, created_at), &state(&format!("state {next}"))).unwrap().name
}

fn damage(memory: &Memory, name: &str) {
    let mut bytes = memory.get(name);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    memory.put(name, bytes);
}

fn an_empty_store_has_nothing(memory: &Memory) {
    let report = restore(&memory.store);
    assert!(report.restored.is_none() && report.tried.is_empty());
    assert_eq!(memory.store.candidates(PARTITION).unwrap(), []);
    assert_eq!(memory.store.partitions().unwrap(), []);
    assert_eq!(memory.store.set_aside(PARTITION).unwrap(), Vec::<String>::new());
}

fn what_was_written_is_read(memory: &Memory) {
    let body = Pieces::new(&[("zeros", &[0; 3000]), ("empty", b""), ("noise", &noise(5000))]);
    let written = memory.store.write(&header(12_000, "24T03:20:11.123456"), &body).unwrap();
    assert_eq!(
        written.name,
        "partition-00007/00000000000000012345-2026-11-24T03-20-11.123456Z-00000000cafef00d.tallyboard"
    );
    assert_eq!(written.bytes_raw, 8000);
    assert!((5000..6000).contains(&written.bytes), "{}", written.bytes);
    let candidate = memory.only();
    assert_eq!((candidate.name(), candidate.bytes), (written.name, written.bytes));
    let (read, sections) = memory.store.read(&candidate).unwrap();
    assert_eq!(read, header(12_000, "24T03:20:11.123456"));
    assert_eq!(contents(sections), body.sections);
}

fn large_states_go_in_parts(memory: &Memory) {
    let body = Pieces {
        sections: vec![("noise".into(), noise(20 << 20)), ("more".into(), vec![1; 3 << 20])],
        piece: 70_001,
    };
    let written = memory.store.write(&header(1, "24T03:20:11"), &body).unwrap();
    assert!(written.bytes > 20 << 20 && written.bytes < 21 << 20, "{}", written.bytes);
    assert_eq!(written.bytes_raw, 23 << 20);
    let (_, sections) = memory.store.read(&memory.only()).unwrap();
    assert!(contents(sections) == body.sections, "the sections differ");
}

fn the_furthest_in_the_log_wins(memory: &Memory) {
    let clock_ahead = write(memory, 10, "24T09:00:00");
    let clock_right = write(memory, 20, "24T03:00:00");
    assert_eq!(names(memory), [clock_right, clock_ahead]);
    assert_eq!(restored(&memory.store).as_deref(), Some("state 20"));
    write(memory, 20, "24T03:00:01");
    assert_eq!(restore(&memory.store).restored.unwrap().candidate.name(), names(memory)[0]);
    assert!(names(memory)[0].contains("03-00-01"));
}

fn the_damaged_are_passed_over(memory: &Memory) {
    write(memory, 10, "24T02:00:00");
    let cut = write(memory, 20, "24T03:05:00");
    let flipped = write(memory, 30, "24T03:10:00");
    let foreign = write(memory, 40, "24T03:15:00");
    memory.put(&cut, memory.get(&cut)[..100].to_vec());
    damage(memory, &flipped);
    let mut bytes = memory.get(&foreign);
    bytes[8] = 2;
    memory.put(&foreign, bytes);
    let report = restore(&memory.store);
    assert_eq!(report.restored.unwrap().value, "state 10");
    let tried: Vec<_> =
        report.tried.into_iter().map(|tried| (tried.name, tried.reason.to_string())).collect();
    assert_eq!(tried.iter().map(|(name, _)| name).collect::<Vec<_>>(), [&foreign, &flipped, &cut]);
    assert!(tried[0].1.contains("version 2, this program reads version 1"), "{}", tried[0].1);
    assert!(tried[1].1.contains("is damaged at byte"), "{}", tried[1].1);
    assert!(tried[2].1.contains("it ends where"), "{}", tried[2].1);
}

fn all_damaged_is_told_from_none(memory: &Memory) {
    for (next, created_at) in [(10, "24T03:00:00"), (20, "24T03:05:00")] {
        damage(memory, &write(memory, next, created_at));
    }
    let report = restore(&memory.store);
    assert!(report.restored.is_none());
    assert_eq!(report.tried.len(), 2);
}

fn the_caller_may_refuse(memory: &Memory) {
    write(memory, 10, "24T03:00:00");
    let refused = write(memory, 20, "24T03:05:00");
    let accept = |header: Header, sections| match header.positions[0].next {
        Offset(20) => Err(Refusal::TryOlder("another configuration")),
        _ => Ok(text(sections)),
    };
    let report = memory.store.restore(PARTITION, accept).unwrap();
    assert_eq!(report.restored.unwrap().value, "state 10");
    assert_eq!(report.tried[0].name, refused);
    assert!(matches!(report.tried[0].reason, NotUsed::Refused("another configuration")));
}

fn the_caller_may_stop(memory: &Memory) {
    write(memory, 10, "24T03:00:00");
    let stopped = write(memory, 20, "24T03:05:00");
    let result = memory.store.restore(PARTITION, |_, _| Err::<(), _>(Refusal::Stop("another cluster")));
    let Err(RestoreError::Stopped { name, reason }) = result else { panic!("{result:?}") };
    assert_eq!((name, reason), (stopped, "another cluster"));
}

fn a_misplaced_snapshot_is_damaged(memory: &Memory) {
    write(memory, 10, "24T03:00:00");
    let name = write(memory, 20, "24T03:05:00");
    for renamed in [
        name.replace("00365", "00999"),
        name.replace("03-05-00", "03-06-00"),
        name.replace("cafef00d", "cafef00e"),
    ] {
        memory.put(&renamed, memory.get(&name));
    }
    let report = restore(&memory.store);
    assert_eq!(report.restored.unwrap().candidate.name(), name);
    assert_eq!(report.tried.len(), 3);
    for tried in report.tried {
        assert!(
            tried.reason.to_string().contains(&format!("by its header it is {name}")),
            "{}",
            tried.reason
        );
    }
    memory.put(&name.replace("00007", "00008"), memory.get(&name));
    let report = memory.store.restore(PartitionId(8), |_, _| Ok::<_, Refusal<String>>(())).unwrap();
    assert!(report.restored.is_none() && report.tried.len() == 1);
}

fn strange_objects_are_overlooked(memory: &Memory) {
    let name = write(memory, 10, "24T03:00:00");
    for strange in ["notes.txt", "partition-00007/notes.txt", "partition-7/a.tallyboard"] {
        memory.put(strange, b"hello".to_vec());
    }
    memory.put(&name.replace("partition-00007/", "partition-00007/deeper/"), memory.get(&name));
    assert_eq!(names(memory), [name]);
    assert_eq!(memory.store.partitions().unwrap(), [PARTITION]);
}

fn equal_headers_replace_each_other(memory: &Memory) {
    let name = write(memory, 10, "24T03:00:00");
    damage(memory, &name);
    assert_eq!(restored(&memory.store), None);
    assert_eq!(write(memory, 10, "24T03:00:00"), name);
    assert_eq!(names(memory), [name]);
    assert_eq!(restored(&memory.store).as_deref(), Some("state 10"));
}

/// Progress of what is there.
fn there(memory: &Memory) -> Vec<u64> {
    memory.store.candidates(PARTITION).unwrap().iter().map(|candidate| candidate.progress - 345).collect()
}

fn the_ladder_deletes(memory: &Memory) {
    for (next, created_at, expected) in [
        (10, "22T03:00:00", vec![10]),
        (20, "23T03:00:00", vec![20, 10]),
        (30, "23T03:05:00", vec![30, 20, 10]),
        (40, "24T03:00:00", vec![40, 30]),
        (50, "24T03:05:00", vec![50, 40, 30]),
        (60, "24T03:10:00", vec![60, 50, 30]),
    ] {
        write(memory, next, created_at);
        assert_eq!(there(memory), expected, "after {next}");
    }
}

fn a_late_writer_does_no_harm(memory: &Memory) {
    for (next, created_at) in
        [(70, "24T03:00:00"), (80, "24T03:05:00"), (90, "24T03:10:00"), (60, "24T03:11:00")]
    {
        write(memory, next, created_at);
    }
    assert_eq!(there(memory), [90, 80, 60]);
    assert_eq!(restored(&memory.store).as_deref(), Some("state 90"));
}

fn the_damaged_take_no_rung(memory: &Memory) {
    write(memory, 10, "23T03:00:00");
    write(memory, 20, "24T03:05:00");
    damage(memory, &names(memory)[0]);
    assert_eq!(restored(&memory.store).as_deref(), Some("state 10"));
    write(memory, 15, "24T03:10:00");
    write(memory, 30, "24T03:15:00");
    assert_eq!(there(memory), [30, 20, 15, 10]);
    assert_eq!(restored(&memory.store).as_deref(), Some("state 30"));
}

fn setting_aside_makes_room(memory: &Memory) {
    let old = write(memory, 1000, "24T03:00:00");
    let older = write(memory, 900, "24T02:00:00");
    assert_eq!(memory.store.set_aside(PARTITION).unwrap(), [older, old.clone()]);
    assert_eq!(restored(&memory.store), None);
    assert_eq!(names(memory), Vec::<String>::new());
    write(memory, 1, "24T04:00:00");
    assert_eq!(restored(&memory.store).as_deref(), Some("state 1"));
    memory.put(&old, memory.get(&format!("set-aside/{old}")));
    assert_eq!(restored(&memory.store).as_deref(), Some("state 1000"));
}

fn partitions_are_apart(memory: &Memory) {
    let written = |partition: i32, step: i64| format!("partition {partition} step {step}");
    std::thread::scope(|scope| {
        for partition in 0..6 {
            scope.spawn(move || {
                for step in 1..=5 {
                    let created_at = format!("24T03:0{step}:00");
                    let header = Header { partition: PartitionId(partition), ..header(step, &created_at) };
                    memory.store.write(&header, &state(&written(partition, step))).unwrap();
                }
            });
        }
    });
    assert_eq!(memory.store.partitions().unwrap(), (0..6).map(PartitionId).collect::<Vec<_>>());
    for partition in 0..6 {
        assert_eq!(memory.store.candidates(PartitionId(partition)).unwrap().len(), 3);
        let report = memory
            .store
            .restore(PartitionId(partition), |_, sections| Ok::<_, Refusal<String>>(text(sections)))
            .unwrap();
        assert_eq!(report.restored.unwrap().value, written(partition, 5));
    }
    memory.store.set_aside(PartitionId(3)).unwrap();
    assert_eq!(memory.store.candidates(PartitionId(4)).unwrap().len(), 3);
    assert_eq!(memory.store.candidates(PartitionId(3)).unwrap(), []);
}

#[test]
fn a_snapshot_that_is_gone_is_said_to_be_gone() {
    let memory = Memory::new(Options::default());
    memory.store.write(&header(1, "24T03:00:00"), &state("x")).unwrap();
    let candidate = memory.only();
    memory.store.set_aside(PARTITION).unwrap();
    assert!(matches!(memory.store.read(&candidate), Err(SnapshotError::NotFound { .. })));
}
