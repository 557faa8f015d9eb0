//! The bytes of a snapshot, format version 1.
//!
//! All numbers are unsigned and little-endian; CRC-32 is that of IEEE 802.3 (as in gzip and zip).
//!
//! ```text
//! snapshot = prologue section* end
//!
//! prologue
//!    8  magic             89 54 4C 59 0D 0A 1A 0A: not text; shows transfers that change line ends or the eighth bit
//!    4  version           1
//!    4  header length     1 to 65 536
//!    n  header            JSON in UTF-8, see below
//!    4  checksum          CRC-32 of every byte before it
//!
//! section = start frame* section end; at most 256, no tag twice
//!    1  01                start
//!    1  tag length        1 to 32
//!    n  tag               a-z 0-9 - _
//!
//! frame
//!    1  02                frame
//!    1  encoding          0: the raw bytes themselves; 1: one zstd frame
//!    4  raw length        1 048 576, or 1 to 1 048 576 in the last frame of a section
//!    4  stored length     encoding 0: the raw length; 1: 1 to the raw length - 1
//!    4  checksum          CRC-32 of the stored bytes
//!    n  stored bytes
//!
//! section end
//!    1  03                section end
//!    8  raw length        the sum of the raw lengths of the frames
//!    4  checksum          CRC-32 of the raw bytes of the section
//!
//! end
//!    1  04                end
//!    4  section count
//!    8  total length      of the snapshot, this and the last checksum included; at most 32 GiB
//!    4  checksum          CRC-32 of every byte before it
//! ```
//!
//! A frame is stored raw where compression does not make it smaller, so a level of 0 gives the same bytes with every
//! version of zstd. Frames are independent of each other: one is unpacked at a time, into a buffer of the length that
//! it declares, so a frame that unpacks to more is an error and not memory.
//!
//! The header has exactly these fields: `cluster_id`; `fingerprint` (hexadecimal); `partition`; `created_at` (RFC 3339);
//! `positions`, 1 to 16 of `topic`, `next`, `last` (`null` or `offset`, `appended_at_millis`, `checksum`);
//! `event_time_newest` (RFC 3339 or `null`); `counts`, at most 64 numbers by name. Any other set of fields is another
//! version. The name of the object repeats partition, progress, time and fingerprint; a difference counts as damage.
//!
//! What this version cannot tell is a change that keeps all checksums, so it guards against accidents, not against
//! somebody who can write to the store.

/// What every snapshot begins with.
pub const MAGIC: [u8; 8] = [0x89, b'T', b'L', b'Y', 0x0d, 0x0a, 0x1a, 0x0a];
/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 1;
/// The longest header, in bytes.
pub const MAX_HEADER_BYTES: usize = 65_536;
/// The most sections.
pub const MAX_SECTIONS: usize = 256;
/// The raw bytes in every frame of a section but the last.
pub const FRAME_BYTES: usize = 1 << 20;
/// The most bytes in a snapshot. A reader holds this much in memory at worst.
pub const MAX_SNAPSHOT_BYTES: u64 = 32 << 30;

pub(crate) const SECTION_START: u8 = 0x01;
pub(crate) const FRAME: u8 = 0x02;
pub(crate) const SECTION_END: u8 = 0x03;
pub(crate) const END: u8 = 0x04;

pub(crate) const ENCODING_RAW: u8 = 0;
pub(crate) const ENCODING_ZSTD: u8 = 1;

/// The bytes of the end mark, checksum included.
pub(crate) const END_BYTES: u64 = 1 + 4 + 8 + 4;
