//! Avro's primitives from bytes that may be damaged or hostile.
//!
//! Invariant: no read goes beyond the bytes, and no length is believed before it is checked against what is left.

use model::{Reject, RejectReason};

/// Where and how bytes are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage {
    position: usize,
    what: &'static str,
}

impl From<Damage> for Reject {
    #[cold]
    fn from(damage: Damage) -> Self {
        Self::new(RejectReason::Undecodable, format!("at byte {}: {}", damage.position, damage.what))
    }
}

/// Bytes and how far they are read.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    /// Over the bytes from a position on, which is at most their length.
    pub(crate) const fn new(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position }
    }

    /// How many bytes are not read yet.
    pub(crate) const fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Damage at the place read next.
    #[cold]
    pub(crate) const fn damage(&self, what: &'static str) -> Damage {
        Damage { position: self.position, what }
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Damage> {
        let taken = self.bytes[self.position..].get(..length);
        let Some(taken) = taken else {
            return Err(self.damage("a length beyond the end of the value"));
        };
        self.position += length;
        Ok(taken)
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, Damage> {
        let Some(&byte) = self.bytes.get(self.position) else {
            return Err(self.damage("the value ends within a record"));
        };
        self.position += 1;
        Ok(byte)
    }

    /// A long: zigzag, 7 bits a byte, at most 10 bytes.
    #[inline]
    pub(crate) fn long(&mut self) -> Result<i64, Damage> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(zigzag(u64::from(first)));
        }
        self.long_after(first)
    }

    fn long_after(&mut self, first: u8) -> Result<i64, Damage> {
        let mut bits = u64::from(first & 0x7f);
        for shift in (7..63).step_by(7) {
            let byte = self.byte()?;
            bits |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(zigzag(bits));
            }
        }
        match self.byte()? {
            last @ 0..=1 => Ok(zigzag(bits | u64::from(last) << 63)),
            _ => Err(self.damage("a number of more than 64 bits")),
        }
    }

    #[inline]
    pub(crate) fn int(&mut self) -> Result<i32, Damage> {
        let long = self.long()?;
        i32::try_from(long).map_err(|_| self.damage("an int of more than 32 bits"))
    }

    #[inline]
    pub(crate) fn boolean(&mut self) -> Result<bool, Damage> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.damage("a boolean that is neither 0 nor 1")),
        }
    }

    /// The index of a branch or a symbol, below a count.
    #[inline]
    pub(crate) fn index(&mut self, count: usize) -> Result<usize, Damage> {
        let long = self.long()?;
        match usize::try_from(long) {
            Ok(index) if index < count => Ok(index),
            _ => Err(self.damage("a branch or symbol that the schema does not have")),
        }
    }

    /// Bytes with their length before them.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Damage> {
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(length) => self.take(length),
            Err(_) => Err(self.damage("a length below 0")),
        }
    }

    #[inline]
    pub(crate) fn text(&mut self) -> Result<&'a str, Damage> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.damage("a text before here that is not UTF-8"))
    }

    /// The head of a block of an array or a map: how many items it has (0 ends the array), and its length in bytes
    /// where the writer gave it.
    pub(crate) fn block(&mut self) -> Result<(u64, Option<usize>), Damage> {
        let count = self.long()?;
        if count >= 0 {
            return Ok((count.unsigned_abs(), None));
        }
        let length = self.long()?;
        match usize::try_from(length) {
            Ok(length) if length <= self.remaining() => Ok((count.unsigned_abs(), Some(length))),
            _ => Err(self.damage("a block beyond the end of the value")),
        }
    }
}

#[expect(clippy::cast_possible_wrap, reason = "the zigzag code is defined on bits")]
const fn zigzag(bits: u64) -> i64 {
    (bits >> 1) as i64 ^ -((bits & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(bytes: &[u8]) -> Result<i64, Damage> {
        Cursor::new(bytes, 0).long()
    }

    #[test]
    fn longs_are_zigzag_and_bounded() {
        let damage = |position, what| Err(Damage { position, what });
        for (bytes, expected) in [
            (&[0][..], Ok(0)),
            (&[1], Ok(-1)),
            (&[2], Ok(1)),
            (&[0x7f], Ok(-64)),
            (&[0x80, 1], Ok(64)),
            (&[0x80, 0], Ok(0)),
            (&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], Ok(i64::MAX)),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], Ok(i64::MIN)),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
                damage(10, "a number of more than 64 bits"),
            ),
            (
                &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
                damage(10, "a number of more than 64 bits"),
            ),
            (&[0x80], damage(1, "the value ends within a record")),
            (&[], damage(0, "the value ends within a record")),
        ] {
            assert_eq!(long(bytes), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn lengths_are_checked_before_they_are_believed() {
        for bytes in [
            &[4, b'a'][..],
            &[1, b'a'],
            &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            &[2, 0xff],
        ] {
            assert!(Cursor::new(bytes, 0).text().is_err(), "{bytes:x?}");
        }
        assert_eq!(Cursor::new(&[9, 4, b'o', b'k'], 1).text(), Ok("ok"));
        assert!(Cursor::new(&[2], 0).boolean().is_err());
        assert!(Cursor::new(&[0x80, 0x80, 0x80, 0x80, 0x10], 0).int().is_err());
        assert!(Cursor::new(&[6], 0).index(3).is_err());
        assert_eq!(Cursor::new(&[1, 2, 0], 0).block(), Ok((1, Some(1))));
        assert!(Cursor::new(&[1, 4, 0], 0).block().is_err());
    }
}
