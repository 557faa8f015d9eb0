//! After which time in a stage a deal is stalled.

use std::collections::BTreeMap;

use model::{Day, DurationBucket, Measure, Pipelines, StageIndex, Tally};

use crate::quantile::{P50, quantile};

const SECONDS_PER_DAY: i128 = 86_400;

/// Where a stage has no limit of its own, it is this share of its median time.
const OF_MEDIAN: (i128, i128) = (3, 2);

/// The limit of each open stage, the same for everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageLimits(BTreeMap<StageIndex, i128>);

impl StageLimits {
    /// The limits that are configured, and for other stages 1.5 times the median of the company's visits to them that ended
    /// in a history; a stage without any has no limit.
    #[must_use]
    pub fn new(pipelines: &Pipelines, history: &Tally) -> Self {
        let limit = |stage: StageIndex| {
            if let Some(days) = pipelines.get(stage)?.1.limit_days {
                return Some((stage, i128::from(days) * SECONDS_PER_DAY));
            }
            let any = Measure::DwellVisits(stage, DurationBucket::of(0));
            let visits = history.of_kind(any).filter_map(|(measure, visits)| match measure {
                Measure::DwellVisits(of, bucket) if of == stage => Some((bucket, visits)),
                _ => None,
            });
            let (numerator, denominator) = quantile(&visits, P50)?.fraction();
            Some((stage, numerator * OF_MEDIAN.0 / (denominator * OF_MEDIAN.1)))
        };
        let open = pipelines.indices().filter(|&stage| !pipelines.kind(stage).is_closed());
        Self(open.filter_map(limit).collect())
    }

    /// The limit of a stage in seconds.
    #[must_use]
    pub fn seconds(&self, stage: StageIndex) -> Option<i128> {
        self.0.get(&stage).copied()
    }

    /// The last day on which a deal must have come to a stage to be stalled today.
    #[must_use]
    pub fn stalled_since(&self, stage: StageIndex, today: Day) -> Option<Day> {
        let days = self.seconds(stage)? / SECONDS_PER_DAY + 1;
        Some(Day(today.0.saturating_sub(i32::try_from(days).unwrap_or(i32::MAX))))
    }
}

#[cfg(test)]
mod tests {
    use model::{DurationBucket, Pipeline, Stage, StageKind};

    use super::*;

    #[test]
    fn limits_are_configured_or_follow_the_median() {
        let stage = |(name, kind, limit_days): (&str, StageKind, Option<u32>)| Stage {
            name: name.to_owned(),
            kind,
            limit_days,
            role: None,
        };
        let stages = [
            ("lead", StageKind::Open, Some(3)),
            ("demo", StageKind::Open, None),
            ("offer", StageKind::Open, None),
            ("won", StageKind::Won, None),
        ];
        let pipeline = Pipeline { name: "default".to_owned(), stages: stages.map(stage).into() };
        let pipelines = Pipelines::new(vec![pipeline]).unwrap();
        let mut history = Tally::default();
        for (stage, seconds) in [(0, 9), (1, 20), (1, 60), (1, 100), (3, 7)] {
            history.add(Measure::DwellVisits(StageIndex(stage), DurationBucket::of(seconds)), 1);
        }
        let limits = StageLimits::new(&pipelines, &history);
        let seconds = [0, 1, 2, 3].map(|stage| limits.seconds(StageIndex(stage)));
        assert_eq!(seconds, [Some(3 * 86_400), Some(90), None, None]);
        // Three days are not more than three days.
        assert_eq!(limits.stalled_since(StageIndex(0), Day(100)), Some(Day(96)));
        assert_eq!(limits.stalled_since(StageIndex(1), Day(100)), Some(Day(99)));
        assert_eq!(limits.stalled_since(StageIndex(2), Day(100)), None);
    }
}
