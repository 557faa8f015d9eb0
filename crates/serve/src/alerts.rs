//! Where alerts begin: lines that `/metrics` tells beside the KPIs, so that rules of Prometheus hold no numbers of their own.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Where alerts begin, beside the thresholds of verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertLines {
    /// A period is too young to be judged before so many percent of it have passed.
    pub judged_from_percent: u32,
    /// Shares of fewer deals are not judged.
    pub deals_min: u32,
    /// More stalled deals than so many percent of a stage's open ones are too many.
    pub stalled_percent_max: u32,
    /// A leak that is so many percentage points larger than in the previous period has jumped.
    pub leakage_rise_points_max: u32,
    /// Quotas and goals are at risk below so many percent of what should have been won by now.
    pub pace_percent_min: u32,
    /// The numbers are not complete while records wait for longer.
    pub lag_seconds_max: u32,
    /// For how long there may be no event; weekends are no trouble.
    pub silence_seconds_max: u32,
    /// For how long a partition's changes may be in no snapshot.
    pub unsaved_seconds_max: u32,
}

impl Default for AlertLines {
    fn default() -> Self {
        Self {
            judged_from_percent: 25,
            deals_min: 20,
            stalled_percent_max: 25,
            leakage_rise_points_max: 10,
            pace_percent_min: 85,
            lag_seconds_max: 60,
            silence_seconds_max: 259_200,
            unsaved_seconds_max: 3_600,
        }
    }
}

/// A line outside its bounds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key} is {found}; expected {low} to {high}")]
pub struct AlertLinesError {
    /// The key.
    pub key: &'static str,
    /// Its value.
    pub found: u32,
    /// The least value.
    pub low: u32,
    /// The greatest value.
    pub high: u32,
}

const YEAR_SECONDS: u32 = 31_536_000;

impl AlertLines {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The first line outside its bounds.
    pub fn check(&self) -> Result<(), AlertLinesError> {
        for (key, found, low, high) in [
            ("judged_from_percent", self.judged_from_percent, 0, 100),
            ("deals_min", self.deals_min, 1, 1_000_000),
            ("stalled_percent_max", self.stalled_percent_max, 0, 100),
            ("leakage_rise_points_max", self.leakage_rise_points_max, 0, 100),
            ("pace_percent_min", self.pace_percent_min, 0, 1_000),
            ("lag_seconds_max", self.lag_seconds_max, 1, YEAR_SECONDS),
            ("silence_seconds_max", self.silence_seconds_max, 1, YEAR_SECONDS),
            ("unsaved_seconds_max", self.unsaved_seconds_max, 1, YEAR_SECONDS),
        ] {
            if !(low..=high).contains(&found) {
                return Err(AlertLinesError { key, found, low, high });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_bounds() {
        assert_eq!(AlertLines::default().check(), Ok(()));
        let defaults = serde_json::to_value(AlertLines::default()).unwrap();
        let keys = defaults.as_object().unwrap();
        for key in keys.keys() {
            let mut lines = defaults.clone();
            lines[key] = u32::MAX.into();
            let lines: AlertLines = serde_json::from_value(lines).unwrap();
            let message = lines.check().unwrap_err().to_string();
            assert!(message.starts_with(&format!("{key} is 4294967295; expected ")), "{message}");
        }
        assert!(serde_json::from_str::<AlertLines>(r#"{"lag_max": 9}"#).is_err());
    }
}
