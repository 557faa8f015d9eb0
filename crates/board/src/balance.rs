//! How evenly the work lies on the territories: who works where, what there is to do, and what would even it out.
//!
//! A territory that takes part has work of its own, or is named by the reference records and none is below it, or is home to
//! somebody and no region. The definition is `kpi`'s; this brings the loads.

use std::collections::BTreeMap;
use std::sync::Arc;

use kpi::{Absence, Balance, BalanceWeights, Balanced, Component, Load, Move, Value};
use model::{Day, Measure, Period, PeriodKind, Tally, Timestamp};

use crate::board::Board;
use crate::organisation::Organisation;
use crate::table::{Copied, PeriodSlot, SumKey};
use crate::view::{Beside, Scope, ScopeTally, View};

/// How the work lies on the territories, and what would even it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerritoryBalance {
    /// What each kind of work counts.
    pub weights: BalanceWeights,
    /// A territory whose index is within so many percent of 1 is balanced.
    pub within_percent: u32,
    /// The months whose activities count, in order.
    pub months: [Period; 2],
    /// In order of id; moves name them by their place here.
    pub territories: Vec<BalancedTerritory>,
    /// How unevenly the work lies on those with reps.
    pub dispersion: Result<Value, Absence>,
    /// The kinds of work that do not count, with the reason.
    pub left_out: Vec<(Component, Absence)>,
    /// How many reps who work today are at home in none of the territories.
    pub reps_elsewhere: usize,
    /// Reps to move, one after the other.
    pub rep_moves: Vec<SuggestedMove>,
    /// Deals to move instead, one after the other.
    pub deal_moves: Vec<SuggestedMove>,
}

/// A territory and the work in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalancedTerritory {
    /// Its id.
    pub id: Arc<str>,
    /// The name to show.
    pub name: Arc<str>,
    /// What there is to do, and how many do it.
    pub load: Load,
    /// How that compares.
    pub balanced: Balanced,
    /// How it compares in each kind of work alone, in the order of [`Component::ALL`].
    pub components: [Result<Value, Absence>; 3],
}

/// A move, and who it is that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuggestedMove {
    /// What moves from where to where, and what that changes.
    pub step: Move,
    /// The rep, if one moves: of those at home there the one who leaves the fewest open deals behind, then the smallest
    /// amount.
    pub rep: Option<MovedRep>,
}

/// A rep who moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedRep {
    /// The id.
    pub id: Arc<str>,
    /// The name to show.
    pub name: Arc<str>,
    /// What is left behind in the territory: others have to take it over.
    pub left_behind: Load,
}

/// The territories that take part and their loads, by place in order of id.
pub(crate) struct Gathered {
    /// Indexes into the organisation's territories.
    places: Vec<usize>,
    /// Indexes into the organisation's reps of those at home, by place.
    homes: Vec<Vec<usize>>,
    /// By the organisation's reps: the open deals that each has at home.
    at_home: Vec<Tally>,
    reps_elsewhere: usize,
    balance: Balance,
}

impl Board {
    /// How evenly the work lies on the territories. Cost: one pass each over the tables of what stands now, of the current
    /// and of the previous month, and what `kpi` says of moves.
    #[must_use]
    pub fn territory_balance(&self, now: Timestamp) -> TerritoryBalance {
        let standing = self.copy(PeriodSlot::Standing);
        let organisation = self.organisation();
        let Gathered { places, mut homes, at_home, reps_elsewhere, balance } =
            self.gather_balance(&organisation, &standing, now);
        let territory = |(place, &index): (usize, &usize)| BalancedTerritory {
            id: Arc::clone(&organisation.territories[index].id),
            name: Arc::clone(&organisation.territories[index].name),
            load: balance.loads()[place],
            balanced: balance.of_territory(place),
            components: Component::ALL.map(|component| balance.component(place, component)),
        };
        let today = self.calendar().day_of(now);
        let left_behind = |rep: usize| self.load(1, &at_home[rep], 0, today, &organisation);
        let moved = |step: Move| {
            let leaves_least = |&rep: &usize| {
                let Load { open_deals, open_amount, .. } = left_behind(rep);
                (open_deals, open_amount, &organisation.reps[rep].id)
            };
            let home = &mut homes[step.from];
            let chosen = home.iter().copied().min_by_key(leaves_least);
            home.retain(|&rep| Some(rep) != chosen);
            let rep = chosen.map(|rep| MovedRep {
                id: Arc::clone(&organisation.reps[rep].id),
                name: Arc::clone(&organisation.reps[rep].name),
                left_behind: left_behind(rep),
            });
            SuggestedMove { step, rep }
        };
        TerritoryBalance {
            weights: self.thresholds().balance_weights,
            within_percent: self.thresholds().balance_within_percent,
            months: self.balance_months(now),
            territories: places.iter().enumerate().map(territory).collect(),
            dispersion: balance.of_company().dispersion,
            left_out: balance.left_out().to_vec(),
            reps_elsewhere,
            rep_moves: balance.rep_moves().into_iter().map(moved).collect(),
            deal_moves: balance
                .deal_moves()
                .into_iter()
                .map(|step| SuggestedMove { step, rep: None })
                .collect(),
        }
    }

    /// Gathers the loads from a copy of what stands now and from the activities of two months.
    pub(crate) fn gather_balance(
        &self,
        organisation: &Organisation,
        standing: &Copied,
        now: Timestamp,
    ) -> Gathered {
        let today = self.calendar().day_of(now);
        let territories = &organisation.territories;
        let working = organisation.reps.iter().map(|rep| rep.home.as_deref().filter(|_| rep.works_on(today)));
        let homes_of: Vec<Option<&str>> = working.collect();
        let mut tallies = vec![Tally::default(); territories.len()];
        let mut at_home = vec![Tally::default(); organisation.reps.len()];
        for &(SumKey { rep, territory, measure }, value) in standing.sums() {
            if let Measure::OpenDeals(_) | Measure::OpenAmount(..) = measure {
                let (rep, territory) = (rep.0 as usize, territory.0 as usize);
                tallies[territory].add(measure, value);
                if homes_of[rep] == Some(&territories[territory].id) {
                    at_home[rep].add(measure, value);
                }
            }
        }
        let seconds = self.activity_seconds(territories.len(), now);
        let mut by_home: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (rep, home) in homes_of.iter().enumerate() {
            if let Some(home) = home {
                by_home.entry(home).or_default().push(rep);
            }
        }
        let mut places: Vec<usize> = (0..territories.len()).collect();
        places.sort_unstable_by(|&left, &right| territories[left].id.cmp(&territories[right].id));
        let mut loads = Vec::new();
        let mut homes = Vec::new();
        places.retain(|&index| {
            let territory = &territories[index];
            let home = by_home.get(&*territory.id).cloned().unwrap_or_default();
            let reps = u32::try_from(home.len()).unwrap_or(u32::MAX);
            let load = self.load(reps, &tallies[index], seconds[index], today, organisation);
            let is_home = reps > 0 && organisation.region(&territory.id).is_none();
            let takes_part = territory.is_leaf || is_home || !load.is_nothing();
            if takes_part {
                loads.push(load);
                homes.push(home);
            }
            takes_part
        });
        let at_work = organisation.reps.iter().filter(|rep| rep.works_on(today)).count();
        let thresholds = self.thresholds();
        Gathered {
            reps_elsewhere: at_work - homes.iter().map(Vec::len).sum::<usize>(),
            balance: Balance::new(loads, thresholds.balance_weights, thresholds.balance_within_percent),
            places,
            homes,
            at_home,
        }
    }

    fn load(
        &self,
        reps: u32,
        standing: &Tally,
        seconds: i128,
        today: Day,
        organisation: &Organisation,
    ) -> Load {
        Load::of(reps, standing, seconds, self.reporting_currency(), (today, &organisation.reference))
    }

    /// The previous and the current month.
    fn balance_months(&self, now: Timestamp) -> [Period; 2] {
        let month = self.calendar().period_of(PeriodKind::Month, self.calendar().day_of(now));
        [month.previous(), month]
    }

    /// The time of activities by index of territory, of the first so many.
    fn activity_seconds(&self, territories: usize, now: Timestamp) -> Vec<i128> {
        let mut seconds = vec![0; territories];
        for month in self.balance_months(now) {
            let Some(table) = self.table(PeriodSlot::Period(month)) else { continue };
            table.read().tell(self.pipelines(), |SumKey { territory, measure, .. }, value| {
                // A territory that was not known a moment ago is in the next answer.
                if let Measure::ActivitySeconds(..) = measure
                    && let Some(own) = seconds.get_mut(territory.0 as usize)
                {
                    *own += value;
                }
            });
        }
        seconds
    }
}

impl View {
    /// Tells the company, regions and territories how they stand against one another.
    pub(crate) fn set_balance(&mut self, organisation: &Organisation, gathered: &Gathered) {
        let Gathered { places, balance, .. } = gathered;
        let territories = &organisation.territories;
        self.company_beside.balance = gathered.of(&Scope::Company, organisation);
        for row in &mut self.territories {
            row.beside.balance = gathered.of(&Scope::Territory(row.id.to_string()), organisation);
        }
        // One that the records do not name and where nothing is open is not listed, and has its index all the same.
        let is_listed = |id: &str| self.territories.binary_search_by(|row| (*row.id).cmp(id)).is_ok();
        let ids = places.iter().map(|&index| &territories[index].id).enumerate();
        for (place, id) in ids.filter(|(_, id)| !is_listed(id)) {
            let nothing = || (ScopeTally::new(self.company.amounts.reporting()), Beside::default());
            let unlisted = self.unlisted.entry(Scope::Territory(id.to_string())).or_insert_with(nothing);
            unlisted.1.balance = Some(balance.of_territory(place));
        }
        for row in &mut self.regions {
            row.beside.balance = gathered.of(&Scope::Region(row.id.to_string()), organisation);
        }
    }
}

impl Gathered {
    /// How a scope stands against the others; none of those that are not compared.
    pub(crate) fn of(&self, scope: &Scope, organisation: &Organisation) -> Option<Balanced> {
        let Self { places, balance, .. } = self;
        let territories = &organisation.territories;
        match scope {
            Scope::Company => Some(balance.of_company()),
            Scope::Territory(id) => {
                let place = places.binary_search_by(|&index| (*territories[index].id).cmp(id));
                place.ok().map(|place| balance.of_territory(place))
            }
            Scope::Region(id) => {
                let region = organisation.region(id)?;
                let is_inside = |index: usize| territories[index].regions.contains(&region);
                let inside = places.iter().enumerate().filter(|&(_, &index)| is_inside(index));
                let inside: Vec<usize> = inside.map(|(place, _)| place).collect();
                Some(balance.of_region(&inside))
            }
            Scope::Team(_) | Scope::Rep(_) => None,
        }
    }
}
