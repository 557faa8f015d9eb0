//! A part of a cell on its way there, in as little memory as can be: an event makes a dozen of them, which are compared
//! with each other and sorted.

use model::{Day, Held, HeldKey, PackedSum, RepIndex, TerritoryIndex};

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

    /// The key as one number, which costs less to compare.
    const fn number(self) -> u128 {
        let day = self.day.0.cast_unsigned() as u128;
        (self.rep.0 as u128) << 64 | (self.territory.0 as u128) << 32 | day
    }
}

/// How much is added to a cell; taken from it, if negative.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    row: RowKey,
    code: u32,
    value: PackedSum,
}

impl Change {
    pub(crate) const fn new(row: RowKey, held: Held, value: i128) -> Self {
        Self { row, code: held.code(), value: PackedSum::new(value) }
    }

    pub(crate) const fn row(&self) -> RowKey {
        self.row
    }

    /// Changes of one row have the same.
    pub(crate) const fn row_number(&self) -> u128 {
        self.row.number()
    }

    pub(crate) const fn code(&self) -> u32 {
        self.code
    }

    pub(crate) fn held(&self) -> Held {
        Held::from_code(self.code).unwrap_or_else(|| unreachable!("the code is of something held"))
    }

    pub(crate) const fn value(&self) -> i128 {
        self.value.get()
    }

    /// Changes of one cell have the same.
    pub(crate) const fn cell_number(&self) -> u128 {
        self.row.number() << 32 | self.code as u128
    }

    pub(crate) const fn negate(&mut self) {
        self.value = PackedSum::new(-self.value());
    }

    /// The same change of another value.
    pub(crate) const fn by(self, value: i128) -> Self {
        Self { value: PackedSum::new(value), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_needs_no_padding() {
        assert_eq!(size_of::<Change>(), 32);
    }
}
