//! The reference records of a simulated company: who its people are, what they are to sell, what money is worth.

use std::collections::BTreeMap;

use model::{
    Calendar, Currency, Day, FxRate, Goal, GoalScope, Money, Period, PeriodKind, Quota, ReferenceRecord, Rep,
    StageKind, Territory,
};

use crate::dice::{Dice, fixed, rounded};
use crate::names::REGIONS;
use crate::scenario::Scenario;
use crate::staff::{Company, RepProfile};

/// The stream of chance of quotas and rates.
const RECORD_STREAM: u64 = 2;
/// For how long there are quotas, goals and rates where the events have no end.
const ENDLESS_DAYS: u32 = 3 * 366;
/// A currency drifts by at most this much from month to month.
const DRIFT_PERMILLE: i64 = 12;

/// All records, in the order of their dependence: territories, reps, rates, quotas, goals.
pub(crate) fn reference(scenario: &Scenario, company: &Company) -> Vec<ReferenceRecord> {
    // Quotas are by quarters of the calendar year; a fiscal year that begins elsewhere reads the same names as its
    // own quarters, so there is one more year of them on either side.
    let Ok(calendar) = Calendar::new("UTC", 1) else {
        return Vec::new();
    };
    let mut dice = Dice::new(scenario.seed, RECORD_STREAM);
    let days = scenario.days.unwrap_or(ENDLESS_DAYS);
    let first = scenario.start_day;
    let last = Day(first.0.saturating_add(i32::try_from(days).unwrap_or(i32::MAX)).min(83_000));
    let plan = SalesPlan {
        calendar: &calendar,
        quarters: periods(&calendar, PeriodKind::Quarter, Day(first.0 - 365), Day(last.0 + 365)),
        currency: company.currencies[0].0,
        by_month: scenario.months_have_quotas,
        expected_minor: expected_won_minor(scenario) / i64::from(scenario.reps),
    };

    let mut records = territories(company);
    records.extend(company.reps.iter().map(|profile| rep(profile, company)));
    let months = periods(&calendar, PeriodKind::Month, first, last);
    records.extend(rates(company, &calendar, &months, &mut dice));
    let mut total_by_quarter = vec![0; plan.quarters.len()];
    let mut total_by_team = BTreeMap::new();
    for rep in &company.reps {
        let total = plan.quotas_of(rep, &mut total_by_quarter, &mut records, &mut dice);
        *total_by_team.entry(rep.team_id.as_str()).or_insert(0) += total;
    }
    plan.goals(company, &total_by_quarter, &total_by_team, &mut records);
    records
}

/// What the company is to sell.
struct SalesPlan<'a> {
    calendar: &'a Calendar,
    quarters: Vec<Period>,
    currency: Currency,
    /// Whether quotas are set for the months of a quarter instead.
    by_month: bool,
    /// What a rep wins in a quarter, about.
    expected_minor: i64,
}

impl SalesPlan<'_> {
    /// The quotas of a rep: ramped for those who just started, now and then changed in the middle of a quarter.
    /// Gives a usual quarter's quota.
    fn quotas_of(
        &self,
        rep: &RepProfile,
        total_by_quarter: &mut [i64],
        records: &mut Vec<ReferenceRecord>,
        dice: &mut Dice,
    ) -> i64 {
        let usual = rounded(self.expected_minor * dice.between(750, 1_200) / 1_000, 2);
        let mut years: BTreeMap<Period, (i64, u32)> = BTreeMap::new();
        for (quarter, total) in self.quarters.iter().zip(total_by_quarter) {
            let days = self.calendar.days(*quarter);
            if rep.ended_on.is_some_and(|ended| ended < days.start)
                || rep.started_on.is_some_and(|started| started >= days.end)
            {
                continue;
            }
            let is_ramping = rep.started_on.is_some_and(|started| started.0 + 90 > days.start.0);
            let amount = if is_ramping { usual / 2 } else { usual };
            *total += amount;
            let year = years.entry(self.calendar.period_of(PeriodKind::Year, days.start)).or_default();
            *year = (year.0 + amount, year.1 + 1);
            let parts = self.parts(*quarter);
            let share = |amount: i64| rounded(amount / i64::try_from(parts.len()).unwrap_or(1), 2);
            records.extend(parts.iter().map(|&part| self.quota(rep, part, share(amount), None)));
            if dice.below(25) == 0 {
                let changed = rounded(amount * dice.between(800, 1_150) / 1_000, 2);
                let from = Day(days.start.0 + 45);
                let ahead = parts.iter().filter(|&&part| self.calendar.days(part).end > from);
                records.extend(ahead.map(|&part| self.quota(rep, part, share(changed), Some(from))));
            }
        }
        // Who joins or leaves within a year has a quota for the part of it; all others' is the sum of the months'.
        let parts = years.into_iter().filter(|&(_, (_, quarters))| self.by_month && quarters < 4);
        records.extend(parts.map(|(year, (amount, _))| self.quota(rep, year, amount, None)));
        usual
    }

    /// The periods for which a quarter's quotas and goals are set.
    fn parts(&self, quarter: Period) -> Vec<Period> {
        if !self.by_month {
            return vec![quarter];
        }
        let days = self.calendar.days(quarter);
        periods(self.calendar, PeriodKind::Month, days.start, Day(days.end.0 - 1))
    }

    fn quota(
        &self,
        rep: &RepProfile,
        quarter: Period,
        minor: i64,
        effective_from: Option<Day>,
    ) -> ReferenceRecord {
        ReferenceRecord::Quota(Quota {
            rep_id: rep.rep_id.clone(),
            period: self.calendar.name(quarter),
            amount: self.money(minor),
            effective_from,
        })
    }

    /// Goals: the company's for months, quarters and years, and those of regions, territories and teams for quarters.
    fn goals(
        &self,
        company: &Company,
        total_by_quarter: &[i64],
        total_by_team: &BTreeMap<&str, i64>,
        records: &mut Vec<ReferenceRecord>,
    ) {
        let reps_by_territory = reps_by_territory(company);
        let mut year_total = 0;
        for (&quarter, &quotas) in self.quarters.iter().zip(total_by_quarter) {
            // Quotas are set a little above what the company needs.
            let goal = rounded(quotas * 9 / 10, 3);
            records.push(self.goal(GoalScope::Company, quarter, goal));
            let days = self.calendar.days(quarter);
            for month in periods(self.calendar, PeriodKind::Month, days.start, Day(days.end.0 - 1)) {
                records.push(self.goal(GoalScope::Company, month, rounded(goal / 3, 3)));
            }
            year_total += goal;
            if quarter.ordinal.rem_euclid(4) == 3 {
                let year = self.calendar.period_of(PeriodKind::Year, days.start);
                records.push(self.goal(GoalScope::Company, year, year_total));
                year_total = 0;
            }
            let per_rep = goal / i64::try_from(company.reps.len()).unwrap_or(i64::MAX);
            let territories = reps_by_territory
                .iter()
                .map(|(id, reps)| (GoalScope::Territory((*id).to_owned()), per_rep * reps));
            let teams =
                total_by_team.iter().map(|(id, total)| (GoalScope::Team((*id).to_owned()), total * 9 / 10));
            for (scope, goal) in territories.chain(teams) {
                records.push(self.goal(scope.clone(), quarter, rounded(goal, 3)));
                if self.by_month {
                    let months = self.parts(quarter).into_iter();
                    records.extend(months.map(|month| self.goal(scope.clone(), month, rounded(goal / 3, 3))));
                }
            }
        }
    }

    fn goal(&self, scope: GoalScope, period: Period, minor: i64) -> ReferenceRecord {
        ReferenceRecord::Goal(Goal {
            scope,
            period: self.calendar.name(period),
            won_amount: self.money(minor),
        })
    }

    fn money(&self, minor: i64) -> Money {
        Money { minor: minor.clamp(0, model::MAX_MINOR_UNITS), currency: self.currency }
    }
}

/// How many reps each territory and each region has.
fn reps_by_territory(company: &Company) -> BTreeMap<&str, i64> {
    let territory_ids = company.territories.iter().map(|territory| territory.territory_id.as_str());
    let region_ids = regions(company).map(|(region_id, _)| region_id);
    let mut counts: BTreeMap<&str, i64> = territory_ids.chain(region_ids).map(|id| (id, 0)).collect();
    for rep in &company.reps {
        let territory = &company.territories[rep.territory as usize];
        for id in [territory.territory_id.as_str(), territory.region_id] {
            *counts.entry(id).or_insert(0) += 1;
        }
    }
    counts
}

/// The regions that have a territory.
fn regions(company: &Company) -> impl Iterator<Item = (&'static str, &'static str)> {
    REGIONS.into_iter().filter(|(region_id, _)| {
        company.territories.iter().any(|territory| territory.region_id == *region_id)
    })
}

fn territories(company: &Company) -> Vec<ReferenceRecord> {
    let regions = regions(company).map(|(id, name)| Territory {
        territory_id: id.to_owned(),
        name: name.to_owned(),
        parent_id: None,
    });
    let territories = company.territories.iter().map(|profile| Territory {
        territory_id: profile.territory_id.clone(),
        name: profile.name.clone(),
        parent_id: Some(profile.region_id.to_owned()),
    });
    regions.chain(territories).map(ReferenceRecord::Territory).collect()
}

fn rep(profile: &RepProfile, company: &Company) -> ReferenceRecord {
    ReferenceRecord::Rep(Rep {
        rep_id: profile.rep_id.clone(),
        name: profile.name.clone(),
        team_id: Some(profile.team_id.clone()),
        territory_id: Some(company.territories[profile.territory as usize].territory_id.clone()),
        started_on: profile.started_on,
        ended_on: profile.ended_on,
    })
}

/// A rate for each currency and month, the first from the month before the first event on.
fn rates(company: &Company, calendar: &Calendar, months: &[Period], dice: &mut Dice) -> Vec<ReferenceRecord> {
    let mut records = Vec::new();
    for (number, &(currency, start_rate)) in company.currencies.iter().enumerate() {
        let mut rate = start_rate;
        for (passed, &month) in months.iter().enumerate() {
            if number > 0 && passed > 0 {
                let permille = 1_000 + dice.between(-DRIFT_PERMILLE, DRIFT_PERMILLE);
                rate = i64::try_from(i128::from(rate) * i128::from(permille) / 1_000).unwrap_or(start_rate);
            } else if passed > 0 {
                break;
            }
            let from = if passed == 0 { month.previous() } else { month };
            records.push(ReferenceRecord::FxRate(FxRate {
                currency,
                rate,
                effective_from: Day(calendar.days(from).start.0.max(0)),
            }));
        }
    }
    records
}

/// What the whole company wins in a quarter, about: deals, times how many are won, times their mean amount.
fn expected_won_minor(scenario: &Scenario) -> i64 {
    let won_share: f64 = scenario
        .pipelines
        .iter()
        .map(|pipeline| {
            let open = pipeline.stages.iter().filter(|stage| stage.kind == StageKind::Open);
            open.map(|stage| 1.0 - stage.loss_rate).product::<f64>()
        })
        .sum();
    let won_share = fixed(won_share) / i64::try_from(scenario.pipelines.len()).unwrap_or(1).max(1);
    // The mean of scattered amounts exceeds their median the more, the more they scatter; the rest are deals that
    // have no amount and events that have not come yet.
    let spread = fixed(scenario.amount_spread_doublings);
    let mean_factor = 65_536 + i64::try_from(i128::from(spread) * i128::from(spread) / 655_360).unwrap_or(0);
    let minor = i128::from(scenario.deals_per_day)
        * 91
        * i128::from(won_share)
        * i128::from(scenario.median_amount_minor)
        * i128::from(mean_factor);
    i64::try_from(minor >> 32).unwrap_or(i64::MAX).min(model::MAX_MINOR_UNITS)
}

/// The periods of a kind from that of one day to that of another.
fn periods(calendar: &Calendar, kind: PeriodKind, first: Day, last: Day) -> Vec<Period> {
    let ordinal = |day: Day| calendar.period_of(kind, Day(day.0.max(0))).ordinal;
    (ordinal(first)..=ordinal(last)).map(|ordinal| Period { kind, ordinal }).collect()
}

#[cfg(test)]
mod tests {
    use model::Reference;

    use super::*;

    #[test]
    fn all_records_hold_by_the_rules_of_the_model() {
        let endless = Scenario { days: None, ..Scenario::demo() };
        let monthly = Scenario { months_have_quotas: true, ..Scenario::demo() };
        for scenario in [Scenario::demo(), Scenario::tiny(1), endless, monthly] {
            let company = Company::new(&scenario).unwrap();
            let records = reference(&scenario, &company);
            for fiscal_first_month in [1, 4] {
                let calendar = Calendar::new("Europe/Berlin", fiscal_first_month).unwrap();
                let mut held = Reference::default();
                for record in &records {
                    held.apply(record.clone(), &calendar).unwrap();
                }
                assert_eq!(held.len(), records.len(), "keys are unique");
                for (currency, _) in &company.currencies {
                    assert!(held.rate(*currency, Some(scenario.start_day)).is_some(), "{currency}");
                }
                assert_eq!(held.regions_of("us-west"), ["americas"]);
                for rep in &company.reps {
                    assert!(held.rep(&rep.rep_id).is_some());
                }
                let quota = |rep: &RepProfile| {
                    held.iter().any(
                        |record| matches!(record, ReferenceRecord::Quota(quota) if quota.rep_id == rep.rep_id),
                    )
                };
                assert!(company.reps.iter().all(quota));
                let month = calendar.period_of(PeriodKind::Month, Day(scenario.start_day.0 + 20));
                let of_month =
                    held.quota(&company.reps[0].rep_id, month, scenario.start_day, &calendar).is_some();
                assert_eq!(of_month, scenario.months_have_quotas);
                if scenario.months_have_quotas && fiscal_first_month == 1 {
                    // Also for those who join or leave within the year.
                    let (year, late) = (
                        calendar.period_of(PeriodKind::Year, scenario.start_day),
                        scenario.start_day.0 + 300,
                    );
                    for rep in company.reps.iter().filter(|rep| rep.started_on.is_none_or(|day| day.0 < late))
                    {
                        assert!(
                            held.quota(&rep.rep_id, year, Day(late), &calendar).is_some(),
                            "{}",
                            rep.name
                        );
                    }
                }
            }
        }
    }
}
