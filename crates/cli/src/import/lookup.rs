//! Lookups: tables that fields look into by a key.
//!
//! All lookups are requested before any table is read, so that each table is read once, whatever is looked up in it.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use anyhow::ensure;

use super::mapping::{Lookup, Mapping, Several};
use super::problem::Problem;
use super::table::{Head, RawRow, Table};

/// The most keys of one lookup.
const MAX_KEYS: usize = 5_000_000;

/// Tables that fields look into, each read once.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    indices: Vec<Index>,
}

/// What a lookup has for a key.
#[derive(Debug)]
pub(super) struct Found {
    /// The value.
    pub(super) value: Box<str>,
    /// The row that has it.
    pub(super) row: u64,
    /// A row with the same key and another value, where that counts.
    pub(super) other: Option<u64>,
}

#[derive(Debug)]
struct Index {
    lookup: Lookup,
    values: HashMap<Box<str>, Found>,
}

impl Lookups {
    /// Reads the tables; rows that cannot be used go to `reject` with their table.
    ///
    /// # Errors
    /// A table, a column, or too many keys.
    pub(super) fn load(
        &mut self,
        mapping: &Mapping,
        reject: &mut dyn FnMut(&Head, u64, Problem),
    ) -> anyhow::Result<()> {
        let sources: BTreeSet<String> =
            self.indices.iter().map(|index| index.lookup.source.clone()).collect();
        for name in sources {
            let mut table = Table::open(&name, mapping.source(&name)?)?;
            let mut wanted = Vec::new();
            for index in self.indices.iter_mut().filter(|index| index.lookup.source == name) {
                let key = table.head.column(&index.lookup.key)?;
                let value = table.head.column(&index.lookup.column)?;
                wanted.push((index, key, value));
            }
            let mut row = RawRow::default();
            while table.next(&mut row)? {
                let mut problem = row.check(&table.head).err();
                for (index, key, value) in &mut wanted {
                    if problem.is_some() {
                        break;
                    }
                    problem = index.add(&table.head, &row, *key, *value).err();
                    ensure!(
                        index.values.len() <= MAX_KEYS,
                        "source {name:?} has more than {MAX_KEYS} keys in column {:?}; expected fewer in a lookup",
                        index.lookup.key
                    );
                }
                if let Some(problem) = problem {
                    reject(&table.head, row.number, problem);
                }
            }
        }
        Ok(())
    }

    /// The number under which a lookup is asked, once it is loaded.
    pub(super) fn request(&mut self, lookup: &Lookup) -> usize {
        let same = |index: &Index| index.lookup == *lookup;
        if let Some(number) = self.indices.iter().position(same) {
            return number;
        }
        self.indices.push(Index { lookup: lookup.clone(), values: HashMap::new() });
        self.indices.len() - 1
    }

    /// Whether a source is looked into.
    pub(super) fn reads(&self, source: &str) -> bool {
        self.indices.iter().any(|index| index.lookup.source == source)
    }

    /// The lookup of a number, and what it has for a key; none if the key is not there.
    pub(super) fn find(&self, number: usize, key: &str) -> Option<(&Lookup, Option<&Found>)> {
        let index = self.indices.get(number)?;
        Some((&index.lookup, index.values.get(&*index.normal(key))))
    }
}

impl Index {
    fn add(&mut self, head: &Head, row: &RawRow, key: usize, value: usize) -> Result<(), Problem> {
        let (key, value) = (row.text(head, key)?, row.text(head, value)?);
        if key.is_empty() {
            return Ok(());
        }
        let key = self.normal(key).into_owned().into_boxed_str();
        let found = self.values.entry(key).or_insert_with(|| Found {
            value: value.into(),
            row: row.number,
            other: None,
        });
        if self.lookup.several == Several::Reject && *found.value != *value && found.other.is_none() {
            found.other = Some(row.number);
        }
        Ok(())
    }

    fn normal<'k>(&self, key: &'k str) -> Cow<'k, str> {
        if self.lookup.ignore_case { Cow::Owned(key.to_lowercase()) } else { Cow::Borrowed(key) }
    }
}
