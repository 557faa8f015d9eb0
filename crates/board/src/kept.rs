//! What tables tell of scopes, kept until it would be told otherwise: most of a year does not change with an event, and
//! those who watch a scope ask for the same sums again and again.

use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;

use crate::organisation::Organisation;
use crate::selection::Selection;
use crate::table::PeriodSlot;
use crate::view::{Scope, ScopeTally};

/// How many sums are kept at most, some 40 bytes each: of those scopes that were asked for last.
const SUMS_MAX: usize = 1_000_000;

/// What is kept of a scope takes as much memory beside its sums as so many of them.
const SUMS_BESIDE: usize = 16;

/// Which sums.
pub(crate) type Key = (Scope, PeriodSlot, Selection);

#[derive(Debug)]
pub(crate) struct Kept(Mutex<Entries>);

#[derive(Debug)]
struct Entries {
    /// Whoever asks for another one, or at other exchange rates, is told other sums.
    organisation: Arc<Organisation>,
    /// Each with the number of the table's last change that has a part in it.
    entries: LruCache<Key, (u64, Arc<ScopeTally>)>,
    sums: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self(Mutex::new(Entries::of(Arc::new(Organisation::new(Arc::default(), &[], &[])))))
    }
}

impl Kept {
    /// The sums, if they are as they were: `change` is the number of the last one that has a part in them.
    pub(crate) fn get(
        &self,
        key: &Key,
        organisation: &Arc<Organisation>,
        change: u64,
    ) -> Option<Arc<ScopeTally>> {
        let mut kept = self.0.lock();
        if !Arc::ptr_eq(&kept.organisation, organisation) {
            return None;
        }
        let (last_change, sums) = kept.entries.get(key)?;
        (*last_change == change).then(|| Arc::clone(sums))
    }

    pub(crate) fn put(
        &self,
        key: Key,
        organisation: &Arc<Organisation>,
        change: u64,
        sums: &Arc<ScopeTally>,
    ) {
        let mut kept = self.0.lock();
        if !Arc::ptr_eq(&kept.organisation, organisation) {
            *kept = Entries::of(Arc::clone(organisation));
        }
        kept.sums += size(sums);
        if let Some((_, before)) = kept.entries.put(key, (change, Arc::clone(sums))) {
            kept.sums -= size(&before);
        }
        while kept.sums > SUMS_MAX {
            let Some((_, (_, oldest))) = kept.entries.pop_lru() else { break };
            kept.sums -= size(&oldest);
        }
    }
}

impl Entries {
    fn of(organisation: Arc<Organisation>) -> Self {
        Self { organisation, entries: LruCache::unbounded(), sums: 0 }
    }
}

fn size(sums: &ScopeTally) -> usize {
    SUMS_BESIDE + sums.tally.len() + sums.ages.len()
}

#[cfg(test)]
mod tests {
    use model::{Currency, Measure, StageIndex};

    use super::*;

    fn organisation() -> Arc<Organisation> {
        Arc::new(Organisation::new(Arc::default(), &[], &[]))
    }

    fn key(number: usize) -> Key {
        (Scope::Rep(number.to_string()), PeriodSlot::Standing, Selection::ALL)
    }

    fn sums(count: u16) -> Arc<ScopeTally> {
        let mut sums = ScopeTally::new(Currency::from_code("USD").unwrap());
        (0..count).for_each(|stage| sums.tally.add(Measure::OpenDeals(StageIndex(stage)), 1));
        Arc::new(sums)
    }

    #[test]
    fn the_oldest_give_way_and_no_other_organisation_is_held() {
        let (kept, old) = (Kept::default(), organisation());
        // A thousand with what is beside them.
        let sums = sums(1_000 - u16::try_from(SUMS_BESIDE).unwrap());
        let fits = SUMS_MAX / 1_000;
        for number in 0..fits {
            kept.put(key(number), &old, 1, &sums);
            kept.put(key(number), &old, 2, &sums);
        }
        assert_eq!(kept.0.lock().sums, SUMS_MAX);
        assert!(kept.get(&key(0), &old, 2).is_some());
        assert!(kept.get(&key(1), &old, 1).is_none());
        kept.put(key(fits), &old, 2, &sums);
        let has = |number| kept.get(&key(number), &old, 2).is_some();
        // The second but one was asked for last, though for another change.
        assert_eq!([has(0), has(1), has(2), has(3), has(fits)], [true, true, false, true, true]);
        let new = organisation();
        assert!(kept.get(&key(0), &new, 2).is_none());
        kept.put(key(0), &new, 2, &sums);
        let kept = kept.0.lock();
        assert_eq!((Arc::strong_count(&old), kept.entries.len(), kept.sums), (1, 1, 1_000));
    }
}
