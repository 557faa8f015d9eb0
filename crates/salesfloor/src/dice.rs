//! Chance: what the generator draws. Integers throughout, so that a seed gives the same events on every machine.

use model::MICROS_PER_SECOND;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// How likely something is, in 2^-32.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The chance of a rate in `[0, 1]`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a checked rate times 2^32 is in 0..=2^32"
    )]
    pub(crate) fn of(rate: f64) -> Self {
        Self((rate.clamp(0.0, 1.0) * 4_294_967_296.0) as u64)
    }

    /// The same chance times `permille` / 1000, but never certain.
    pub(crate) fn scaled(self, permille: u64) -> Self {
        const ALMOST_CERTAIN: u64 = (1 << 32) * 97 / 100;
        Self((self.0 * permille / 1000).min(ALMOST_CERTAIN))
    }
}

/// A number of any size as a 16.16 fixed-point one.
#[expect(clippy::cast_possible_truncation, reason = "the scenario bounds these numbers")]
pub(crate) fn fixed(number: f64) -> i64 {
    (number * 65_536.0) as i64
}

/// A source of chance with a seed and a stream of its own.
#[derive(Debug, Clone)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self(random)
    }

    pub(crate) fn happens(&mut self, chance: Chance) -> bool {
        u64::from(self.0.next_u32()) < chance.0
    }

    /// A number in `[0, end)`; 0 if that is empty.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        if end == 0 { 0 } else { self.0.random_range(0..end) }
    }

    /// A number in `[first, last]`.
    pub(crate) fn between(&mut self, first: i64, last: i64) -> i64 {
        self.0.random_range(first..=last.max(first))
    }

    /// One of some things; none of none.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let count = u32::try_from(things.len()).unwrap_or(u32::MAX);
        things.get(usize::try_from(self.below(count)).ok()?)
    }

    /// A waiting time of about this mean, distributed about exponentially, in microseconds; cut to milliseconds,
    /// as sources give times.
    pub(crate) fn waiting(&mut self, mean_micros: i64) -> i64 {
        // -log2 of a uniform number, its fraction taken as linear, times ln 2.
        let bits = self.0.next_u64() | 1;
        let zeros = bits.leading_zeros();
        let fraction = ((bits << zeros) << 1) >> 48;
        let halvings = (i128::from(zeros) << 16) + 65_536 - i128::from(fraction);
        let micros = (i128::from(mean_micros) * halvings * 45_426) >> 32;
        let millis = i64::try_from(micros / 1_000).unwrap_or(i64::MAX / 1_000);
        millis * 1_000
    }

    /// A number scattered around a median as by a log-normal law: times 2^z, z of a bell shape within +-2 `doublings`
    /// (16.16) and with a standard deviation of about 0.58 `doublings`.
    pub(crate) fn scattered(&mut self, median: i64, doublings: i64) -> i64 {
        let bits = self.0.next_u64();
        let sum: i64 =
            [0, 16, 32, 48].map(|shift| i64::try_from(bits >> shift & 0xffff).unwrap_or(0)).iter().sum();
        let exponent = ((sum - 131_070) * doublings) >> 16;
        let (whole, fraction) = (exponent >> 16, exponent & 0xffff);
        let scaled = i128::from(median) * i128::from(65_536 + fraction);
        let value = if whole >= 0 { scaled << whole.min(32) } else { scaled >> (-whole).min(63) };
        i64::try_from(value >> 16).unwrap_or(i64::MAX)
    }
}

/// Rounds a number from 0 up to so many significant digits; 0 leaves it as it is.
pub(crate) fn rounded(value: i64, significant_digits: u32) -> i64 {
    let digits = value.checked_ilog10().map_or(1, |power| power + 1);
    if significant_digits == 0 || digits <= significant_digits {
        return value;
    }
    let unit = 10_i64.pow(digits - significant_digits);
    value.saturating_add(unit / 2) / unit * unit
}

/// Seconds of a day.
pub(crate) const SECONDS_PER_DAY: i64 = 86_400;
/// Microseconds of a day.
pub(crate) const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_met() {
        let mut dice = Dice::new(1, 0);
        for (rate, low, high) in [(0.0, 0, 0), (0.1, 900, 1100), (0.5, 4800, 5200), (1.0, 10_000, 10_000)] {
            let count = (0..10_000).filter(|_| dice.happens(Chance::of(rate))).count();
            assert!((low..=high).contains(&count), "{rate}: {count}");
        }
        assert!(!(0..200).all(|_| dice.happens(Chance::of(1.0).scaled(5000))));
    }

    #[test]
    fn waiting_has_its_mean_and_scattering_its_median() {
        let mut dice = Dice::new(2, 0);
        let mean = (0..20_000).map(|_| dice.waiting(1_000_000)).sum::<i64>() / 20_000;
        assert!((980_000..1_100_000).contains(&mean), "{mean}");
        let mut amounts: Vec<i64> = (0..20_001).map(|_| dice.scattered(1_000_000, 2 << 16)).collect();
        amounts.sort_unstable();
        assert!((970_000..1_050_000).contains(&amounts[10_000]), "{}", amounts[10_000]);
        assert!(amounts[0] >= 62_500 && amounts[20_000] <= 16_000_000);
        assert!(amounts[20_000] > 8_000_000 && amounts[0] < 125_000);
    }

    #[test]
    fn rounding_keeps_the_leading_digits() {
        for (value, digits, expected) in [
            (123_456, 3, 123_000),
            (123_556, 3, 124_000),
            (999_999, 2, 1_000_000),
            (12, 3, 12),
            (0, 3, 0),
            (123_456, 0, 123_456),
        ] {
            assert_eq!(rounded(value, digits), expected, "{value} {digits}");
        }
    }
}
