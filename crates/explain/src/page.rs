//! One page of causes, the largest first, of any number of them.

use std::collections::BinaryHeap;

use engine::Origin;

/// The place of a cause in the order of all: by the KPI's ingredient that it is part of, then the largest part first,
/// then by id. As text it says where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub(crate) ingredient: usize,
    pub(crate) size: std::cmp::Reverse<u128>,
    pub(crate) origin: Origin,
    pub(crate) id: String,
    pub(crate) partition: i32,
}

impl Cursor {
    /// The cursor of a text that [`Display`](std::fmt::Display) made.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.splitn(5, '.');
        let mut next = || fields.next();
        Some(Self {
            ingredient: next()?.parse().ok()?,
            size: std::cmp::Reverse(next()?.parse().ok()?),
            origin: match next()? {
                "deal" => Origin::Deal,
                "activity" => Origin::Activity,
                _ => return None,
            },
            partition: next()?.parse().ok()?,
            id: next()?.to_owned(),
        })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { ingredient, size, origin, id, partition } = self;
        let origin = match origin {
            Origin::Deal => "deal",
            Origin::Activity => "activity",
        };
        write!(formatter, "{ingredient}.{}.{origin}.{partition}.{id}", size.0)
    }
}

/// The first so many entries behind a cursor, in order.
pub(crate) struct Page<T> {
    limit: usize,
    after: Option<Cursor>,
    /// The last one on top.
    kept: BinaryHeap<Entry<T>>,
    has_more: bool,
}

struct Entry<T>(Cursor, T);

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Page<T> {
    pub(crate) fn new(limit: usize, after: Option<Cursor>) -> Self {
        Self { limit, after, kept: BinaryHeap::new(), has_more: false }
    }

    /// Offers an entry, which is made only if it is on the page as far as is known.
    pub(crate) fn offer(&mut self, place: Cursor, entry: impl FnOnce() -> T) {
        if self.after.as_ref().is_some_and(|after| place <= *after) {
            return;
        }
        if self.kept.len() >= self.limit {
            self.has_more = true;
            if self.kept.peek().is_none_or(|last| last.0 <= place) {
                return;
            }
            self.kept.pop();
        }
        self.kept.push(Entry(place, entry()));
    }

    /// The entries in order, and where the next page begins, if there is more.
    pub(crate) fn finish(self) -> (Vec<T>, Option<Cursor>) {
        let has_more = self.has_more;
        let entries = self.kept.into_sorted_vec();
        let next = entries.last().filter(|_| has_more).map(|entry| entry.0.clone());
        (entries.into_iter().map(|entry| entry.1).collect(), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(size: u128, id: &str) -> Cursor {
        Cursor {
            ingredient: 0,
            size: std::cmp::Reverse(size),
            origin: Origin::Deal,
            id: id.to_owned(),
            partition: 3,
        }
    }

    #[test]
    fn cursors_are_read_as_written() {
        for cursor in [cursor(0, ""), cursor(u128::MAX, "a.b.c/ü")] {
            assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }
        for text in ["", "0", "0.1.deal.3", "x.1.deal.3.a", "0.-1.deal.3.a", "0.1.lead.3.a", "0.1.deal..a"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }

    #[test]
    fn pages_hold_all_once_and_in_order() {
        let all: Vec<Cursor> = (0..23).map(|number| cursor(number * 7 % 5, &number.to_string())).collect();
        let mut sorted = all.clone();
        sorted.sort();
        for limit in [1, 2, 7, 23, 40] {
            let (mut read, mut after) = (Vec::new(), None);
            loop {
                let mut page = Page::new(limit, after);
                all.iter().for_each(|place| page.offer(place.clone(), || place.clone()));
                let (entries, next) = page.finish();
                assert!(entries.len() <= limit);
                read.extend(entries);
                after = next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(read, sorted, "{limit}");
        }
    }
}
