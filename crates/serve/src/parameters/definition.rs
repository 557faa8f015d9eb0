//! What a parameter may be. Both the check of a request and the description of the API are made from these.

use std::fmt::Debug;

use serde_json::{Map, Value as Json, json};

use crate::options::ServeOptions;

/// A parameter as the API's description tells it.
pub(crate) trait Parameter: Debug + Sync {
    fn name(&self) -> &'static str;

    /// What it means, for the reader of the API.
    fn about(&self) -> &'static str;

    fn is_required(&self) -> bool {
        false
    }

    /// Its values as a JSON schema, with the default.
    fn schema(&self, options: &ServeOptions) -> Json;

    /// A value that works with those of the others.
    fn example(&self) -> Option<Json>;
}

/// One of several names.
#[derive(Debug)]
pub(crate) struct OneOf<T> {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// What each name stands for.
    pub(crate) choices: fn() -> Vec<(&'static str, T)>,
    /// Told as the default if it is one of the choices.
    pub(crate) default: T,
    pub(crate) example: &'static str,
}

impl<T: Debug + PartialEq + Sync> Parameter for OneOf<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn schema(&self, _options: &ServeOptions) -> Json {
        let choices = (self.choices)();
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let default = choices.iter().find(|(_, value)| self.default == *value);
        let mut schema = Map::from_iter([entry("type", "string".into()), entry("enum", names.into())]);
        schema.extend(default.map(|(name, _)| entry("default", (*name).into())));
        schema.into()
    }

    fn example(&self) -> Option<Json> {
        Some(self.example.into())
    }
}

fn entry(key: &str, value: Json) -> (String, Json) {
    (key.to_owned(), value)
}

/// A whole number from 1 to a maximum.
#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) default: usize,
    pub(crate) max: fn(&ServeOptions) -> usize,
}

impl Count {
    /// The default, which is never beyond the maximum.
    pub(crate) fn default_within(&self, max: usize) -> usize {
        self.default.min(max)
    }
}

impl Parameter for Count {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn schema(&self, options: &ServeOptions) -> Json {
        let max = (self.max)(options);
        json!({ "type": "integer", "minimum": 1, "maximum": max, "default": self.default_within(max) })
    }

    fn example(&self) -> Option<Json> {
        Some(1.into())
    }
}

/// A text that is looked at where it is used.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) is_required: bool,
    pub(crate) schema: fn() -> Json,
    pub(crate) example: Option<&'static str>,
}

impl Parameter for Text {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn is_required(&self) -> bool {
        self.is_required
    }

    fn schema(&self, _options: &ServeOptions) -> Json {
        (self.schema)()
    }

    fn example(&self) -> Option<Json> {
        self.example.map(Into::into)
    }
}

/// The name of a period: `current`, `previous`, or one with a form of its own.
#[derive(Debug)]
pub(crate) struct PeriodName {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// One of each form: a name has a form if it differs from this in digits alone.
    pub(crate) forms: &'static [&'static str],
    /// What a name has to be, for who gives another.
    pub(crate) expected: &'static str,
    pub(crate) default: Option<&'static str>,
}

impl PeriodName {
    pub(crate) fn has_form(&self, text: &str) -> bool {
        let is_like =
            |(found, form): (u8, u8)| found == form || found.is_ascii_digit() && form.is_ascii_digit();
        self.forms.iter().any(|form| form.len() == text.len() && text.bytes().zip(form.bytes()).all(is_like))
    }

    /// The forms as a regular expression.
    fn pattern(&self) -> String {
        let part =
            |letter: char| if letter.is_ascii_digit() { "[0-9]".to_owned() } else { letter.to_string() };
        let forms: Vec<String> = self.forms.iter().map(|form| form.chars().map(part).collect()).collect();
        format!("^(current|previous|{})$", forms.join("|"))
    }
}

impl Parameter for PeriodName {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn schema(&self, _options: &ServeOptions) -> Json {
        let mut schema =
            Map::from_iter([entry("type", "string".into()), entry("pattern", self.pattern().into())]);
        schema.extend(self.default.map(|default| entry("default", default.into())));
        schema.into()
    }

    fn example(&self) -> Option<Json> {
        Some("current".into())
    }
}

#[cfg(test)]
mod tests {
    use crate::parameters::PERIOD;

    #[test]
    fn periods_have_the_forms_that_are_described() {
        for (text, expected) in [
            ("2026", true),
            ("FY2026-Q1", true),
            ("2026-W53", true),
            ("9999-99-99", true),
            ("2026-1", false),
            ("2026-Q", false),
            ("2026_Q1", false),
            ("٢٠٢٦", false),
            ("", false),
        ] {
            assert_eq!(PERIOD.has_form(text), expected, "{text}");
        }
        assert_eq!(
            PERIOD.pattern(),
            "^(current|previous|[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]|[0-9][0-9][0-9][0-9]-W[0-9][0-9]|\
             [0-9][0-9][0-9][0-9]-[0-9][0-9]|[0-9][0-9][0-9][0-9]-Q[0-9]|FY[0-9][0-9][0-9][0-9]-Q[0-9]|\
             [0-9][0-9][0-9][0-9]|FY[0-9][0-9][0-9][0-9])$"
        );
    }
}
