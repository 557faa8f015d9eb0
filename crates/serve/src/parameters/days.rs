//! `days`: any days in place of a period, for KPIs that are told of those.

use std::ops::Range;

use board::Contest;
use kpi::{Kpi, OF_ANY_DAYS};
use model::Day;
use serde_json::json;

use super::{KIND, PERIOD, Parameters, Text};
use crate::problem::Problem;

pub(crate) static DAYS: Text = Text {
    name: "days",
    about: "Any days in place of a period: the first and the last one with a slash between them, such as 2026-12-01/2026-12-24; at \
            most 732, and only of a KPI whose of_any_days the catalogue has as true.",
    is_required: false,
    schema: || json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
    example: None,
};

/// Like the pattern: a text that differs from it in digits alone.
const FORM: &str = "2026-12-01/2026-12-24";

impl Parameters {
    /// The days that are asked for in place of a period, `[from, to)`; none if there are none.
    pub(crate) fn days(&self, kpi: &Kpi) -> Result<Option<Range<Day>>, Problem> {
        let Some(text) = self.get(&DAYS) else { return Ok(None) };
        let days = read(text)?;
        for name in [PERIOD.name, KIND.name] {
            if self.0.contains_key(name) {
                let expected = format!("none beside parameter {name}: either any days or a period");
                return Err(Problem::contradiction(DAYS.name, text, &expected));
            }
        }
        if !OF_ANY_DAYS.contains(&kpi.name) {
            let names = OF_ANY_DAYS.join(", ");
            let expected = format!("none, because {} is not told of any days; {names} are", kpi.name);
            return Err(Problem::contradiction(DAYS.name, text, &expected));
        }
        Ok(Some(days))
    }
}

fn read(text: &str) -> Result<Range<Day>, Problem> {
    let is_like = |(found, form): (u8, u8)| found == form || found.is_ascii_digit() && form.is_ascii_digit();
    let Some((first, last)) = text
        .split_once('/')
        .filter(|_| text.len() == FORM.len() && text.bytes().zip(FORM.bytes()).all(is_like))
    else {
        let expected = format!("the first and the last day, such as {FORM}");
        return Err(Problem::parameter(DAYS.name, text, &expected));
    };
    let wrong = |expected: &str| Problem::contradiction(DAYS.name, text, expected);
    let (Ok(first), Ok(last)) = (Day::parse(first), Day::parse(last)) else {
        return Err(wrong("days that there are, from 1970 to 2199"));
    };
    if first > last {
        return Err(wrong("the first day and then the last"));
    }
    let (days, days_max) = (last.0 - first.0 + 1, Contest::DAYS_MAX);
    if days > days_max {
        return Err(wrong(&format!("at most {days_max} days, not {days}")));
    }
    Ok(first..Day(last.0 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_the_first_and_the_last() {
        let day = |text: &str| Day::parse(text).unwrap();
        let count = |text: &str| read(text).map(|days| days.end.0 - days.start.0).unwrap();
        assert_eq!(read(FORM).unwrap(), day("2026-12-01")..day("2026-12-25"));
        assert_eq!(count("2026-02-28/2026-02-28"), 1);
        assert_eq!(count("2024-01-01/2026-01-01"), 732);
        assert_eq!(count("2199-12-31/2199-12-31"), 1);
        for (text, status, expected) in [
            ("", 400, "such as 2026-12-01/2026-12-24"),
            ("2026-12-01", 400, "the first and the last day"),
            ("2026-12-01/", 400, "the first and the last day"),
            ("2026-12-01/2026-12-24/", 400, "the first and the last day"),
            ("2026-12-01..2026-12-24", 400, "the first and the last day"),
            ("2026/12-01-2026-12-24", 400, "the first and the last day"),
            ("+026-12-01/2026-12-24", 400, "the first and the last day"),
            ("2026-12-01/2026-12-\u{662}", 400, "the first and the last day"),
            ("2026-02-30/2026-12-24", 422, "days that there are"),
            ("1969-12-31/1970-01-01", 422, "from 1970 to 2199"),
            ("2199-12-31/2200-01-01", 422, "from 1970 to 2199"),
            ("2026-12-24/2026-12-01", 422, "the first day and then the last"),
            ("2024-01-01/2026-01-02", 422, "at most 732 days, not 733"),
            ("1970-01-01/2199-12-31", 422, "at most 732 days, not 84006"),
        ] {
            let problem = read(text).unwrap_err();
            assert_eq!(problem.status.as_u16(), status, "{text}: {}", problem.detail);
            assert!(problem.detail.contains(expected), "{text}: {}", problem.detail);
        }
    }

    #[test]
    fn the_description_says_how_many_days() {
        assert!(DAYS.about.contains(&format!(" {}, and only", Contest::DAYS_MAX)), "{}", DAYS.about);
    }
}
