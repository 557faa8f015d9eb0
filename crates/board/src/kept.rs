//! What tables tell of scopes, kept until it would be told otherwise: most of a year does not change with an event, and
//! those who watch a scope ask for the same sums again and again.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use crate::organisation::Organisation;
use crate::selection::Selection;
use crate::table::PeriodSlot;
use crate::view::{Scope, ScopeTally};

/// How many sums are kept: of those, the ones that were asked for last. Some tens of megabytes at most.
const KEPT_MAX: NonZeroUsize = NonZeroUsize::new(1_024).unwrap();

/// Which sums.
pub(crate) type Key = (Scope, PeriodSlot, Selection);

#[derive(Debug)]
pub(crate) struct Kept(Mutex<LruCache<Key, Entry>>);

#[derive(Debug)]
struct Entry {
    /// Those are a scope's sums only for as long as it has the same members, and only at these exchange rates.
    organisation: Arc<Organisation>,
    /// The number of the table's last change then.
    change: u64,
    sums: Arc<ScopeTally>,
}

impl Default for Kept {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT_MAX)))
    }
}

impl Kept {
    /// The sums, if they are as they were: `change` is the number of the last one that had a part in them.
    pub(crate) fn get(
        &self,
        key: &Key,
        organisation: &Arc<Organisation>,
        change: u64,
    ) -> Option<Arc<ScopeTally>> {
        let mut kept = self.0.lock();
        let entry = kept.get(key)?;
        let is_same = Arc::ptr_eq(&entry.organisation, organisation) && entry.change == change;
        is_same.then(|| Arc::clone(&entry.sums))
    }

    pub(crate) fn put(
        &self,
        key: Key,
        organisation: &Arc<Organisation>,
        change: u64,
        sums: &Arc<ScopeTally>,
    ) {
        let entry = Entry { organisation: Arc::clone(organisation), change, sums: Arc::clone(sums) };
        self.0.lock().put(key, entry);
    }
}
