//! How evenly the work lies on the reps of all territories: the index of each, and the dispersion.
//!
//! With `x` the load of a territory in a component (open amount, open deals, activity time), `X` that of all territories with
//! reps, `r` its reps and `R` all of theirs:
//!
//! ```text
//! index      = sum over components of weight x (x / r) / (X / R) / sum of weights
//! dispersion = sum over pairs i, j of |index i - index j| / (2 n x sum of indexes)        (Gini, n territories)
//! ```
//!
//! Since `R`, `X` and the weights are the same for all, a territory's index is its share of the work divided by its share
//! of the reps. The shares here are integers over one common sum, so nothing is rounded on the way (KPI-1), and what does
//! not fit 128 bits is absent. Work in territories without reps is on nobody: it is no part of `X`.

mod arithmetic;
mod load;
mod moves;
#[cfg(test)]
mod tests;

use crate::value::{Absence, Value, Verdict, round_half_even};
use arithmetic::{greatest_divisor, least_multiple, sum};

pub use load::{BalanceWeights, Component, Load};
pub use moves::{Change, Move};

/// Indexes are told in such parts of one, rounded half to even.
const PARTS: i128 = 1_000_000;

/// What nothing can be divided by when there is no work.
const WORK: &str = "open deals or tracked minutes";

/// The work of all territories and who does it. A territory is named by its place in the list that this is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    loads: Vec<Load>,
    weights: BalanceWeights,
    within_percent: u32,
    left_out: Vec<(Component, Absence)>,
    shares: Result<Shares, Absence>,
}

/// How the work is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shares {
    /// The share of each place, in parts of `all`; 0 of those without reps.
    of: Vec<i128>,
    /// The sum of them, above 0.
    all: i128,
    /// The reps of all places, above 0.
    reps: i128,
}

/// What a scope's KPIs say of the balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balanced {
    /// The index, 1 at the company's mean: of quotients that add up, the load in reps' worth over the reps.
    pub index: Result<Value, Absence>,
    /// What the index means.
    pub verdict: Option<Verdict>,
    /// The dispersion over the territories of the scope.
    pub dispersion: Result<Value, Absence>,
}

impl Balance {
    /// Divides the work. Components that nobody has work in, or whose sum is not known, are left out, and the others
    /// weigh as much more. An index that is further from 1 than so many percent is flagged. Cost: a few passes.
    #[must_use]
    pub fn new(loads: Vec<Load>, weights: BalanceWeights, within_percent: u32) -> Self {
        let mut left_out = Vec::new();
        let shares = Shares::new(&loads, weights, &mut left_out);
        Self { loads, weights, within_percent, left_out, shares }
    }

    /// The loads, by place.
    #[must_use]
    pub fn loads(&self) -> &[Load] {
        &self.loads
    }

    /// The components that have a weight and do not count, with the reason.
    #[must_use]
    pub fn left_out(&self) -> &[(Component, Absence)] {
        &self.left_out
    }

    /// What is told of one territory.
    #[must_use]
    pub fn of_territory(&self, place: usize) -> Balanced {
        let dispersion = Err(Absence::NotToldHere("the company and of regions"));
        Balanced { index: self.index(&[place]), verdict: self.verdict(&[place]), dispersion }
    }

    /// What is told of a region: the index of its territories taken as one, and the dispersion among them.
    #[must_use]
    pub fn of_region(&self, places: &[usize]) -> Balanced {
        let (index, verdict) = (self.index(places), self.verdict(places));
        Balanced { index, verdict, dispersion: self.dispersion(places.iter().copied()) }
    }

    /// What is told of the company, whose own index is 1 by definition.
    #[must_use]
    pub fn of_company(&self) -> Balanced {
        let index = Err(Absence::NotToldHere("territories and regions"));
        Balanced { index, verdict: None, dispersion: self.dispersion(0..self.loads.len()) }
    }

    /// A territory's load in one component by rep, against the company's mean.
    ///
    /// # Errors
    /// Without reps, without work of the kind anywhere, or with an amount that is not known.
    pub fn component(&self, place: usize, component: Component) -> Result<Value, Absence> {
        let single = BalanceWeights::only(component);
        let shares = Shares::new(&self.loads, single, &mut Vec::new())?;
        shares.index(&self.loads, &[place])
    }

    fn index(&self, places: &[usize]) -> Result<Value, Absence> {
        self.shares.as_ref().map_err(|&absence| absence)?.index(&self.loads, places)
    }

    fn verdict(&self, places: &[usize]) -> Option<Verdict> {
        let exact = self.shares.as_ref().ok()?.exact(&self.loads, places).ok()?;
        let within = i128::from(self.within_percent);
        let against = |percent| exact.compare(Value::Quotient { numerator: percent, denominator: 100 });
        Some(if against(100 + within).is_gt() {
            Verdict::Overloaded
        } else if against(100 - within).is_lt() {
            Verdict::Underloaded
        } else {
            Verdict::Balanced
        })
    }

    /// Whether no territory is flagged.
    fn is_even(&self) -> bool {
        let verdicts = (0..self.loads.len()).filter_map(|place| self.verdict(&[place]));
        verdicts.into_iter().all(|verdict| verdict == Verdict::Balanced)
    }

    fn dispersion(&self, places: impl Iterator<Item = usize>) -> Result<Value, Absence> {
        let shares = self.shares.as_ref().map_err(|&absence| absence)?;
        let served = places.filter_map(|place| {
            let reps = i128::from(self.loads[place].reps);
            (reps > 0).then_some((shares.of[place], reps))
        });
        let served: Vec<(i128, i128)> = served.collect();
        if served.is_empty() {
            return Err(Absence::NoReps);
        }
        gini(&served)
    }
}

/// The dispersion of quotients that are not below 0. What they have in common cancels out.
fn gini(quotients: &[(i128, i128)]) -> Result<Value, Absence> {
    let common = quotients.iter().try_fold(1, |common, &(_, reps)| least_multiple(common, reps));
    let common = common.ok_or(Absence::OutOfRange)?;
    let scaled = quotients.iter().map(|&(share, reps)| share.checked_mul(common / reps));
    let mut scaled: Vec<i128> = scaled.collect::<Option<_>>().ok_or(Absence::OutOfRange)?;
    scaled.sort_unstable();
    let count = scaled.len() as i128;
    // In ascending order, the one with k below it and l above it adds k times itself to half the sum over pairs, and
    // takes l times itself from it.
    let signed = (0..).zip(&scaled).map(|(below, &value)| value.checked_mul(2 * below + 1 - count));
    let half_of_pairs = sum(signed).ok_or(Absence::OutOfRange)?;
    let all = sum(scaled.iter().copied().map(Some)).and_then(|all| all.checked_mul(count));
    let all = all.ok_or(Absence::OutOfRange)?;
    if all == 0 {
        return Err(Absence::NothingToDivideBy(WORK));
    }
    let divisor = greatest_divisor(half_of_pairs, all);
    Ok(Value::Coefficient { numerator: half_of_pairs / divisor, denominator: all / divisor })
}

impl Shares {
    fn new(
        loads: &[Load],
        weights: BalanceWeights,
        left_out: &mut Vec<(Component, Absence)>,
    ) -> Result<Self, Absence> {
        let reps = loads.iter().map(|load| i128::from(load.reps)).sum();
        if reps == 0 {
            return Err(Absence::NoReps);
        }
        let mut parts: Vec<(i128, Vec<i128>, i128)> = Vec::new();
        for component in Component::ALL {
            let weight = i128::from(weights.of(component));
            if weight == 0 {
                continue;
            }
            match divided(loads, component) {
                Ok((of, all)) => parts.push((weight, of, all)),
                Err(absence) => left_out.push((component, absence)),
            }
        }
        if parts.is_empty() {
            let is_gone = |absence: &Absence| !matches!(absence, Absence::NothingToDivideBy(_));
            let unknown = left_out.iter().map(|&(_, absence)| absence).find(is_gone);
            return Err(unknown.unwrap_or(Absence::NothingToDivideBy(WORK)));
        }
        // weight x of / all, over one denominator: the product of all `all`.
        let product = |but: usize| {
            let others = parts.iter().enumerate().filter(|&(number, _)| number != but);
            others.map(|(_, &(_, _, all))| all).try_fold(1_i128, i128::checked_mul)
        };
        let mut of = vec![0_i128; loads.len()];
        for (number, (weight, own, _)) in parts.iter().enumerate() {
            let factor = product(number).and_then(|product| product.checked_mul(*weight));
            let factor = factor.ok_or(Absence::OutOfRange)?;
            for (share, &own) in of.iter_mut().zip(own) {
                let own = own.checked_mul(factor);
                *share = own.and_then(|own| share.checked_add(own)).ok_or(Absence::OutOfRange)?;
            }
        }
        let all = reduce(&mut of).ok_or(Absence::OutOfRange)?;
        Ok(Self { of, all, reps })
    }

    /// The index of some places taken as one, exactly.
    fn exact(&self, loads: &[Load], places: &[usize]) -> Result<Value, Absence> {
        let (load, reps) = self.load_and_reps(loads, places)?;
        let denominator = self.all.checked_mul(reps).ok_or(Absence::OutOfRange)?;
        Ok(Value::Quotient { numerator: load, denominator })
    }

    /// The same as it is told: the load in [`PARTS`] of what one rep has on average, over the reps in the same parts.
    fn index(&self, loads: &[Load], places: &[usize]) -> Result<Value, Absence> {
        let (load, reps) = self.load_and_reps(loads, places)?;
        // Whole and rest apart, so that less does not fit.
        let rest = load.rem_euclid(self.all).checked_mul(PARTS).ok_or(Absence::OutOfRange)?;
        let whole = load.div_euclid(self.all).checked_mul(PARTS).ok_or(Absence::OutOfRange)?;
        let numerator = whole + round_half_even(rest, self.all);
        Ok(Value::Quotient { numerator, denominator: reps * PARTS })
    }

    /// The load times all reps, in parts of `all`, and the reps, which are not 0.
    fn load_and_reps(&self, loads: &[Load], places: &[usize]) -> Result<(i128, i128), Absence> {
        let reps = places.iter().map(|&place| i128::from(loads[place].reps)).sum();
        if reps == 0 {
            return Err(Absence::NoReps);
        }
        let load = sum(places.iter().map(|&place| Some(self.of[place])));
        let load = load.and_then(|load| load.checked_mul(self.reps)).ok_or(Absence::OutOfRange)?;
        Ok((load, reps))
    }
}

/// The loads of the places that have reps, without what they have all in common, and their sum.
fn divided(loads: &[Load], component: Component) -> Result<(Vec<i128>, i128), Absence> {
    let of = loads.iter().map(|load| if load.reps == 0 { Ok(0) } else { load.work(component) });
    let mut of = of.collect::<Result<Vec<i128>, Absence>>()?;
    match reduce(&mut of) {
        Some(0) => Err(Absence::NothingToDivideBy(component.nothing())),
        Some(all) => Ok((of, all)),
        None => Err(Absence::OutOfRange),
    }
}

/// Divides all numbers by their greatest common divisor and gives their sum: amounts are mostly in whole hundreds and
/// times in whole minutes, and what is smaller can be multiplied further.
fn reduce(numbers: &mut [i128]) -> Option<i128> {
    let divisor = numbers.iter().fold(0, |divisor, &number| greatest_divisor(divisor, number)).max(1);
    numbers.iter_mut().for_each(|number| *number /= divisor);
    sum(numbers.iter().copied().map(Some))
}
