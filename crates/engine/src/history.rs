//! A deal's history: its events, packed, in order of (time, version, event id). Keeps FOLD-2.
//!
//! An event, behind one another without separators (numbers as in [`crate::encoding`]):
//!
//! | field | form |
//! | --- | --- |
//! | flags | 1 byte: 1 version, 2 amount, 4 expected close, 8 deleted, 16 credits, 32 event id is a UUID |
//! | `occurred_at` | number, microseconds since 1970 |
//! | version | signed, if flagged |
//! | event id | 16 bytes if a UUID in its usual lower-case form, else length and bytes |
//! | stage, rep, territory | numbers |
//! | amount | signed minor units, then the currency's number in 2 bytes, low first; if flagged |
//! | expected close | number, days since 1970; if flagged |
//! | credits | length, then for each the rep and (share x 2 + overlay) as numbers; if flagged |
//! | offset | number, of the record that brought the event |

use std::cmp::Ordering;

use model::{Currency, Day, Money, Offset, RepIndex, StageIndex, TerritoryIndex, Timestamp};

use crate::credits::Credits;
use crate::encoding::{Reader, put_bytes, put_number, put_signed};

/// The most events that one deal's history holds: a bound on the cost of an event and on the size of a record.
pub(crate) const MAX_EVENTS: usize = 1_000;

const VERSION: u8 = 1;
const AMOUNT: u8 = 2;
const EXPECTED_CLOSE: u8 = 4;
const DELETED: u8 = 8;
const CREDITS: u8 = 16;
const UUID: u8 = 32;
const KNOWN_FLAGS: u8 = 63;

/// A deal's state as one event told it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State<'a> {
    pub(crate) occurred_at: Timestamp,
    pub(crate) version: Option<i64>,
    pub(crate) event_id: EventId<'a>,
    pub(crate) stage: StageIndex,
    pub(crate) rep: RepIndex,
    pub(crate) territory: TerritoryIndex,
    pub(crate) amount: Option<Money>,
    pub(crate) expected_close: Option<Day>,
    pub(crate) credits: Credits<'a>,
    pub(crate) deleted: bool,
    pub(crate) offset: Offset,
}

/// An event's id, in half the space where it is a UUID. Ordered as the texts are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EventId<'a> {
    Text(&'a [u8]),
    Uuid(&'a [u8; 16]),
}

/// Where an event belongs in a history, as a range of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Before the byte at this position.
    Before(usize),
    /// There is one of the same time, version and id here.
    Taken(usize, usize),
}

/// The packed events of a history, in order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct History<'a>(pub(crate) &'a [u8]);

impl<'a> History<'a> {
    /// The states with the positions of their first and behind their last byte. Ends early at damaged bytes, which
    /// [`History::is_valid`] tells.
    pub(crate) fn iter(self) -> impl Iterator<Item = (State<'a>, usize, usize)> {
        let mut reader = Reader::new(self.0);
        std::iter::from_fn(move || {
            let start = reader.position();
            let state = read(&mut reader)?;
            Some((state, start, reader.position()))
        })
    }

    /// Where a state belongs.
    pub(crate) fn place(self, state: &State<'_>) -> Place {
        let mut place = Place::Before(self.0.len());
        for (other, start, end) in self.iter() {
            match state.order(&other) {
                Ordering::Greater => {}
                Ordering::Equal => return Place::Taken(start, end),
                Ordering::Less => {
                    place = Place::Before(start);
                    break;
                }
            }
        }
        place
    }

    /// Whether all bytes are events, ascending, and their numbers below the given bounds; `each` is told the events on
    /// the way.
    pub(crate) fn is_valid(
        self,
        (stages, reps, territories): (usize, usize, usize),
        mut each: impl FnMut(State<'a>),
    ) -> bool {
        let mut end = 0;
        let mut previous: Option<State<'_>> = None;
        for (state, _, behind) in self.iter() {
            let in_order = previous.is_none_or(|previous| previous.order(&state) == Ordering::Less);
            let reps_known = std::iter::once(state.rep)
                .chain(state.credits.iter().map(|credit| credit.rep))
                .all(|rep| (rep.0 as usize) < reps);
            let known = usize::from(state.stage.0) < stages && (state.territory.0 as usize) < territories;
            if !(in_order && reps_known && known) {
                return false;
            }
            each(state);
            previous = Some(state);
            end = behind;
        }
        end == self.0.len()
    }
}

impl State<'_> {
    /// The order of events in a history; equal: the same event.
    pub(crate) fn order(&self, other: &State<'_>) -> Ordering {
        (self.occurred_at, self.version)
            .cmp(&(other.occurred_at, other.version))
            .then_with(|| self.event_id.order(other.event_id))
    }

    /// Appends the packed form.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let mut flags = 0;
        for (flag, is_set) in [
            (VERSION, self.version.is_some()),
            (AMOUNT, self.amount.is_some()),
            (EXPECTED_CLOSE, self.expected_close.is_some()),
            (DELETED, self.deleted),
            (CREDITS, !self.credits.0.is_empty()),
            (UUID, matches!(self.event_id, EventId::Uuid(_))),
        ] {
            if is_set {
                flags |= flag;
            }
        }
        out.push(flags);
        put_number(out, self.occurred_at.micros().cast_unsigned());
        if let Some(version) = self.version {
            put_signed(out, version);
        }
        match self.event_id {
            EventId::Text(text) => put_bytes(out, text),
            EventId::Uuid(bytes) => out.extend_from_slice(bytes),
        }
        put_number(out, u64::from(self.stage.0));
        put_number(out, u64::from(self.rep.0));
        put_number(out, u64::from(self.territory.0));
        if let Some(money) = self.amount {
            put_signed(out, money.minor);
            out.extend_from_slice(&money.currency.number().to_le_bytes());
        }
        if let Some(day) = self.expected_close {
            put_number(out, u64::from(day.0.cast_unsigned()));
        }
        if !self.credits.0.is_empty() {
            put_bytes(out, self.credits.0);
        }
        put_number(out, self.offset.0.cast_unsigned());
    }
}

fn read<'a>(reader: &mut Reader<'a>) -> Option<State<'a>> {
    let flags = reader.byte()?;
    if flags > KNOWN_FLAGS {
        return None;
    }
    let is_set = |flag: u8| flags & flag != 0;
    let occurred_at = Timestamp::from_micros(i64::try_from(reader.number()?).ok()?).ok()?;
    let version = if is_set(VERSION) { Some(reader.signed()?) } else { None };
    let event_id = if is_set(UUID) {
        EventId::Uuid(reader.take(16)?.first_chunk()?)
    } else {
        EventId::Text(reader.bytes()?)
    };
    let stage = StageIndex(u16::try_from(reader.number()?).ok()?);
    let rep = RepIndex(reader.small()?);
    let territory = TerritoryIndex(reader.small()?);
    let amount = if is_set(AMOUNT) {
        let minor = reader.signed()?;
        let currency = Currency::from_number(u16::from_le_bytes(*reader.take(2)?.first_chunk()?))?;
        Some(Money { minor, currency })
    } else {
        None
    };
    let expected_close = if is_set(EXPECTED_CLOSE) {
        Some(Day::checked(i32::try_from(reader.number()?).ok()?).ok()?)
    } else {
        None
    };
    let credits = if is_set(CREDITS) { Credits(reader.bytes()?) } else { Credits::default() };
    let offset = Offset(i64::try_from(reader.number()?).ok()?);
    let deleted = is_set(DELETED);
    Some(State {
        occurred_at,
        version,
        event_id,
        stage,
        rep,
        territory,
        amount,
        expected_close,
        credits,
        deleted,
        offset,
    })
}

impl<'a> EventId<'a> {
    /// The id of a text, packed into `buffer` if it is a UUID in its usual form.
    pub(crate) fn of(text: &'a str, buffer: &'a mut [u8; 16]) -> Self {
        if pack_uuid(text.as_bytes(), buffer) { Self::Uuid(buffer) } else { Self::Text(text.as_bytes()) }
    }

    fn order(self, other: EventId<'_>) -> Ordering {
        match (self, other) {
            (Self::Text(one), EventId::Text(two)) => one.cmp(two),
            // Hexadecimal digits 0-9a-f are in the order of their values.
            (Self::Uuid(one), EventId::Uuid(two)) => one.cmp(two),
            (Self::Uuid(one), EventId::Text(two)) => uuid_text(one)[..].cmp(two),
            (Self::Text(one), EventId::Uuid(two)) => one.cmp(&uuid_text(two)[..]),
        }
    }
}

const DASHES: [usize; 4] = [8, 13, 18, 23];

/// Where in the text each byte's two digits begin.
const DIGIT_PAIRS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// The value of each byte as a hexadecimal digit, 16 for those that are none in lower case. A table, since a branch
/// that goes one way for digits and another for letters is mistaken every other time.
const DIGIT_VALUES: [u8; 256] = {
    let mut values = [16; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

fn pack_uuid(text: &[u8], buffer: &mut [u8; 16]) -> bool {
    if text.len() != 36 || DASHES.iter().any(|&at| text[at] != b'-') {
        return false;
    }
    let mut seen = 0;
    for (packed, at) in buffer.iter_mut().zip(DIGIT_PAIRS) {
        let (high, low) = (DIGIT_VALUES[usize::from(text[at])], DIGIT_VALUES[usize::from(text[at + 1])]);
        seen |= high | low;
        *packed = high << 4 | low;
    }
    seen < 16
}

pub(crate) fn uuid_text(bytes: &[u8; 16]) -> [u8; 36] {
    let mut text = [b'-'; 36];
    let places = (0..36).filter(|at| !DASHES.contains(at));
    for (digit, at) in places.enumerate() {
        let value = bytes[digit / 2] >> (4 - digit % 2 * 4) & 15;
        text[at] = b"0123456789abcdef"[usize::from(value)];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state<'a>(occurred_at: i64, version: Option<i64>, event_id: EventId<'a>) -> State<'a> {
        State {
            occurred_at: Timestamp::from_micros(occurred_at).unwrap(),
            version,
            event_id,
            stage: StageIndex(300),
            rep: RepIndex(1),
            territory: TerritoryIndex(0),
            amount: Some(Money { minor: -5, currency: Currency::from_code("USD").unwrap() }),
            expected_close: Some(Day(20_000)),
            credits: Credits(&[1, 2]),
            deleted: true,
            offset: Offset(1 << 40),
        }
    }

    proptest! {
        #[test]
        fn ids_are_ordered_as_their_texts(ids in prop::collection::vec("[0-9a-g]{8}-[0-9a]{4}-[0-9a]{4}-[0-9a]{4}-[0-9a-f]{12}|[0-9a-z-]{1,40}", 2..12)) {
            let mut buffers = vec![[0; 16]; ids.len()];
            let packed: Vec<EventId<'_>> = ids.iter().zip(&mut buffers).map(|(id, buffer)| EventId::of(id, buffer)).collect();
            for (one, text_one) in packed.iter().zip(&ids) {
                for (two, text_two) in packed.iter().zip(&ids) {
                    prop_assert_eq!(one.order(*two), text_one.cmp(text_two));
                }
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let history = History(&bytes);
            let _ = history.is_valid((1, 1, 1), |_| ());
            let _ = history.place(&state(5, None, EventId::Text(b"e")));
        }
    }

    #[test]
    fn events_are_packed_and_placed() {
        let mut bytes = Vec::new();
        let first = state(1_000, None, EventId::Text(b"b"));
        let second = state(1_000, Some(-1), EventId::Uuid(&[7; 16]));
        first.put(&mut bytes);
        let middle = bytes.len();
        second.put(&mut bytes);
        let history = History(&bytes);
        assert!(history.is_valid((301, 2, 1), |_| ()));
        assert!(!history.is_valid((300, 2, 1), |_| ()));
        assert!(!History(&bytes[..bytes.len() - 1]).is_valid((301, 2, 1), |_| ()));
        let (read, start, end) = history.iter().nth(1).unwrap();
        assert_eq!((start, end), (middle, bytes.len()));
        assert_eq!(format!("{read:?}"), format!("{second:?}"));
        for (wanted, expected) in [
            (state(999, Some(9), EventId::Text(b"z")), Place::Before(0)),
            (state(1_000, None, EventId::Text(b"a")), Place::Before(0)),
            (state(1_000, None, EventId::Text(b"b")), Place::Taken(0, middle)),
            (state(1_000, None, EventId::Text(b"c")), Place::Before(middle)),
            (state(1_000, Some(0), EventId::Text(b"")), Place::Before(bytes.len())),
        ] {
            assert_eq!(history.place(&wanted), expected, "{wanted:?}");
        }
    }
}
