//! Reading dates and times exactly in the forms that a mapping lists; nothing is guessed.
//!
//! A time without an offset is local to the configured zone: one that the clock skips is a problem, of one that it
//! shows twice the earlier holds, and is noted. Where a later format of the list would read a value differently, that
//! is noted, too, for it is how days and months get mixed up.

use anyhow::{Context as _, bail, ensure};
use chrono::format::{Fixed, Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use model::{Day, Timestamp};

use super::mapping::Dates;

/// The most formats of a list.
const MAX_FORMATS: usize = 16;

/// The longest text that is tried.
const MAX_DATE_BYTES: usize = 128;

/// A reader of dates, as a mapping configures it.
#[derive(Debug)]
pub(super) struct DateReader {
    formats: Vec<Format>,
    zone: Tz,
    time_of_day: NaiveTime,
    earliest: Day,
}

/// A value that was read, with what is to be noted about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading<T> {
    /// The value.
    pub(super) value: T,
    /// The format that read it, and a later one of the list that would have read another value.
    pub(super) also: Option<(String, String)>,
    /// Whether it is a local time that the clock showed twice.
    pub(super) clock_set_back: bool,
}

/// Why a text is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateProblem {
    /// No format of the list fits.
    NoFormat,
    /// A format fits, and the date is not believed.
    OutOfRange,
    /// The local clock never showed it.
    Skipped,
}

#[derive(Debug)]
enum Format {
    Iso,
    EpochSeconds,
    EpochMillis,
    Pattern { text: String, items: Vec<Item<'static>> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Date(NaiveDate),
    Local(NaiveDateTime),
    Moment(DateTime<Utc>),
}

impl DateReader {
    /// A reader as configured.
    ///
    /// # Errors
    /// What cannot be understood.
    pub(super) fn new(dates: &Dates) -> anyhow::Result<Self> {
        let count = dates.formats.len();
        ensure!((1..=MAX_FORMATS).contains(&count), "formats: lists {count}; expected 1 to {MAX_FORMATS}");
        let Ok(zone) = dates.time_zone.parse() else {
            bail!(
                "time_zone: {:?} is not in the tz database; expected a name such as Europe/Berlin or UTC",
                dates.time_zone
            );
        };
        let time = &dates.time_of_day;
        let time_of_day = NaiveTime::parse_from_str(time, "%H:%M:%S")
            .or_else(|_| NaiveTime::parse_from_str(time, "%H:%M"))
            .map_err(|_| anyhow::anyhow!("time_of_day: {time:?} is not a time such as 12:00:00"))?;
        let earliest = &dates.earliest;
        Ok(Self {
            formats: dates.formats.iter().map(|text| Format::new(text)).collect::<Result<_, _>>()?,
            zone,
            time_of_day,
            earliest: Day::parse(earliest).with_context(|| format!("earliest: {earliest:?}"))?,
        })
    }

    /// The moment of a text.
    pub(super) fn moment(&self, text: &str) -> Result<Reading<Timestamp>, DateProblem> {
        self.read(text, |written| self.moment_of(written))
    }

    /// The day of a text; of a moment, the day in the configured zone.
    pub(super) fn day(&self, text: &str) -> Result<Reading<Day>, DateProblem> {
        self.read(text, |written| {
            let date = match written {
                Written::Date(date) => date,
                Written::Local(local) => local.date(),
                Written::Moment(moment) => moment.with_timezone(&self.zone).date_naive(),
            };
            let day = Day::checked(Day::from_date(date).0).map_err(|_| DateProblem::OutOfRange)?;
            if day < self.earliest {
                return Err(DateProblem::OutOfRange);
            }
            Ok((day, false))
        })
    }

    /// The moment of a constant of the mapping: ISO 8601 whatever the formats are.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn constant(&self, text: &str) -> anyhow::Result<Timestamp> {
        match Format::Iso.read(text).map(|written| self.moment_of(written)) {
            Some(Ok((moment, _))) => Ok(moment),
            Some(Err(DateProblem::Skipped)) => {
                bail!("{text:?} does not exist in the time zone {}", self.zone)
            }
            Some(Err(_)) => bail!("{text:?} is earlier than {} or beyond 2199", self.earliest),
            None => {
                bail!("{text:?} is not an ISO 8601 date or time such as 2026-11-02 or 2026-11-02T09:30:00Z")
            }
        }
    }

    /// What a text is expected to be, in words.
    pub(super) fn expected(&self, problem: DateProblem) -> String {
        match problem {
            DateProblem::NoFormat => {
                let formats: Vec<_> = self.formats.iter().map(Format::name).collect();
                format!("expected a date as {}", formats.join(" or "))
            }
            DateProblem::OutOfRange => format!(
                "expected a date from {} to 2199-12-31; check the format or the unit, or set dates.earliest",
                self.earliest
            ),
            DateProblem::Skipped => format!(
                "expected a time that exists in {}: the clock was set forward over it; is the time zone right?",
                self.zone
            ),
        }
    }

    fn read<T: PartialEq>(
        &self,
        text: &str,
        convert: impl Fn(Written) -> Result<(T, bool), DateProblem>,
    ) -> Result<Reading<T>, DateProblem> {
        if text.len() > MAX_DATE_BYTES {
            return Err(DateProblem::NoFormat);
        }
        let mut problem = DateProblem::NoFormat;
        let mut reading: Option<(&Format, Reading<T>)> = None;
        for format in &self.formats {
            let Some(written) = format.read(text) else {
                continue;
            };
            match (convert(written), &mut reading) {
                (Ok((value, clock_set_back)), None) => {
                    let first = Reading { value, also: None, clock_set_back };
                    reading = Some((format, first));
                }
                (Ok((value, _)), Some((first, reading))) => {
                    if reading.also.is_none() && value != reading.value {
                        reading.also = Some((first.name().to_owned(), format.name().to_owned()));
                    }
                }
                (Err(DateProblem::Skipped), None) => return Err(DateProblem::Skipped),
                (Err(other), None) => problem = other,
                (Err(_), Some(_)) => {}
            }
        }
        reading.map(|(_, reading)| reading).ok_or(problem)
    }

    fn moment_of(&self, written: Written) -> Result<(Timestamp, bool), DateProblem> {
        let local = match written {
            Written::Moment(moment) => return Ok((self.believed(moment)?, false)),
            Written::Date(date) => date.and_time(self.time_of_day),
            Written::Local(local) => local,
        };
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(moment) => Ok((self.believed(moment.to_utc())?, false)),
            LocalResult::Ambiguous(earlier, _) => Ok((self.believed(earlier.to_utc())?, true)),
            LocalResult::None => Err(DateProblem::Skipped),
        }
    }

    fn believed(&self, moment: DateTime<Utc>) -> Result<Timestamp, DateProblem> {
        let timestamp =
            Timestamp::from_micros(moment.timestamp_micros()).map_err(|_| DateProblem::OutOfRange)?;
        if moment.with_timezone(&self.zone).date_naive() < self.earliest.date() {
            return Err(DateProblem::OutOfRange);
        }
        Ok(timestamp)
    }
}

impl Format {
    fn new(text: &str) -> anyhow::Result<Self> {
        match text {
            "iso" => return Ok(Self::Iso),
            "epoch_seconds" => return Ok(Self::EpochSeconds),
            "epoch_millis" => return Ok(Self::EpochMillis),
            _ => {}
        }
        let expected = "expected iso, epoch_seconds, epoch_millis or a strptime pattern such as %Y-%m-%d or %m/%d/%Y %H:%M";
        let items: Vec<Item<'static>> = StrftimeItems::new(text)
            .parse_to_owned()
            .map_err(|_| anyhow::anyhow!("formats: {text:?} is not a pattern; {expected}"))?;
        ensure!(
            !items.contains(&Item::Fixed(Fixed::TimezoneName)),
            "formats: {text:?} holds %Z, and names of zones do not tell an offset; use %z, or leave the name out with a \
             format that ends before it"
        );
        let format = Self::Pattern { text: text.to_owned(), items };
        ensure!(
            format.reads_its_own(),
            "formats: {text:?} does not tell a whole date (year, month, day, and am or pm for hours to 12); {expected}"
        );
        Ok(format)
    }

    /// Whether a moment written in the pattern is read as the same day and hour.
    fn reads_its_own(&self) -> bool {
        use std::fmt::Write as _;
        let Self::Pattern { items, .. } = self else {
            return true;
        };
        let sample = DateTime::from_timestamp_secs(1_793_626_530).unwrap_or_default();
        let mut text = String::new();
        if write!(text, "{}", sample.format_with_items(items.iter())).is_err() {
            return false;
        }
        match self.read(&text) {
            Some(Written::Date(date)) => date == sample.date_naive(),
            Some(Written::Local(local)) => {
                local.date() == sample.date_naive() && local.hour() == sample.hour()
            }
            Some(Written::Moment(moment)) => moment.date_naive() == sample.date_naive(),
            None => false,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Iso => "iso",
            Self::EpochSeconds => "epoch_seconds",
            Self::EpochMillis => "epoch_millis",
            Self::Pattern { text, .. } => text,
        }
    }

    fn read(&self, text: &str) -> Option<Written> {
        match self {
            Self::Iso => read_iso(text),
            Self::EpochSeconds => DateTime::from_timestamp_secs(whole_number(text)?).map(Written::Moment),
            Self::EpochMillis => DateTime::from_timestamp_millis(whole_number(text)?).map(Written::Moment),
            Self::Pattern { items, .. } => {
                let mut parsed = Parsed::new();
                parse(&mut parsed, text, items.iter()).ok()?;
                if parsed.offset().is_some() {
                    return Some(Written::Moment(parsed.to_datetime().ok()?.to_utc()));
                }
                if parsed.timestamp().is_some() || parsed.hour_mod_12().is_some() || parsed.minute().is_some()
                {
                    return parsed.to_naive_datetime_with_offset(0).ok().map(Written::Local);
                }
                parsed.to_naive_date().ok().map(Written::Date)
            }
        }
    }
}

fn read_iso(text: &str) -> Option<Written> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(Written::Date(date));
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(Written::Moment(moment.to_utc()));
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|pattern| NaiveDateTime::parse_from_str(text, pattern).ok())
        .map(Written::Local)
}

fn whole_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(formats: &[&str], zone: &str) -> DateReader {
        DateReader::new(&Dates {
            formats: formats.iter().map(|&format| format.to_owned()).collect(),
            time_zone: zone.to_owned(),
            ..Dates::default()
        })
        .unwrap()
    }

    #[test]
    fn moments_are_read_in_the_listed_forms_alone() {
        use DateProblem::{NoFormat, OutOfRange, Skipped};
        for (format, zone, text, expected) in [
            ("iso", "UTC", "2026-11-02", Ok("2026-11-02T12:00:00Z")),
            ("iso", "Europe/Berlin", "2026-11-02", Ok("2026-11-02T11:00:00Z")),
            ("iso", "Europe/Berlin", "2026-11-02 09:30", Ok("2026-11-02T08:30:00Z")),
            ("iso", "Europe/Berlin", "2026-11-02T09:30:00.25Z", Ok("2026-11-02T09:30:00.250Z")),
            ("iso", "UTC", "2021-01-07 6:49:18", Ok("2021-01-07T06:49:18Z")),
            ("iso", "UTC", "11/02/2026", Err(NoFormat)),
            ("iso", "UTC", "2026-02-30", Err(NoFormat)),
            ("iso", "UTC", "", Err(NoFormat)),
            ("%m/%d/%Y", "UTC", "3/1/2017", Ok("2017-03-01T12:00:00Z")),
            ("%m/%d/%Y", "UTC", "10/20/2016", Ok("2016-10-20T12:00:00Z")),
            ("%m/%d/%Y", "UTC", "20/10/2016", Err(NoFormat)),
            ("%m/%d/%Y", "UTC", "3/1/17", Err(OutOfRange)),
            ("%m/%d/%y", "UTC", "3/1/17", Ok("2017-03-01T12:00:00Z")),
            ("%d.%m.%Y %H:%M", "Europe/Berlin", "01.07.2026 08:00", Ok("2026-07-01T06:00:00Z")),
            ("%m/%d/%Y %I:%M %p", "America/New_York", "7/1/2026 8:00 PM", Ok("2026-07-02T00:00:00Z")),
            ("%Y-%m-%d %H:%M:%S %z", "UTC", "2026-07-01 08:00:00 +0200", Ok("2026-07-01T06:00:00Z")),
            ("%d-%b-%Y", "UTC", "2-Nov-2026", Ok("2026-11-02T12:00:00Z")),
            ("epoch_seconds", "UTC", "1793611800", Ok("2026-11-02T09:30:00Z")),
            ("epoch_millis", "UTC", "1793611800250", Ok("2026-11-02T09:30:00.250Z")),
            ("epoch_millis", "UTC", "1793611800", Err(OutOfRange)),
            ("epoch_seconds", "UTC", "1793611800250", Err(OutOfRange)),
            ("epoch_seconds", "UTC", "99999999999999999999", Err(NoFormat)),
            ("epoch_seconds", "UTC", "-5", Err(OutOfRange)),
            ("epoch_seconds", "UTC", "+5", Err(NoFormat)),
            ("iso", "UTC", "1970-01-19 08:30:39.600", Err(OutOfRange)),
            ("iso", "UTC", "2200-01-01", Err(OutOfRange)),
            ("iso", "Europe/Berlin", "2026-03-29 02:30:00", Err(Skipped)),
            ("iso", "Europe/Berlin", "2026-03-29 03:00:00", Ok("2026-03-29T01:00:00Z")),
        ] {
            let found = reader(&[format], zone).moment(text).map(|reading| reading.value.to_string());
            assert_eq!(found, expected.map(str::to_owned), "{text:?} as {format} in {zone}");
        }
        let long = "1".repeat(MAX_DATE_BYTES + 1);
        assert_eq!(reader(&["iso"], "UTC").moment(&long), Err(NoFormat));
    }

    #[test]
    fn days_are_those_of_the_zone() {
        for (text, expected) in [
            ("2026-11-02", "2026-11-02"),
            ("2026-11-02 23:30", "2026-11-02"),
            ("2026-11-02T23:30:00Z", "2026-11-03"),
        ] {
            let reading = reader(&["iso"], "Europe/Berlin").day(text).unwrap();
            assert_eq!(reading.value.to_string(), expected, "{text}");
        }
        assert_eq!(reader(&["iso"], "UTC").day("1980-01-01"), Err(DateProblem::OutOfRange));
    }

    #[test]
    fn what_could_be_read_otherwise_is_noted() {
        let both = reader(&["%m/%d/%Y", "%d/%m/%Y"], "UTC");
        for (text, expected, also) in [
            ("3/1/2017", "2017-03-01", true),
            ("3/3/2017", "2017-03-03", false),
            ("20/10/2016", "2016-10-20", false),
        ] {
            let reading = both.day(text).unwrap();
            assert_eq!(reading.value.to_string(), expected, "{text}");
            let pair = ("%m/%d/%Y".to_owned(), "%d/%m/%Y".to_owned());
            assert_eq!(reading.also, also.then_some(pair), "{text}");
        }
        let berlin = reader(&["iso"], "Europe/Berlin");
        let reading = berlin.moment("2026-10-25 02:30:00").unwrap();
        assert!(reading.clock_set_back);
        assert_eq!(reading.value.to_string(), "2026-10-25T00:30:00Z", "the earlier of the two");
    }

    type Change = fn(&mut Dates);

    #[test]
    fn a_wrong_configuration_is_refused() {
        let with = |change: Change| {
            let mut dates = Dates::default();
            change(&mut dates);
            DateReader::new(&dates).map(|_| ()).unwrap_err().to_string()
        };
        let cases: [(Change, &str); 10] = [
            (|dates| dates.formats.clear(), "formats: lists 0"),
            (|dates| dates.formats = vec!["%Q".to_owned()], "is not a pattern"),
            (|dates| dates.formats = vec!["%m/%d".to_owned()], "does not tell a whole date"),
            (|dates| dates.formats = vec!["%Y-%m-%d %I:%M".to_owned()], "am or pm"),
            (|dates| dates.formats = vec!["yyyy-mm-dd".to_owned()], "does not tell a whole date"),
            (|dates| dates.formats = vec!["%Y-%m-%d %Z".to_owned()], "%Z"),
            (|dates| dates.formats = vec![String::new()], "does not tell a whole date"),
            (|dates| dates.time_zone = "Berlin".to_owned(), "is not in the tz database"),
            (|dates| dates.time_of_day = "noon".to_owned(), "is not a time such as 12:00:00"),
            (|dates| dates.earliest = "1960-01-01".to_owned(), "earliest"),
        ];
        for (change, expected) in cases {
            let error = with(change);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn constants_are_iso_whatever_the_formats() {
        let reader = reader(&["%m/%d/%Y"], "America/New_York");
        assert_eq!(reader.constant("2016-10-01").unwrap().to_string(), "2016-10-01T16:00:00Z");
        for text in ["10/01/2016", "1980-01-01", "2026-03-08 02:30"] {
            assert!(reader.constant(text).is_err(), "{text}");
        }
    }
}
