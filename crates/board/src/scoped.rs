//! One scope alone: its sums, and what its KPIs need beside them. What does not change with an event is not added up again.

use std::sync::Arc;

use kpi::{Kpi, KpiValue, RepQuota, StageLimits};
use model::{Day, Period, Timestamp};

use crate::around::{Around, Wanted};
use crate::board::Board;
use crate::kept::Key;
use crate::members::{Members, Membership};
use crate::needs::Needs;
use crate::organisation::{Member, Organisation};
use crate::selection::Selection;
use crate::table::{Copied, PeriodSlot, Table};
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
        let (view, sums, beside) = self.scoped(scope, period, now, Needs::ALL);
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
        let needs = Needs::of(kpi);
        let value = |&period: &Period| {
            let (view, sums, beside) = self.scoped(scope, Some(period), now, needs);
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
    ) -> (View, Arc<ScopeTally>, Beside) {
        let own = self.own(scope, period.into(), needs);
        let organisation = &own.organisation;
        let told = |slot| self.told(scope, slot, Selection::ALL, organisation);
        let today = self.calendar().day_of(now);
        let (day, targets) = (self.day_in_question(period, today), self.targets(organisation, period, today));
        let mut around = Around::default();
        for Wanted { of, periods, selection } in self.around(period, today, needs) {
            *of(&mut around) = Some(self.told_of_all(scope, &periods, selection, organisation));
        }
        let limits = if needs.history {
            around.history = Some(Arc::new(self.history_of(scope, day, organisation)));
            self.limits_of(day, organisation)
        } else {
            self.limits_by(&ScopeTally::new(self.reporting_currency()))
        };
        let before = period.filter(|_| needs.previous).map(Period::previous);
        let beside = Beside {
            previous: before.map(|before| told(PeriodSlot::Period(before))),
            standing: period.filter(|_| needs.standing).map(|_| told(PeriodSlot::Standing)),
            around,
            quotas: own
                .won
                .as_ref()
                .map(|won| quotas(scope, won, organisation, &targets))
                .unwrap_or_default(),
            goal: targets.goal_of(scope, organisation),
            balance: own.standing.as_ref().and_then(|standing| {
                self.gather_balance(organisation, standing, now).of(scope, organisation)
            }),
        };
        (self.empty_view(period.into(), limits, organisation, now), own.sums, beside)
    }

    /// What the table of the slot itself tells: at one moment, since KPIs compare these with one another.
    fn own(&self, scope: &Scope, slot: PeriodSlot, needs: Needs) -> Own {
        let table = self.table(slot);
        let table = table.as_ref().map(|table| table.read());
        // Names come before the cells that use them: all that are in the table are in the organisation.
        let organisation = self.organisation();
        let is_compared = !matches!(scope, Scope::Team(_) | Scope::Rep(_));
        let (has_quotas, has_balance) = match slot {
            PeriodSlot::Standing => (false, needs.balance && is_compared),
            PeriodSlot::Period(_) => (needs.quotas, false),
        };
        let (won, pipelines) = (Selection::won_amounts(self.reporting_currency()), self.pipelines());
        Own {
            sums: self.told_by(table.as_deref(), (scope.clone(), slot, Selection::ALL), &organisation),
            won: has_quotas.then(|| {
                table.as_ref().map_or_else(Copied::default, |table| table.copied_of(won, pipelines))
            }),
            standing: has_balance
                .then(|| table.as_ref().map_or_else(Copied::default, |table| table.copied(pipelines))),
            organisation,
        }
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
        let table = self.table(slot);
        let table = table.as_ref().map(|table| table.read());
        self.told_by(table.as_deref(), (scope.clone(), slot, selection), organisation)
    }

    /// What a table tells that is held meanwhile, so that what is kept is of its last change.
    fn told_by(&self, table: Option<&Table>, key: Key, organisation: &Arc<Organisation>) -> Arc<ScopeTally> {
        let reporting = self.reporting_currency();
        let Some(table) = table else {
            return Arc::new(ScopeTally::new(reporting));
        };
        let (scope, _, selection) = &key;
        let change = table.last_change(*selection);
        if let Some(sums) = self.kept.get(&key, organisation, change) {
            return sums;
        }
        let members = Members::of(scope, organisation);
        let is_inside = |rep, territory| members.contain(rep, territory);
        let rates = (reporting, &*organisation.reference);
        let sums = Arc::new(table.tally(*selection, is_inside, rates, self.pipelines()));
        self.kept.put(key, organisation, change, &sums);
        sums
    }
}

/// What one table tells of a scope at one moment.
struct Own {
    organisation: Arc<Organisation>,
    sums: Arc<ScopeTally>,
    /// Won amounts of everybody, where quotas are asked for.
    won: Option<Copied>,
    /// All that stands now, where the balance is asked for.
    standing: Option<Copied>,
}

/// The quotas of those of a scope's reps who have one: of a place, the reps whose home is in it.
fn quotas(scope: &Scope, won: &Copied, organisation: &Organisation, targets: &Targets<'_>) -> Vec<RepQuota> {
    let membership = Membership::of(scope, organisation);
    let quota = |rep: &Member| targets.quota_amount(&rep.id).filter(|_| membership.is_home_of(rep));
    let quotas: Vec<_> = organisation.reps.iter().map(quota).collect();
    let mut sums = vec![None; quotas.len()];
    won.each(&organisation.reference, |rep, _, add| {
        let rep = rep.0 as usize;
        if quotas[rep].is_some() {
            add(sums[rep].get_or_insert_with(|| ScopeTally::new(targets.reporting)));
        }
    });
    let nothing = ScopeTally::new(targets.reporting);
    let rep_quota = |(quota, sums): (_, &Option<ScopeTally>)| {
        Some(targets.rep_quota(quota?, sums.as_ref().unwrap_or(&nothing)))
    };
    quotas.into_iter().zip(&sums).filter_map(rep_quota).collect()
}
