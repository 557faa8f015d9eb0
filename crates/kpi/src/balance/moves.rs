//! What would even the work out: moves of one rep, or of some deals, from one territory to another.
//!
//! Greedy: of the moves between the territories at either end, the one that lowers the dispersion most is taken, up to
//! [`MOVES_MAX`] times, for as long as a territory is flagged and a move lowers the dispersion noticeably. A territory that
//! gives does not take, nor the other way round. Each figure is that of a [`Balance`] made from the changed loads, so what
//! a move promises is what the definition gives once it is done.
//!
//! Cost: at most [`MOVES_MAX`] x [`ENDS`]^2 balances for reps, for deals once more for each binary digit of how many are open.

use std::cmp::Ordering;

use super::{Balance, Balanced, Load};
use crate::value::{Absence, Value, round_half_even};

/// How many moves are suggested at most.
const MOVES_MAX: usize = 3;
/// How many of the most and of the least loaded territories are looked at.
const ENDS: usize = 6;

/// What goes from one territory to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// One rep; the work stays.
    Rep,
    /// Some open deals of the average size of where they come from.
    Deals {
        /// How many; above 0.
        count: i128,
        /// What they are worth in minor units of the reporting currency; what is not known stays so.
        amount: Result<i128, Absence>,
    },
}

/// One suggestion. Those of a list follow one another: each begins where the one before it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// What moves.
    pub change: Change,
    /// The place that it leaves.
    pub from: usize,
    /// The place that it goes to.
    pub to: usize,
    /// The indexes of both places before.
    pub before: [Result<Value, Absence>; 2],
    /// The indexes of both places after.
    pub after: [Result<Value, Absence>; 2],
    /// The dispersion of the company before.
    pub dispersion_before: Value,
    /// The dispersion of the company after.
    pub dispersion_after: Value,
}

impl Balance {
    /// Which reps to move: from where they have little to do to where there is much. Nobody is the last to leave a
    /// territory, and none is sent where nobody is.
    #[must_use]
    pub fn rep_moves(&self) -> Vec<Move> {
        let has_one_to_spare = |load: &Load| load.reps > 1;
        greedy(self, has_one_to_spare, |_, least, most| {
            Some(Candidate { change: Change::Rep, from: least, to: most })
        })
    }

    /// Which deals to move instead: from where there is much to do to where there is little, as many as can go before
    /// either has the company's mean.
    #[must_use]
    pub fn deal_moves(&self) -> Vec<Move> {
        greedy(
            self,
            |_| true,
            |balance, least, most| {
                let (mut fit, mut too_many) = (0, balance.loads[most].open_deals.max(0) + 1);
                while too_many - fit > 1 {
                    let count = fit + (too_many - fit) / 2;
                    let candidate = Candidate { change: balance.deals(most, count), from: most, to: least };
                    let moved = balance.after(candidate);
                    let fits = moved.against_mean(most)?.is_ge() && moved.against_mean(least)?.is_le();
                    (fit, too_many) = if fits { (count, too_many) } else { (fit, count) };
                }
                (fit > 0).then(|| Candidate { change: balance.deals(most, fit), from: most, to: least })
            },
        )
    }

    /// So many deals of a place, of average size.
    fn deals(&self, place: usize, count: i128) -> Change {
        let Load { open_amount, open_deals, .. } = self.loads[place];
        let amount = open_amount.and_then(|amount| {
            let product = amount.checked_mul(count).ok_or(Absence::OutOfRange)?;
            Ok(round_half_even(product, open_deals))
        });
        Change::Deals { count, amount }
    }

    fn after(&self, Candidate { change, from, to }: Candidate) -> Self {
        let mut loads = self.loads.clone();
        match change {
            Change::Rep => {
                loads[from].reps -= 1;
                loads[to].reps += 1;
            }
            Change::Deals { count, amount } => {
                for (place, sign) in [(from, -1), (to, 1)] {
                    let load = &mut loads[place];
                    load.open_deals += sign * count;
                    load.open_amount = load.open_amount.and_then(|own| Ok(own + sign * amount?));
                }
            }
        }
        Self::new(loads, self.weights, self.within_percent)
    }

    fn against_mean(&self, place: usize) -> Option<Ordering> {
        let exact = self.shares.as_ref().ok()?.exact(&self.loads, &[place]).ok()?;
        Some(exact.compare(Value::Whole(1)))
    }

    /// The places that have reps, the least loaded one first.
    fn ascending(&self) -> Vec<usize> {
        let exact = |place| Some((self.shares.as_ref().ok()?.exact(&self.loads, &[place]).ok()?, place));
        let mut places: Vec<(Value, usize)> = (0..self.loads.len()).filter_map(exact).collect();
        places.sort_unstable_by(|left, right| left.0.compare(right.0).then(left.1.cmp(&right.1)));
        places.into_iter().map(|(_, place)| place).collect()
    }
}

/// A move that may be worth it.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    change: Change,
    from: usize,
    to: usize,
}

/// `candidate` makes a move between two places, of which the first has less to do than the second and `may` take part.
fn greedy(
    start: &Balance,
    may: impl Fn(&Load) -> bool,
    candidate: impl Fn(&Balance, usize, usize) -> Option<Candidate>,
) -> Vec<Move> {
    let mut moves: Vec<Move> = Vec::new();
    let mut current = start.clone();
    let served = start.loads.iter().filter(|load| load.reps > 0).count();
    while moves.len() < MOVES_MAX && !current.is_even() {
        let Ok(dispersion_before) = current.of_company().dispersion else { break };
        let is_turned_back =
            |next: &Candidate| moves.iter().any(|earlier| earlier.from == next.to || earlier.to == next.from);
        let candidates = pairs(&current, &may).into_iter();
        let candidates = candidates
            .filter_map(|(least, most)| candidate(&current, least, most))
            .filter(|next| !is_turned_back(next));
        let outcomes = candidates.filter_map(|next| {
            let after = current.after(next);
            let dispersion = after.of_company().dispersion.ok()?;
            Some((next, after, dispersion))
        });
        // The first by place of those that are equally good.
        let best = outcomes.min_by(|(left, _, of_left), (right, _, of_right)| {
            of_left.compare(*of_right).then((left.from, left.to).cmp(&(right.from, right.to)))
        });
        let Some((Candidate { change, from, to }, after, dispersion_after)) = best else { break };
        if !is_noticeable(dispersion_before, dispersion_after, served) {
            break;
        }
        let indexes = |balance: &Balance| [from, to].map(|place| balance.of_territory(place)).map(index);
        let (before, after_it) = (indexes(&current), indexes(&after));
        moves.push(Move { change, from, to, before, after: after_it, dispersion_before, dispersion_after });
        current = after;
    }
    moves
}

const fn index(balanced: Balanced) -> Result<Value, Absence> {
    balanced.index
}

/// Places below the company's mean, each with those above it, as far as they are at the ends.
fn pairs(balance: &Balance, may: impl Fn(&Load) -> bool) -> Vec<(usize, usize)> {
    let ascending = balance.ascending();
    let is = |place: &usize, order| balance.against_mean(*place) == Some(order);
    let least =
        ascending.iter().copied().filter(|place| is(place, Ordering::Less) && may(&balance.loads[*place]));
    let most = ascending.iter().rev().copied().filter(|place| is(place, Ordering::Greater));
    let most: Vec<usize> = most.take(ENDS).collect();
    least.take(ENDS).flat_map(|least| most.iter().map(move |&most| (least, most))).collect()
}

/// Whether a move is worth that anybody makes it. Of many territories two can change the dispersion but little, so less is
/// asked of it the more there are: a hundredth of two territories, a thousandth of twenty.
fn is_noticeable(before: Value, after: Value, territories: usize) -> bool {
    let (numerator, denominator) = before.fraction();
    let parts = 50 * territories as i128;
    let bound = match numerator.checked_mul(parts).zip(denominator.checked_mul(parts)) {
        Some((numerator, of_parts)) => (numerator - denominator, of_parts),
        // Of numbers that large, less than one does not matter.
        None => (numerator - denominator / parts, denominator),
    };
    after.compare(Value::Coefficient { numerator: bound.0, denominator: bound.1 }).is_le()
}
