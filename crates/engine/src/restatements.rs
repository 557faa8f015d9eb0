//! Restatements: changes to months that had ended, each with the event that caused it. Keeps FOLD-4.
//!
//! An event restates a month if it changes, by any amount, what a rep has in a territory in that month of one of the
//! [measures](RESTATED_MEASURES) that closed books are about, and the month had ended, by more than the grace, as of the
//! newest time of the deals' events before it in the log of its partition. Months decide, since a quarter and a year
//! end with one, and days and weeks end all the time. Activities have no say: how far they are read beside the deals
//! differs from run to run, and none of the measures is about them.
//!
//! An entry tells the change. What the month's sum was before and after it is not kept: that is the sum now, which is
//! in the cells, less the changes since.
//!
//! A record is, numbers as in [`crate::encoding`]: the month's number signed, rep, territory and code of the measure as
//! numbers, the change as 16 bytes, the event's offset as a number, the time of its receipt signed in microseconds (-1
//! if not known), its own time as a number, its id with its length, and the deal's id to the end.

use std::collections::VecDeque;
use std::sync::Arc;

use model::{
    Calendar, Day, DealEvent, Held, Measure, Offset, Period, PeriodKind, RepIndex, TerritoryIndex, Timestamp,
    count_and_seconds,
};

use crate::change::{Change, RowKey};
use crate::encoding::{Reader, put_bytes, put_number, put_signed};
use crate::names::Names;

/// The names of the measures whose changes are told: what closed books are about.
pub const RESTATED_MEASURES: [&str; 4] = ["created_deals", "won_deals", "lost_deals", "won_amount"];

/// The place of a measure in [`RESTATED_MEASURES`]; none for all others.
const fn place(measure: Measure) -> Option<usize> {
    match measure {
        Measure::CreatedDeals => Some(0),
        Measure::WonDeals => Some(1),
        Measure::LostDeals => Some(2),
        Measure::WonAmount(_) => Some(3),
        _ => None,
    }
}

/// What of a restated measure a change of a cell tells; at most one of them.
fn restated(held: Held, value: i128) -> Option<(Measure, i128)> {
    match held {
        Held::Cohort(..) => Some((Measure::CreatedDeals, value)),
        Held::Won(..) => Some((Measure::WonDeals, count_and_seconds(value).0)),
        Held::Lost(_) => Some((Measure::LostDeals, value)),
        Held::WonAmount(_, currency) => Some((Measure::WonAmount(currency), value)),
        Held::Plain(measure) if place(measure).is_some() => Some((measure, value)),
        _ => None,
    }
}

/// Whether [`restated`] may find something in changes of cells with this code.
const fn may_restate(code: u32) -> bool {
    // What is held is in the highest bits of a code, see [`Measure::code`]: won amount, cohort, won, lost, and won
    // amount once more, by stage.
    matches!(code >> 25, 4 | 41..=43 | 51)
}

/// A sum of a month that was closed.
type Closed = (RepIndex, TerritoryIndex, Period, Measure);

/// Adds to the few sums that one event changes.
fn add(sums: &mut Vec<(Closed, i128)>, key: Closed, value: i128) {
    match sums.iter_mut().find(|(other, _)| *other == key) {
        Some((_, sum)) => *sum += value,
        None => sums.push((key, value)),
    }
}

/// When a change is a restatement, and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestatementRules {
    /// For how many days after its end a month may change without a word; at most [`Self::GRACE_DAYS_MAX`].
    pub grace_days: u32,
    /// How many of the newest restatements are kept in each partition, at most [`Self::KEPT_MAX`]; older ones are only
    /// counted.
    pub kept_max: u32,
}

impl RestatementRules {
    /// The longest grace: a longer one counts as this.
    pub const GRACE_DAYS_MAX: u32 = 366;
    /// The most that may be kept: a frozen state has a copy of all, and a page is sorted out of all.
    pub const KEPT_MAX: u32 = 100_000;
}

impl Default for RestatementRules {
    fn default() -> Self {
        Self { grace_days: 1, kept_max: 1_000 }
    }
}

/// One change to a month that had ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restatement {
    /// The month.
    pub month: Period,
    /// Whose sum.
    pub rep: RepIndex,
    /// Where.
    pub territory: TerritoryIndex,
    /// Of what.
    pub measure: Measure,
    /// By how much it changed; never 0.
    pub delta: i128,
    /// Where the topic of deals has the event.
    pub offset: Offset,
    /// When the log received the event, if known.
    pub appended_at: Option<Timestamp>,
    /// The event's time.
    pub occurred_at: Timestamp,
    /// The event's id.
    pub event_id: String,
    /// The deal's id.
    pub deal_id: String,
}

/// The restatements of a partition, in the order of its log.
#[derive(Debug, Clone)]
pub struct Restatements {
    rules: RestatementRules,
    /// Days before this one are in months that have ended by more than the grace.
    closed_before: Day,
    /// Until the newest event time is this, `closed_before` holds; none before the first event.
    holds_until: Option<Timestamp>,
    kept: Arc<VecDeque<Restatement>>,
    totals: [u64; RESTATED_MEASURES.len()],
    /// What the event at hand changes of closed months; means nothing between two events.
    closed: Vec<(Closed, i128)>,
}

impl Restatements {
    pub(crate) fn new(rules: RestatementRules) -> Self {
        let (kept, totals, closed) = Default::default();
        Self { rules, closed_before: Day(i32::MIN), holds_until: None, kept, totals, closed }
    }

    /// Those that are kept, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Restatement> + ExactSizeIterator {
        self.kept.iter()
    }

    /// How many there were since the log's start, by their place in [`RESTATED_MEASURES`].
    #[must_use]
    pub const fn totals(&self) -> [u64; RESTATED_MEASURES.len()] {
        self.totals
    }

    /// How many there were before the oldest that is kept.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.totals.iter().sum::<u64>().saturating_sub(self.kept.len() as u64)
    }

    /// Notes what an event changed, if that was closed before it: a comparison for each change, and mostly no more.
    pub(crate) fn note(
        &mut self,
        changes: &[Change],
        calendar: &Calendar,
        (reps, territories): (&Names, &Names),
        (deal, offset, appended_at): (&DealEvent<'_>, Offset, Option<Timestamp>),
    ) {
        self.closed.clear();
        let mut last: Option<(Day, Period)> = None;
        for change in changes {
            // Most changes are of something else: that costs least to see.
            if !may_restate(change.code()) {
                continue;
            }
            let RowKey { rep, territory, day } = change.row();
            if day < self.closed_before
                && let Some((measure, value)) = restated(change.held(), change.value())
            {
                let month = match last {
                    Some((of, month)) if of == day => month,
                    _ => calendar.period_of(PeriodKind::Month, day),
                };
                last = Some((day, month));
                add(&mut self.closed, (rep, territory, month, measure), value);
            }
        }
        // A deal that is closed on another day of the month leaves the month as it was.
        self.closed.retain(|&(_, delta)| delta != 0);
        if !self.closed.is_empty() {
            self.keep_closed((reps, territories), (deal, offset, appended_at));
        }
    }

    /// Keeps what an event changes of closed months.
    fn keep_closed(
        &mut self,
        (reps, territories): (&Names, &Names),
        (deal, offset, appended_at): (&DealEvent<'_>, Offset, Option<Timestamp>),
    ) {
        let mut closed = std::mem::take(&mut self.closed);
        if closed.len() > 1 {
            // By name, since numbers of names depend on what else is read: a replay has to give the same list.
            closed.sort_by_key(|&((rep, territory, month, measure), _)| {
                (month, measure, reps.name(rep.0), territories.name(territory.0))
            });
        }
        for ((rep, territory, month, measure), delta) in closed.drain(..) {
            let (mut event_id, mut deal_id) = self.make_room();
            event_id.push_str(&deal.event_id);
            deal_id.push_str(&deal.deal_id);
            let occurred_at = deal.occurred_at;
            let entry = Restatement {
                month,
                rep,
                territory,
                measure,
                delta,
                offset,
                appended_at,
                occurred_at,
                event_id,
                deal_id,
            };
            self.keep(entry);
        }
        self.closed = closed;
    }

    /// Makes room for one more; what the texts of the oldest stood in, if that had to go.
    fn make_room(&mut self) -> (String, String) {
        let kept_max = self.rules.kept_max.min(RestatementRules::KEPT_MAX) as usize;
        if self.kept.len() < kept_max {
            return Default::default();
        }
        let oldest = Arc::make_mut(&mut self.kept).pop_front();
        let mut texts = oldest.map(|oldest| (oldest.event_id, oldest.deal_id)).unwrap_or_default();
        texts.0.clear();
        texts.1.clear();
        texts
    }

    fn keep(&mut self, entry: Restatement) {
        if let Some(place) = place(entry.measure) {
            self.totals[place] += 1;
        }
        if self.rules.kept_max > 0 {
            Arc::make_mut(&mut self.kept).push_back(entry);
        }
    }

    /// Lets months end, as of the newest event time.
    pub(crate) fn advance(&mut self, newest: Option<Timestamp>, calendar: &Calendar) {
        let Some(newest) = newest.filter(|_| newest >= self.holds_until) else {
            return;
        };
        let grace_days = self.rules.grace_days.min(RestatementRules::GRACE_DAYS_MAX);
        let day = Day(calendar.day_of(newest).0.saturating_sub_unsigned(grace_days));
        let month = calendar.days(calendar.period_of(PeriodKind::Month, day));
        self.closed_before = month.start;
        let next_end = Day(month.end.0.saturating_add_unsigned(grace_days));
        self.holds_until = Some(calendar.start_of(next_end));
    }

    /// Appends the totals and how many records follow.
    pub(crate) fn put_head(&self, out: &mut Vec<u8>) {
        self.totals.iter().for_each(|&total| put_number(out, total));
        put_number(out, self.kept.len() as u64);
    }

    /// The restatements of totals and entries that were written; `None` if such were never.
    pub(crate) fn restored(
        rules: RestatementRules,
        totals: [u64; RESTATED_MEASURES.len()],
        kept: VecDeque<Restatement>,
    ) -> Option<Self> {
        let mut counts = [0; RESTATED_MEASURES.len()];
        for entry in &kept {
            counts[place(entry.measure)?] += 1;
        }
        let is_possible = counts.iter().zip(totals).all(|(&count, total)| count <= total)
            && kept.len() <= rules.kept_max as usize
            // Their sum is asked for.
            && totals.iter().all(|&total| total < 1 << 60);
        is_possible.then(|| Self { kept: Arc::new(kept), totals, ..Self::new(rules) })
    }
}

impl Restatement {
    /// Appends the record, with its length.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let mut record = Vec::with_capacity(64);
        put_signed(&mut record, self.month.ordinal.into());
        put_number(&mut record, self.rep.0.into());
        put_number(&mut record, self.territory.0.into());
        put_number(&mut record, self.measure.code().into());
        record.extend_from_slice(&self.delta.to_le_bytes());
        put_number(&mut record, self.offset.0.cast_unsigned());
        put_signed(&mut record, self.appended_at.map_or(-1, Timestamp::micros));
        put_number(&mut record, self.occurred_at.micros().cast_unsigned());
        put_bytes(&mut record, self.event_id.as_bytes());
        record.extend_from_slice(self.deal_id.as_bytes());
        put_bytes(out, &record);
    }

    /// The entry of a record, of so many reps and territories; `None` for bytes that were never written.
    pub(crate) fn read(record: &[u8], (reps, territories): (usize, usize)) -> Option<Self> {
        let mut reader = Reader::new(record);
        let time = |micros: i64| Timestamp::from_micros(micros).ok();
        let text = |bytes: &[u8]| Some(std::str::from_utf8(bytes).ok()?.to_owned());
        let entry = Self {
            month: Period { kind: PeriodKind::Month, ordinal: i32::try_from(reader.signed()?).ok()? },
            rep: RepIndex(reader.small()?),
            territory: TerritoryIndex(reader.small()?),
            measure: Measure::from_code(reader.small()?)?,
            delta: i128::from_le_bytes(*reader.take(16)?.first_chunk()?),
            offset: Offset(i64::try_from(reader.number()?).ok()?),
            appended_at: match reader.signed()? {
                -1 => None,
                micros => Some(time(micros)?),
            },
            occurred_at: time(i64::try_from(reader.number()?).ok()?)?,
            event_id: text(reader.bytes()?)?,
            deal_id: text(reader.rest())?,
        };
        // Months of 1969 and 2200 have days with timestamps in some time zones.
        let is_month = (1969 * 12..2201 * 12).contains(&entry.month.ordinal);
        let is_known = (entry.rep.0 as usize) < reps && (entry.territory.0 as usize) < territories;
        (is_month && is_known && entry.delta != 0).then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use model::{Category, CohortOutcome, Currency, Departure, DurationBucket, StageIndex, TypeIndex};

    use super::*;

    #[test]
    fn what_may_restate_is_what_does() {
        let (stage, usd) = (StageIndex(1), Currency::from_code("USD").unwrap());
        let bucket = DurationBucket::of(7);
        let held = [
            Held::Cohort(stage, CohortOutcome::Open, None),
            Held::Cohort(stage, CohortOutcome::Lost, Some(stage)),
            Held::Won(stage, bucket),
            Held::Lost(stage),
            Held::Visit(stage, Departure::Lost, bucket),
            Held::WonAmount(stage, usd),
            Held::LostAmount(stage, usd),
            Held::OpenDeals(stage),
            Held::OpenAmount(stage, usd),
            Held::Activities(Category::Admin, TypeIndex(0)),
            Held::Plain(Measure::WonAmount(usd)),
            Held::Plain(Measure::StageEntered(stage)),
            Held::Plain(Measure::OpenDueAmount(usd)),
            Held::Plain(Measure::Mql),
        ];
        for held in held {
            assert_eq!(may_restate(held.code()), restated(held, 1).is_some(), "{held:?}");
        }
    }
}
