//! The ladder: which snapshots of a partition stay.
//!
//! Must not know the store or the clock. Counts rungs, not ages: the latest 24 hours *that have* a snapshot, not the
//! last 24 hours by some clock. So a service that stood still for a year keeps its ladder, and a clock that jumped for a
//! moment costs one rung and not all of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::Candidate;
use crate::options::Options;

const SECONDS_PER_HOUR: i64 = 3_600;
const SECONDS_PER_DAY: i64 = 86_400;

/// Which of the candidates go, now that `written` was written.
///
/// Only what stands behind `written` in preference can go (`SNAPSHOT-4`): what another writer, a newer program or a
/// topic of an earlier life left before it stays, and so does the newest valid snapshot, which is `written` or stands
/// before it. Of the rest there stay: the newest of the same fingerprint, one an hour, one a day (each time the one
/// that stands furthest in the log). What is known to be `unreadable` takes no rung; it stays, for people to look at,
/// until it is older than all that stays.
pub(crate) fn expired(
    candidates: &[Candidate],
    written: &Candidate,
    unreadable: impl Fn(&Candidate) -> bool,
    options: &Options,
) -> Vec<Candidate> {
    let behind: BTreeSet<&Candidate> = candidates.iter().filter(|other| before(written, other)).collect();
    let (unreadable, readable): (Vec<&Candidate>, Vec<&Candidate>) =
        behind.iter().rev().copied().partition(|candidate| unreadable(candidate));
    let ladder = || std::iter::once(written).chain(readable.iter().copied());
    let newest = ladder().filter(|candidate| candidate.fingerprint == written.fingerprint);
    let mut kept: BTreeSet<&Candidate> = newest.take(count(options.keep_newest)).collect();
    for (seconds, most) in [(SECONDS_PER_HOUR, options.keep_hourly), (SECONDS_PER_DAY, options.keep_daily)] {
        let mut rungs: BTreeMap<i64, &Candidate> = BTreeMap::new();
        for candidate in ladder() {
            rungs.entry(candidate.created_at.seconds().div_euclid(seconds)).or_insert(candidate);
        }
        kept.extend(rungs.into_values().rev().take(count(most)));
    }
    let oldest = kept.iter().map(|candidate| candidate.created_at).min();
    let evidence = unreadable.into_iter().filter(|candidate| Some(candidate.created_at) >= oldest);
    kept.extend(evidence);
    behind.difference(&kept).map(|candidate| (*candidate).clone()).collect()
}

/// Whether `one` is preferred to `other`. The size is no part of the order: it may have been learned at different times.
fn before(one: &Candidate, other: &Candidate) -> bool {
    let rank = |candidate: &Candidate| (candidate.progress, candidate.created_at, candidate.fingerprint);
    rank(one) > rank(other)
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use model::{PartitionId, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn candidate(progress: u64, time: &str) -> Candidate {
        Candidate {
            partition: PartitionId(0),
            progress,
            created_at: Timestamp::parse(&format!("{time}Z")).unwrap(),
            fingerprint: 1,
            bytes: 1,
        }
    }

    fn options(keep_newest: u32, keep_hourly: u32, keep_daily: u32) -> Options {
        Options { keep_newest, keep_hourly, keep_daily, ..Options::default() }
    }

    /// The progress of what stays.
    fn stays(candidates: &[Candidate], written: usize, unreadable: &[u64], options: &Options) -> Vec<u64> {
        let gone = expired(
            candidates,
            &candidates[written],
            |candidate| unreadable.contains(&candidate.progress),
            options,
        );
        candidates.iter().filter(|other| !gone.contains(other)).map(|other| other.progress).collect()
    }

    const TIMES: [&str; 10] = [
        "2026-11-20T23:50:00",
        "2026-11-21T00:10:00",
        "2026-11-22T08:00:00",
        "2026-11-22T08:30:00",
        "2026-11-22T09:00:00",
        "2026-11-24T03:00:00",
        "2026-11-24T03:20:00",
        "2026-11-24T03:40:00",
        "2026-11-24T04:00:00",
        "2026-11-24T04:20:00",
    ];

    /// One every entry of [`TIMES`], progress 0 to 9.
    fn ladder() -> Vec<Candidate> {
        (0..).zip(TIMES).map(|(progress, time)| candidate(progress, time)).collect()
    }

    #[test]
    fn newest_hourly_and_daily_stay() {
        for (newest, hourly, daily, expected) in [
            (1, 0, 0, vec![9]),
            (3, 0, 0, vec![7, 8, 9]),
            (1, 1, 0, vec![9]),
            (1, 2, 0, vec![7, 9]),
            (1, 4, 0, vec![3, 4, 7, 9]),
            (1, 0, 2, vec![4, 9]),
            (1, 0, 3, vec![1, 4, 9]),
            (1, 0, 35, vec![0, 1, 4, 9]),
            (2, 3, 3, vec![1, 4, 7, 8, 9]),
            (99, 0, 0, (0..10).collect()),
        ] {
            let options = options(newest, hourly, daily);
            assert_eq!(stays(&ladder(), 9, &[], &options), expected, "{newest} {hourly} {daily}");
        }
    }

    #[test]
    fn a_writer_deletes_only_behind_what_it_wrote() {
        assert_eq!(stays(&ladder(), 4, &[], &options(1, 0, 0)), [4, 5, 6, 7, 8, 9]);
        assert_eq!(stays(&ladder(), 0, &[], &options(1, 0, 0)), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn a_clock_that_jumps_costs_one_rung() {
        let mut candidates = ladder();
        candidates[6].created_at = Timestamp::parse("2199-01-01T00:00:00Z").unwrap();
        assert_eq!(stays(&candidates, 9, &[], &options(1, 0, 3)), [4, 6, 9]);
        candidates[9].created_at = Timestamp::parse("1971-01-01T00:00:00Z").unwrap();
        assert_eq!(stays(&candidates, 9, &[], &options(2, 0, 2)), [6, 8, 9]);
    }

    #[test]
    fn another_fingerprint_takes_no_newest_place() {
        let mut candidates = ladder();
        candidates[8].fingerprint = 2;
        assert_eq!(stays(&candidates, 9, &[], &options(3, 0, 0)), [6, 7, 9]);
        assert_eq!(stays(&candidates, 9, &[], &options(1, 0, 1)), [9]);
        assert_eq!(stays(&candidates, 8, &[], &options(2, 0, 2)), [4, 8, 9]);
    }

    #[test]
    fn the_unreadable_take_no_rung_and_stay_while_something_older_does() {
        assert_eq!(stays(&ladder(), 9, &[8, 7], &options(2, 0, 0)), [6, 7, 8, 9]);
        assert_eq!(stays(&ladder(), 9, &[4, 3], &options(1, 0, 2)), [2, 3, 4, 9]);
        assert_eq!(stays(&ladder(), 9, &[4], &options(1, 0, 1)), [9]);
    }

    proptest! {
        #[test]
        fn laws(
            seed in prop::collection::vec((0..40_u64, 0..5_000_000_000_i64, 0..3_u64), 1..60),
            chosen in any::<prop::sample::Index>(),
            (newest, hourly, daily) in (1..5_u32, 0..5_u32, 0..5_u32),
        ) {
            let candidates: Vec<Candidate> = seed
                .iter()
                .map(|&(progress, seconds, fingerprint)| Candidate {
                    partition: PartitionId(0),
                    progress,
                    created_at: Timestamp::from_micros(seconds * 1_000_000).unwrap(),
                    fingerprint,
                    bytes: 1,
                })
                .collect();
            let written = chosen.get(&candidates).clone();
            let options = options(newest, hourly, daily);
            let unreadable = |candidate: &Candidate| candidate.progress % 7 == 6;
            let gone = expired(&candidates, &written, unreadable, &options);
            prop_assert!(gone.iter().all(|candidate| before(&written, candidate)));
            let left: Vec<Candidate> =
                candidates.iter().filter(|candidate| !gone.contains(candidate)).cloned().collect();
            prop_assert!(left.contains(&written));
            // Thinning out again changes nothing.
            prop_assert_eq!(expired(&left, &written, unreadable, &options), vec![]);
        }
    }
}
