//! The state in a snapshot: named sections of bytes, streamed in and out.
//!
//! Must not know what the bytes mean. Neither way is the whole of a section in memory uncompressed: a writer is called
//! with chunks, a reader holds the compressed frames and unpacks one at a time, giving up what has been read.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead, Read, Write};

use thiserror::Error;

/// The longest tag of a section, in bytes.
pub(crate) const MAX_TAG_BYTES: usize = 32;

/// The name of a section: 1 to 32 of `a`-`z`, `0`-`9`, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectionTag(Cow<'static, str>);

/// Which rule the sections of a body break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TagError {
    /// The tag is not 1 to 32 bytes long.
    #[error("a tag has 1 to {MAX_TAG_BYTES} characters")]
    Length,
    /// The tag holds another character than the allowed ones.
    #[error("a tag consists of a-z, 0-9, - and _")]
    Character,
    /// The tag was there before.
    #[error("a body has each tag once")]
    Repeated,
    /// There are too many sections.
    #[error("a body has at most {} sections", crate::format::MAX_SECTIONS)]
    TooMany,
}

impl SectionTag {
    /// The tag with this text.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn new(text: &str) -> Result<Self, TagError> {
        check_tag(text.as_bytes())?;
        Ok(Self(Cow::Owned(text.to_owned())))
    }

    /// The tag with this text, for constants: `const DEALS: SectionTag = SectionTag::literal("deals");`.
    ///
    /// # Panics
    /// When the text breaks a rule; in a constant that is an error of the compiler.
    #[must_use]
    pub const fn literal(text: &'static str) -> Self {
        assert!(
            check_tag(text.as_bytes()).is_ok(),
            "a section tag has 1 to 32 characters of a-z, 0-9, - and _"
        );
        Self(Cow::Borrowed(text))
    }

    /// The text of the tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SectionTag {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

const fn check_tag(text: &[u8]) -> Result<(), TagError> {
    if text.is_empty() || text.len() > MAX_TAG_BYTES {
        return Err(TagError::Length);
    }
    let mut index = 0;
    while index < text.len() {
        if !matches!(text[index], b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') {
            return Err(TagError::Character);
        }
        index += 1;
    }
    Ok(())
}

/// What is written into a snapshot. The caller of [`SnapshotStore::write`](crate::SnapshotStore::write) brings a view
/// of the state that does not change while it is written.
pub trait Body: Send {
    /// The sections, in the order in which they are written; at most 256, each tag once.
    fn sections(&self) -> Vec<SectionTag>;

    /// Writes the bytes of one section into `sink`, in pieces of any size; pieces are buffered.
    ///
    /// # Errors
    /// What `sink` returned, or the body's own reason; the snapshot is then given up.
    fn write_section(&self, tag: &SectionTag, sink: &mut dyn Write) -> io::Result<()>;
}

/// The sections that were read from a snapshot, verified to the last byte.
#[derive(Debug, Default)]
pub struct Sections(pub(crate) Vec<SectionReader>);

impl Sections {
    /// The tags, in the order in which they were written.
    pub fn tags(&self) -> impl Iterator<Item = &SectionTag> {
        self.0.iter().map(|section| &section.tag)
    }

    /// Takes a section out to read it; `None` when there is none of this tag (any more).
    pub fn take(&mut self, tag: &SectionTag) -> Option<SectionReader> {
        let index = self.0.iter().position(|section| section.tag == *tag)?;
        Some(self.0.remove(index))
    }
}

/// One frame as it is stored.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) compressed: bool,
    pub(crate) raw_length: usize,
    pub(crate) stored: Vec<u8>,
}

/// Reads the bytes of one section. They are verified; what they mean is not.
#[derive(Debug)]
pub struct SectionReader {
    pub(crate) tag: SectionTag,
    pub(crate) raw_bytes: u64,
    pub(crate) frames: VecDeque<Frame>,
    pub(crate) current: Vec<u8>,
    pub(crate) consumed: usize,
}

impl SectionReader {
    /// The tag of the section.
    #[must_use]
    pub fn tag(&self) -> &SectionTag {
        &self.tag
    }

    /// The length of the whole section, in bytes.
    #[must_use]
    pub fn raw_bytes(&self) -> u64 {
        self.raw_bytes
    }
}

impl BufRead for SectionReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.consumed == self.current.len() {
            let Some(frame) = self.frames.pop_front() else {
                return Ok(&[]);
            };
            self.current = unpack(frame)?;
            self.consumed = 0;
        }
        Ok(&self.current[self.consumed..])
    }

    fn consume(&mut self, amount: usize) {
        self.consumed = self.consumed.saturating_add(amount).min(self.current.len());
    }
}

impl Read for SectionReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

/// The raw bytes of a frame.
fn unpack(frame: Frame) -> io::Result<Vec<u8>> {
    if !frame.compressed {
        return Ok(frame.stored);
    }
    let mut raw = Vec::with_capacity(frame.raw_length);
    let length = zstd::bulk::Decompressor::new()?.decompress_to_buffer(&frame.stored, &mut raw)?;
    if length == frame.raw_length {
        Ok(raw)
    } else {
        let expected = frame.raw_length;
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("frame unpacks to {length} bytes, expected {expected}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_a_form() {
        for (text, expected) in [
            ("deals", Ok(())),
            ("rep-names_2", Ok(())),
            (&"x".repeat(32), Ok(())),
            (&"x".repeat(33), Err(TagError::Length)),
            ("", Err(TagError::Length)),
            ("Deals", Err(TagError::Character)),
            ("zoë", Err(TagError::Character)),
            ("a\0", Err(TagError::Character)),
        ] {
            assert_eq!(SectionTag::new(text).map(|_| ()), expected, "{text:?}");
        }
        const DEALS: SectionTag = SectionTag::literal("deals");
        assert_eq!(SectionTag::new("deals"), Ok(DEALS));
    }

    #[test]
    fn a_section_is_read_across_frames() {
        let text = b"0123456789".repeat(5);
        let frame = |bytes: &[u8], compressed: bool| Frame {
            compressed,
            raw_length: bytes.len(),
            stored: if compressed { zstd::bulk::compress(bytes, 1).unwrap() } else { bytes.to_vec() },
        };
        let reader = || SectionReader {
            tag: SectionTag::literal("x"),
            raw_bytes: 50,
            frames: [frame(&text[..20], true), frame(&text[20..23], false), frame(&text[23..], true)].into(),
            current: Vec::new(),
            consumed: 0,
        };
        let mut whole = Vec::new();
        reader().read_to_end(&mut whole).unwrap();
        assert_eq!(whole, text);
        let mut reader = reader();
        let mut piece = [0; 21];
        reader.read_exact(&mut piece).unwrap();
        assert_eq!(piece, text[..21]);
        assert_eq!(reader.fill_buf().unwrap(), &text[21..23]);
        reader.consume(99);
        assert_eq!(reader.fill_buf().unwrap(), &text[23..]);
    }
}
