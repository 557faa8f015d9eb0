//! The organisation's calendar: which day a moment falls on, and which week, month, quarter and year a day is in.

use std::ops::Range;

use chrono::{DateTime, Datelike, NaiveDate, Offset as _, TimeZone as _};
use chrono_tz::Tz;
use thiserror::Error;

use crate::time::{Day, Timestamp};

/// The kinds of periods that KPIs are told for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PeriodKind {
    /// A calendar day in the organisation's time zone.
    Day = 0,
    /// An ISO 8601 week, from Monday.
    Week = 1,
    /// A calendar month.
    Month = 2,
    /// Three months of the fiscal year.
    Quarter = 3,
    /// A fiscal year.
    Year = 4,
}

impl PeriodKind {
    /// All kinds, shortest first.
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The name used in the API and in metric labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The kind of a name as [`name`](Self::name) gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One period; periods of a kind are consecutive numbers, so the one before has `ordinal - 1`. A calendar gives
/// it its days and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The kind.
    pub kind: PeriodKind,
    /// Its number among the periods of its kind.
    pub ordinal: i32,
}

impl Period {
    /// The period of the same kind just before.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self { kind: self.kind, ordinal: self.ordinal - 1 }
    }

    /// The same period a year before: the month, quarter or year of that place; none for days and weeks, which years do not
    /// consist of.
    #[must_use]
    pub const fn year_before(self) -> Option<Self> {
        let periods = match self.kind {
            PeriodKind::Day | PeriodKind::Week => return None,
            PeriodKind::Month => 12,
            PeriodKind::Quarter => 4,
            PeriodKind::Year => 1,
        };
        Some(Self { kind: self.kind, ordinal: self.ordinal - periods })
    }

    /// The period of the same kind right behind.
    #[must_use]
    pub const fn next(self) -> Self {
        Self { kind: self.kind, ordinal: self.ordinal + 1 }
    }
}

/// Why a calendar or a period's name is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CalendarError {
    /// The name is not in the tz database.
    #[error("time zone {0:?} is not in the tz database; expected a name such as Europe/Berlin or UTC")]
    UnknownTimeZone(String),
    /// The month is not 1 to 12.
    #[error("first month of the fiscal year is {0}; expected 1 to 12")]
    BadFirstMonth(u32),
    /// The text names no period.
    #[error("{0:?} is not a period; expected such as 2026-11-02, 2026-W45, 2026-11, 2026-Q4 or 2026")]
    NotAPeriod(String),
}

/// Time zone and fiscal year. Day boundaries follow the zone's clock changes.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: Tz,
    fiscal_first_month: u32,
    /// From when (UTC seconds) which offset from UTC (seconds) holds; ascending, the first from long before 1970.
    offsets: Vec<(i64, i64)>,
    /// For each span of [`SPAN_SECONDS`] since 1970, which of the offsets holds as it begins: a search would cost each
    /// event more than all else that is done with its time.
    spans: Vec<u16>,
}

/// Shorter than an offset holds almost anywhere, so that a look-up passes over none or one.
const SPAN_SECONDS: i64 = 1 << 22;
const SECONDS_PER_DAY: i64 = 86_400;
/// 2200-01-01, where [`Timestamp`] ends.
const LATEST_SECONDS: i64 = 7_258_118_400;

impl Calendar {
    /// The calendar of a tz database zone and the first month (1 to 12) of the fiscal year.
    ///
    /// # Errors
    /// An unknown zone or month.
    pub fn new(zone: &str, fiscal_first_month: u32) -> Result<Self, CalendarError> {
        let zone: Tz = zone.parse().map_err(|_| CalendarError::UnknownTimeZone(zone.to_owned()))?;
        if !(1..=12).contains(&fiscal_first_month) {
            return Err(CalendarError::BadFirstMonth(fiscal_first_month));
        }
        let offsets = offsets_of(zone);
        let starts = (0..=LATEST_SECONDS / SPAN_SECONDS).map(|span| span * SPAN_SECONDS);
        let offset_at = |start: i64| offsets.partition_point(|&(from, _)| from <= start).saturating_sub(1);
        let spans = starts.map(|start| u16::try_from(offset_at(start)).unwrap_or(0)).collect();
        Ok(Self { zone, fiscal_first_month, offsets, spans })
    }

    /// A number that differs (as good as certainly) between calendars that put a moment on another day: it follows from
    /// the clock changes, not from the zone's name, since a newer tz database may move them.
    #[must_use]
    pub fn days_fingerprint(&self) -> u64 {
        // FNV-1a: not for hostile input, and the same in every version.
        let numbers = self.offsets.iter().flat_map(|&(from, offset)| [from, offset]);
        numbers
            .flat_map(i64::to_le_bytes)
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// The first month of the fiscal year, 1 to 12.
    #[must_use]
    pub const fn fiscal_first_month(&self) -> u32 {
        self.fiscal_first_month
    }

    /// The day that a moment falls on in the organisation's time zone.
    #[must_use]
    pub fn day_of(&self, moment: Timestamp) -> Day {
        let seconds = moment.seconds();
        let span = usize::try_from(seconds / SPAN_SECONDS).unwrap_or(0);
        let mut index = usize::from(self.spans.get(span).copied().unwrap_or(0));
        while self.offsets.get(index + 1).is_some_and(|&(from, _)| from <= seconds) {
            index += 1;
        }
        let offset = self.offsets[index].1;
        Day(i32::try_from((seconds + offset).div_euclid(SECONDS_PER_DAY)).unwrap_or(i32::MAX))
    }

    /// The moment at which a day begins; where the clock skips midnight, the first moment after the gap.
    #[must_use]
    pub fn start_of(&self, day: Day) -> Timestamp {
        let local = i64::from(day.0) * SECONDS_PER_DAY;
        let candidates = self.offsets.iter().enumerate().filter_map(|(index, &(from, offset))| {
            let until = self.offsets.get(index + 1).map_or(i64::MAX, |next| next.0);
            let seconds = (local - offset).max(from);
            let falls_on_day = (seconds + offset).div_euclid(SECONDS_PER_DAY) == i64::from(day.0);
            (seconds < until && falls_on_day).then_some(seconds)
        });
        let seconds = candidates.min().unwrap_or(local).clamp(0, LATEST_SECONDS - 1);
        Timestamp::from_micros(seconds * crate::MICROS_PER_SECOND).unwrap_or_else(|_| unreachable!("clamped"))
    }

    /// The moment of a local wall-clock time; where the clock shows it twice, the earlier; where it skips it, none.
    #[must_use]
    pub fn local_moment(&self, local: chrono::NaiveDateTime) -> Option<Timestamp> {
        let moment = self.zone.from_local_datetime(&local).earliest()?;
        Timestamp::from_micros(moment.timestamp_micros()).ok()
    }

    /// The period of a kind that a day is in.
    #[must_use]
    pub fn period_of(&self, kind: PeriodKind, day: Day) -> Period {
        let ordinal = match kind {
            PeriodKind::Day => day.0,
            // 1970-01-01 was a Thursday: week 0 began on day -3.
            PeriodKind::Week => (day.0 + 3).div_euclid(7),
            PeriodKind::Month => month_of(day),
            PeriodKind::Quarter => (month_of(day) - self.fiscal_shift()).div_euclid(3),
            PeriodKind::Year => (month_of(day) - self.fiscal_shift()).div_euclid(12),
        };
        Period { kind, ordinal }
    }

    /// The shorter periods that a period consists of, by each kind that fits it: a year's quarters and months, a quarter's
    /// months.
    #[must_use]
    pub fn parts_of(&self, period: Period) -> Vec<Vec<Period>> {
        let kinds: &[PeriodKind] = match period.kind {
            PeriodKind::Year => &[PeriodKind::Quarter, PeriodKind::Month],
            PeriodKind::Quarter => &[PeriodKind::Month],
            PeriodKind::Month | PeriodKind::Week | PeriodKind::Day => &[],
        };
        let days = self.days(period);
        let parts = |&kind: &PeriodKind| {
            let first = self.period_of(kind, days.start).ordinal;
            let end = self.period_of(kind, days.end).ordinal;
            (first..end).map(|ordinal| Period { kind, ordinal }).collect()
        };
        kinds.iter().map(parts).collect()
    }

    /// The days of a period, `[first, end)`.
    #[must_use]
    pub fn days(&self, period: Period) -> Range<Day> {
        let start = |ordinal: i32| match period.kind {
            PeriodKind::Day => Day(ordinal),
            PeriodKind::Week => Day(ordinal.saturating_mul(7).saturating_sub(3)),
            PeriodKind::Month => month_start(ordinal),
            PeriodKind::Quarter => month_start(ordinal.saturating_mul(3).saturating_add(self.fiscal_shift())),
            PeriodKind::Year => month_start(ordinal.saturating_mul(12).saturating_add(self.fiscal_shift())),
        };
        start(period.ordinal)..start(period.ordinal.saturating_add(1))
    }

    /// The fewest days, months, quarters and years that a range of days consists of, in order.
    #[must_use]
    pub fn cover(&self, days: Range<Day>) -> Vec<Period> {
        let kinds = [PeriodKind::Year, PeriodKind::Quarter, PeriodKind::Month, PeriodKind::Day];
        let mut periods = Vec::new();
        let mut from = days.start;
        while from < days.end {
            let fitting = kinds.iter().map(|&kind| self.period_of(kind, from)).find(|&period| {
                let of_period = self.days(period);
                of_period.start == from && of_period.end <= days.end
            });
            let period = fitting.unwrap_or(Period { kind: PeriodKind::Day, ordinal: from.0 });
            from = self.days(period).end;
            periods.push(period);
        }
        periods
    }

    /// The period's name: `2026-11-02`, `2026-W45`, `2026-11`, `2026-Q4`, `2026`. Where the fiscal year does not
    /// begin in January, quarters and years are `FY2027-Q1` and `FY2027`, by the year in which the fiscal year ends.
    #[must_use]
    pub fn name(&self, period: Period) -> String {
        let fiscal = if self.fiscal_first_month == 1 { "" } else { "FY" };
        let named_year = |year: i32| {
            if self.fiscal_first_month == 1 { year } else { year + 1 }
        };
        match period.kind {
            PeriodKind::Day => Day(period.ordinal).to_string(),
            PeriodKind::Week => {
                let week = self.days(period).start.date().iso_week();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            PeriodKind::Month => {
                format!("{:04}-{:02}", period.ordinal.div_euclid(12), period.ordinal.rem_euclid(12) + 1)
            }
            PeriodKind::Quarter => format!(
                "{fiscal}{:04}-Q{}",
                named_year(period.ordinal.div_euclid(4)),
                period.ordinal.rem_euclid(4) + 1
            ),
            PeriodKind::Year => format!("{fiscal}{:04}", named_year(period.ordinal)),
        }
    }

    /// The period of a name as [`name`](Self::name) gives it; `FY` may be left out.
    ///
    /// # Errors
    /// [`CalendarError::NotAPeriod`] for any other text.
    pub fn parse(&self, name: &str) -> Result<Period, CalendarError> {
        self.parse_name(name).ok_or_else(|| CalendarError::NotAPeriod(name.to_owned()))
    }

    fn parse_name(&self, name: &str) -> Option<Period> {
        let text = name.strip_prefix("FY").unwrap_or(name);
        if !text.is_ascii() || text.len() < 4 {
            return None;
        }
        let (year_text, rest) = text.split_at(4);
        let year = number(year_text).filter(|year| (1969..=2201).contains(year))?;
        let fiscal_year = if self.fiscal_first_month == 1 { year } else { year - 1 };
        let period = |kind, ordinal| Some(Period { kind, ordinal });
        match rest.as_bytes() {
            [] => period(PeriodKind::Year, fiscal_year),
            [b'-', b'Q', quarter @ b'1'..=b'4'] => {
                period(PeriodKind::Quarter, fiscal_year * 4 + i32::from(quarter - b'1'))
            }
            _ if text.len() != name.len() => None,
            [b'-', b'W', _, _] => {
                let week = u32::try_from(number(&rest[2..])?).ok()?;
                let monday = NaiveDate::from_isoywd_opt(year, week, chrono::Weekday::Mon)?;
                Some(self.period_of(PeriodKind::Week, Day::from_date(monday)))
            }
            [b'-', _, _] => {
                let month = number(&rest[1..]).filter(|month| (1..=12).contains(month))?;
                period(PeriodKind::Month, year * 12 + month - 1)
            }
            _ => Some(self.period_of(PeriodKind::Day, Day::parse(text).ok()?)),
        }
    }

    /// Months by which the fiscal year begins later than the calendar year, 0 to 11.
    fn fiscal_shift(&self) -> i32 {
        i32::try_from(self.fiscal_first_month).unwrap_or(1) - 1
    }
}

/// Digits only, so that no sign or space slips through.
fn number(text: &str) -> Option<i32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The month of a day, counted from the year 0. Source: Howard Hinnant, civil_from_days; its years begin on 1 March.
fn month_of(day: Day) -> i32 {
    let days = i64::from(day.0) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    i32::try_from((era * 400 + year) * 12 + (5 * day_of_year + 2) / 153 + 2).unwrap_or(i32::MAX)
}

fn month_start(month_number: i32) -> Day {
    let month = u32::try_from(month_number.rem_euclid(12) + 1).unwrap_or(1);
    Day::from_date(NaiveDate::from_ymd_opt(month_number.div_euclid(12), month, 1).unwrap_or_default())
}

/// All offsets of a zone until 2200: sampled twice a day, each change then found to the second. chrono-tz gives no
/// list of changes, and asking it per event would cost more than the rest of the fold.
fn offsets_of(zone: Tz) -> Vec<(i64, i64)> {
    let offset_at = |seconds: i64| {
        let moment = DateTime::from_timestamp(seconds, 0).unwrap_or_default().naive_utc();
        i64::from(zone.offset_from_utc_datetime(&moment).fix().local_minus_utc())
    };
    let step = SECONDS_PER_DAY / 2;
    let mut offsets = vec![(i64::MIN, offset_at(-step))];
    let mut current = offset_at(-step);
    let mut sample = 0;
    while sample < LATEST_SECONDS {
        let offset = offset_at(sample);
        if offset != current {
            let (mut before, mut after) = (sample - step, sample);
            while after - before > 1 {
                let middle = before + (after - before) / 2;
                if offset_at(middle) == current {
                    before = middle;
                } else {
                    after = middle;
                }
            }
            offsets.push((after, offset));
            current = offset;
        }
        sample += step;
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn months_are_those_of_dates() {
        for date in (-800_000..200_000).map(|day| Day(day).date()) {
            assert_eq!(month_of(Day::from_date(date)), date.year() * 12 + date.month0().cast_signed());
        }
    }

    #[test]
    fn days_follow_the_zone_and_its_clock_changes() {
        let berlin = Calendar::new("Europe/Berlin", 1).unwrap();
        for (moment, expected) in [
            ("2026-11-01T22:59:59Z", "2026-11-01"),
            ("2026-11-01T23:00:00Z", "2026-11-02"),
            ("2026-07-01T21:59:59Z", "2026-07-01"),
            ("2026-07-01T22:00:00Z", "2026-07-02"),
            ("2026-10-24T22:00:00Z", "2026-10-25"),
            ("2026-10-25T22:59:59Z", "2026-10-25"),
            ("2026-10-25T23:00:00Z", "2026-10-26"),
        ] {
            assert_eq!(berlin.day_of(Timestamp::parse(moment).unwrap()), day(expected), "{moment}");
        }
    }

    #[test]
    fn names_and_days_of_periods() {
        for (first_month, name, kind, first, last) in [
            (1, "2026-11-02", PeriodKind::Day, "2026-11-02", "2026-11-02"),
            (1, "2026-W01", PeriodKind::Week, "2025-12-29", "2026-01-04"),
            (1, "2026-W45", PeriodKind::Week, "2026-11-02", "2026-11-08"),
            (1, "2026-02", PeriodKind::Month, "2026-02-01", "2026-02-28"),
            (1, "2026-Q4", PeriodKind::Quarter, "2026-10-01", "2026-12-31"),
            (1, "2024", PeriodKind::Year, "2024-01-01", "2024-12-31"),
            (10, "FY2027-Q1", PeriodKind::Quarter, "2026-10-01", "2026-12-31"),
            (10, "FY2027", PeriodKind::Year, "2026-10-01", "2027-09-30"),
            (2, "FY2027-Q4", PeriodKind::Quarter, "2026-11-01", "2027-01-31"),
        ] {
            let calendar = Calendar::new("UTC", first_month).unwrap();
            let period = calendar.period_of(kind, day(first));
            assert_eq!(calendar.period_of(kind, day(last)), period, "{name}");
            assert_eq!(calendar.days(period), day(first)..Day(day(last).0 + 1), "{name}");
            assert_eq!(calendar.name(period), name);
            assert_eq!(calendar.parse(name), Ok(period));
        }
    }

    #[test]
    fn ranges_of_days_are_covered_by_few_periods() {
        for (first_month, from, end, expected) in [
            (1, "2026-11-28", "2028-01-01", "2026-11-28 2026-11-29 2026-11-30 2026-12 2027"),
            (1, "2026-01-01", "2026-12-03", "2026-Q1 2026-Q2 2026-Q3 2026-10 2026-11 2026-12-01 2026-12-02"),
            (7, "2026-06-30", "2028-07-01", "2026-06-30 FY2027 FY2028"),
            (2, "2026-04-01", "2026-08-02", "2026-04 FY2027-Q2 2026-08-01"),
            (1, "2026-01-02", "2026-01-02", ""),
            (1, "2026-01-02", "2026-01-01", ""),
        ] {
            let calendar = Calendar::new("UTC", first_month).unwrap();
            let days = Day::parse(from).unwrap()..Day::parse(end).unwrap();
            let names: Vec<String> =
                calendar.cover(days).iter().map(|&period| calendar.name(period)).collect();
            assert_eq!(names.join(" "), expected, "{from} {end}");
        }
    }

    #[test]
    fn other_texts_are_not_periods() {
        let calendar = Calendar::new("UTC", 1).unwrap();
        for name in [
            "",
            "26",
            "2026-Q5",
            "2026-13",
            "2026-00",
            "2026-W54",
            "2026-+1",
            "FY2026-11",
            "1968",
            "2026-11-31",
            "２０２６",
        ] {
            assert_eq!(calendar.parse(name), Err(CalendarError::NotAPeriod(name.to_owned())), "{name}");
        }
    }

    #[test]
    fn wrong_calendars_are_refused() {
        assert_eq!(
            Calendar::new("Mars/Olympus", 1).err(),
            Some(CalendarError::UnknownTimeZone("Mars/Olympus".to_owned()))
        );
        assert_eq!(Calendar::new("UTC", 13).err(), Some(CalendarError::BadFirstMonth(13)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn day_of_agrees_with_the_tz_database(
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca", "Australia/Lord_Howe"]),
            seconds in prop::collection::vec(0..LATEST_SECONDS, 200),
        ) {
            let calendar = Calendar::new(zone, 1).unwrap();
            for seconds in seconds {
                let moment = Timestamp::from_micros(seconds * crate::MICROS_PER_SECOND).unwrap();
                let expected = Day::from_date(moment.to_utc().with_timezone(&calendar.zone).date_naive());
                prop_assert_eq!(calendar.day_of(moment), expected);
                let start = calendar.start_of(expected);
                prop_assert!(start <= moment);
                prop_assert!(start.micros() == 0 || calendar.day_of(start) == expected);
                let before = Timestamp::from_micros(start.micros() - 1);
                prop_assert!(before.is_err() || calendar.day_of(before.unwrap()) < expected);
            }
        }

        #[test]
        fn every_day_is_in_its_periods(number in -1..84_007, first_month in 1..=12_u32) {
            let calendar = Calendar::new("UTC", first_month).unwrap();
            for kind in PeriodKind::ALL {
                let period = calendar.period_of(kind, Day(number));
                prop_assert!(calendar.days(period).contains(&Day(number)));
                prop_assert_eq!(calendar.days(period.previous()).end, calendar.days(period).start);
                prop_assert_eq!(calendar.parse(&calendar.name(period)), Ok(period));
            }
        }
    }
}
