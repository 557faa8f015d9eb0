//! A figure as a case expects it, in the form in which the API shows it: money as decimal text, all else as numbers.

use serde::Deserialize;
use serde_json::Value;

/// What is expected of a value. What is not said is not compared.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Figure {
    pub(super) value: Option<Value>,
    pub(super) numerator: Option<Value>,
    pub(super) denominator: Option<Value>,
    /// Of how many a quantile is.
    pub(super) count: Option<Value>,
    /// Words of the reason for which there is no value.
    pub(super) absent: Option<String>,
}

/// What is expected of a part: a figure, or its value alone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct PartFigure(pub(super) Figure);

impl TryFrom<Value> for PartFigure {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let figure = if value.is_object() {
            serde_json::from_value(value)?
        } else {
            Figure { value: Some(value), ..Figure::default() }
        };
        Ok(Self(figure))
    }
}

/// One property of a figure that is not as expected.
#[derive(Debug, PartialEq)]
pub(super) struct Mismatch {
    pub(super) field: &'static str,
    pub(super) expected: Value,
    pub(super) found: Value,
}

impl Figure {
    /// Whether nothing is expected.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is wrong with it, in words.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let values = [&self.value, &self.numerator, &self.denominator, &self.count];
        if values.into_iter().flatten().any(|value| !value.is_string() && !value.is_number()) {
            return Some(
                "has a value that is neither a number nor text; for none, say \"absent\": \"words of the reason\"",
            );
        }
        match &self.absent {
            Some(_) if values.iter().any(|value| value.is_some()) => {
                Some("expects a value and none; expected one of them")
            }
            Some(words) if words.trim().is_empty() => {
                Some("has no words in absent; expected some that the reason contains")
            }
            _ => None,
        }
    }

    /// Compares with a figure of the API. `within_percent` holds for the value alone.
    pub(super) fn mismatches(&self, found: &Value, within_percent: Option<f64>) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        if let Some(words) = &self.absent {
            let reason = found["absent_reason"].as_str();
            if !reason.is_some_and(|reason| reason.contains(words.as_str())) {
                let shown = reason.map_or_else(|| found["value"].clone(), Value::from);
                mismatches.push(Mismatch { field: "absent", expected: words.as_str().into(), found: shown });
            }
        }
        let fields = [
            ("value", &self.value, within_percent),
            ("numerator", &self.numerator, None),
            ("denominator", &self.denominator, None),
            ("count", &self.count, None),
        ];
        for (field, expected, within) in fields {
            let Some(expected) = expected else { continue };
            if !is_same(expected, &found[field], within) {
                let reason = &found["absent_reason"];
                let shown = if field == "value" && reason.is_string() { reason } else { &found[field] };
                mismatches.push(Mismatch { field, expected: expected.clone(), found: shown.clone() });
            }
        }
        mismatches
    }
}

/// A quotient is shown as the nearest double, whose last digits nobody works out by hand; its numerator and denominator
/// are whole.
const LAST_DIGITS: f64 = 1e-12;

fn is_same(expected: &Value, found: &Value, within_percent: Option<f64>) -> bool {
    let (Some(left), Some(right)) = (expected.as_f64(), found.as_f64()) else {
        return expected == found;
    };
    if expected.is_i64() && found.is_i64() && within_percent.is_none() {
        return expected == found;
    }
    let share = within_percent.map_or(LAST_DIGITS, |percent| percent / 100.0);
    (left - right).abs() <= left.abs() * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_compared_exactly_but_for_what_a_double_cannot_hold() {
        for (expected, found, within, is_expected) in [
            (json!("100.00"), json!("100.00"), None, true),
            (json!("100.00"), json!("100.01"), None, false),
            (json!("100.0"), json!("100.00"), None, false),
            (json!(100), json!("100"), None, false),
            (json!(3), json!(3), None, true),
            (json!(3), json!(4), None, false),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64), None, false),
            (json!(0.333_333_333_333_3), json!(1.0 / 3.0), None, true),
            (json!(0.333_33), json!(1.0 / 3.0), None, false),
            (json!(0.5), json!(null), None, false),
            (json!(10), json!(10.05), Some(1.0), true),
            (json!(10), json!(10.2), Some(1.0), false),
            (json!(10), json!(11), Some(1.0), false),
        ] {
            assert_eq!(is_same(&expected, &found, within), is_expected, "{expected} {found} {within:?}");
        }
    }

    #[test]
    fn what_is_absent_says_why() {
        let absent = Figure { absent: Some("won deals".to_owned()), ..Figure::default() };
        let reason = "there are no won deals to divide by";
        for (found, mismatch) in [
            (json!({"value": null, "absent_reason": reason}), None),
            (json!({"value": null, "absent_reason": "no goal is set"}), Some(json!("no goal is set"))),
            (json!({"value": 3}), Some(json!(3))),
        ] {
            let mismatches = absent.mismatches(&found, None);
            assert_eq!(mismatches.into_iter().next().map(|mismatch| mismatch.found), mismatch);
        }
        let value = Figure { value: Some(json!(3)), ..Figure::default() };
        let found = json!({"value": null, "absent_reason": reason});
        assert_eq!(value.mismatches(&found, None)[0].found, json!(reason));
    }
}
