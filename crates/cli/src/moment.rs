//! When a board of files is looked at, as it is said on the command line.

use model::{Calendar, Day, TimeError, Timestamp};

use crate::settings::Settings;
use crate::wiring;

/// A time as it can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Time(Timestamp),
    EndOf(Day),
}

/// Reads a moment.
pub(crate) fn moment(text: &str) -> Result<Moment, String> {
    match (Timestamp::parse(text), Day::parse(text)) {
        (Ok(time), _) => Ok(Moment::Time(time)),
        (_, Ok(day)) => Ok(Moment::EndOf(day)),
        (Err(TimeError::NotRfc3339), Err(TimeError::NotADate)) => {
            Err("expected a time such as 2026-11-02T09:30:00Z or a date such as 2026-11-02".to_owned())
        }
        (Err(TimeError::NotRfc3339), Err(error)) | (Err(error), _) => Err(error.to_string()),
    }
}

impl Moment {
    /// The moment in the organisation's time zone.
    pub(crate) fn in_zone(self, calendar: &Calendar) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::EndOf(day) => {
                let next = calendar.start_of(Day(day.0 + 1));
                Timestamp::from_micros(next.micros() - 1).unwrap_or(next)
            }
        }
    }
}

/// When the lines of files count as received, and when their board is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    as_of: Option<Timestamp>,
    pub(crate) received_at: Timestamp,
}

impl View {
    /// At the moment that is said; without one, all is received now.
    pub(crate) fn new(as_of: Option<Moment>, settings: &Settings) -> anyhow::Result<Self> {
        let as_of = match as_of {
            Some(moment) => Some(moment.in_zone(&settings.calendar()?)),
            None => None,
        };
        Ok(Self { as_of, received_at: as_of.unwrap_or_else(wiring::now) })
    }

    /// Without a moment that is said, the newest event decides.
    pub(crate) fn now(self, newest: Option<Timestamp>) -> Timestamp {
        self.as_of.or(newest).unwrap_or(self.received_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_times_or_the_ends_of_days() {
        let calendar = Calendar::new("Europe/Berlin", 1).unwrap();
        for (text, expected) in [
            ("2026-11-02T09:30:00Z", Ok("2026-11-02T09:30:00Z")),
            ("2026-11-02", Ok("2026-11-02T22:59:59.999999Z")),
            ("2199-12-31", Ok("2199-12-31T22:59:59.999999Z")),
            ("today", Err("expected a time such as")),
            ("1969-11-02", Err("outside the years")),
            ("2300-11-02T09:30:00Z", Err("outside the years")),
        ] {
            let found = moment(text).map(|moment| moment.in_zone(&calendar).to_string());
            match (&found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
                _ => panic!("{text}: {found:?}"),
            }
        }
    }
}
