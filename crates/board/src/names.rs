//! Board-wide numbers for the names that partitions number each in their own way.

use std::collections::HashMap;
use std::sync::Arc;

/// Names in order of first appearance; each string is stored once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    names: Vec<Arc<str>>,
    // The standard hasher with its random seed: names come from outside.
    numbers: HashMap<Arc<str>, u32>,
}

impl Names {
    pub(crate) fn intern(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        // Partitions bound the number of their names far below this.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    pub(crate) fn as_slice(&self) -> &[Arc<str>] {
        &self.names
    }
}
