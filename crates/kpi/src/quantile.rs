//! Quantiles of durations from the sketches that the cells keep.

use model::DurationBucket;

use crate::value::Value;

/// A probability as a fraction.
#[derive(Clone, Copy)]
pub(crate) struct Probability {
    pub(crate) numerator: i128,
    pub(crate) denominator: i128,
}

pub(crate) const P50: Probability = Probability { numerator: 1, denominator: 2 };
pub(crate) const P90: Probability = Probability { numerator: 9, denominator: 10 };

/// The quantile of durations in buckets, in seconds: the value at rank (n-1)p, linearly between its neighbours (Hyndman
/// and Fan's type 7, the default of pandas), each standing at the middle of its bucket. The buckets are ascending.
/// None without any. Cost: three passes.
pub(crate) fn quantile(
    buckets: &(impl Iterator<Item = (DurationBucket, i128)> + Clone),
    probability: Probability,
) -> Option<Value> {
    let middles = buckets.clone().map(|(bucket, count)| (bucket.middle_half_seconds(), count));
    quantile_of(&middles, probability)
}

/// The same of durations in half seconds, ascending, each with how many there are.
pub(crate) fn quantile_of(
    durations: &(impl Iterator<Item = (u128, i128)> + Clone),
    probability: Probability,
) -> Option<Value> {
    let buckets = || durations.clone().filter(|&(_, count)| count > 0);
    let count: i128 = buckets().map(|(_, count)| count).sum();
    if count == 0 {
        return None;
    }
    let Probability { numerator, denominator } = probability;
    let rank = (count - 1).checked_mul(numerator)?;
    let (below, share) = (rank / denominator, rank % denominator);
    let at = |rank: i128| {
        let mut before = 0;
        for (middle, deals) in buckets() {
            before += deals;
            if rank < before {
                return i128::try_from(middle).ok();
            }
        }
        None
    };
    let lower = at(below)?;
    // At the last rank the share is 0, so that what stands behind it does not matter.
    let upper = at(below + 1).unwrap_or(lower);
    Some(Value::Quantile {
        numerator: lower * (denominator - share) + upper * share,
        // Middles are in half seconds.
        denominator: denominator * 2,
        count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Measure, Tally};
    use proptest::prelude::*;

    fn tally(seconds: &[u64]) -> Tally {
        let mut tally = Tally::default();
        for &seconds in seconds {
            tally.add(Measure::CycleDeals(DurationBucket::of(seconds)), 1);
        }
        tally
    }

    fn cycle_quantile(tally: &Tally, probability: Probability) -> Option<Value> {
        let buckets = tally.iter().filter_map(|(measure, deals)| match measure {
            Measure::CycleDeals(bucket) => Some((bucket, deals)),
            _ => None,
        });
        quantile(&buckets, probability)
    }

    #[test]
    fn quantiles_are_those_of_pandas() {
        // pandas.Series(values).quantile(p); values below 128 stand exactly in the sketch.
        for (values, p50, p90) in [
            (vec![7], 7.0, 7.0),
            (vec![1, 2], 1.5, 1.9),
            (vec![4, 1, 3, 2], 2.5, 3.7),
            (vec![10, 20, 20, 20, 100], 20.0, 68.0),
            (vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 6.0, 10.0),
        ] {
            let tally = tally(&values);
            let value = |probability| cycle_quantile(&tally, probability).unwrap().approximate();
            assert!((value(P50) - p50).abs() < 1e-12, "{values:?} {}", value(P50));
            assert!((value(P90) - p90).abs() < 1e-12, "{values:?} {}", value(P90));
        }
        assert_eq!(cycle_quantile(&Tally::default(), P50), None);
    }

    proptest! {
        #[test]
        fn quantiles_are_within_one_in_128(mut values in prop::collection::vec(0..100_000_000_u64, 1..60)) {
            let tally = tally(&values);
            values.sort_unstable();
            for probability in [P50, P90] {
                let Probability { numerator, denominator } = probability;
                let steps = (values.len() as i128 - 1) * numerator;
                let at = |rank: i128| values[usize::try_from(rank).unwrap()] as f64;
                let share = (steps % denominator) as f64 / denominator as f64;
                let (lower, upper) = (at(steps / denominator), at((steps + denominator - 1) / denominator));
                let exact = lower + (upper - lower) * share;
                let found = cycle_quantile(&tally, probability).unwrap().approximate();
                prop_assert!((found - exact).abs() <= exact / 128.0 + 1e-6, "{found} {exact}");
            }
        }
    }
}
