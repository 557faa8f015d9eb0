//! Query parameters: each known, given once, and of its form.

mod days;
mod definition;
mod shared;

use std::collections::BTreeMap;
use std::fmt::Debug;

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use model::{Calendar, Day, Period, PeriodKind};
use percent_encoding::percent_decode_str;

pub(crate) use days::DAYS;
pub(crate) use definition::{Count, OneOf, Parameter, PeriodName, Text};
pub(crate) use shared::{
    GROUP, GROUPS, ID, KIND, KPI, ORDER, PERIOD, PERIOD_EXPECTED, PERIOD_FORMS, SCOPE, Within, group_name,
};

use crate::problem::Problem;

/// The parameters of a request by name.
#[derive(Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, String>);

/// The pairs of a query, as they are.
pub(crate) fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Problem> {
    let query = uri.query().unwrap_or_default();
    let is_text = percent_decode_str(query).decode_utf8().is_ok();
    match Query::try_from_uri(uri) {
        Ok(Query(pairs)) if is_text => Ok(pairs),
        _ => {
            let detail = "the query is not made of name=value pairs in UTF-8";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
    }
}

/// That there is no such parameter.
pub(crate) fn unknown(name: &str, known: &[&dyn Parameter]) -> Problem {
    let names: Vec<&str> = known.iter().map(|parameter| parameter.name()).collect();
    let expected = if names.is_empty() { "none".to_owned() } else { format!("any of {}", names.join(", ")) };
    let detail = format!("parameter {name:?} is not known; expected {expected}");
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

impl Parameters {
    /// Reads a query; every name must be one of the known ones.
    pub(crate) fn read(uri: &Uri, known: &[&dyn Parameter]) -> Result<Self, Problem> {
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs(uri)? {
            if !known.iter().any(|parameter| parameter.name() == name) {
                return Err(unknown(&name, known));
            }
            if parameters.contains_key(&name) {
                let detail = format!("parameter {name} is there twice; expected once");
                return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
            }
            parameters.insert(name, value);
        }
        Ok(Self(parameters))
    }

    pub(crate) fn get(&self, parameter: &impl Parameter) -> Option<&str> {
        self.0.get(parameter.name()).map(String::as_str)
    }

    /// What the name that is given stands for, or the default.
    pub(crate) fn choice<T: Copy + Debug + PartialEq + Sync>(&self, choice: &OneOf<T>) -> Result<T, Problem> {
        let Some(found) = self.get(choice) else {
            return Ok(choice.default);
        };
        let choices = (choice.choices)();
        let chosen = choices.iter().find(|(name, _)| *name == found);
        chosen.map(|&(_, value)| value).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|&(name, _)| name).collect();
            Problem::parameter(choice.name, found, &format!("one of {}", names.join(", ")))
        })
    }

    /// A whole number from 1 to a maximum, or the default (within the maximum).
    pub(crate) fn count(&self, count: &Count, max: usize) -> Result<usize, Problem> {
        let Some(found) = self.get(count) else {
            return Ok(count.default_within(max));
        };
        // A plus sign is a number for the standard library alone.
        let digits = Some(found).filter(|found| found.bytes().all(|byte| byte.is_ascii_digit()));
        let number =
            digits.and_then(|digits| digits.parse().ok()).filter(|number| (1..=max).contains(number));
        number
            .ok_or_else(|| Problem::parameter(count.name, found, &format!("a whole number from 1 to {max}")))
    }

    /// The period that a name and `kind` tell: the current quarter by default.
    pub(crate) fn period(&self, of: &PeriodName, calendar: &Calendar, today: Day) -> Result<Period, Problem> {
        self.period_of(of, self.choice(&KIND)?, calendar, today)
    }

    /// The same, where the kind is one of others.
    pub(crate) fn period_of(
        &self,
        of: &PeriodName,
        kind: PeriodKind,
        calendar: &Calendar,
        today: Day,
    ) -> Result<Period, Problem> {
        let current = calendar.period_of(kind, today);
        let name = match self.get(of) {
            None | Some("current") => return Ok(current),
            Some("previous") => return Ok(current.previous()),
            Some(name) => name,
        };
        if !of.has_form(name) {
            return Err(Problem::parameter(of.name, name, of.expected));
        }
        let period = calendar.parse(name).map_err(|_| {
            Problem::contradiction(of.name, name, "a period that there is, with days from 1970 to 2199")
        })?;
        if self.get(&KIND).is_some() && period.kind != kind {
            let (found, expected) = (period.kind.name(), kind.name());
            let expected = format!("a {expected}, as parameter kind says, not a {found}");
            return Err(Problem::contradiction(of.name, name, &expected));
        }
        Ok(period)
    }
}
