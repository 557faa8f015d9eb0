//! What rules need to judge the KPIs: whether the numbers are complete, how old each period is, and where alerts begin.

use board::{Board, Readiness};
use kpi::Thresholds;

use super::exposition::{Exposition, Float, Kind, Metric};
use super::sales::Slot;
use crate::alerts::AlertLines;

/// Writes them.
pub(crate) fn write(exposition: &mut Exposition, board: &Board, slots: &[Slot], lines: &AlertLines) {
    let help = "1 while everything in the log is counted but for records that have waited no longer than lag_seconds_max, else 0.";
    let is_complete = is_complete(&board.readiness(), lines.lag_seconds_max);
    gauge(exposition, "tallyboard_numbers_complete", help, u8::from(is_complete));
    write_periods(exposition, board, slots);
    for (name, help, value) in thresholds(board.thresholds(), lines) {
        gauge(exposition, &format!("tallyboard_alert_{name}"), help, Float(value));
    }
}

/// Records that come while others are folded make no numbers incomplete.
fn is_complete(readiness: &Readiness, lag_seconds_max: u32) -> bool {
    let is_near = |lag_seconds: u64| lag_seconds <= u64::from(lag_seconds_max);
    let mut statuses = readiness.partitions.iter().filter_map(|partition| partition.status);
    readiness.ready && statuses.all(|status| is_near(status.lag_seconds))
}

fn gauge(exposition: &mut Exposition, name: &str, help: &str, value: impl std::fmt::Display) {
    let mut metric = Metric::new(name, Kind::Gauge, help);
    exposition.series(&mut metric, "", value);
    exposition.add(&metric);
}

fn write_periods(exposition: &mut Exposition, board: &Board, slots: &[Slot]) {
    let help = "How much of the period has passed.";
    let mut elapsed = Metric::new("sales_period_elapsed_ratio", Kind::Gauge, help);
    let mut names = Metric::new("sales_period_info", Kind::Gauge, "A period's name.");
    for slot in slots {
        let Some((period, (passed, all))) = slot.view.slot.period().zip(slot.view.elapsed()) else {
            continue;
        };
        exposition.series(&mut elapsed, &slot.labels, Float(passed as f64 / all as f64));
        let mut labels = slot.labels.clone();
        super::exposition::label(&mut labels, "name", &board.calendar().name(period));
        exposition.series(&mut names, &labels, 1);
    }
    exposition.add(&elapsed);
    exposition.add(&names);
}

/// Name, help and value of each line. Percent are told as ratios, as the KPIs are.
fn thresholds(thresholds: &Thresholds, lines: &AlertLines) -> [(&'static str, &'static str, f64); 10] {
    let ratio = |percent: u32| f64::from(percent) / 100.0;
    [
        (
            "judged_from_ratio",
            "How much of a period must have passed before it is judged.",
            ratio(lines.judged_from_percent),
        ),
        ("deals_min", "Shares of fewer deals are not judged.", lines.deals_min.into()),
        (
            "stalled_ratio_max",
            "The share of a stage's open deals above which too many are stalled.",
            ratio(lines.stalled_percent_max),
        ),
        (
            "leakage_rise_max",
            "By how much a share of lost deals may be above the previous period's.",
            ratio(lines.leakage_rise_points_max),
        ),
        (
            "pace_ratio_min",
            "The share of what should have been won by now below which quotas and goals are at risk.",
            ratio(lines.pace_percent_min),
        ),
        (
            "selling_time_ratio_min",
            "The share of tracked time that should go into selling.",
            ratio(thresholds.selling_time_percent),
        ),
        (
            "balance_deviation_max",
            "How far from 1 a balanced territory's index may be.",
            ratio(thresholds.balance_within_percent),
        ),
        ("lag_seconds_max", "For how long a record may wait to be counted.", lines.lag_seconds_max.into()),
        ("silence_seconds_max", "For how long there may be no event.", lines.silence_seconds_max.into()),
        (
            "unsaved_seconds_max",
            "For how long changes may be in no snapshot.",
            lines.unsaved_seconds_max.into(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use board::{PartitionReadiness, Status};
    use model::PartitionId;

    use super::*;

    fn readiness(ready: bool, lag_seconds: u64) -> Readiness {
        let status = Status { caught_up: false, lag_records: 1, lag_seconds, newest_event_at: None };
        let (partition, status) = (PartitionId(0), Some(status));
        let partition = PartitionReadiness { partition, caught_up_once: true, status, told_at: None };
        Readiness { ready, caught_up: false, why: Vec::new(), partitions: vec![partition] }
    }

    #[test]
    fn numbers_are_complete_once_ready_and_while_nothing_waits_for_long() {
        assert!(is_complete(&readiness(true, 60), 60));
        assert!(!is_complete(&readiness(true, 61), 60));
        assert!(!is_complete(&readiness(false, 0), 60));
    }
}
