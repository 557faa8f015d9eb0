//! A stage that deals do not leave for some days.

use crate::dice::MICROS_PER_DAY;
use crate::scenario::Scenario;

/// How many times as fast as they came deals leave once it is over.
const HASTE: i64 = 8;

/// A bottleneck in microseconds of event time.
pub(super) struct Jam {
    stage: String,
    from: i64,
    to: i64,
}

impl Jam {
    /// That of a checked scenario.
    pub(super) fn of(scenario: &Scenario) -> Option<Self> {
        let bottleneck = scenario.bottleneck.as_ref()?;
        let at = |day: u32| (i64::from(scenario.start_day.0) + i64::from(day)) * MICROS_PER_DAY;
        Some(Self {
            stage: bottleneck.stage.clone(),
            from: at(bottleneck.from_day),
            to: at(bottleneck.to_day),
        })
    }

    /// When a deal leaves a stage that it would leave at `due`: those that had to wait follow each other as they came.
    pub(super) fn passed_at(&self, stage: &str, due: i64) -> i64 {
        if stage == self.stage && (self.from..self.to).contains(&due) {
            self.to + (due - self.from) / HASTE
        } else {
            due
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_leave_while_it_lasts_leaves_after_it_in_the_same_order() {
        let jam = Jam { stage: "offer".to_owned(), from: 100, to: 200 };
        let passed = |due| jam.passed_at("offer", due);
        assert_eq!([99, 100, 116, 199, 200].map(passed), [99, 200, 202, 212, 200]);
        assert_eq!(jam.passed_at("lead", 150), 150);
    }
}
