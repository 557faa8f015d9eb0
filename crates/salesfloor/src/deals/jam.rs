//! A stage that deals do not leave for some days.

use crate::dice::{Chance, Dice, MICROS_PER_DAY};
use crate::scenario::Scenario;

/// How many times as fast as they came deals leave once it is over.
const HASTE: i64 = 8;

/// A bottleneck in microseconds of event time.
pub(super) struct Jam {
    stage: String,
    from: i64,
    to: i64,
    /// None: every deal is held up, and nothing is left to chance.
    held: Option<Chance>,
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
            held: (bottleneck.held_percent < 100)
                .then(|| Chance::of(f64::from(bottleneck.held_percent) / 100.0)),
        })
    }

    /// When a deal leaves a stage that it would leave at `due`: those that had to wait follow each other as they came.
    pub(super) fn passed_at(&self, stage: &str, due: i64, dice: &mut Dice) -> i64 {
        let is_in_time = stage == self.stage && (self.from..self.to).contains(&due);
        if is_in_time && self.held.is_none_or(|held| dice.happens(held)) {
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
        let jam = Jam { stage: "offer".to_owned(), from: 100, to: 200, held: None };
        let mut dice = Dice::new(1, 0);
        let passed = [99, 100, 116, 199, 200].map(|due| jam.passed_at("offer", due, &mut dice));
        assert_eq!(passed, [99, 200, 202, 212, 200]);
        assert_eq!(jam.passed_at("lead", 150, &mut dice), 150);
    }

    #[test]
    fn some_are_held_up_and_the_others_pass() {
        let jam = Jam { stage: "offer".to_owned(), from: 100, to: 200, held: Some(Chance::of(0.6)) };
        let mut dice = Dice::new(1, 0);
        let held = (0..1_000).filter(|_| jam.passed_at("offer", 150, &mut dice) != 150).count();
        assert!((550..650).contains(&held), "{held} of 1000");
    }
}
