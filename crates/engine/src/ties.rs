//! Which activities were for a deal: how many of each category on each day. Enough to tell, whenever the deal is closed,
//! how many it had by then; kept when the activities themselves have left their horizon.
//!
//! Entries ascend by day and category. An entry is the difference of its day to the one before as a number (the first one's
//! to day 0, signed), then category + 8 x count as a number.

use model::{Category, Day};

use crate::encoding::{Reader, put_number, put_signed};

/// The most entries of one deal: a bound on the cost of an event and on the size of a record.
pub(crate) const MAX_TIES: usize = 1_000;

/// How many categories an entry can tell apart.
const CATEGORIES: u8 = 8;

const _: () = assert!(Category::ALL.len() <= 1 << 3);

/// On which day an activity was, and of which category.
pub(crate) type Touch = (Day, Category);

/// The packed entries.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ties<'a>(pub(crate) &'a [u8]);

impl<'a> Ties<'a> {
    /// The entries in order. Ends early at damaged bytes, which [`is_valid`](Self::is_valid) tells.
    pub(crate) fn iter(self) -> impl Iterator<Item = (Touch, u32)> + 'a {
        let mut reader = Reader::new(self.0);
        let mut day = None;
        std::iter::from_fn(move || read(&mut reader, &mut day))
    }

    /// Whether all bytes are entries, ascending, none of them empty.
    pub(crate) fn is_valid(self) -> bool {
        let mut bytes = Vec::with_capacity(self.0.len());
        let entries: Vec<(Touch, u32)> = self.iter().collect();
        let mut writer = Writer { out: &mut bytes, before: None };
        entries.iter().for_each(|&(touch, count)| writer.put(touch, count));
        bytes == self.0
            && entries.len() <= MAX_TIES
            && entries.iter().all(|&((day, _), count)| count > 0 && day.has_timestamps())
            && entries.is_sorted_by(|(one, _), (next, _)| one < next)
    }

    /// Whether one more activity can be noted.
    fn has_room_for(self, touch: Touch) -> bool {
        // An entry has at least two bytes.
        self.0.len() < MAX_TIES * 2
            || self.iter().count() < MAX_TIES
            || self.iter().any(|(other, _)| other == touch)
    }

    /// Appends the entries with one activity more, as far as there is room, or one less.
    pub(crate) fn put_with(self, touch: Touch, is_more: bool, out: &mut Vec<u8>) {
        if is_more && !self.has_room_for(touch) {
            out.extend_from_slice(self.0);
            return;
        }
        let mut writer = Writer { out, before: None };
        let mut is_noted = !is_more;
        for (other, count) in self.iter() {
            if !is_noted && other > touch {
                writer.put(touch, 1);
                is_noted = true;
            }
            let count = match (other == touch, is_more) {
                (false, _) => count,
                (true, true) => count.saturating_add(1),
                (true, false) => count.saturating_sub(1),
            };
            is_noted |= other == touch;
            if count > 0 {
                writer.put(other, count);
            }
        }
        if !is_noted {
            writer.put(touch, 1);
        }
    }
}

/// Packs entries as they come: an event must not cost an allocation.
struct Writer<'o> {
    out: &'o mut Vec<u8>,
    before: Option<Day>,
}

impl Writer<'_> {
    fn put(&mut self, (day, category): Touch, count: u32) {
        match self.before {
            None => put_signed(self.out, day.0.into()),
            Some(before) => put_number(self.out, i64::from(day.0 - before.0).cast_unsigned()),
        }
        put_number(self.out, category as u64 + u64::from(CATEGORIES) * u64::from(count));
        self.before = Some(day);
    }
}

fn read(reader: &mut Reader<'_>, before: &mut Option<Day>) -> Option<(Touch, u32)> {
    let day = match *before {
        None => i32::try_from(reader.signed()?).ok()?,
        Some(before) => before.0.checked_add(i32::try_from(reader.number()?).ok()?)?,
    };
    let number = reader.number()?;
    let categories = u64::from(CATEGORIES);
    let category = Category::from_number(u8::try_from(number % categories).ok()?)?;
    let count = u32::try_from(number / categories).ok()?;
    *before = Some(Day(day));
    Some(((Day(day), category), count))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ties_are_a_map_of_counts(changes in prop::collection::vec((-1..6_i32, 0..7_u8, any::<bool>()), 0..60)) {
            let mut bytes = Vec::new();
            let mut expected: BTreeMap<Touch, u32> = BTreeMap::new();
            for (day, category, is_more) in changes {
                let touch = (Day(day * 40), Category::from_number(category).unwrap());
                let count = expected.entry(touch).or_default();
                if !is_more && *count == 0 { continue; }
                if is_more { *count += 1 } else { *count -= 1 }
                expected.retain(|_, count| *count > 0);
                let mut next = Vec::new();
                Ties(&bytes).put_with(touch, is_more, &mut next);
                bytes = next;
                prop_assert_eq!(Ties(&bytes).iter().collect::<BTreeMap<_, _>>(), expected.clone());
                prop_assert!(Ties(&bytes).is_valid() || expected.keys().any(|(day, _)| day.0 < -1));
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = Ties(&bytes).is_valid();
        }
    }

    #[test]
    fn there_is_room_for_so_many_and_for_what_is_there() {
        let mut bytes = Vec::new();
        for day in 0..MAX_TIES {
            let touch = (Day(i32::try_from(day).unwrap()), Category::Admin);
            assert!(Ties(&bytes).has_room_for(touch));
            let mut next = Vec::new();
            Ties(&bytes).put_with(touch, true, &mut next);
            bytes = next;
        }
        assert!(!Ties(&bytes).has_room_for((Day(5), Category::Travel)));
        assert!(Ties(&bytes).has_room_for((Day(5), Category::Admin)));
    }
}
