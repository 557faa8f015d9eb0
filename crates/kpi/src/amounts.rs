//! The sums of money of one scope and period, on the way to the reporting currency.

use std::collections::BTreeMap;

use model::{Currency, Day, Measure, Reference};

use crate::conversion::Conversion;
use crate::value::Absence;

/// A conversion for each measure of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amounts {
    reporting: Currency,
    /// By the measure in the reporting currency.
    sums: BTreeMap<Measure, Conversion>,
}

impl Amounts {
    /// No sums yet.
    #[must_use]
    pub const fn new(reporting: Currency) -> Self {
        Self { reporting, sums: BTreeMap::new() }
    }

    /// The currency that amounts are converted to.
    #[must_use]
    pub const fn reporting(&self) -> Currency {
        self.reporting
    }

    /// Adds minor units of the measure's own currency at the rate of a day, with no day at the latest; what is no money or
    /// 0 is passed over.
    pub fn add(&mut self, measure: Measure, minor: i128, day: Option<Day>, reference: &Reference) {
        if let Some(currency) = measure.currency()
            && minor != 0
        {
            self.change(measure, |sum| sum.add(minor, currency, day, reference));
        }
    }

    /// Adds all of other sums in the same reporting currency.
    pub fn merge(&mut self, other: &Self) {
        for (&measure, sum) in &other.sums {
            self.change(measure, |own| own.merge(sum));
        }
    }

    /// Changes a sum; what is 0 is not held, so that equal sums are equal values.
    fn change(&mut self, measure: Measure, change: impl FnOnce(&mut Conversion)) {
        let nothing = Conversion::new(self.reporting);
        let measure = measure.in_currency(self.reporting);
        let sum = self.sums.entry(measure).or_insert(nothing);
        change(sum);
        if *sum == nothing {
            self.sums.remove(&measure);
        }
    }

    /// The total of a measure, whatever currency it is asked in, in minor units of the reporting currency; 0 if nothing
    /// was added.
    ///
    /// # Errors
    /// As [`Conversion::total`].
    pub fn total(&self, measure: Measure) -> Result<i128, Absence> {
        self.sums.get(&measure.in_currency(self.reporting)).map_or(Ok(0), Conversion::total)
    }

    /// The exact sum of a measure, whatever currency it is asked in, on the way to the reporting currency.
    #[must_use]
    pub fn exact(&self, measure: Measure) -> Conversion {
        let sum = self.sums.get(&measure.in_currency(self.reporting));
        sum.copied().unwrap_or(Conversion::new(self.reporting))
    }

    /// The total of several measures, rounded once.
    ///
    /// # Errors
    /// As [`Conversion::total`].
    pub fn total_of(&self, measures: impl Iterator<Item = Measure>) -> Result<i128, Absence> {
        let mut all = Conversion::new(self.reporting);
        measures
            .filter_map(|measure| self.sums.get(&measure.in_currency(self.reporting)))
            .for_each(|sum| all.merge(sum));
        all.total()
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }
}
