//! Numbers and strings as bytes, for records that are held packed in memory and written to snapshots as they are.
//!
//! Numbers are LEB128 (7 bits a byte, low first), signed ones zigzag first; strings are a length and UTF-8.

/// Appends an unsigned number, 1 to 10 bytes.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [byte, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 && byte < 0x80 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

/// Appends a signed number, 1 to 10 bytes.
pub(crate) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Appends a length and the bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what the functions above wrote. Every method gives none at the end of the bytes or on a form that was never
/// written, so that a damaged record is noticed and never a panic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// What is not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let byte = *self.bytes.get(self.at)?;
        if byte < 0x80 {
            self.at += 1;
            return Some(u64::from(byte));
        }
        self.long_number()
    }

    fn long_number(&mut self) -> Option<u64> {
        let word =
            self.bytes.get(self.at..)?.first_chunk().map_or(u64::MAX, |word| u64::from_le_bytes(*word));
        let ends = !word & 0x8080_8080_8080_8080;
        if ends != 0 {
            // All bytes at once, each byte's 7 bits next to those of the one before.
            let bits = ends.trailing_zeros() + 1;
            self.at += bits as usize / 8;
            let groups = word & u64::MAX >> (64 - bits) & 0x7f7f_7f7f_7f7f_7f7f;
            let pairs = (groups & 0x007f_007f_007f_007f) | (groups & 0x7f00_7f00_7f00_7f00) >> 1;
            let pairs = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
            return Some((pairs & 0x0fff_ffff) | (pairs & 0x0fff_ffff_0000_0000) >> 4);
        }
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return (shift < 63 || byte < 2).then_some(number);
            }
        }
        None
    }

    #[inline]
    pub(crate) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    #[inline]
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    #[inline]
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, signed: i64, bytes: Vec<u8>) {
            let mut out = Vec::new();
            put_number(&mut out, number);
            put_signed(&mut out, signed);
            put_bytes(&mut out, &bytes);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.number(), Some(number));
            prop_assert_eq!(reader.signed(), Some(signed));
            prop_assert_eq!(reader.bytes(), Some(&bytes[..]));
            prop_assert!(reader.is_at_end());
        }

        /// All bytes at once where so many follow, else one by one.
        #[test]
        fn numbers_of_any_length_are_read_with_anything_behind(number: u64, shift in 0..64_u32, behind in prop::collection::vec(any::<u8>(), 0..10)) {
            let mut out = Vec::new();
            put_number(&mut out, number >> shift);
            let length = out.len();
            out.extend_from_slice(&behind);
            let mut reader = Reader::new(&out);
            prop_assert_eq!((reader.number(), reader.position()), (Some(number >> shift), length));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while reader.number().is_some() && reader.bytes().is_some() && reader.signed().is_some() {}
        }
    }

    #[test]
    fn overlong_numbers_are_refused() {
        assert_eq!(Reader::new(&[0xff; 10]).number(), None);
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).number(),
            Some(u64::MAX)
        );
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number(), None);
    }
}
