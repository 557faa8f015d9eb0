//! How often a closed deal was worked on, and how it ended.

/// How many activities of a category a deal had by its close, and whether it was won. Counts of deals by this are enough
/// for the win rate with and without, and for the correlation of the count with winning; and they add and subtract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Touches(u16);

impl Touches {
    /// More activities than these count as these.
    pub const COUNT_MAX: u16 = (1 << 14) - 1;

    /// Of a deal with so many activities.
    #[must_use]
    pub fn new(count: u32, is_won: bool) -> Self {
        let count = u16::try_from(count).unwrap_or(Self::COUNT_MAX).min(Self::COUNT_MAX);
        Self(count << 1 | u16::from(is_won))
    }

    /// How many activities.
    #[must_use]
    pub const fn count(self) -> u16 {
        self.0 >> 1
    }

    /// Whether the deal was won.
    #[must_use]
    pub const fn is_won(self) -> bool {
        self.0 & 1 == 1
    }

    /// As a number below 2^15.
    pub(crate) const fn number(self) -> u16 {
        self.0
    }

    /// The touches of a number.
    pub(crate) const fn from_number(number: u16) -> Option<Self> {
        if number >> 15 == 0 { Some(Self(number)) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_outcomes_are_kept_up_to_the_largest() {
        for (count, kept) in [(0, 0), (1, 1), (16_383, 16_383), (16_384, 16_383), (u32::MAX, 16_383)] {
            for is_won in [true, false] {
                let touches = Touches::new(count, is_won);
                assert_eq!((touches.count(), touches.is_won()), (kept, is_won));
                assert_eq!(Touches::from_number(touches.number()), Some(touches));
            }
        }
        assert_eq!(Touches::from_number(1 << 15), None);
    }
}
