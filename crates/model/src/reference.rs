//! Reference records: who the reps are, how territories nest, quotas, exchange rates and goals.
//!
//! They stand on a compacted topic: the latest record of a key holds, a tombstone takes it away.

use std::collections::BTreeMap;

use crate::calendar::{Calendar, Period};
use crate::money::{Currency, Money};
use crate::reject::{Reject, RejectReason};
use crate::time::Day;

/// A salesperson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rep {
    /// The rep.
    pub rep_id: String,
    /// The name to show.
    pub name: String,
    /// The team, if any.
    pub team_id: Option<String>,
    /// The home territory, if any.
    pub territory_id: Option<String>,
    /// First day.
    pub started_on: Option<Day>,
    /// Last day, for those who left.
    pub ended_on: Option<Day>,
}

/// A territory; those that others name as parent are regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    /// The territory.
    pub territory_id: String,
    /// The name to show.
    pub name: String,
    /// The territory that this one is a part of, if any.
    pub parent_id: Option<String>,
}

/// What a rep is to win in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Who.
    pub rep_id: String,
    /// The period's name, such as `2026-Q4`.
    pub period: String,
    /// How much.
    pub amount: Money,
    /// Since when this amount holds, for quotas changed within a period.
    pub effective_from: Option<Day>,
}

/// What one unit of a currency is worth in the reporting currency, from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FxRate {
    /// The currency.
    pub currency: Currency,
    /// Units of the reporting currency per unit of this one, times 10^[`FxRate::SCALE`]; above 0.
    pub rate: i64,
    /// The first day on which it holds.
    pub effective_from: Day,
}

impl FxRate {
    /// Fraction digits of a rate.
    pub const SCALE: u32 = 12;
}

/// Whose goal it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum GoalScope {
    /// The whole company's.
    Company,
    /// A territory's or region's.
    Territory(String),
    /// A team's.
    Team(String),
    /// A rep's.
    Rep(String),
}

impl GoalScope {
    /// The key of its goal for the period of a name.
    fn key(&self, period: &str) -> String {
        match self {
            Self::Company => format!("goal/company/{period}"),
            Self::Territory(id) => format!("goal/territory/{id}/{period}"),
            Self::Team(id) => format!("goal/team/{id}/{period}"),
            Self::Rep(id) => format!("goal/rep/{id}/{period}"),
        }
    }
}

/// What is to be won in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// Whose.
    pub scope: GoalScope,
    /// The period's name, such as `2026-Q4`.
    pub period: String,
    /// How much.
    pub won_amount: Money,
}

/// One reference record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceRecord {
    /// A salesperson.
    Rep(Rep),
    /// A territory.
    Territory(Territory),
    /// A quota.
    Quota(Quota),
    /// An exchange rate.
    FxRate(FxRate),
    /// A goal.
    Goal(Goal),
}

impl ReferenceRecord {
    /// The record's key on the compacted topic, `rep/r17`, `fx_rate/EUR/2026-11-01` and the like.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Rep(rep) => format!("rep/{}", rep.rep_id),
            Self::Territory(territory) => format!("territory/{}", territory.territory_id),
            Self::Quota(quota) => match quota.effective_from {
                Some(day) => format!("quota/{}/{}/{day}", quota.rep_id, quota.period),
                None => format!("quota/{}/{}", quota.rep_id, quota.period),
            },
            Self::FxRate(rate) => format!("fx_rate/{}/{}", rate.currency, rate.effective_from),
            Self::Goal(goal) => goal.scope.key(&goal.period),
        }
    }
}

/// All reference records that hold, by key, with the lookups that KPIs need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    records: BTreeMap<String, ReferenceRecord>,
    rates: BTreeMap<(Currency, Day), i64>,
    /// By rep, period and first day; those without a first day come before all others.
    quotas: BTreeMap<(String, String, Option<Day>), Money>,
}

impl Reference {
    /// The deepest nesting of territories that is followed; a cycle ends there, too.
    pub const MAX_TERRITORY_DEPTH: usize = 16;

    /// Lets a record hold, in place of an earlier one of its key.
    ///
    /// # Errors
    /// The rule that the record breaks; it does not hold then.
    pub fn apply(&mut self, record: ReferenceRecord, calendar: &Calendar) -> Result<(), Reject> {
        check(&record, calendar)?;
        match &record {
            ReferenceRecord::FxRate(rate) => {
                self.rates.insert((rate.currency, rate.effective_from), rate.rate);
            }
            ReferenceRecord::Quota(quota) => {
                let key = (quota.rep_id.clone(), quota.period.clone(), quota.effective_from);
                self.quotas.insert(key, quota.amount);
            }
            _ => {}
        }
        self.records.insert(record.key(), record);
        Ok(())
    }

    /// Takes the record of a key away, as a tombstone tells; whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let Some(record) = self.records.remove(key) else {
            return false;
        };
        match record {
            ReferenceRecord::FxRate(rate) => {
                self.rates.remove(&(rate.currency, rate.effective_from));
            }
            ReferenceRecord::Quota(quota) => {
                self.quotas.remove(&(quota.rep_id, quota.period, quota.effective_from));
            }
            _ => {}
        }
        true
    }

    /// How many records hold.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether none holds.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// All records, by key.
    pub fn iter(&self) -> impl Iterator<Item = &ReferenceRecord> {
        self.records.values()
    }

    /// The rep of an id.
    #[must_use]
    pub fn rep(&self, rep_id: &str) -> Option<&Rep> {
        match self.records.get(&format!("rep/{rep_id}")) {
            Some(ReferenceRecord::Rep(rep)) => Some(rep),
            _ => None,
        }
    }

    /// The territory of an id.
    #[must_use]
    pub fn territory(&self, territory_id: &str) -> Option<&Territory> {
        match self.records.get(&format!("territory/{territory_id}")) {
            Some(ReferenceRecord::Territory(territory)) => Some(territory),
            _ => None,
        }
    }

    /// The regions that a territory is in, nearest first; not itself.
    #[must_use]
    pub fn regions_of(&self, territory_id: &str) -> Vec<&str> {
        let mut regions: Vec<&str> = Vec::new();
        let mut current = self.territory(territory_id);
        while let Some(parent) = current.and_then(|territory| territory.parent_id.as_deref()) {
            if regions.len() == Self::MAX_TERRITORY_DEPTH
                || parent == territory_id
                || regions.contains(&parent)
            {
                break;
            }
            regions.push(parent);
            current = self.territory(parent);
        }
        regions
    }

    /// What a rep is to win in a period, as the quotas in force on a day have it: the quota of the period itself, or else
    /// the sum of those of the shorter periods that it consists of (quarters, or else months), if each has one. Of
    /// several of one period, the one with the latest first day that is not after the day counts; without a first day, a
    /// quota is in force from the beginning. Amounts are in their own currencies.
    #[must_use]
    pub fn quota(&self, rep_id: &str, period: Period, day: Day, calendar: &Calendar) -> Option<Vec<Money>> {
        let rep = rep_id.to_owned();
        // Most who ask have none at all.
        let first = self.quotas.range((rep.clone(), String::new(), None)..).next();
        first.filter(|((owner, ..), _)| *owner == rep)?;
        let in_force = |period| {
            let name = calendar.name(period);
            let dated = (rep.clone(), name.clone(), None)..=(rep.clone(), name, Some(day));
            self.quotas.range(dated).next_back().map(|(_, &amount)| amount)
        };
        if let Some(amount) = in_force(period) {
            return Some(vec![amount]);
        }
        let parts = calendar.parts_of(period).into_iter();
        parts
            .map(|parts| parts.into_iter().map(in_force).collect::<Option<Vec<Money>>>())
            .find_map(|amounts| amounts)
    }

    /// What is to be won in a period.
    #[must_use]
    pub fn goal(&self, scope: &GoalScope, period: &str) -> Option<Money> {
        match self.records.get(&scope.key(period)) {
            Some(ReferenceRecord::Goal(goal)) => Some(goal.won_amount),
            _ => None,
        }
    }

    /// Whether a goal is set for a period, for whatever scope.
    #[must_use]
    pub fn has_goals(&self, period: &str) -> bool {
        // A key begins with what the record is, and 0 comes behind the slash.
        let mut goals = self.records.range("goal/".to_owned().."goal0".to_owned());
        goals.any(|(_, record)| matches!(record, ReferenceRecord::Goal(goal) if goal.period == period))
    }

    /// The rate of a currency that holds on a day, times 10^[`FxRate::SCALE`]; with no day, the latest.
    #[must_use]
    pub fn rate(&self, currency: Currency, day: Option<Day>) -> Option<i64> {
        let until = day.unwrap_or(Day(i32::MAX));
        self.rates.range((currency, Day(i32::MIN))..=(currency, until)).next_back().map(|(_, &rate)| rate)
    }
}

fn check(record: &ReferenceRecord, calendar: &Calendar) -> Result<(), Reject> {
    let invalid = |detail: String| Err(Reject::new(RejectReason::InvalidField, detail));
    let period = |name: &str| -> Result<Period, Reject> {
        calendar
            .parse(name)
            .map_err(|error| Reject::new(RejectReason::InvalidField, format!("field period: {error}")))
    };
    match record {
        ReferenceRecord::Territory(territory)
            if territory.parent_id.as_ref() == Some(&territory.territory_id) =>
        {
            invalid(format!("field parent_id: territory {:?} is its own parent", territory.territory_id))
        }
        ReferenceRecord::FxRate(rate) if rate.rate <= 0 => {
            invalid(format!("field rate: of {} is not above 0", rate.currency))
        }
        ReferenceRecord::Quota(quota) if quota.amount.minor < 0 => {
            invalid(format!("field amount: quota of {:?} is below 0", quota.rep_id))
        }
        ReferenceRecord::Goal(goal) if goal.won_amount.minor < 0 => {
            invalid("field won_amount: a goal is not below 0".to_owned())
        }
        ReferenceRecord::Quota(Quota { period: name, .. })
        | ReferenceRecord::Goal(Goal { period: name, .. }) => period(name).map(|_| ()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn territory(id: &str, parent: Option<&str>) -> ReferenceRecord {
        ReferenceRecord::Territory(Territory {
            territory_id: id.to_owned(),
            name: id.to_owned(),
            parent_id: parent.map(str::to_owned),
        })
    }

    fn rate(currency: &str, rate: i64, day: i32) -> ReferenceRecord {
        let currency = Currency::from_code(currency).unwrap();
        ReferenceRecord::FxRate(FxRate { currency, rate, effective_from: Day(day) })
    }

    #[test]
    fn the_latest_record_of_a_key_holds() {
        let calendar = Calendar::new("UTC", 1).unwrap();
        let mut reference = Reference::default();
        for record in [territory("west", Some("americas")), territory("west", Some("emea"))] {
            reference.apply(record, &calendar).unwrap();
        }
        assert_eq!(reference.regions_of("west"), ["emea"]);
        assert!(reference.remove("territory/west"));
        assert!(!reference.remove("territory/west"));
        assert!(reference.is_empty());
    }

    #[test]
    fn a_cycle_of_territories_ends() {
        let calendar = Calendar::new("UTC", 1).unwrap();
        let mut reference = Reference::default();
        for (id, parent) in [("a", "b"), ("b", "c"), ("c", "b")] {
            reference.apply(territory(id, Some(parent)), &calendar).unwrap();
        }
        assert_eq!(reference.regions_of("a"), ["b", "c"]);
        assert_eq!(reference.regions_of("b"), ["c"]);
        assert!(reference.apply(territory("a", Some("a")), &calendar).is_err());
    }

    #[test]
    fn quotas_are_dated_and_add_up() {
        let calendar = Calendar::new("UTC", 1).unwrap();
        let usd = Currency::from_code("USD").unwrap();
        let mut reference = Reference::default();
        let mut quota = |rep_id: &str, period: &str, minor, effective_from: Option<&str>| {
            let record = ReferenceRecord::Quota(Quota {
                rep_id: rep_id.to_owned(),
                period: period.to_owned(),
                amount: Money { minor, currency: usd },
                effective_from: effective_from.map(|day| Day::parse(day).unwrap()),
            });
            reference.apply(record, &calendar).unwrap();
        };
        quota("ann", "2026-Q4", 900, None);
        quota("ann", "2026-Q4", 800, Some("2026-11-01"));
        quota("ann", "2026-Q4", 700, Some("2026-12-01"));
        for (month, minor) in [("2026-10", 10), ("2026-11", 20), ("2026-12", 30)] {
            quota("bob", month, minor, None);
        }
        quota("cid", "2026-10", 10, None);
        quota("ann/2026-Q4", "2026-Q4", 1, Some("2026-12-02"));
        quota("eve", "2026-Q4", 5, None);
        quota("eve", "2026-Q4", 6, None);
        quota("fay", "2026-Q4", 5, Some("2026-11-01"));
        quota("fay", "2026-Q4", 4, None);
        assert!(reference.remove("quota/fay/2026-Q4/2026-11-01"));
        let of = |rep_id: &str, period: &str, day: &str| -> Option<i64> {
            let period = calendar.parse(period).unwrap();
            let amounts = reference.quota(rep_id, period, Day::parse(day).unwrap(), &calendar)?;
            Some(amounts.iter().map(|money| money.minor).sum())
        };
        assert_eq!(of("ann", "2026-Q4", "2026-10-31"), Some(900));
        assert_eq!(of("ann", "2026-Q4", "2026-11-01"), Some(800));
        assert_eq!(of("ann", "2026-Q4", "2027-02-01"), Some(700));
        assert_eq!(of("ann", "2026-11", "2026-11-01"), None);
        assert_eq!(of("ann", "2026", "2026-11-01"), None);
        assert_eq!(of("bob", "2026-Q4", "2026-11-01"), Some(60));
        assert_eq!(of("bob", "2026-11", "2026-11-01"), Some(20));
        assert_eq!(of("cid", "2026-Q4", "2026-11-01"), None);
        assert_eq!(of("dee", "2026-Q4", "2026-11-01"), None);
        assert_eq!(of("eve", "2026-Q4", "2026-11-01"), Some(6));
        assert_eq!(of("fay", "2026-Q4", "2026-11-01"), Some(4));
        let keys: Vec<String> = reference.iter().map(ReferenceRecord::key).collect();
        assert!(keys.iter().all(|key| reference.remove(key)));
        assert_eq!(reference, Reference::default());
    }

    #[test]
    fn rates_hold_from_their_day_on() {
        let calendar = Calendar::new("UTC", 1).unwrap();
        let eur = Currency::from_code("EUR").unwrap();
        let mut reference = Reference::default();
        for record in [rate("EUR", 11, 10), rate("EUR", 12, 20), rate("USD", 1, 0)] {
            reference.apply(record, &calendar).unwrap();
        }
        for (day, expected) in [
            (Some(9), None),
            (Some(10), Some(11)),
            (Some(19), Some(11)),
            (Some(20), Some(12)),
            (None, Some(12)),
        ] {
            assert_eq!(reference.rate(eur, day.map(Day)), expected, "{day:?}");
        }
        assert!(reference.apply(rate("EUR", 0, 0), &calendar).is_err());
        assert!(reference.remove("fx_rate/EUR/1970-01-21"));
        assert_eq!(reference.rate(eur, None), Some(11));
    }
}
