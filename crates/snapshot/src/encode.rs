//! Writes the bytes of a snapshot as [`format`](crate::format) says.
//!
//! Must not know the store. Holds one frame at a time, raw and compressed.

use std::io::{self, Write};

use crc32fast::Hasher;

use crate::body::{Body, SectionTag, TagError};
use crate::format;
use crate::header::Header;

/// How much was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoded {
    /// Bytes of the snapshot.
    pub(crate) bytes: u64,
    /// Bytes of all sections before compression.
    pub(crate) bytes_raw: u64,
}

/// Why a snapshot was not written.
#[derive(Debug)]
pub(crate) enum EncodeError {
    /// The header breaks a rule.
    Header(crate::header::HeaderError),
    /// The sections break a rule.
    Section { tag: SectionTag, reason: TagError },
    /// The snapshot would be too large.
    TooLarge,
    /// The body, the compression or the output failed.
    Io(io::Error),
}

/// Writes a whole snapshot; a compression `level` of 0 stores raw.
pub(crate) fn encode(
    header: &Header,
    body: &dyn Body,
    level: i32,
    output: &mut dyn Write,
) -> Result<Encoded, EncodeError> {
    encode_within(format::MAX_SNAPSHOT_BYTES, header, body, level, output)
}

fn encode_within(
    limit: u64,
    header: &Header,
    body: &dyn Body,
    level: i32,
    output: &mut dyn Write,
) -> Result<Encoded, EncodeError> {
    let json = header.to_json().map_err(EncodeError::Header)?;
    let sections = checked_sections(body)?;
    let mut output = Counted { output, limit, bytes: 0, checksum: Hasher::new(), full: false };
    let written = write_all(&json, &sections, body, level, &mut output);
    if output.full { Err(EncodeError::TooLarge) } else { written.map_err(EncodeError::Io) }
}

fn write_all(
    json: &[u8],
    sections: &[SectionTag],
    body: &dyn Body,
    level: i32,
    output: &mut Counted<'_>,
) -> io::Result<Encoded> {
    output.write_all(&format::MAGIC)?;
    output.write_all(&format::VERSION.to_le_bytes())?;
    output.write_all(&length_u32(json.len())?.to_le_bytes())?;
    output.write_all(json)?;
    output.checksum()?;
    let mut bytes_raw: u64 = 0;
    let mut frames = FrameWriter::new(level, output)?;
    for tag in sections {
        frames.start(tag)?;
        body.write_section(tag, &mut frames)?;
        bytes_raw = bytes_raw.saturating_add(frames.end()?);
    }
    let bytes = output.bytes.saturating_add(format::END_BYTES);
    output.write_all(&[format::END])?;
    output.write_all(&length_u32(sections.len())?.to_le_bytes())?;
    output.write_all(&bytes.to_le_bytes())?;
    output.checksum()?;
    Ok(Encoded { bytes, bytes_raw })
}

fn length_u32(length: usize) -> io::Result<u32> {
    u32::try_from(length).map_err(io::Error::other)
}

fn checked_sections(body: &dyn Body) -> Result<Vec<SectionTag>, EncodeError> {
    let sections = body.sections();
    for (index, tag) in sections.iter().enumerate() {
        let reason = if index >= format::MAX_SECTIONS {
            TagError::TooMany
        } else if sections[..index].contains(tag) {
            TagError::Repeated
        } else {
            continue;
        };
        return Err(EncodeError::Section { tag: tag.clone(), reason });
    }
    Ok(sections)
}

/// The output, with its length and checksum so far.
struct Counted<'a> {
    output: &'a mut dyn Write,
    limit: u64,
    bytes: u64,
    checksum: Hasher,
    /// Something did not fit.
    full: bool,
}

impl Counted<'_> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = self.bytes.saturating_add(bytes.len() as u64);
        self.full |= length > self.limit;
        if self.full {
            return Err(io::Error::other("the snapshot is too large"));
        }
        self.output.write_all(bytes)?;
        self.checksum.update(bytes);
        self.bytes = length;
        Ok(())
    }

    /// Writes the checksum of all that was written.
    fn checksum(&mut self) -> io::Result<()> {
        let checksum = self.checksum.clone().finalize();
        self.write_all(&checksum.to_le_bytes())
    }
}

/// Cuts a section into frames and compresses them.
struct FrameWriter<'a, 'b> {
    output: &'a mut Counted<'b>,
    compressor: Option<zstd::bulk::Compressor<'static>>,
    raw: Vec<u8>,
    compressed: Vec<u8>,
    raw_length: u64,
    raw_checksum: Hasher,
    /// A frame was lost: a body that overlooks the error must not get a snapshot without it.
    failed: bool,
}

impl<'a, 'b> FrameWriter<'a, 'b> {
    fn new(level: i32, output: &'a mut Counted<'b>) -> io::Result<Self> {
        let compressor = if level == 0 { None } else { Some(zstd::bulk::Compressor::new(level)?) };
        Ok(Self {
            output,
            compressor,
            raw: Vec::with_capacity(format::FRAME_BYTES),
            compressed: Vec::new(),
            raw_length: 0,
            raw_checksum: Hasher::new(),
            failed: false,
        })
    }

    fn start(&mut self, tag: &SectionTag) -> io::Result<()> {
        let text = tag.as_str().as_bytes();
        let length = u8::try_from(text.len()).map_err(io::Error::other)?;
        self.output.write_all(&[format::SECTION_START, length])?;
        self.output.write_all(text)
    }

    /// Ends a section; returns its raw length.
    fn end(&mut self) -> io::Result<u64> {
        if !self.raw.is_empty() {
            self.frame()?;
        }
        if self.failed {
            return Err(io::Error::other("a piece of the section could not be written"));
        }
        let length = std::mem::take(&mut self.raw_length);
        let checksum = std::mem::take(&mut self.raw_checksum).finalize();
        self.output.write_all(&[format::SECTION_END])?;
        self.output.write_all(&length.to_le_bytes())?;
        self.output.write_all(&checksum.to_le_bytes())?;
        Ok(length)
    }

    fn frame(&mut self) -> io::Result<()> {
        let written = self.try_frame();
        self.failed |= written.is_err();
        self.raw.clear();
        written
    }

    fn try_frame(&mut self) -> io::Result<()> {
        let raw = self.raw.as_slice();
        self.compressed.clear();
        if let Some(compressor) = &mut self.compressor {
            self.compressed.reserve(zstd::zstd_safe::compress_bound(raw.len()));
            compressor.compress_to_buffer(raw, &mut self.compressed)?;
        }
        let smaller = self.compressor.is_some() && self.compressed.len() < raw.len();
        let (encoding, stored) =
            if smaller { (format::ENCODING_ZSTD, &self.compressed[..]) } else { (format::ENCODING_RAW, raw) };
        self.output.write_all(&[format::FRAME, encoding])?;
        self.output.write_all(&length_u32(raw.len())?.to_le_bytes())?;
        self.output.write_all(&length_u32(stored.len())?.to_le_bytes())?;
        self.output.write_all(&crc32fast::hash(stored).to_le_bytes())?;
        self.output.write_all(stored)?;
        self.raw_length += raw.len() as u64;
        self.raw_checksum.update(raw);
        Ok(())
    }
}

impl Write for FrameWriter<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed {
            return Err(io::Error::other("an earlier piece of the section could not be written"));
        }
        let taken = bytes.len().min(format::FRAME_BYTES - self.raw.len());
        self.raw.extend_from_slice(&bytes[..taken]);
        if self.raw.len() == format::FRAME_BYTES {
            self.frame()?;
        }
        Ok(taken)
    }

    /// Does nothing: frames have a fixed length, so a body cannot ask for shorter ones.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::tests::sample;

    /// A section of incompressible bytes; overlooks errors when it is careless.
    struct Noise {
        frames: usize,
        careless: bool,
    }

    impl Body for Noise {
        fn sections(&self) -> Vec<SectionTag> {
            vec![SectionTag::literal("noise")]
        }

        fn write_section(&self, _: &SectionTag, sink: &mut dyn Write) -> io::Result<()> {
            for _ in 0..self.frames {
                let written = sink.write_all(&[0x5a; format::FRAME_BYTES]);
                if !self.careless {
                    written?;
                }
            }
            Ok(())
        }
    }

    /// Refuses one write and takes all others.
    struct Hiccup {
        writes_before: usize,
    }

    impl Write for Hiccup {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let hiccup = self.writes_before == 0;
            self.writes_before = self.writes_before.wrapping_sub(1);
            if hiccup { Err(io::Error::other("hiccup")) } else { Ok(bytes.len()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_lost_frame_is_never_overlooked() {
        for careless in [false, true] {
            let body = Noise { frames: 3, careless };
            let writes = 1_000;
            let mut output = Hiccup { writes_before: writes };
            assert!(encode(&sample(), &body, 0, &mut output).is_ok());
            for writes_before in 0..writes - output.writes_before {
                let result = encode(&sample(), &body, 0, &mut Hiccup { writes_before });
                assert!(matches!(result, Err(EncodeError::Io(_))), "{writes_before}: {result:?}");
            }
        }
    }

    #[test]
    fn a_snapshot_has_a_limit() {
        let body = |careless| Noise { frames: 2, careless };
        let within = |limit, careless| {
            let mut output = Vec::new();
            let result = encode_within(limit, &sample(), &body(careless), 0, &mut output);
            assert!(output.len() as u64 <= limit);
            result
        };
        let bytes = within(u64::MAX, false).unwrap().bytes;
        assert_eq!(within(bytes, false).unwrap().bytes, bytes);
        for limit in [0, 100, 1 << 20, bytes - 20, bytes - 1] {
            for careless in [false, true] {
                assert!(matches!(within(limit, careless), Err(EncodeError::TooLarge)), "{limit}");
            }
        }
    }
}
