//! The format to the byte: golden files, bytes put together by hand from the description, and every kind of damage.

use crate::support::{Memory, Pieces, contents, header, noise, restore, state};
use model::PartitionId;
use proptest::prelude::*;
use tallyboard_snapshot::{Candidate, Options, SnapshotError, format};

const PARTITION: PartitionId = PartitionId(7);

/// A snapshot put together from the description of the format, not by the writer.
mod by_hand {
    pub(super) fn prologue(json: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x89TLY\r\n\x1a\n\x01\0\0\0".to_vec();
        bytes.extend(u32::try_from(json.len()).unwrap().to_le_bytes());
        bytes.extend(json);
        checksum(bytes)
    }

    pub(super) fn start(tag: &[u8]) -> Vec<u8> {
        [&[1, u8::try_from(tag.len()).unwrap()], tag].concat()
    }

    pub(super) fn frame(encoding: u8, raw_length: u32, stored: &[u8]) -> Vec<u8> {
        let stored_length = u32::try_from(stored.len()).unwrap();
        let mut bytes = vec![2, encoding];
        for number in [raw_length, stored_length, crc32fast::hash(stored)] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(stored);
        bytes
    }

    pub(super) fn section_end(raw_length: u64, raw: &[u8]) -> Vec<u8> {
        [&[3][..], &raw_length.to_le_bytes(), &crc32fast::hash(raw).to_le_bytes()].concat()
    }

    /// A section of one frame stored raw.
    pub(super) fn section(tag: &[u8], raw: &[u8]) -> Vec<u8> {
        let length = u32::try_from(raw.len()).unwrap();
        [start(tag), frame(0, length, raw), section_end(u64::from(length), raw)].concat()
    }

    pub(super) fn end(mut bytes: Vec<u8>, sections: u32) -> Vec<u8> {
        let total = bytes.len() as u64 + 17;
        bytes.push(4);
        bytes.extend(sections.to_le_bytes());
        bytes.extend(total.to_le_bytes());
        checksum(bytes)
    }

    pub(super) fn checksum(mut bytes: Vec<u8>) -> Vec<u8> {
        let checksum = crc32fast::hash(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }
}

const JSON: &str = r#"{"cluster_id":"lkc-7Qx","fingerprint":"00000000cafef00d","partition":7,"created_at":"2026-11-24T03:20:11.123456Z","positions":[{"topic":"sales.deals","next":12000,"last":{"offset":11999,"appended_at_millis":1795490411123,"checksum":3735928559}},{"topic":"sales.activities","next":345,"last":null}],"event_time_newest":"2026-11-24T03:20:09Z","counts":{"cells":4,"deals":17}}"#;

/// Reads bytes as the snapshot that [`JSON`] describes.
struct Reader {
    memory: Memory,
    candidate: Candidate,
}

impl Reader {
    fn new() -> Self {
        let memory = Memory::new(Options::default());
        memory.store.write(&header(12_000, "24T03:20:11.123456"), &state("x")).unwrap();
        let candidate = memory.only();
        Self { memory, candidate }
    }

    fn read(&self, bytes: Vec<u8>) -> Result<Vec<(String, Vec<u8>)>, SnapshotError> {
        self.memory.put(&self.candidate.name(), bytes);
        let (read, sections) = self.memory.store.read(&self.candidate)?;
        assert_eq!(read, header(12_000, "24T03:20:11.123456"));
        Ok(contents(sections))
    }
}

#[test]
fn the_description_is_what_is_read_and_written() {
    let raw = b"hello, hello, hello, hello, hello";
    let bytes = [by_hand::prologue(JSON.as_bytes()), by_hand::section(b"text", raw)].concat();
    let bytes = by_hand::end([bytes, by_hand::start(b"empty"), by_hand::section_end(0, b"")].concat(), 2);
    let body = Pieces::new(&[("text", raw), ("empty", b"")]);
    assert_eq!(Reader::new().read(bytes.clone()).unwrap(), body.sections);

    let memory = Memory::new(Options { compression_level: 0, ..Options::default() });
    let written = memory.store.write(&header(12_000, "24T03:20:11.123456"), &body).unwrap();
    assert_eq!(memory.get(&written.name), bytes);
}

#[test]
fn lies_are_damage() {
    let raw = vec![7; 2000];
    let full = vec![7; format::FRAME_BYTES];
    let packed = zstd::bulk::compress(&raw, 1).unwrap();
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 1).unwrap();
    let prologue = || by_hand::prologue(JSON.as_bytes());
    let with = |parts: &[Vec<u8>], sections| by_hand::end([prologue(), parts.concat()].concat(), sections);
    let one = |frame: Vec<u8>| with(&[by_hand::start(b"s"), frame, by_hand::section_end(2000, &raw)], 1);
    let good = one(by_hand::frame(1, 2000, &packed));
    let reader = Reader::new();
    assert_eq!(reader.read(good.clone()).unwrap(), [("s".to_owned(), raw.clone())]);

    let declares = |length: usize| {
        let mut bytes = good[..good.len() - 12].to_vec();
        bytes.extend((length as u64).to_le_bytes());
        by_hand::checksum(bytes)
    };
    let header = |json: String| by_hand::end(by_hand::prologue(json.as_bytes()), 0);
    let mut wrong_checksum = by_hand::frame(0, 2000, &raw);
    wrong_checksum[10] ^= 1;
    let huge_header = by_hand::checksum([&prologue()[..12], &u32::MAX.to_le_bytes()[..]].concat());
    let sections =
        |count: usize| (0..count).map(|index| by_hand::section(format!("s{index}").as_bytes(), b"x"));
    let many: Vec<Vec<u8>> = sections(257).collect();
    for (expected, bytes) in [
        ("does not begin as", by_hand::checksum([b"\x89TLY\n\x1a\n\x01".as_slice(), &[0; 400]].concat())),
        ("the header length is 4294967295, expected 1 to 65536", huge_header),
        ("the header breaks a rule", header("{}".to_owned())),
        ("the header breaks a rule", header(JSON.replace("cells", &"x".repeat(70)))),
        ("the header length is 0", header(String::new())),
        ("the checksum of a frame does not fit", one(wrong_checksum)),
        ("an encoding was expected", one(by_hand::frame(2, 2000, &packed))),
        ("raw length of a frame is 0", one(by_hand::frame(0, 0, b""))),
        ("raw length of a frame is 1048577", one(by_hand::frame(1, 1_048_577, &packed))),
        ("stored length of a frame is 1999, expected 2000 to 2000", one(by_hand::frame(0, 2000, &raw[1..]))),
        ("stored length of a frame is 2000, expected 1 to 1999", one(by_hand::frame(1, 2000, &raw))),
        ("declares 2001", one(by_hand::frame(1, 2001, &packed))),
        ("unpacks to 2000 bytes, it declares 1999", one(by_hand::frame(1, 1999, &packed))),
        ("does not unpack", one(by_hand::frame(1, 1 << 20, &bomb))),
        ("does not unpack", one(by_hand::frame(1, 2000, b"this is not zstd"))),
        ("declares 2000 raw bytes, it has 4", one(by_hand::frame(0, 4, b"four"))),
        ("does not fit its raw bytes", one(by_hand::frame(0, 2000, &[8; 2000]))),
        ("is not its last", one([by_hand::frame(0, 1, b"x"), by_hand::frame(0, 1, b"x")].concat())),
        ("1 sections are declared, there are 0", with(&[], 1)),
        ("4294967295 sections are declared", with(&sections(1).collect::<Vec<_>>(), u32::MAX)),
        ("section s0 is there twice", with(&[many[0].clone(), many[0].clone()], 2)),
        ("0x01 was found where a section or the end", with(&many, 257)),
        ("0x09 was found where a section or the end", with(&[vec![9]], 0)),
        ("0x01 was found where a frame or the end", with(&[by_hand::start(b"s"), many[0].clone()], 2)),
        ("a tag length is 0", with(&[by_hand::start(b"")], 1)),
        ("a tag length is 33", with(&[by_hand::start(&[b'a'; 33])], 1)),
        ("other characters", with(&[by_hand::section(b"S", b"x")], 1)),
        ("other characters", with(&[by_hand::section(b"\xff", b"x")], 1)),
        ("are declared, the object has", declares(good.len() + 1)),
        ("it ends where", vec![]),
    ] {
        let error = reader.read(bytes).unwrap_err();
        assert!(matches!(error, SnapshotError::Damaged { .. }), "{expected}: {error}");
        assert!(error.to_string().contains(expected), "{error:?} does not say {expected:?}");
    }
    let most: Vec<Vec<u8>> = sections(256).collect();
    assert_eq!(reader.read(with(&most, 256)).unwrap().len(), 256);
    let frames = [by_hand::frame(0, 1 << 20, &full), by_hand::frame(0, 1, b"x")].concat();
    let section_end = by_hand::section_end((1 << 20) + 1, &[&full[..], b"x"].concat());
    assert_eq!(
        reader.read(with(&[by_hand::start(b"s"), frames, section_end], 1)).unwrap()[0].1.len(),
        (1 << 20) + 1
    );
}

#[test]
fn another_version_is_named() {
    let mut bytes = by_hand::prologue(JSON.as_bytes());
    bytes[8..12].copy_from_slice(&77_u32.to_le_bytes());
    let error = Reader::new().read(bytes).unwrap_err();
    assert!(matches!(error, SnapshotError::UnsupportedVersion { found: 77, supported: 1, .. }), "{error}");
    assert!(error.to_string().contains("format version 77, this program reads version 1"), "{error}");
}

/// A snapshot of several sections, raw and compressed, that is small enough to try everything with.
fn small() -> Vec<u8> {
    let memory = Memory::new(Options::default());
    memory.store.write(&header(12_000, "24T03:20:11.123456"), &state("small")).unwrap();
    memory.get(&memory.only().name())
}

#[test]
fn every_flipped_bit_every_cut_and_every_addition_is_seen() {
    let (reader, good) = (Reader::new(), small());
    assert!(good.len() < 1000, "{}", good.len());
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            assert!(reader.read(bytes).is_err(), "bit {bit} of byte {at}");
        }
        assert!(reader.read(good[..at].to_vec()).is_err(), "cut at byte {at}");
        assert!(reader.read([&good[..at], &good[at + 1..]].concat()).is_err(), "without byte {at}");
    }
    for addition in [&good[..1], &[0], &[0; 100], &good] {
        assert!(reader.read([&good[..], addition].concat()).is_err(), "with {} bytes more", addition.len());
    }
    assert_eq!(reader.read(good).unwrap(), state("small").sections);
}

/// The body of the golden files.
fn golden_body() -> Pieces {
    let text = "deal d17 won by r4; ".repeat(100);
    Pieces::new(&[("text", text.as_bytes()), ("empty", b""), ("noise", &noise(300))])
}

/// The golden file of format version 1 with compression; the last section needs two frames.
fn golden_body_compressed() -> Pieces {
    let mut body = golden_body();
    body.sections.push(("zeros".to_owned(), vec![0; format::FRAME_BYTES + 5]));
    body
}

fn golden_file(name: &str, written: &[u8]) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    std::fs::read(&path).unwrap_or_else(|error| {
        let beside = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&beside, written).unwrap();
        panic!("{}: {error}; what is written today is in {}", path.display(), beside.display())
    })
}

fn written(body: &Pieces, compression_level: i32) -> Vec<u8> {
    let memory = Memory::new(Options { compression_level, ..Options::default() });
    memory.store.write(&header(12_000, "24T03:20:11.123456"), body).unwrap();
    memory.get(&memory.only().name())
}

/// Version 1 is written as it ever was: without compression to the byte.
#[test]
fn golden_v1_stored_is_read_and_written_to_the_byte() {
    let written = written(&golden_body(), 0);
    let golden = golden_file("v1-stored.tallyboard", &written);
    assert_eq!(Reader::new().read(golden.clone()).unwrap(), golden_body().sections);
    assert!(written == golden, "the writer makes other bytes; that is another format version");
}

/// What zstd makes of the same bytes may differ from one of its versions to the next, so only the rest is compared.
#[test]
fn golden_v1_compressed_is_read_and_written_alike() {
    let written = written(&golden_body_compressed(), 1);
    let golden = golden_file("v1.tallyboard", &written);
    let reader = Reader::new();
    assert_eq!(reader.read(golden.clone()).unwrap(), golden_body_compressed().sections);
    assert_eq!(reader.read(written.clone()).unwrap(), golden_body_compressed().sections);
    let frames = frames(&golden);
    assert_eq!(frames, [(1, 2000), (0, 300), (1, 1 << 20), (0, 5)]);
    assert_eq!(self::frames(&written), frames);
}

/// Encoding and raw length of every frame of a good snapshot.
fn frames(bytes: &[u8]) -> Vec<(u8, u32)> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut at = 16 + usize::try_from(number(12)).unwrap() + 4;
    let mut frames = Vec::new();
    loop {
        at += match bytes[at] {
            1 => 2 + usize::from(bytes[at + 1]),
            2 => {
                frames.push((bytes[at + 1], number(at + 2)));
                14 + usize::try_from(number(at + 6)).unwrap()
            }
            3 => 13,
            _ => return frames,
        };
    }
}

fn bodies() -> impl Strategy<Value = Pieces> {
    let length = prop_oneof![4 => 0..5000_usize, 1 => (1 << 20) - 3..(1 << 20) + 4_usize];
    let bytes = (length, 0..4_u8).prop_map(|(length, kind)| match kind {
        0 => noise(length),
        1 => vec![b'x'; length],
        _ => noise(length / 2).into_iter().chain(std::iter::repeat_n(0, length - length / 2)).collect(),
    });
    let sections = prop::collection::btree_map("[a-z0-9_-]{1,32}", bytes, 0..6);
    (sections, 1..2_000_000_usize)
        .prop_map(|(sections, piece)| Pieces { sections: sections.into_iter().collect(), piece })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_sections_return(body in bodies(), level in 0..4) {
        let memory = Memory::new(Options { compression_level: level, ..Options::default() });
        let written = memory.store.write(&header(1, "24T03:00:00"), &body).unwrap();
        let raw: usize = body.sections.iter().map(|(_, bytes)| bytes.len()).sum();
        prop_assert_eq!(written.bytes_raw, raw as u64);
        let (_, sections) = memory.store.read(&memory.only()).unwrap();
        prop_assert!(contents(sections) == body.sections);
    }

    #[test]
    fn restore_falls_back_from_any_damage(
        body in bodies(),
        at in any::<prop::sample::Index>(),
        change in prop_oneof![Just(None), (1..=255_u8).prop_map(Some)],
    ) {
        let memory = Memory::new(Options::default());
        memory.store.write(&header(1, "24T03:00:00"), &state("older")).unwrap();
        let newer = memory.store.write(&header(2, "24T03:05:00"), &body).unwrap().name;
        let mut bytes = memory.get(&newer);
        let at = at.index(bytes.len());
        match change {
            Some(change) => bytes[at] ^= change,
            None => bytes.truncate(at),
        }
        memory.put(&newer, bytes);
        let report = restore(&memory.store);
        prop_assert_eq!(report.restored.map(|restored| restored.value), Some("older".to_owned()));
        prop_assert_eq!(report.tried.len(), 1);
        prop_assert_eq!(&report.tried[0].name, &newer);
        prop_assert_eq!(memory.store.candidates(PARTITION).unwrap().len(), 2);
    }

    #[test]
    fn noise_is_never_a_snapshot(bytes in prop::collection::vec(any::<u8>(), 0..300), begin in 0..430_usize) {
        let good = small();
        let reader = Reader::new();
        let bytes = [&good[..begin.min(good.len())], &bytes[..]].concat();
        prop_assume!(bytes != good);
        prop_assert!(reader.read(bytes).is_err());
    }
}
