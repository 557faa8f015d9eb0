//! Quantiles by Hyndman and Fan's type 7: linear between neighbours at rank (n - 1) x p.

use model::DurationBucket;

use super::Number;

/// The quantile at so many tenths, times ten; none of nothing.
pub(super) fn quantile_times_ten(mut values: Vec<i128>, tenths: usize) -> Option<i128> {
    values.sort_unstable();
    let rank_times_ten = values.len().checked_sub(1)? * tenths;
    let (below, part) = (rank_times_ten / 10, i128::try_from(rank_times_ten % 10).unwrap_or(0));
    let above = values.get(below + 1).unwrap_or(&values[below]);
    Some(values[below] * (10 - part) + above * part)
}

/// The quantile of seconds, as they are.
pub(super) fn of_seconds(seconds: impl Iterator<Item = u64>, tenths: usize) -> Option<Number> {
    let times_ten = quantile_times_ten(seconds.map(i128::from).collect(), tenths)?;
    Some(Number::Quantile(times_ten as f64 / 10.0))
}

/// The quantile of seconds, each known within 1/128, in twentieths of a second. What is decided by quantiles is decided
/// by these.
pub(super) fn twentieths_as_known(seconds: impl Iterator<Item = u64>, tenths: usize) -> Option<i128> {
    let half_seconds = seconds.map(|seconds| DurationBucket::of(seconds).middle_half_seconds());
    let half_seconds = half_seconds.map(|half| i128::try_from(half).unwrap_or(i128::MAX));
    quantile_times_ten(half_seconds.collect(), tenths)
}
