//! Views: the sums of all scopes in a period, or in a range of days, with what their KPIs need from other times.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use kpi::{Kpi, KpiValue, StageLimits};
use model::{Day, Period, PeriodKind, Timestamp};

use crate::around::{Around, Gathered};
use crate::board::Board;
use crate::history::{Histories, History};
use crate::members::Focus;
use crate::needs::Needs;
use crate::organisation::Organisation;
use crate::table::{Copied, PeriodSlot};
use crate::view::{Beside, Related, Scope, ScopeTally, Targets, View};

impl Board {
    /// The sums of all scopes in a period. Cost: one pass each over the tables of the period, of the one before and of
    /// what stands now, and a look into the rows of two years, all locked for a copy only.
    #[must_use]
    pub fn view(&self, slot: PeriodSlot, now: Timestamp) -> View {
        self.view_with(slot, now, &mut Histories::default(), Needs::ALL, None)
    }

    /// A view for one KPI and no others. Cost: less than a whole view, since it has only what the KPI is made of.
    pub(crate) fn view_for(&self, kpi: &Kpi, slot: PeriodSlot, now: Timestamp) -> View {
        self.view_with(slot, now, &mut Histories::default(), Needs::of(kpi), None)
    }

    /// The views of several periods, in their order. Cost: less than each by itself, since they share what they need of
    /// years.
    #[must_use]
    pub fn views(&self, slots: &[PeriodSlot], now: Timestamp) -> Vec<View> {
        let mut histories = Histories::default();
        slots.iter().map(|&slot| self.view_with(slot, now, &mut histories, Needs::ALL, None)).collect()
    }

    /// The KPIs of a scope that are told for a period, or with no period those that stand now, in the order of the
    /// catalogue. Cost: less than a [`view`](Self::view), since what is needed of other times is added up for the scope alone.
    #[must_use]
    pub fn kpis(&self, scope: &Scope, period: Option<Period>, now: Timestamp) -> Vec<KpiValue> {
        let (mut histories, slot) = (Histories::default(), period.into());
        self.view_with(slot, now, &mut histories, Needs::ALL, Some(scope)).evaluate_all(scope)
    }

    /// A period's last day, or today if that is earlier or there is no period.
    #[must_use]
    pub fn day_in_question(&self, period: Option<Period>, today: Day) -> Day {
        period.map_or(today, |period| Day(self.calendar().days(period).end.0 - 1).min(today))
    }

    /// After which time in a stage a deal is stalled, in a period or now.
    #[must_use]
    pub fn stage_limits(&self, period: Option<Period>, now: Timestamp) -> StageLimits {
        let mut histories = Histories::default();
        let day = self.day_in_question(period, self.calendar().day_of(now));
        let history = self.gather_history(day, &mut histories);
        let organisation = self.organisation();
        let focus = Focus::on(Some(&Scope::Company), &organisation);
        self.limits_by(&history.history(&organisation, self.reporting_currency(), &focus))
    }

    fn limits_by(&self, history: &History) -> StageLimits {
        let own = || StageLimits::new(&self.pipelines, &history.company.tally);
        self.limits.clone().unwrap_or_else(own)
    }

    fn view_with(
        &self,
        slot: PeriodSlot,
        now: Timestamp,
        histories: &mut Histories,
        needs: Needs,
        scope: Option<&Scope>,
    ) -> View {
        let period = slot.period();
        let before = period.filter(|_| needs.previous);
        let previous = before.map(|period| self.copy(PeriodSlot::Period(period.previous())));
        let standing = period.filter(|_| needs.standing).map(|_| self.copy(PeriodSlot::Standing));
        let copied = self.copy(slot);
        let today = self.calendar().day_of(now);
        let gathered = self.gather(period, today, needs);
        let day = self.day_in_question(period, today);
        let history = needs.history.then(|| self.gather_history(day, histories));
        // Names come before the cells that use them, so every index that was copied is in the organisation.
        let organisation = self.organisation();
        let reporting = self.reporting_currency();
        let focus = Focus::on(scope, &organisation);
        let history = match history {
            Some(history) => history.history(&organisation, reporting, &focus),
            None => Arc::new(History::new(&[], &organisation, reporting, &focus)),
        };
        let nothing = || ScopeTally::new(reporting);
        let mut nothing = Related {
            sums: nothing(),
            previous: period.map(|_| nothing()),
            standing: period.map(|_| nothing()),
            around: Around::default(),
        };
        gathered.iter().for_each(|some| *(some.of)(&mut nothing.around) = Some(nothing.sums.clone()));
        let mut reps = vec![nothing.clone(); organisation.reps.len()];
        let mut territories = vec![nothing.clone(); organisation.territories.len()];
        History::give(&history.reps, &mut reps);
        History::give(&history.territories, &mut territories);
        // Of the period itself for everybody: who is listed, and quotas, follow from it.
        copied.each(&organisation.reference, |rep, territory, add| {
            add(&mut reps[rep.0 as usize].sums);
            add(&mut territories[territory.0 as usize].sums);
        });
        let mut add = |copied: &Copied, of: &dyn Fn(&mut Related) -> Option<&mut ScopeTally>| {
            copied.each(&organisation.reference, |rep, territory, add| {
                if focus.has_rep(rep) {
                    of(&mut reps[rep.0 as usize]).map(add);
                }
                if focus.has_territory(territory) {
                    of(&mut territories[territory.0 as usize]).map(add);
                }
            });
        };
        previous.iter().for_each(|copied| add(copied, &|related| related.previous.as_mut()));
        standing.iter().for_each(|copied| add(copied, &|related| related.standing.as_mut()));
        for Gathered { of, copies } in &gathered {
            copies.iter().for_each(|copied| add(copied, &|related| of(&mut related.around).as_mut()));
        }
        let mut view = self.empty_view(slot, history, &organisation, now);
        let targets = self.targets(&organisation, period, today);
        view.fill(&organisation, territories, reps, &nothing, &targets);
        if period.is_none() && needs.balance {
            view.set_balance(&organisation, &self.gather_balance(&organisation, &copied, now));
        }
        view
    }

    pub(crate) fn targets<'a>(
        &'a self,
        organisation: &'a Organisation,
        period: Option<Period>,
        today: Day,
    ) -> Targets<'a> {
        let (reference, reporting) = (&organisation.reference, self.reporting_currency());
        Targets { reference, calendar: self.calendar(), reporting, period, today }
    }

    /// A view in which nobody has sums.
    fn empty_view(
        &self,
        slot: PeriodSlot,
        history: Arc<History>,
        organisation: &Organisation,
        now: Timestamp,
    ) -> View {
        let (period, today) = (slot.period(), self.calendar().day_of(now));
        View {
            slot,
            company: ScopeTally::new(self.reporting_currency()),
            regions: Vec::new(),
            territories: Vec::new(),
            teams: Vec::new(),
            reps: Vec::new(),
            unlisted: BTreeMap::new(),
            company_beside: Beside::default(),
            reference: Arc::clone(&organisation.reference),
            pipelines: Arc::clone(&self.pipelines),
            thresholds: Arc::clone(&self.thresholds),
            elapsed: period.map(|period| self.elapsed(period, now)),
            limits: self.limits_by(&history),
            history,
            today,
            valued_on: self.day_in_question(period, today),
        }
    }

    /// The sums of all scopes in a range of days, `[from, to)`: only for KPIs [that can be told of any
    /// days](kpi::OF_ANY_DAYS). Cost: one pass over the tables of each of the few periods that the days consist of.
    #[must_use]
    pub fn view_of_days(&self, days: Range<Day>, now: Timestamp) -> View {
        let first = self.calendar().period_of(PeriodKind::Day, days.start);
        let slot = |period| PeriodSlot::Period(period);
        let copies: Vec<Copied> =
            self.calendar().cover(days).into_iter().map(|period| self.copy(slot(period))).collect();
        let organisation = self.organisation();
        let reporting = self.reporting_currency();
        let nothing = Related {
            sums: ScopeTally::new(reporting),
            previous: None,
            standing: None,
            around: Around::default(),
        };
        let mut reps = vec![nothing.clone(); organisation.reps.len()];
        let mut territories = vec![nothing.clone(); organisation.territories.len()];
        for copied in &copies {
            copied.each(&organisation.reference, |rep, territory, add| {
                add(&mut reps[rep.0 as usize].sums);
                add(&mut territories[territory.0 as usize].sums);
            });
        }
        let focus = Focus::on(None, &organisation);
        let history = Arc::new(History::new(&[], &organisation, reporting, &focus));
        let mut view = self.empty_view(slot(first), history, &organisation, now);
        // Quotas and goals are set for periods.
        let targets = self.targets(&organisation, None, view.today);
        view.fill(&organisation, territories, reps, &nothing, &targets);
        view
    }

    /// The values of a KPI for a scope in several periods, in their order. Cost: of a KPI that
    /// [follows from sums](Kpi::follows_from_sums), a pass or two over the table of each period; of others, as a view with
    /// what it is made of each, of which one is there at a time.
    #[must_use]
    pub fn series(
        &self,
        kpi: &'static Kpi,
        scope: &Scope,
        periods: &[Period],
        now: Timestamp,
    ) -> Vec<KpiValue> {
        let needs = Needs::of(kpi);
        let mut histories = Histories::default();
        if !kpi.follows_from_sums() {
            let view = |&period: &Period| {
                self.view_with(PeriodSlot::Period(period), now, &mut histories, needs, Some(scope))
            };
            return periods.iter().map(view).map(|view| view.evaluate_scope(kpi, scope)).collect();
        }
        let organisation = self.organisation();
        let focus = Focus::on(Some(scope), &organisation);
        let history = Arc::new(History::new(&[], &organisation, self.reporting_currency(), &focus));
        let value = |&period: &Period| {
            let slot = PeriodSlot::Period(period);
            let view = self.empty_view(slot, Arc::clone(&history), &organisation, now);
            let before = Some(period.previous()).filter(|_| needs.previous);
            let previous = before.map(|before| self.tally(scope, PeriodSlot::Period(before)));
            view.evaluate_sums(kpi, &self.tally(scope, slot), &Beside { previous, ..Beside::default() })
        };
        periods.iter().map(value).collect()
    }

    /// How many seconds of a period have passed, of how many.
    fn elapsed(&self, period: Period, now: Timestamp) -> (i128, i128) {
        let days = self.calendar().days(period);
        let seconds = |moment: Timestamp| i128::from(moment.seconds());
        let (start, end) =
            (seconds(self.calendar().start_of(days.start)), seconds(self.calendar().start_of(days.end)));
        (seconds(now).clamp(start, end) - start, end - start)
    }
}
