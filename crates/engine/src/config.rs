//! What shapes the state beside the events.

use model::{Calendar, Pipelines};

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
}

impl FoldConfig {
    /// A number that differs (as good as certainly) between configurations under which the same events give
    /// different states. The fiscal year and the stages' limits are applied when read and do not enter.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut text = format!(
            "tallyboard fold 3\n{:x}\n{}\n{}\n{}\n",
            self.calendar.days_fingerprint(),
            self.deal_retention_days,
            self.activity_horizon_days,
            self.future_tolerance_seconds
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
