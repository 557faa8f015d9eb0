//! One scope alone: its sums, and what its KPIs need beside them. What does not change with an event is not added up again.

use std::sync::Arc;

use kpi::{Kpi, KpiValue, RepQuota, StageLimits};
use model::{Day, Period, Timestamp};

use crate::around::{Around, Wanted};
use crate::board::Board;
use crate::members::{Members, Membership};
use crate::needs::Needs;
use crate::organisation::Organisation;
use crate::selection::Selection;
use crate::table::PeriodSlot;
use crate::view::{Beside, Scope, ScopeTally, Targets, View};

impl Board {
    /// The sums of a scope in a period; nothing for an id that does not exist. Cost: one pass over the period's table, unless
    /// it has not changed since somebody asked.
    #[must_use]
    pub fn tally(&self, scope: &Scope, slot: PeriodSlot) -> Arc<ScopeTally> {
        self.told(scope, slot, Selection::ALL, &self.organisation())
    }

    /// The KPIs of a scope that are told for a period, or with no period those that stand now, in the order of the
    /// catalogue. Cost: less than a [`view`](Self::view): a pass over the table of the period, of the one before, of what
    /// stands now and of two years, of those that have changed since somebody asked.
    #[must_use]
    pub fn kpis(&self, scope: &Scope, period: Option<Period>, now: Timestamp) -> Vec<KpiValue> {
        let organisation = self.organisation();
        let (view, sums, beside) = self.scoped(scope, period, now, Needs::ALL, &organisation);
        view.catalogue().map(|kpi| view.evaluate_sums(kpi, &sums, &beside)).collect()
    }

    /// The values of a KPI for a scope in several periods, in their order. Cost: for each period as
    /// [`kpis`](Self::kpis), of what the KPI is made of.
    #[must_use]
    pub fn series(
        &self,
        kpi: &'static Kpi,
        scope: &Scope,
        periods: &[Period],
        now: Timestamp,
    ) -> Vec<KpiValue> {
        let (organisation, needs) = (self.organisation(), Needs::of(kpi));
        let value = |&period: &Period| {
            let (view, sums, beside) = self.scoped(scope, Some(period), now, needs, &organisation);
            view.evaluate_sums(kpi, &sums, &beside)
        };
        periods.iter().map(value).collect()
    }

    /// After which time in a stage a deal is stalled, in a period or now.
    #[must_use]
    pub fn stage_limits(&self, period: Option<Period>, now: Timestamp) -> StageLimits {
        let day = self.day_in_question(period, self.calendar().day_of(now));
        self.limits_of(day, &self.organisation())
    }

    fn limits_of(&self, day: Day, organisation: &Arc<Organisation>) -> StageLimits {
        let history = || self.history_of(&Scope::Company, day, organisation).tally;
        let own = || StageLimits::new(&self.pipelines, &history());
        self.limits.clone().unwrap_or_else(own)
    }

    /// A view in which nobody has sums, with those of a scope and with what its KPIs need beside them.
    fn scoped(
        &self,
        scope: &Scope,
        period: Option<Period>,
        now: Timestamp,
        needs: Needs,
        organisation: &Arc<Organisation>,
    ) -> (View, Arc<ScopeTally>, Beside) {
        let told = |slot| self.told(scope, slot, Selection::ALL, organisation);
        let today = self.calendar().day_of(now);
        let (day, targets) = (self.day_in_question(period, today), self.targets(organisation, period, today));
        let mut around = Around::default();
        for Wanted { of, periods, selection } in self.around(period, today, needs) {
            *of(&mut around) = Some(self.told_of_all(scope, &periods, selection, organisation));
        }
        let mut limits = StageLimits::default();
        if needs.history {
            around.history = Some(Arc::new(self.history_of(scope, day, organisation)));
            limits = self.limits_of(day, organisation);
        }
        let is_balanced = period.is_none() && needs.balance;
        let beside = Beside {
            previous: period
                .filter(|_| needs.previous)
                .map(|period| told(PeriodSlot::Period(period.previous()))),
            standing: period.filter(|_| needs.standing).map(|_| told(PeriodSlot::Standing)),
            around,
            quotas: if needs.quotas { self.quotas_of(scope, organisation, &targets) } else { Vec::new() },
            goal: targets.goal_of(scope, organisation),
            balance: if is_balanced { self.balanced(scope, now) } else { None },
        };
        (self.empty_view(period.into(), limits, organisation, now), told(period.into()), beside)
    }

    fn history_of(&self, scope: &Scope, day: Day, organisation: &Arc<Organisation>) -> ScopeTally {
        self.told_of_all(scope, &self.years_of_history(day), Selection::history(), organisation)
    }

    fn told_of_all(
        &self,
        scope: &Scope,
        periods: &[Period],
        selection: Selection,
        organisation: &Arc<Organisation>,
    ) -> ScopeTally {
        let mut sums = ScopeTally::new(self.reporting_currency());
        let told = |&period: &Period| self.told(scope, PeriodSlot::Period(period), selection, organisation);
        periods.iter().map(told).for_each(|told| sums.merge(&told));
        sums
    }

    /// What a table tells of a scope.
    fn told(
        &self,
        scope: &Scope,
        slot: PeriodSlot,
        selection: Selection,
        organisation: &Arc<Organisation>,
    ) -> Arc<ScopeTally> {
        let reporting = self.reporting_currency();
        let Some(table) = self.table(slot) else {
            return Arc::new(ScopeTally::new(reporting));
        };
        let key = (scope.clone(), slot, selection);
        // Held until the sums are kept: the change they are of is the table's last one.
        let table = table.read();
        let change = table.last_change(selection);
        if let Some(sums) = self.kept.get(&key, organisation, change) {
            return sums;
        }
        let members = Members::of(scope, organisation);
        let is_inside = |rep, territory| members.contain(rep, territory);
        let rates = (reporting, &*organisation.reference);
        let sums = Arc::new(table.tally(selection, is_inside, rates, self.pipelines()));
        self.kept.put(key, organisation, change, &sums);
        sums
    }

    /// The quotas of those of a scope's reps who have one: of a place, the reps whose home is in it.
    fn quotas_of(&self, scope: &Scope, organisation: &Organisation, targets: &Targets<'_>) -> Vec<RepQuota> {
        let Some(period) = targets.period else { return Vec::new() };
        let membership = Membership::of(scope, organisation);
        let members = organisation
            .reps
            .iter()
            .map(|rep| membership.is_home_of(rep).then(|| targets.quota_amount(&rep.id)).flatten());
        let quotas: Vec<_> = members.collect();
        if quotas.iter().all(Option::is_none) {
            return Vec::new();
        }
        let reporting = self.reporting_currency();
        let mut sums = vec![ScopeTally::new(reporting); organisation.reps.len()];
        if let Some(table) = self.table(PeriodSlot::Period(period)) {
            let won = table.read().copied_of(Selection::won_amounts(reporting), self.pipelines());
            won.each(&organisation.reference, |rep, _, add| {
                // Whoever was not known a moment ago has no quota.
                sums.get_mut(rep.0 as usize).map(add);
            });
        }
        let rep_quota = |(quota, sums): (_, &ScopeTally)| Some(targets.rep_quota(quota?, sums));
        quotas.into_iter().zip(&sums).filter_map(rep_quota).collect()
    }
}
