//! Exact sums of money over currencies and days, rounded once.
//!
//! Amounts are multiplied by their rate and added as integers; nothing is rounded before [`Conversion::total`]
//! (invariant KPI-3), so that the order and grouping of the additions cannot change a total.

use std::cmp::Ordering;

use model::{Currency, Day, FxRate, Reference};

use crate::value::Absence;

/// The most fraction digits that a currency of ISO 4217 has.
const DIGITS_MAX: u32 = 4;

/// Rates of 1 have this value.
const ONE: i128 = 10_i128.pow(FxRate::SCALE);

/// So many parts, of which sums are exact, make a minor unit.
const PARTS: i128 = 10_i128.pow(FxRate::SCALE + DIGITS_MAX);

/// `whole + rest / unit` to the nearest integer, half to even; the rest is in `[0, unit)`.
fn nearest(whole: i128, rest: i128, unit: i128) -> Result<i128, Absence> {
    // Half to even depends on the parity of the whole.
    let is_up = match rest.cmp(&(unit - rest)) {
        Ordering::Less => false,
        Ordering::Equal => whole & 1 == 1,
        Ordering::Greater => true,
    };
    whole.checked_add(i128::from(is_up)).ok_or(Absence::OutOfRange)
}

/// A sum of amounts in any currencies, on the way to the reporting currency.
///
/// Sums of a billion of the largest amounts at a rate of 1 fit; what does not fit makes the total absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion {
    reporting: Currency,
    /// Sums of amount x rate, by the fraction digits of the amount's currency.
    products: [i128; DIGITS_MAX as usize + 1],
    /// The first reason, in their order, why the sum cannot be told.
    absence: Option<Absence>,
}

impl Conversion {
    /// A sum of nothing.
    #[must_use]
    pub const fn new(reporting: Currency) -> Self {
        Self { reporting, products: [0; DIGITS_MAX as usize + 1], absence: None }
    }

    /// The currency that amounts are converted to.
    #[must_use]
    pub const fn reporting(&self) -> Currency {
        self.reporting
    }

    /// Adds an amount in minor units at the rate that holds on the day; with no day, at the latest rate.
    pub fn add(&mut self, minor: i128, currency: Currency, day: Option<Day>, reference: &Reference) {
        if minor == 0 {
            return;
        }
        let rate = if currency == self.reporting {
            Some(ONE)
        } else {
            reference.rate(currency, day).map(i128::from)
        };
        let Some(rate) = rate else {
            let reporting = self.reporting;
            return self.fail(Absence::MissingRate { currency, day, reporting });
        };
        let digits = currency.fraction_digits().min(DIGITS_MAX);
        self.add_product(digits as usize, minor.checked_mul(rate));
    }

    /// Adds all of another sum to the same reporting currency.
    pub fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.reporting, other.reporting);
        for (digits, &product) in other.products.iter().enumerate() {
            self.add_product(digits, Some(product));
        }
        if let Some(absence) = other.absence {
            self.fail(absence);
        }
    }

    /// The sum in minor units of the reporting currency, rounded half to even.
    ///
    /// # Errors
    /// A rate that is missing for any of the amounts, or a sum that is too large.
    pub fn total(&self) -> Result<i128, Absence> {
        let (whole, rest) = self.exact()?;
        nearest(whole, rest, PARTS)
    }

    /// `part` of `of` of the sum, in minor units of the reporting currency, rounded half to even; both are not below 0, and
    /// `of` is above.
    ///
    /// # Errors
    /// As for the [total](Self::total).
    pub fn share(&self, part: i128, of: i128) -> Result<i128, Absence> {
        let (whole, rest) = self.exact()?;
        let product = whole.checked_mul(part).ok_or(Absence::OutOfRange)?;
        let (quotient, remainder) = (product.div_euclid(of), product.rem_euclid(of));
        let unit = PARTS.checked_mul(of);
        let rest = PARTS.checked_mul(remainder).zip(rest.checked_mul(part));
        let rest = rest.and_then(|(whole, rest)| whole.checked_add(rest));
        let (unit, rest) = unit.zip(rest).ok_or(Absence::OutOfRange)?;
        let carried = quotient.checked_add(rest.div_euclid(unit)).ok_or(Absence::OutOfRange)?;
        nearest(carried, rest.rem_euclid(unit), unit)
    }

    /// The sum in whole minor units, rounded down, and what is beyond them in [`PARTS`].
    fn exact(&self) -> Result<(i128, i128), Absence> {
        if let Some(absence) = self.absence {
            return Err(absence);
        }
        let mut whole: i128 = 0;
        // The parts stay below one minor unit each.
        let mut rest: i128 = 0;
        for (digits, &product) in (0_u32..).zip(&self.products) {
            let places = FxRate::SCALE + digits - self.reporting.fraction_digits();
            let divisor = 10_i128.pow(places);
            whole = whole.checked_add(product.div_euclid(divisor)).ok_or(Absence::OutOfRange)?;
            rest += product.rem_euclid(divisor) * 10_i128.pow(FxRate::SCALE + DIGITS_MAX - places);
        }
        let whole = whole.checked_add(rest.div_euclid(PARTS)).ok_or(Absence::OutOfRange)?;
        Ok((whole, rest.rem_euclid(PARTS)))
    }

    fn add_product(&mut self, digits: usize, product: Option<i128>) {
        match product.and_then(|product| self.products[digits].checked_add(product)) {
            Some(sum) => self.products[digits] = sum,
            None => self.fail(Absence::OutOfRange),
        }
    }

    /// The least of all reasons is kept, so that it does not depend on the order of additions.
    fn fail(&mut self, absence: Absence) {
        self.absence = Some(self.absence.map_or(absence, |earlier| earlier.min(absence)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::round_half_even;
    use model::{Calendar, ReferenceRecord};
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).unwrap()
    }

    fn rates(rates: &[(&str, i64, i32)]) -> Reference {
        let calendar = Calendar::new("UTC", 1).unwrap();
        let mut reference = Reference::default();
        for &(code, rate, day) in rates {
            let record = FxRate { currency: currency(code), rate, effective_from: Day(day) };
            reference.apply(ReferenceRecord::FxRate(record), &calendar).unwrap();
        }
        reference
    }

    #[test]
    fn amounts_are_converted_exactly_and_rounded_once() {
        let reference = rates(&[
            ("EUR", 1_085_000_000_000, 10),
            ("EUR", 1_500_000_000_000, 20),
            ("JPY", 6_543_210_987, 0),
            ("KWD", 3_250_000_000_000, 0),
            ("USD", 153_000_000_000_000, 0),
        ]);
        for (reporting, amounts, expected) in [
            ("USD", vec![(125_000, "USD", 0)], Ok(125_000)),
            ("USD", vec![(100, "EUR", 10)], Ok(108)),
            ("USD", vec![(300, "EUR", 10)], Ok(326)),
            ("USD", vec![(100, "EUR", 10), (100, "EUR", 10), (100, "EUR", 10)], Ok(326)),
            ("USD", vec![(1, "EUR", 20)], Ok(2)),
            ("USD", vec![(3, "EUR", 20)], Ok(4)),
            ("USD", vec![(-1, "EUR", 20)], Ok(-2)),
            ("USD", vec![(5, "EUR", 20), (-2, "EUR", 20)], Ok(4)),
            ("USD", vec![(1_000_000, "JPY", 0)], Ok(654_321)),
            ("USD", vec![(1_234, "KWD", 0)], Ok(401)),
            ("JPY", vec![(100, "USD", 0)], Ok(153)),
            ("USD", vec![(0, "CHF", 0), (7, "USD", 0)], Ok(7)),
            (
                "USD",
                vec![(1, "GBP", 30), (1, "EUR", 9), (1, "CHF", 5), (1, "CHF", 4)],
                Err(Absence::MissingRate {
                    currency: currency("CHF"),
                    day: Some(Day(4)),
                    reporting: currency("USD"),
                }),
            ),
            ("USD", vec![(i128::MAX, "USD", 0)], Err(Absence::OutOfRange)),
        ] {
            let mut sum = Conversion::new(currency(reporting));
            for &(minor, code, day) in &amounts {
                sum.add(minor, currency(code), Some(Day(day)), &reference);
            }
            assert_eq!(sum.total(), expected, "{amounts:?} in {reporting}");
        }
    }

    #[test]
    fn a_share_is_rounded_once() {
        let reference = rates(&[("EUR", 1_500_000_000_000, 0)]);
        // 4.5 x 1/3 and 3/9, where 4 x 1/3 would be 1; then halves to even, and below 0.
        for (minor, part, of, expected) in [
            (3, 1, 3, Ok(2)),
            (3, 3, 9, Ok(2)),
            (3, 0, 9, Ok(0)),
            (3, 7, 7, Ok(4)),
            (-3, 1, 3, Ok(-2)),
            (5, 1, 3, Ok(2)),
            (10_i128.pow(20), 1, 3, Ok(5 * 10_i128.pow(19))),
            (10_i128.pow(24), 10_i128.pow(20), 10_i128.pow(20), Err(Absence::OutOfRange)),
        ] {
            let mut sum = Conversion::new(currency("USD"));
            sum.add(minor, currency("EUR"), None, &reference);
            assert_eq!(sum.share(part, of), expected, "{minor} x {part} / {of}");
        }
    }

    proptest! {
        #[test]
        fn grouping_does_not_matter(amounts in prop::collection::vec((-10_i128.pow(15)..10_i128.pow(15), 0..4_usize, any::<bool>()), 0..30)) {
            let reference = rates(&[("EUR", 1_085_123_456_789, 0), ("JPY", 6_543_210_987, 0), ("KWD", 3_250_000_000_001, 0)]);
            let codes = ["USD", "EUR", "JPY", "KWD"].map(currency);
            let mut sums = [Conversion::new(codes[0]), Conversion::new(codes[0]), Conversion::new(codes[0])];
            // One rational over 10^16 of a cent: the plain reading of "exact, rounded once".
            let mut exact = 0_i128;
            for &(minor, code, first) in &amounts {
                let currency = codes[code];
                sums[usize::from(first)].add(minor, currency, None, &reference);
                sums[2].add(minor, currency, None, &reference);
                let rate = [ONE, 1_085_123_456_789, 6_543_210_987, 3_250_000_000_001][code];
                exact += minor * rate * 10_i128.pow(2 + 4 - currency.fraction_digits());
            }
            let [mut left, right, all] = sums;
            left.merge(&right);
            prop_assert_eq!(&left, &all);
            prop_assert_eq!(all.total(), Ok(round_half_even(exact, 10_i128.pow(16))));
        }
    }
}
