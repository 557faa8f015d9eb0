//! Query parameters: each known, given once, and of its form.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::Uri;
use model::{Calendar, Day, Period, PeriodKind};

use crate::problem::Problem;

/// The parameters of a request by name.
#[derive(Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a query; every name must be one of the known ones.
    pub(crate) fn read(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let bad = |detail: String| Err(Problem::new(axum::http::StatusCode::BAD_REQUEST, detail));
        let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
            return bad("the query is not made of name=value pairs in UTF-8".to_owned());
        };
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            if !known.contains(&name.as_str()) {
                let expected =
                    if known.is_empty() { "none".to_owned() } else { format!("any of {}", known.join(", ")) };
                return bad(format!("parameter {name:?} is not known; expected {expected}"));
            }
            if parameters.contains_key(&name) {
                return bad(format!("parameter {name} is there twice; expected once"));
            }
            parameters.insert(name, value);
        }
        Ok(Self(parameters))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The choice with the name given, or the default.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        choices: &[(&str, T)],
        default: T,
    ) -> Result<T, Problem> {
        let Some(found) = self.get(name) else {
            return Ok(default);
        };
        let chosen = choices.iter().find(|(choice, _)| *choice == found);
        chosen.map(|&(_, value)| value).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|&(choice, _)| choice).collect();
            Problem::parameter(name, found, &format!("one of {}", names.join(", ")))
        })
    }

    /// A whole number from 1 to a maximum, or the default (within the maximum).
    pub(crate) fn count(&self, name: &str, default: usize, max: usize) -> Result<usize, Problem> {
        let Some(found) = self.get(name) else {
            return Ok(default.min(max));
        };
        let number = found.parse().ok().filter(|number| (1..=max).contains(number));
        number.ok_or_else(|| Problem::parameter(name, found, &format!("a whole number from 1 to {max}")))
    }

    /// The period that `period` and `kind` name: the current quarter by default.
    pub(crate) fn period(&self, calendar: &Calendar, today: Day) -> Result<Period, Problem> {
        self.period_named("period", calendar, today)
    }

    /// The same, named by another parameter than `period`.
    pub(crate) fn period_named(
        &self,
        parameter: &str,
        calendar: &Calendar,
        today: Day,
    ) -> Result<Period, Problem> {
        let kinds = PeriodKind::ALL.map(|kind| (kind.name(), kind));
        let kind = self.choice("kind", &kinds, PeriodKind::Quarter)?;
        let current = calendar.period_of(kind, today);
        let name = match self.get(parameter) {
            None | Some("current") => return Ok(current),
            Some("previous") => return Ok(current.previous()),
            Some(name) => name,
        };
        let period = calendar.parse(name).map_err(|_| {
            let expected =
                "current, previous, or a name such as 2026-11-02, 2026-W45, 2026-11, 2026-Q4 or 2026";
            Problem::parameter(parameter, name, expected)
        })?;
        if self.get("kind").is_some() && period.kind != kind {
            let (found, expected) = (period.kind.name(), kind.name());
            return Err(Problem::parameter(
                parameter,
                name,
                &format!("a {expected}, as parameter kind says, not a {found}"),
            ));
        }
        Ok(period)
    }
}
