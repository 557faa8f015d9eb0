//! Views: the sums of all scopes in a period, or in a range of days, with what their KPIs need from other times.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use kpi::{Kpi, StageLimits};
use model::{Day, Period, PeriodKind, Timestamp};

use crate::around::{Around, Gathered};
use crate::board::Board;
use crate::history::{Histories, History};
use crate::needs::Needs;
use crate::organisation::Organisation;
use crate::table::{Copied, PeriodSlot};
use crate::view::{Beside, Related, ScopeTally, Targets, View};

impl Board {
    /// The sums of all scopes in a period. Cost: one pass each over the tables of the period, of the one before and of
    /// what stands now, and a look into the rows of two years, all locked for a copy only.
    #[must_use]
    pub fn view(&self, slot: PeriodSlot, now: Timestamp) -> View {
        self.view_with(slot, now, &mut Histories::default(), Needs::ALL)
    }

    /// A view for one KPI and no others. Cost: less than a whole view, since it has only what the KPI is made of.
    pub(crate) fn view_for(&self, kpi: &Kpi, slot: PeriodSlot, now: Timestamp) -> View {
        self.view_with(slot, now, &mut Histories::default(), Needs::of(kpi))
    }

    /// The views of several periods, in their order. Cost: less than each by itself, since they share what they need of
    /// years.
    #[must_use]
    pub fn views(&self, slots: &[PeriodSlot], now: Timestamp) -> Vec<View> {
        let mut histories = Histories::default();
        slots.iter().map(|&slot| self.view_with(slot, now, &mut histories, Needs::ALL)).collect()
    }

    /// A period's last day, or today if that is earlier or there is no period.
    #[must_use]
    pub fn day_in_question(&self, period: Option<Period>, today: Day) -> Day {
        period.map_or(today, |period| Day(self.calendar().days(period).end.0 - 1).min(today))
    }

    /// By the company's history.
    pub(crate) fn limits_by(&self, history: &ScopeTally) -> StageLimits {
        self.limits.clone().unwrap_or_else(|| StageLimits::new(&self.pipelines, &history.tally))
    }

    fn view_with(&self, slot: PeriodSlot, now: Timestamp, histories: &mut Histories, needs: Needs) -> View {
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
        let history = match history {
            Some(history) => history.history(&organisation, reporting),
            None => Arc::new(History::new(&[], &organisation, reporting)),
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
        let mut add = |copied: &Copied, of: &dyn Fn(&mut Related) -> Option<&mut ScopeTally>| {
            copied.each(&organisation.reference, |rep, territory, add| {
                of(&mut reps[rep.0 as usize]).map(add);
                of(&mut territories[territory.0 as usize]).map(add);
            });
        };
        add(&copied, &|related| Some(&mut related.sums));
        previous.iter().for_each(|copied| add(copied, &|related| related.previous.as_mut()));
        standing.iter().for_each(|copied| add(copied, &|related| related.standing.as_mut()));
        for Gathered { of, copies } in &gathered {
            copies.iter().for_each(|copied| add(copied, &|related| of(&mut related.around).as_mut()));
        }
        let mut view = self.empty_view(slot, self.limits_by(&history.company), &organisation, now);
        let targets = self.targets(&organisation, period, today);
        view.fill(&organisation, (territories, reps), &nothing, &history, &targets);
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
    pub(crate) fn empty_view(
        &self,
        slot: PeriodSlot,
        limits: StageLimits,
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
            limits,
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
        let history = History::new(&[], &organisation, reporting);
        let limits = self.limits_by(&history.company);
        let mut view = self.empty_view(slot(first), limits, &organisation, now);
        // Quotas and goals are set for periods.
        let targets = self.targets(&organisation, None, view.today);
        view.fill(&organisation, (territories, reps), &nothing, &history, &targets);
        view
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
