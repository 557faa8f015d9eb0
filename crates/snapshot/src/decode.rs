//! Reads and verifies the bytes of a snapshot as [`format`](crate::format) says.
//!
//! Must not know the store. What it reads is hostile until all of it is verified (`SNAPSHOT-2`): every length is checked
//! before anything is allocated for it, and nothing is returned before the last checksum.

use std::collections::VecDeque;
use std::io::{self, Read};

use crc32fast::Hasher;

use crate::body::{Frame, MAX_TAG_BYTES, SectionReader, SectionTag, Sections};
use crate::format;
use crate::header::Header;

/// Why a snapshot was not read.
#[derive(Debug)]
pub(crate) enum DecodeError {
    /// The bytes are not what was written.
    Damaged { what: String, at: u64 },
    /// The format is another version.
    UnsupportedVersion(u32),
    /// The bytes could not be had.
    Io { source: io::Error, at: u64 },
}

/// Reads a snapshot of `length` bytes to its end and verifies it.
pub(crate) fn decode(input: &mut dyn Read, length: u64) -> Result<(Header, Sections), DecodeError> {
    let mut input = Input { input, at: 0, checksum: Hasher::new() };
    if length > format::MAX_SNAPSHOT_BYTES {
        let limit = format::MAX_SNAPSHOT_BYTES;
        return Err(input.damaged(format!("it has {length} bytes, expected at most {limit}")));
    }
    let header = prologue(&mut input)?;
    let mut unpacker = Unpacker::new().map_err(|source| DecodeError::Io { source, at: input.at })?;
    let mut sections = Vec::new();
    loop {
        match input.byte("a section or the end")? {
            format::SECTION_START if sections.len() < format::MAX_SECTIONS => {
                let section = section(&mut input, &mut unpacker)?;
                if sections.iter().any(|earlier: &SectionReader| earlier.tag == section.tag) {
                    return Err(input.damaged(format!("section {} is there twice", section.tag)));
                }
                sections.push(section);
            }
            format::END => break,
            found => return Err(input.unexpected("a section or the end", found)),
        }
    }
    end(&mut input, sections.len(), length)?;
    Ok((header, Sections(sections)))
}

fn prologue(input: &mut Input<'_>) -> Result<Header, DecodeError> {
    let magic = input.array::<8>("the magic bytes")?;
    if magic != format::MAGIC {
        return Err(input.damaged("it does not begin as a snapshot does".to_owned()));
    }
    let version = input.number_u32("the version")?;
    if version != format::VERSION {
        return Err(DecodeError::UnsupportedVersion(version));
    }
    let length = input.length("the header length", 1, format::MAX_HEADER_BYTES)?;
    let json = input.bytes("the header", length)?;
    input.check("the header")?;
    Header::from_json(&json).map_err(|reason| input.damaged(format!("the header breaks a rule: {reason}")))
}

fn section(input: &mut Input<'_>, unpacker: &mut Unpacker) -> Result<SectionReader, DecodeError> {
    let length = usize::from(input.byte("a tag length")?);
    if !(1..=MAX_TAG_BYTES).contains(&length) {
        return Err(input.damaged(format!("a tag length is {length}, expected 1 to {MAX_TAG_BYTES}")));
    }
    let tag = input.bytes("a tag", length)?;
    let tag = std::str::from_utf8(&tag).ok().and_then(|text| SectionTag::new(text).ok());
    let Some(tag) = tag else {
        return Err(input.damaged("a tag holds other characters than a-z, 0-9, - and _".to_owned()));
    };
    let mut frames: VecDeque<Frame> = VecDeque::new();
    let mut raw_bytes: u64 = 0;
    let mut checksum = Hasher::new();
    loop {
        match input.byte("a frame or the end of a section")? {
            format::FRAME => {
                if frames.back().is_some_and(|last| last.raw_length != format::FRAME_BYTES) {
                    return Err(input.damaged(format!("a short frame of section {tag} is not its last")));
                }
                let frame = frame(input)?;
                let raw = unpacker.unpack(&frame).map_err(|what| input.damaged(what))?;
                checksum.update(raw);
                raw_bytes += raw.len() as u64;
                frames.push_back(frame);
            }
            format::SECTION_END => break,
            found => return Err(input.unexpected("a frame or the end of a section", found)),
        }
    }
    let declared = input.number_u64("the raw length of a section")?;
    if declared != raw_bytes {
        return Err(input.damaged(format!("section {tag} declares {declared} raw bytes, it has {raw_bytes}")));
    }
    if input.number_u32("the checksum of a section")? != checksum.finalize() {
        return Err(input.damaged(format!("the checksum of section {tag} does not fit its raw bytes")));
    }
    Ok(SectionReader { tag, raw_bytes, frames, current: Vec::new(), consumed: 0 })
}

fn frame(input: &mut Input<'_>) -> Result<Frame, DecodeError> {
    let compressed = match input.byte("an encoding")? {
        format::ENCODING_RAW => false,
        format::ENCODING_ZSTD => true,
        found => return Err(input.unexpected("an encoding", found)),
    };
    let raw_length = input.length("the raw length of a frame", 1, format::FRAME_BYTES)?;
    let (low, high) = if compressed { (1, raw_length - 1) } else { (raw_length, raw_length) };
    let stored_length = input.length("the stored length of a frame", low, high)?;
    let checksum = input.number_u32("the checksum of a frame")?;
    let stored = input.bytes("a frame", stored_length)?;
    if crc32fast::hash(&stored) != checksum {
        return Err(input.damaged("the checksum of a frame does not fit its bytes".to_owned()));
    }
    Ok(Frame { compressed, raw_length, stored })
}

fn end(input: &mut Input<'_>, sections: usize, length: u64) -> Result<(), DecodeError> {
    let count = input.number_u32("the section count")?;
    if usize::try_from(count) != Ok(sections) {
        return Err(input.damaged(format!("{count} sections are declared, there are {sections}")));
    }
    let declared = input.number_u64("the total length")?;
    input.check("the snapshot")?;
    let read = input.at;
    if declared != read || length != read {
        return Err(input
            .damaged(format!("{read} bytes were read, {declared} are declared, the object has {length}")));
    }
    // The object's length comes from the store; that it ends here is seen, not believed.
    let more = input.input.read(&mut [0; 1]).map_err(|source| DecodeError::Io { source, at: input.at })?;
    if more == 0 { Ok(()) } else { Err(input.damaged("bytes follow after the end".to_owned())) }
}

/// The input, with the place and checksum of what was read so far.
struct Input<'a> {
    input: &'a mut dyn Read,
    at: u64,
    checksum: Hasher,
}

impl Input<'_> {
    fn fill(&mut self, what: &str, buffer: &mut [u8]) -> Result<(), DecodeError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.input.read(&mut buffer[filled..]) {
                Ok(0) => return Err(self.damaged(format!("it ends where {what} was expected"))),
                Ok(length) => {
                    filled += length;
                    self.at += length as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(DecodeError::Io { source, at: self.at }),
            }
        }
        self.checksum.update(buffer);
        Ok(())
    }

    fn array<const LENGTH: usize>(&mut self, what: &str) -> Result<[u8; LENGTH], DecodeError> {
        let mut array = [0; LENGTH];
        self.fill(what, &mut array)?;
        Ok(array)
    }

    fn byte(&mut self, what: &str) -> Result<u8, DecodeError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    fn number_u32(&mut self, what: &str) -> Result<u32, DecodeError> {
        self.array(what).map(u32::from_le_bytes)
    }

    fn number_u64(&mut self, what: &str) -> Result<u64, DecodeError> {
        self.array(what).map(u64::from_le_bytes)
    }

    fn length(&mut self, what: &str, low: usize, high: usize) -> Result<usize, DecodeError> {
        let found = self.number_u32(what)?;
        match usize::try_from(found) {
            Ok(length) if (low..=high).contains(&length) => Ok(length),
            _ => Err(self.damaged(format!("{what} is {found}, expected {low} to {high}"))),
        }
    }

    /// Reads `length` bytes, which the caller has checked against a limit.
    fn bytes(&mut self, what: &str, length: usize) -> Result<Vec<u8>, DecodeError> {
        let mut bytes = vec![0; length];
        self.fill(what, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads a checksum and compares it with that of everything before it.
    fn check(&mut self, what: &str) -> Result<(), DecodeError> {
        let computed = self.checksum.clone().finalize();
        let stored = self.number_u32("a checksum")?;
        if stored == computed {
            Ok(())
        } else {
            Err(self
                .damaged(format!("the checksum of {what} is {stored:08x}, its bytes give {computed:08x}")))
        }
    }

    fn damaged(&self, what: String) -> DecodeError {
        DecodeError::Damaged { what, at: self.at }
    }

    fn unexpected(&self, what: &str, found: u8) -> DecodeError {
        self.damaged(format!("{found:#04x} was found where {what} was expected"))
    }
}

/// Unpacks frames to verify them; keeps one frame's raw bytes.
struct Unpacker {
    decompressor: zstd::bulk::Decompressor<'static>,
    raw: Vec<u8>,
}

impl Unpacker {
    fn new() -> io::Result<Self> {
        let decompressor = zstd::bulk::Decompressor::new()?;
        Ok(Self { decompressor, raw: Vec::with_capacity(format::FRAME_BYTES) })
    }

    fn unpack<'a>(&'a mut self, frame: &'a Frame) -> Result<&'a [u8], String> {
        if !frame.compressed {
            return Ok(&frame.stored);
        }
        self.raw.clear();
        let unpacked = self.decompressor.decompress_to_buffer(&frame.stored, &mut self.raw);
        let expected = frame.raw_length;
        match unpacked {
            Ok(length) if length == expected => Ok(&self.raw),
            Ok(length) => Err(format!("a frame unpacks to {length} bytes, it declares {expected}")),
            Err(error) => Err(format!("a frame of {expected} declared bytes does not unpack: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl crate::body::Body for Nothing {
        fn sections(&self) -> Vec<SectionTag> {
            Vec::new()
        }

        fn write_section(&self, _: &SectionTag, _: &mut dyn io::Write) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_length_is_that_of_the_object_and_of_what_comes() {
        let mut bytes = Vec::new();
        crate::encode::encode(&crate::header::tests::sample(), &Nothing, 0, &mut bytes).unwrap();
        let length = bytes.len() as u64;
        assert!(decode(&mut bytes.as_slice(), length).is_ok());
        let what = |bytes: &[u8], length: u64| match decode(&mut &*bytes, length) {
            Err(DecodeError::Damaged { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        assert!(what(&bytes, length + 1).contains("the object has"));
        assert!(what(&bytes, length - 1).contains("the object has"));
        bytes.push(0);
        assert_eq!(what(&bytes, length), "bytes follow after the end");
    }

    #[test]
    fn what_is_too_large_is_not_begun() {
        let mut untouched = io::repeat(0).take(10);
        let error = decode(&mut untouched, format::MAX_SNAPSHOT_BYTES + 1).unwrap_err();
        assert!(
            matches!(&error, DecodeError::Damaged { what, at: 0 } if what.contains("expected at most")),
            "{error:?}"
        );
        assert_eq!(untouched.limit(), 10);
    }
}
