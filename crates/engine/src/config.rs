//! What shapes the state beside the events.

use model::{Calendar, Pipelines};

use crate::restatements::RestatementRules;

/// The configuration of a fold. States folded under different ones cannot be mixed: see [`FoldConfig::fingerprint`].
#[derive(Debug, Clone)]
pub struct FoldConfig {
    /// Which stages there are.
    pub pipelines: Pipelines,
    /// Which day a moment falls on.
    pub calendar: Calendar,
    /// For how many days after a deal's close, in event time, its history is held and may change.
    pub deal_retention_days: u32,
    /// For how many days behind the newest activity an activity may be reported, corrected or taken back.
    pub activity_horizon_days: u32,
    /// By how much an event's time may be ahead of the time at which the log received it.
    pub future_tolerance_seconds: u32,
    /// Which changes to months that had ended are told.
    pub restatements: RestatementRules,
}

impl FoldConfig {
    /// A number that differs (as good as certainly) between configurations under which the same events give
    /// different states. The fiscal year and the stages' limits are applied when read and do not enter.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut text = format!(
            "tallyboard fold 7\n{:x}\n{}\n{}\n{}\n{} {}\n",
            self.calendar.days_fingerprint(),
            self.deal_retention_days,
            self.activity_horizon_days,
            self.future_tolerance_seconds,
            self.restatements.grace_days,
            self.restatements.kept_max,
        );
        for pipeline in self.pipelines.as_slice() {
            text.push_str(&format!("{:?}\n", pipeline.name));
            for stage in &pipeline.stages {
                text.push_str(&format!("  {:?} {:?} {:?}\n", stage.name, stage.kind, stage.role));
            }
        }
        xxhash_rust::xxh3::xxh3_64(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use model::{Pipeline, Stage, StageKind, StageRole};

    use super::*;

    fn config(zone: &str, fiscal_first_month: u32, change: impl FnOnce(&mut Vec<Stage>)) -> FoldConfig {
        let stage = |(name, kind): (&str, StageKind)| Stage {
            name: name.to_owned(),
            kind,
            limit_days: None,
            role: None,
        };
        let stages = [("lead", StageKind::Open), ("won", StageKind::Won), ("lost", StageKind::Lost)];
        let mut stages = stages.map(stage).to_vec();
        change(&mut stages);
        FoldConfig {
            pipelines: Pipelines::new(vec![Pipeline { name: "default".to_owned(), stages }]).unwrap(),
            calendar: Calendar::new(zone, fiscal_first_month).unwrap(),
            deal_retention_days: 731,
            activity_horizon_days: 35,
            future_tolerance_seconds: 0,
            restatements: RestatementRules::default(),
        }
    }

    #[test]
    fn the_fingerprint_is_of_all_that_shapes_the_state_and_of_nothing_else() {
        let rules = |grace_days, kept_max| RestatementRules { grace_days, kept_max };
        let usual = config("Europe/Berlin", 1, |_| ()).fingerprint();
        for (name, other, is_same) in [
            ("the same", config("Europe/Berlin", 1, |_| ()), true),
            ("another name of the same clock", config("Arctic/Longyearbyen", 1, |_| ()), true),
            ("another clock", config("Europe/Lisbon", 1, |_| ()), false),
            ("another fiscal year", config("Europe/Berlin", 7, |_| ()), true),
            ("a limit", config("Europe/Berlin", 1, |stages| stages[0].limit_days = Some(3)), true),
            ("a role", config("Europe/Berlin", 1, |stages| stages[0].role = Some(StageRole::Mql)), false),
            ("a name", config("Europe/Berlin", 1, |stages| stages[0].name.push('s')), false),
            ("a kind", config("Europe/Berlin", 1, |stages| stages[2].kind = StageKind::Won), false),
            ("an order", config("Europe/Berlin", 1, |stages| stages.swap(0, 1)), false),
            (
                "a horizon",
                FoldConfig { deal_retention_days: 730, ..config("Europe/Berlin", 1, |_| ()) },
                false,
            ),
            (
                "a tolerance",
                FoldConfig { future_tolerance_seconds: 1, ..config("Europe/Berlin", 1, |_| ()) },
                false,
            ),
            (
                "a grace",
                FoldConfig { restatements: rules(2, 1_000), ..config("Europe/Berlin", 1, |_| ()) },
                false,
            ),
            (
                "a length",
                FoldConfig { restatements: rules(1, 999), ..config("Europe/Berlin", 1, |_| ()) },
                false,
            ),
        ] {
            assert_eq!(other.fingerprint() == usual, is_same, "{name}");
        }
    }
}
