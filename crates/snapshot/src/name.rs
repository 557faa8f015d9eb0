//! The names of snapshots, and which of two is preferred (`SNAPSHOT-3`).
//!
//! Must not know the store. A name is canonical: what does not come out again letter by letter is not a snapshot's name.

use model::{PartitionId, Timestamp};

use crate::header::Header;

/// What the name of every snapshot ends with.
const SUFFIX: &str = ".tallyboard";

/// A snapshot by its name; what it holds is not known before it is read.
///
/// The order is that of preference: the greatest stands furthest in the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidate {
    /// The partition.
    pub partition: PartitionId,
    /// How far in the log it stands: the sum of the next offsets.
    pub progress: u64,
    /// The time in its header.
    pub created_at: Timestamp,
    /// The fingerprint of the configuration that shaped it.
    pub fingerprint: u64,
    /// The size of the object, in bytes.
    pub bytes: u64,
}

impl Candidate {
    /// The candidate that a header makes, with the size of the object.
    pub(crate) fn of(header: &Header, bytes: u64) -> Self {
        Self {
            partition: header.partition,
            progress: header.progress(),
            created_at: header.created_at,
            fingerprint: header.fingerprint,
            bytes,
        }
    }

    /// The name of the object, with its folder.
    #[must_use]
    pub fn name(&self) -> String {
        let time = self.created_at.to_utc().format("%Y-%m-%dT%H-%M-%S%.6fZ");
        let folder = folder_of(self.partition);
        format!("{folder}/{:020}-{time}-{:016x}{SUFFIX}", self.progress, self.fingerprint)
    }

    /// The candidate of an object's name; `None` for anything that is not the name of a snapshot.
    pub(crate) fn parse(name: &str, bytes: u64) -> Option<Self> {
        let (folder, file) = name.split_once('/')?;
        let stem = file.strip_suffix(SUFFIX)?;
        let progress = stem.get(..20)?.parse().ok()?;
        let date = stem.get(21..31)?;
        let clock = stem.get(32..48)?.replace('-', ":");
        let fingerprint = u64::from_str_radix(stem.get(49..)?, 16).ok()?;
        let created_at = Timestamp::parse(&format!("{date}T{clock}")).ok()?;
        let partition = partition_of(folder)?;
        let candidate = Self { partition, progress, created_at, fingerprint, bytes };
        (candidate.name() == name).then_some(candidate)
    }
}

/// The folder of a partition's snapshots.
pub(crate) fn folder_of(partition: PartitionId) -> String {
    format!("partition-{:05}", partition.0)
}

/// The partition of a folder; `None` for anything that is not the folder of a partition.
pub(crate) fn partition_of(folder: &str) -> Option<PartitionId> {
    let number: i32 = folder.strip_prefix("partition-")?.parse().ok()?;
    let partition = PartitionId(number);
    (number >= 0 && folder_of(partition) == folder).then_some(partition)
}

/// Whether a file is what is left of a local write that was cut short: `<name of a snapshot>#<number>`.
pub(crate) fn is_litter(folder: &str, file: &str) -> bool {
    let Some((name, number)) = file.rsplit_once('#') else {
        return false;
    };
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    numbered && Candidate::parse(&format!("{folder}/{name}"), 0).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::header::tests::sample;

    const NAME: &str =
        "partition-00007/00000000000000012345-2026-11-24T03-20-11.123456Z-00000000cafef00d.tallyboard";

    #[test]
    fn names_say_partition_progress_time_and_fingerprint() {
        let candidate = Candidate::of(&sample(), 99);
        assert_eq!(candidate.name(), NAME);
        assert_eq!(Candidate::parse(NAME, 99), Some(candidate));
    }

    #[test]
    fn other_names_are_not_snapshots() {
        let mut broken = vec![
            String::new(),
            NAME.replace("partition-00007/", ""),
            NAME.replace("00007", "7"),
            NAME.replace("00007", "-0007"),
            NAME.replace("00007", "99999999999"),
            NAME.replace("cafef00d", "CAFEF00D"),
            NAME.replace("T03-20", "T03:20"),
            NAME.replace("T03-20", "T25-20"),
            NAME.replace("00012345", "+0012345"),
            NAME.replace("123456Z", "12345éZ"),
            format!("{NAME}#1"),
            format!("set-aside/{NAME}"),
        ];
        broken.extend((0..NAME.len()).map(|end| NAME[..end].to_owned()));
        for name in broken {
            assert_eq!(Candidate::parse(&name, 0), None, "{name}");
        }
    }

    #[test]
    fn litter_is_told_from_snapshots() {
        let (folder, file) = NAME.split_once('/').unwrap();
        for (file, expected) in [
            (format!("{file}#1"), true),
            (format!("{file}#120"), true),
            (file.to_owned(), false),
            (format!("{file}#"), false),
            (format!("{file}#1a"), false),
            ("notes.txt#1".to_owned(), false),
        ] {
            assert_eq!(is_litter(folder, &file), expected, "{file}");
        }
    }

    fn candidate() -> impl Strategy<Value = Candidate> {
        (0..=i32::MAX, any::<u64>(), 0..7_258_118_400_000_000_i64, any::<u64>()).prop_map(
            |(partition, progress, micros, fingerprint)| Candidate {
                partition: PartitionId(partition),
                progress,
                created_at: Timestamp::from_micros(micros).unwrap(),
                fingerprint,
                bytes: 0,
            },
        )
    }

    proptest! {
        #[test]
        fn names_return_and_sort_by_preference(one in candidate(), mut other in candidate(), same in 0..3) {
            other.partition = one.partition;
            if same > 0 {
                other.progress = one.progress;
            }
            if same > 1 {
                other.created_at = one.created_at;
            }
            prop_assert_eq!(Candidate::parse(&one.name(), 0), Some(one.clone()));
            prop_assert_eq!(one.cmp(&other), one.name().cmp(&other.name()));
        }

        #[test]
        fn any_text_is_parsed_without_a_panic(text in "(partition-[0-9]{1,11}/)?\\PC{0,90}(\\.tallyboard)?") {
            prop_assume!(text != NAME);
            if let Some(candidate) = Candidate::parse(&text, 0) {
                prop_assert_eq!(candidate.name(), text);
            }
        }
    }
}
