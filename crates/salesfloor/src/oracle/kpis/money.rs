//! Conversion to the reporting currency: exact until it is rounded, once.

use std::collections::BTreeMap;

use model::{Currency, Day, FxRate, ReferenceRecord};

use super::Answer;
use super::asked::Asked;
use super::books::Share;

/// Amounts of a day.
pub(super) type Amounts = Vec<(Currency, Day, i128)>;

/// In how many parts of a minor unit converted money is exact: a rate has 12 digits, a currency up to 4.
pub(super) const PARTS: i128 = 10_i128.pow(FxRate::SCALE + 4);

/// To the nearest integer, half to even; the denominator is above 0.
pub(super) fn rounded(numerator: i128, denominator: i128) -> i128 {
    let below = numerator.div_euclid(denominator);
    let twice_the_rest = 2 * numerator.rem_euclid(denominator);
    if twice_the_rest > denominator || (twice_the_rest == denominator && below % 2 != 0) {
        below + 1
    } else {
        below
    }
}

impl Asked<'_> {
    /// What one unit is worth on a day, times 10^12.
    fn rate(&self, currency: Currency, day: Day) -> Option<i128> {
        if currency == self.setting.reporting {
            return Some(10_i128.pow(FxRate::SCALE));
        }
        let rates = self.setting.records.iter().filter_map(|record| match record {
            ReferenceRecord::FxRate(rate) if rate.currency == currency && rate.effective_from <= day => {
                Some(rate)
            }
            _ => None,
        });
        rates.max_by_key(|rate| rate.effective_from).map(|rate| rate.rate.into())
    }

    /// The sum of amounts, each at the rate of its day, in [`PARTS`] of a minor unit; none if a rate is missing. What
    /// adds up to nothing needs no rate.
    pub(super) fn converted_exactly(&self, amounts: &Amounts) -> Option<i128> {
        let mut sums = BTreeMap::new();
        for &(currency, day, minor) in amounts {
            *sums.entry((currency, day)).or_insert(0) += minor;
        }
        let reporting_digits = self.setting.reporting.fraction_digits();
        let mut total = 0;
        for ((currency, day), minor) in sums {
            if minor != 0 {
                let digits = reporting_digits + 4 - currency.fraction_digits();
                total += minor * self.rate(currency, day)? * 10_i128.pow(digits);
            }
        }
        Some(total)
    }

    /// The same in whole minor units.
    pub(super) fn converted(&self, amounts: &Amounts) -> Option<i128> {
        self.converted_exactly(amounts).map(|parts| rounded(parts, PARTS))
    }

    /// The scope's part of shares, at the rates of a day.
    pub(super) fn own<'s>(&self, shares: impl IntoIterator<Item = &'s Share>, day: Day) -> Amounts {
        let own = shares.into_iter().filter(|share| self.covers_share(share));
        own.map(|share| (share.currency, day, share.minor)).collect()
    }
}

/// The amounts by currency, whatever their days; those that are not 0.
pub(super) fn by_currency(amounts: &Amounts) -> BTreeMap<Currency, i128> {
    let mut sums = BTreeMap::new();
    for &(currency, _, minor) in amounts {
        *sums.entry(currency).or_insert(0) += minor;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

impl Answer {
    /// A sum of money.
    pub(super) fn money(asked: &Asked<'_>, amounts: &Amounts) -> Self {
        let value = asked.converted(amounts).map(super::Number::Sum);
        Self { by_currency: by_currency(amounts), ..Self::of(value) }
    }
}
