//! Moments and days.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use thiserror::Error;

/// Microseconds in a second.
pub const MICROS_PER_SECOND: i64 = 1_000_000;

/// Events before 1970 or from 2200 on are refused: such times come from broken clocks and unit mix-ups.
const LATEST_MICROS: i64 = 7_258_118_400 * MICROS_PER_SECOND;

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z; in `[1970, 2200)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a time is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TimeError {
    /// The text is not RFC 3339.
    #[error("is not an RFC 3339 time such as 2026-11-02T09:30:00Z")]
    NotRfc3339,
    /// The text is not a calendar date.
    #[error("is not a date such as 2026-11-02")]
    NotADate,
    /// The moment lies outside `[1970, 2200)`.
    #[error("is outside the years 1970 to 2199; check the unit of the time")]
    OutOfRange,
}

impl Timestamp {
    /// The moment this many microseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] outside `[1970, 2200)`.
    pub fn from_micros(micros: i64) -> Result<Self, TimeError> {
        if (0..LATEST_MICROS).contains(&micros) { Ok(Self(micros)) } else { Err(TimeError::OutOfRange) }
    }

    /// The moment of an RFC 3339 text; digits beyond microseconds are cut off.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| TimeError::NotRfc3339)?;
        Self::from_micros(moment.timestamp_micros())
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// The moment as a chrono value, to print or to compute with.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let format = chrono::SecondsFormat::AutoSi;
        formatter.write_str(&self.to_utc().to_rfc3339_opts(format, true))
    }
}

/// A calendar day, counted from 1970-01-01 (which is 0). Which moments it covers is the [`Calendar`](crate::Calendar)'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// Days from 0001-01-01 (day 1 of chrono's count) to 1970-01-01.
const CHRONO_EPOCH_DAY: i32 = 719_163;

impl Day {
    /// The day of a date.
    #[must_use]
    pub fn from_date(date: NaiveDate) -> Self {
        Self(date.num_days_from_ce() - CHRONO_EPOCH_DAY)
    }

    /// The day of an ISO 8601 date, `2026-11-02`.
    ///
    /// # Errors
    /// [`TimeError::NotADate`] for any other text, [`TimeError::OutOfRange`] outside the years 1970 to 2199.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| TimeError::NotADate)?;
        Self::checked(Self::from_date(date).0)
    }

    /// The day with this number.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] outside the years 1970 to 2199.
    pub fn checked(number: i32) -> Result<Self, TimeError> {
        let latest = i32::try_from(LATEST_MICROS / MICROS_PER_SECOND / 86_400).unwrap_or(i32::MAX);
        if (0..latest).contains(&number) { Ok(Self(number)) } else { Err(TimeError::OutOfRange) }
    }

    /// Whether an accepted [`Timestamp`] can fall on the day in some time zone: zones reach from half a day before UTC to
    /// half a day behind it, so from the day before 1970-01-01 to 2200-01-01.
    #[must_use]
    pub fn has_timestamps(self) -> bool {
        [-1, 0, 1]
            .iter()
            .any(|&offset| self.0.checked_add(offset).is_some_and(|day| Self::checked(day).is_ok()))
    }

    /// The date of the day.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        NaiveDate::from_num_days_from_ce_opt(self.0.saturating_add(CHRONO_EPOCH_DAY)).unwrap_or_default()
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_bounded() {
        for (text, expected) in [
            ("2026-11-02T09:30:00Z", Ok(1_793_611_800_000_000)),
            ("2026-11-02T10:30:00.25+01:00", Ok(1_793_611_800_250_000)),
            ("1969-12-31T23:59:59Z", Err(TimeError::OutOfRange)),
            ("2200-01-01T00:00:00Z", Err(TimeError::OutOfRange)),
            ("2026-11-02", Err(TimeError::NotRfc3339)),
        ] {
            assert_eq!(Timestamp::parse(text).map(Timestamp::micros), expected, "{text}");
        }
    }

    #[test]
    fn days_count_from_1970() {
        assert_eq!(Day::parse("1970-01-01"), Ok(Day(0)));
        assert_eq!(Day::parse("2026-11-02").map(|day| day.to_string()), Ok("2026-11-02".to_owned()));
        assert_eq!(Day::parse("02/11/2026"), Err(TimeError::NotADate));
        assert_eq!(Day::parse("1969-12-31"), Err(TimeError::OutOfRange));
        let last = Day::parse("2199-12-31").unwrap().0;
        for (day, expected) in
            [(-2, false), (-1, true), (0, true), (last + 1, true), (last + 2, false), (i32::MIN, false)]
        {
            assert_eq!(Day(day).has_timestamps(), expected, "{day}");
        }
    }
}
