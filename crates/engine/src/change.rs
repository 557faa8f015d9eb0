//! A part of a cell on its way there, in as little memory as can be: an event makes a dozen of them, which are compared
//! with each other and sorted.

use model::{Day, Held, HeldKey, PackedSum, RepIndex, TerritoryIndex};

use crate::history::State;

/// Whose row of cells, and of which day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) day: Day,
}

impl RowKey {
    pub(crate) const fn with(self, held: Held) -> HeldKey {
        let Self { rep, territory, day } = self;
        HeldKey { rep, territory, day, held }
    }
}

/// How much is added to a cell; taken from it, if negative. Keys are compared far more often than they are read: they are
/// two numbers, of rep and territory, and of day and code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    who: u64,
    what: u64,
    value: PackedSum,
}

impl Change {
    pub(crate) const fn new(row: RowKey, code: u32, value: i128) -> Self {
        let RowKey { rep, territory, day } = row;
        let who = (rep.0 as u64) << 32 | territory.0 as u64;
        let what = (day.0.cast_unsigned() as u64) << 32 | code as u64;
        Self { who, what, value: PackedSum::new(value) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the numbers are cut into what they were made of")]
    pub(crate) const fn row(&self) -> RowKey {
        let Self { who, what, .. } = *self;
        RowKey {
            rep: RepIndex((who >> 32) as u32),
            territory: TerritoryIndex(who as u32),
            day: Day(((what >> 32) as u32).cast_signed()),
        }
    }

    /// Whether the cells are of one row.
    pub(crate) const fn is_beside(&self, other: &Self) -> bool {
        self.who == other.who && self.what >> 32 == other.what >> 32
    }

    #[expect(clippy::cast_possible_truncation, reason = "the code is the lower half")]
    pub(crate) const fn code(&self) -> u32 {
        self.what as u32
    }

    pub(crate) fn held(&self) -> Held {
        Held::from_code(self.code()).unwrap_or_else(|| unreachable!("the code is of something held"))
    }

    pub(crate) const fn value(&self) -> i128 {
        self.value.get()
    }

    /// Changes of one cell have the same, and those of one row are near each other.
    pub(crate) const fn cell_number(&self) -> u128 {
        (self.who as u128) << 64 | self.what as u128
    }

    pub(crate) const fn negate(&mut self) {
        self.value = PackedSum::new(-self.value());
    }

    /// The same change of another value.
    pub(crate) const fn by(self, value: i128) -> Self {
        Self { value: PackedSum::new(value), ..self }
    }
}

/// Appends a change that is one.
#[inline]
pub(crate) fn add(out: &mut Vec<Change>, row: RowKey, held: Held, value: i128) {
    if value != 0 {
        out.push(Change::new(row, held.code(), value));
    }
}

/// Appends an amount with its sign, divided over those who are credited with it in this state.
#[inline]
pub(crate) fn add_divided(
    out: &mut Vec<Change>,
    state: &State<'_>,
    day: Day,
    held: Held,
    amount: (i64, i128),
) {
    add_divided_code(out, state, day, held.code(), amount);
}

/// For all quantities, since code that is there once stays near the processor.
#[inline(never)]
fn add_divided_code(
    out: &mut Vec<Change>,
    state: &State<'_>,
    day: Day,
    code: u32,
    (minor, sign): (i64, i128),
) {
    let territory = state.territory;
    if state.credits.0.is_empty() {
        // As `divide` does it, and as most deals are.
        if minor != 0 {
            let row = RowKey { rep: state.rep, territory, day };
            out.push(Change::new(row, code, sign * i128::from(minor)));
        }
        return;
    }
    state.credits.divide(minor, state.rep, |rep, part| {
        if part != 0 {
            out.push(Change::new(RowKey { rep, territory, day }, code, sign * part));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_needs_no_padding() {
        assert_eq!(size_of::<Change>(), 32);
    }
}
