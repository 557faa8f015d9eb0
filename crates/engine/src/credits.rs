//! How a deal's amount is divided over the reps who are credited with it.

use model::RepIndex;

use crate::encoding::{Reader, put_number};

/// One credit, with its rep as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredCredit {
    pub(crate) rep: RepIndex,
    pub(crate) share_basis_points: u32,
    pub(crate) overlay: bool,
}

/// The credits of a deal's state, packed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Credits<'a>(pub(crate) &'a [u8]);

impl<'a> Credits<'a> {
    pub(crate) fn iter(self) -> impl Iterator<Item = StoredCredit> + 'a {
        let mut reader = Reader::new(self.0);
        std::iter::from_fn(move || {
            let rep = RepIndex(reader.small()?);
            let packed = reader.small()?;
            Some(StoredCredit { rep, share_basis_points: packed >> 1, overlay: packed & 1 == 1 })
        })
    }

    /// Divides minor units: each credited rep's share rounded down, what remains to the last; overlays get none, and
    /// without credits all is the owner's. The parts add up to the amount exactly.
    pub(crate) fn divide(self, minor: i64, owner: RepIndex, mut part: impl FnMut(RepIndex, i128)) {
        let whole = i128::from(minor);
        let mut credits = self.iter().filter(|credit| !credit.overlay).peekable();
        let mut rest = whole;
        while let Some(credit) = credits.next() {
            if credits.peek().is_none() {
                part(credit.rep, rest);
                return;
            }
            let share = (whole * i128::from(credit.share_basis_points)).div_euclid(SHARES);
            rest -= share;
            part(credit.rep, share);
        }
        part(owner, whole);
    }
}

const SHARES: i128 = model::WHOLE_SHARE_BASIS_POINTS as i128;

pub(crate) fn put_credit(out: &mut Vec<u8>, credit: StoredCredit) {
    put_number(out, u64::from(credit.rep.0));
    put_number(out, u64::from(credit.share_basis_points) << 1 | u64::from(credit.overlay));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn divide(minor: i64, credits: &[(u32, u32, bool)]) -> Vec<(u32, i128)> {
        let mut packed = Vec::new();
        for &(rep, share_basis_points, overlay) in credits {
            put_credit(&mut packed, StoredCredit { rep: RepIndex(rep), share_basis_points, overlay });
        }
        let mut parts = Vec::new();
        Credits(&packed).divide(minor, RepIndex(99), |rep, part| parts.push((rep.0, part)));
        parts
    }

    #[test]
    fn amounts_are_divided() {
        let thirds = [(1, 3333, false), (2, 3333, false), (3, 3334, false)];
        for (minor, credits, expected) in [
            (1000, &[][..], vec![(99, 1000)]),
            (1000, &[(1, 10_000, false)], vec![(1, 1000)]),
            (1000, &[(1, 10_000, false), (2, 5000, true)], vec![(1, 1000)]),
            (1001, &[(1, 5000, false), (2, 5000, false)], vec![(1, 500), (2, 501)]),
            (100, &thirds, vec![(1, 33), (2, 33), (3, 34)]),
            (-100, &thirds, vec![(1, -34), (2, -34), (3, -32)]),
        ] {
            assert_eq!(divide(minor, credits), expected, "{minor} {credits:?}");
        }
    }

    proptest! {
        #[test]
        fn parts_add_up(minor in -model::MAX_MINOR_UNITS..=model::MAX_MINOR_UNITS, first in 1..9_999_u32) {
            let parts = divide(minor, &[(1, first, false), (2, 10_000 - first, false)]);
            prop_assert_eq!(parts.iter().map(|&(_, part)| part).sum::<i128>(), i128::from(minor));
        }
    }
}
