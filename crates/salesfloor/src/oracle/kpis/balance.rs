//! How evenly the work lies on the territories.

use std::collections::BTreeSet;

use model::{PeriodKind, ReferenceRecord};

use super::asked::Asked;
use super::money::rounded;
use super::organisation::{Scope, is_region, with_those_above, works_on};
use super::pipeline::all_amounts;
use super::{Answer, Number};

/// In how many parts of a rep work is told.
const PARTS: i128 = 1_000_000;

/// A territory and its work.
struct Territory {
    id: String,
    reps: i128,
    /// Open amount (none if an exchange rate is missing), open deals, and seconds of activities.
    work: [Option<i128>; 3],
}

/// A number as a quotient of integers.
type Fraction = (i128, i128);

/// All territories and regions that anything names.
fn all_ids<'a>(asked: &'a Asked<'a>) -> BTreeSet<&'a str> {
    let records = asked.setting.records.iter().filter_map(|record| match record {
        ReferenceRecord::Territory(territory) => Some(territory.territory_id.as_str()),
        _ => None,
    });
    let books = asked.books;
    let deals = books.deals.iter().map(|deal| &deal.created);
    let closed = asked.all_closed().map(|(_, closed)| &closed.mark);
    let entered = books.deals.iter().flat_map(|deal| &deal.visits).map(|visit| &visit.entered);
    let left = asked.all_left().map(|(_, left)| &left.mark);
    let activities = books.activities.iter().map(|activity| &activity.mark);
    let flows = books.flows.iter().map(|flowed| &flowed.mark);
    let open = asked.all_open().map(|open| &open.mark);
    let marks = deals.chain(closed).chain(entered).chain(left).chain(activities).chain(flows).chain(open);
    records.chain(marks.map(|mark| mark.territory_id.as_str())).collect()
}

fn territory(asked: &Asked<'_>, id: &str) -> Territory {
    let at_home = asked.setting.records.iter().filter(|record| match record {
        ReferenceRecord::Rep(rep) => rep.territory_id.as_deref() == Some(id) && works_on(rep, asked.today()),
        _ => false,
    });
    let reps = super::count(at_home);
    let scope = Scope::Territory(id.to_owned());
    let here = asked.of_scope(&scope);
    let month = asked.setting.calendar.period_of(PeriodKind::Month, asked.today());
    let seconds = [month, month.previous()].map(|month| {
        here.of_period(Some(month)).activities().map(|activity| i128::from(activity.seconds)).sum::<i128>()
    });
    let open_amount = here.converted(&all_amounts(&here)).map(|amount| amount.max(0));
    let work = [open_amount, Some(super::count(here.open())), Some(seconds.iter().sum())];
    Territory { id: id.to_owned(), reps, work }
}

/// The territories that have reps; a region is one if there is work in it.
fn served(asked: &Asked<'_>) -> Vec<Territory> {
    let all = all_ids(asked).into_iter().map(|id| territory(asked, id));
    let has_work = |territory: &Territory| territory.work.iter().any(|work| *work != Some(0));
    let is_one =
        |territory: &Territory| !is_region(asked.setting.records, &territory.id) || has_work(territory);
    all.filter(|territory| territory.reps > 0 && is_one(territory)).collect()
}

/// The components that count: weight, place and the work of all. With their places.
fn components(asked: &Asked<'_>, all: &[Territory]) -> Vec<(i128, usize, i128)> {
    let weights = asked.setting.thresholds.balance_weights;
    let component = |(place, weight): (usize, i128)| {
        let work: Option<Vec<i128>> = all.iter().map(|territory| territory.work[place]).collect();
        let sum: i128 = work?.iter().sum();
        (weight > 0 && sum > 0).then_some((weight, place, sum))
    };
    weights.into_iter().enumerate().filter_map(|(place, weight)| component((place, weight))).collect()
}

/// The weighted mean of the shares that some territories have of the work, from 0 to 1.
fn share(components: &[(i128, usize, i128)], some: &[&Territory]) -> Option<Fraction> {
    let weights: i128 = components.iter().map(|(weight, ..)| weight).sum();
    let common: i128 = components.iter().map(|(_, _, sum)| sum).product();
    let of = |&(weight, place, sum): &(i128, usize, i128)| {
        let work: i128 = some.iter().filter_map(|territory| territory.work[place]).sum();
        weight * work * (common / sum)
    };
    (weights > 0).then(|| (components.iter().map(of).sum(), weights * common))
}

/// The territories of the scope that have reps.
fn within<'t>(asked: &Asked<'_>, all: &'t [Territory]) -> Vec<&'t Territory> {
    let is_within = |territory: &&Territory| match asked.scope {
        Scope::Company => true,
        Scope::Region(id) => with_those_above(asked.setting.records, &territory.id).contains(id.as_str()),
        Scope::Territory(id) => territory.id == *id,
        Scope::Team(_) | Scope::Rep(_) => false,
    };
    all.iter().filter(is_within).collect()
}

fn reps(territories: &[&Territory]) -> i128 {
    territories.iter().map(|territory| territory.reps).sum()
}

pub(super) fn territory_balance(asked: &Asked<'_>) -> Answer {
    if !matches!(asked.scope, Scope::Region(_) | Scope::Territory(_)) {
        return Answer::default();
    }
    let all = served(asked);
    let all_reps = reps(&all.iter().collect::<Vec<_>>());
    let own = within(asked, &all);
    let own_reps = reps(&own);
    let Some((part, whole)) = share(&components(asked, &all), &own).filter(|_| own_reps > 0) else {
        return Answer::default();
    };
    // index = share of the work x all reps / own reps
    let (above, below) = (part * all_reps, whole * own_reps);
    let within = asked.setting.thresholds.balance_within;
    let verdict = if above * 100 > (100 + within) * below {
        "overloaded"
    } else if above * 100 < (100 - within) * below {
        "underloaded"
    } else {
        "balanced"
    };
    let told = rounded(part * all_reps * PARTS, whole);
    Answer::of(Some(Number::Ratio(told, own_reps * PARTS))).judged(Some(verdict))
}

pub(super) fn territory_dispersion(asked: &Asked<'_>) -> Answer {
    if !matches!(asked.scope, Scope::Company | Scope::Region(_)) {
        return Answer::default();
    }
    let all = served(asked);
    let components = components(asked, &all);
    let own = within(asked, &all);
    // Indexes in common parts: share / reps, times the product of all reps.
    let product: i128 = own.iter().map(|territory| territory.reps).product();
    let indexes: Option<Vec<i128>> = own
        .iter()
        .map(|territory| Some(share(&components, &[territory])?.0 * (product / territory.reps)))
        .collect();
    let Some(indexes) = indexes.filter(|indexes| !indexes.is_empty()) else { return Answer::default() };
    let sum: i128 = indexes.iter().sum();
    let differences: i128 =
        indexes.iter().flat_map(|one| indexes.iter().map(move |other| (one - other).abs())).sum();
    let pairs = super::count(&indexes) * sum * 2;
    Answer::of((sum > 0).then_some(Number::Exact(differences, pairs)))
}
