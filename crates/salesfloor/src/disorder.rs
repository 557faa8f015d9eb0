//! Disorder that a log may bring: other order, repetition, contradiction, partitions.
//!
//! Everything here is a pure function of its input and a seed, and loses nothing.

use std::borrow::Cow;

use model::{Day, Event};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// All in an order that the seed decides.
#[must_use]
pub fn shuffle<T>(mut items: Vec<T>, seed: u64) -> Vec<T> {
    items.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    items
}

/// All in an order that the seed decides, each less than `window` places from where it was; 0 and 1 change nothing.
#[must_use]
pub fn shuffle_within<T>(items: Vec<T>, window: usize, seed: u64) -> Vec<T> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut delayed: Vec<(usize, T)> = items
        .into_iter()
        .enumerate()
        .map(|(place, item)| (place + random.random_range(0..window.max(1)), item))
        .collect();
    delayed.sort_by_key(|&(place, _)| place);
    delayed.into_iter().map(|(_, item)| item).collect()
}

/// Each as often as told, its repetitions right behind it.
#[must_use]
pub fn duplicate<T: Clone>(items: &[T], times: usize) -> Vec<T> {
    items.iter().flat_map(|item| std::iter::repeat_n(item, times)).cloned().collect()
}

/// Adds, behind about one event in `one_in`, another that claims the same id, time and version with other content,
/// as a producer does that repeats itself wrongly; never with another partition key. 0 adds none.
#[must_use]
pub fn contradict(events: Vec<Event<'static>>, one_in: u32, seed: u64) -> Vec<Event<'static>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut all = Vec::with_capacity(events.len());
    for event in events {
        let other = (one_in > 0 && random.random_range(0..one_in) == 0)
            .then(|| contradicted(event.clone(), random.random_range(0..4)));
        all.push(event);
        all.extend(other);
    }
    all
}

fn contradicted(mut event: Event<'static>, what: u32) -> Event<'static> {
    match &mut event {
        Event::Deal(deal) => match (what, &mut deal.amount) {
            // Nearer to 0, so that it stays within the bounds of amounts.
            (0, Some(amount)) => amount.minor += if amount.minor > 0 { -1 } else { 1 },
            (1, _) => deal.deleted = !deal.deleted,
            (2, _) => deal.expected_close = deal.expected_close.xor(Some(Day(20_600))),
            _ => deal.rep_id = changed(&deal.rep_id),
        },
        Event::Activity(activity) => match what {
            0 => activity.duration_seconds ^= 1,
            1 => activity.retracted = !activity.retracted,
            // The rep is the partition's key where there is no deal.
            2 if activity.deal_id.is_some() => activity.rep_id = changed(&activity.rep_id),
            _ => activity.kind = Cow::Borrowed("something_else"),
        },
    }
    event
}

/// Another id, above or below the given one depending on its last byte.
fn changed(rep_id: &str) -> Cow<'static, str> {
    let last = rep_id.chars().next_back().unwrap_or('0');
    let stem = rep_id.strip_suffix(last).unwrap_or_default();
    Cow::Owned(format!("{stem}{}", if last == '5' { '4' } else { '5' }))
}

/// The key that decides an event's partition: the deal, or the rep for activities without one.
#[must_use]
pub fn partition_key<'e>(event: &'e Event<'_>) -> &'e str {
    match event {
        Event::Deal(deal) => &deal.deal_id,
        Event::Activity(activity) => activity.deal_id.as_ref().unwrap_or(&activity.rep_id),
    }
}

/// Splits events over partitions by their key, keeping their order; equal keys meet in one partition. Which one is
/// decided by a hash of its own, not by Kafka's.
///
/// # Panics
/// If there are to be 0 partitions.
#[must_use]
pub fn partition(events: Vec<Event<'static>>, partitions: usize) -> Vec<Vec<Event<'static>>> {
    assert!(partitions > 0, "events need at least one partition");
    let mut parts: Vec<Vec<Event<'static>>> = (0..partitions).map(|_| Vec::new()).collect();
    for event in events {
        let hash = usize::try_from(fnv_1a(partition_key(&event))).unwrap_or(0);
        parts[hash % partitions].push(event);
    }
    parts
}

/// Fowler-Noll-Vo, 32 bits: the same on every machine and in every version.
fn fnv_1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffles_lose_nothing_and_follow_the_seed() {
        let items: Vec<usize> = (0..500).collect();
        let shuffled = shuffle(items.clone(), 7);
        assert_ne!(shuffled, items);
        assert_eq!(shuffled, shuffle(items.clone(), 7));
        assert_ne!(shuffled, shuffle(items.clone(), 8));
        let mut sorted = shuffled;
        sorted.sort_unstable();
        assert_eq!(sorted, items);
    }

    #[test]
    fn a_window_bounds_how_far_things_move() {
        let items: Vec<usize> = (0..500).collect();
        assert_eq!(shuffle_within(items.clone(), 0, 3), items);
        assert_eq!(shuffle_within(items.clone(), 1, 3), items);
        let moved = shuffle_within(items.clone(), 10, 3);
        assert_ne!(moved, items);
        for (place, &item) in moved.iter().enumerate() {
            assert!(place.abs_diff(item) < 10, "{item} is at {place}");
        }
    }

    #[test]
    fn duplicates_stand_side_by_side() {
        assert_eq!(duplicate(&['a', 'b'], 3), ['a', 'a', 'a', 'b', 'b', 'b']);
        assert!(duplicate(&['a'], 0).is_empty());
    }

    #[test]
    fn another_rep_is_another() {
        for rep_id in ["r001", "r005", "é", ""] {
            assert_ne!(changed(rep_id), rep_id);
        }
    }
}
