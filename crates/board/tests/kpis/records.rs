//! Reference records that are rarer than those a simulated floor has: rates from long ago and to come, quotas of weeks and
//! months, goals of everybody, and quotas that are just made.

use model::{Calendar, Currency, Day, FxRate, Goal, GoalScope, Money, PeriodKind, Quota, ReferenceRecord};
use salesfloor::oracle::kpis::{self, Asked, Books, Number, Scope, Setting, Thresholds};

use crate::floors::{Organisation, Plan, chance, region_instead};

/// What records follow from.
pub(crate) struct World<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) calendar: &'a Calendar,
    pub(crate) today: Day,
    pub(crate) reporting: Currency,
}

impl World<'_> {
    /// Those of the floor, less a few, and more.
    pub(crate) fn records(&self, mut records: Vec<ReferenceRecord>) -> Vec<ReferenceRecord> {
        let is_usual = |record: &ReferenceRecord, one_in: u64| {
            !chance(&record.key(), u64::from(self.plan.records)).is_multiple_of(one_in)
        };
        let mut more = self.goals(&GoalScope::Company);
        for record in &records {
            match record {
                // Now and then a currency has no rate for what is a year old.
                ReferenceRecord::FxRate(rate) if is_usual(record, 20) => {
                    more.extend([
                        ReferenceRecord::FxRate(FxRate { effective_from: Day(0), ..rate.clone() }),
                        self.changed(rate, -20),
                        self.changed(rate, 2),
                    ]);
                }
                ReferenceRecord::Rep(rep) => more.extend(self.targets_of(&rep.rep_id)),
                ReferenceRecord::Territory(territory) => {
                    more.extend(self.goals(&GoalScope::Territory(territory.territory_id.clone())));
                }
                _ => {}
            }
        }
        records.retain(|record| is_usual(record, 12));
        let all = records.clone();
        for record in &mut records {
            // Some are at home in a region itself.
            if let ReferenceRecord::Rep(rep) = record
                && let Some(home) = &rep.territory_id
                && let Some(region) = region_instead(&all, home, &rep.rep_id, self.plan)
            {
                rep.territory_id = Some(region.to_owned());
            }
        }
        // Each key once, the floor's own first.
        for record in more {
            if records.iter().all(|other| other.key() != record.key()) {
                records.push(record);
            }
        }
        records
    }

    /// Another rate so many days from today.
    fn changed(&self, rate: &FxRate, days: i32) -> ReferenceRecord {
        let effective_from = Day(self.today.0 + days);
        ReferenceRecord::FxRate(FxRate {
            rate: rate.rate / 100 * i64::from(100 + days),
            effective_from,
            ..rate.clone()
        })
    }

    /// Some amount, now and then none at all.
    fn amount(&self, name: &str) -> Money {
        let chance = chance(name, u64::from(self.plan.records));
        let minor = if chance.is_multiple_of(9) { 0 } else { i64::try_from(chance % 90_000).unwrap() };
        let currency =
            if chance.is_multiple_of(7) { Currency::from_code("JPY").unwrap() } else { self.reporting };
        Money { minor, currency }
    }

    fn goals(&self, scope: &GoalScope) -> Vec<ReferenceRecord> {
        let mut goals = Vec::new();
        for kind in [PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year] {
            let period = self.calendar.period_of(kind, self.today);
            for period in [period, period.previous()].map(|period| self.calendar.name(period)) {
                let won_amount = self.amount(&format!("{scope:?} {period}"));
                goals.push(ReferenceRecord::Goal(Goal { scope: scope.clone(), period, won_amount }));
            }
        }
        goals
    }

    /// Goals and quotas of a rep; some quotas hold from today on, and some not yet.
    fn targets_of(&self, rep_id: &str) -> Vec<ReferenceRecord> {
        let mut targets = self.goals(&GoalScope::Rep(rep_id.to_owned()));
        let since = [None, Some(self.today), Some(Day(self.today.0 + 3))];
        let periods = [PeriodKind::Week, PeriodKind::Month, PeriodKind::Quarter].map(|kind| {
            let period = self.calendar.period_of(kind, self.today);
            [period, period.previous()]
        });
        for (period, effective_from) in periods.into_iter().flatten().zip(since.into_iter().cycle()) {
            let period = self.calendar.name(period);
            let amount = self.amount(&format!("{rep_id} {period}"));
            let rep_id = rep_id.to_owned();
            targets.push(ReferenceRecord::Quota(Quota { rep_id, period, amount, effective_from }));
        }
        targets
    }
}

/// Changes the quotas of the month so that they are made by 50, 80, 100 or 120 %, where that is a whole amount.
pub(crate) fn put_quotas_at_the_bounds(organisation: &mut Organisation) {
    let Organisation { pipelines, calendar, records, events, now, reporting } = organisation;
    let books = Books::new(events.iter(), pipelines, calendar);
    let month = calendar.period_of(PeriodKind::Month, calendar.day_of(*now));
    let setting = Setting {
        pipelines,
        calendar,
        records: &records.clone(),
        reporting: *reporting,
        thresholds: Thresholds::default(),
        now: *now,
    };
    let rep_id_of = |record: &ReferenceRecord| match record {
        ReferenceRecord::Rep(rep) => Some(rep.rep_id.clone()),
        _ => None,
    };
    let bounds = [(2, 1), (5, 4), (1, 1), (5, 6)].into_iter().cycle();
    for (rep_id, (times, over)) in setting.records.iter().filter_map(rep_id_of).zip(bounds) {
        let scope = Scope::Rep(rep_id.clone());
        let asked = Asked { books: &books, setting: &setting, scope: &scope, period: Some(month) };
        let Some(Number::Sum(won)) = kpis::answer("won_amount", &asked).unwrap().value else { continue };
        if won <= 0 || won * times % over != 0 {
            continue;
        }
        let period = calendar.name(month);
        records.retain(|record| match record {
            ReferenceRecord::Quota(quota) => quota.rep_id != rep_id || quota.period != period,
            _ => true,
        });
        let amount = Money { minor: i64::try_from(won * times / over).unwrap(), currency: *reporting };
        records.push(ReferenceRecord::Quota(Quota { rep_id, period, amount, effective_from: None }));
    }
}
