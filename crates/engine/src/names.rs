//! Names from outside as small numbers, dense from 0 in order of first appearance.

use hashbrown::HashMap;

/// A table of names. Which number a name has depends on the order of events; what is told to others is by name.
#[derive(Debug, Clone, Default)]
pub struct Names {
    names: Vec<std::sync::Arc<str>>,
    numbers: HashMap<std::sync::Arc<str>, u32>,
}

impl Names {
    /// The most reps, and the most territories, in one partition.
    pub const MAX: usize = 1_000_000;

    /// The most types of activities in one partition.
    pub const TYPES_MAX: usize = 1_000;

    /// The number of a name, a new one if need be; none if the table has the most names that it may.
    pub(crate) fn intern(&mut self, name: &str, max: usize) -> Option<u32> {
        if let Some(&number) = self.numbers.get(name) {
            return Some(number);
        }
        if self.names.len() >= max {
            return None;
        }
        let number = u32::try_from(self.names.len()).ok()?;
        let shared: std::sync::Arc<str> = name.into();
        self.names.push(shared.clone());
        self.numbers.insert(shared, number);
        Some(number)
    }

    /// Takes out the names that came after the first so many.
    pub(crate) fn truncate(&mut self, count: usize) {
        for name in self.names.drain(count.min(self.names.len())..) {
            self.numbers.remove(&name);
        }
    }

    /// All names, in order of their numbers.
    #[must_use]
    pub fn as_slice(&self) -> &[std::sync::Arc<str>] {
        &self.names
    }

    /// The number of a name; none if the table does not have it.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The name of a number that this table gave; empty for any other.
    #[must_use]
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", |name| name)
    }
}
