//! What a view needs from other times than its own period: gathered from tables of periods, which are kept anyway.

use std::sync::Arc;

use kpi::{LastYear, Sums};
use model::{Day, Period, PeriodKind};

use crate::board::Board;
use crate::history::{Gathered as GatheredHistory, Histories};
use crate::needs::Needs;
use crate::selection::Selection;
use crate::table::{Copied, PeriodSlot};
use crate::view::ScopeTally;

/// Sums of one scope at other times; each has only the measures that it is there for. See [`kpi::Input`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// Shared by views that are made together.
    pub(crate) history: Option<Arc<ScopeTally>>,
    after: Option<ScopeTally>,
    /// Of the period a year before: all of it, and as much as has passed of this one.
    last_year: Option<ScopeTally>,
    last_year_to_date: Option<ScopeTally>,
}

impl Around {
    /// Adds all but the history, which each scope is given as a whole.
    pub(crate) fn merge(&mut self, other: &Self) {
        let Self { history: _, after, last_year, last_year_to_date } = self;
        for (own, other) in [
            (after, &other.after),
            (last_year, &other.last_year),
            (last_year_to_date, &other.last_year_to_date),
        ] {
            if let (Some(own), Some(other)) = (own, other) {
                own.merge(other);
            }
        }
    }

    pub(crate) fn sums(&self) -> impl Iterator<Item = &ScopeTally> {
        let Self { history, after, last_year, last_year_to_date } = self;
        [after, last_year, last_year_to_date].into_iter().flatten().chain(history.as_deref())
    }

    pub(crate) fn history(&self) -> Option<Sums<'_>> {
        self.history.as_deref().map(ScopeTally::sums)
    }

    pub(crate) fn after(&self) -> Option<Sums<'_>> {
        self.after.as_ref().map(ScopeTally::sums)
    }

    pub(crate) fn last_year(&self) -> Option<LastYear<'_>> {
        let (whole, to_date) = self.last_year.as_ref().zip(self.last_year_to_date.as_ref())?;
        Some(LastYear { whole: whole.sums(), to_date: to_date.sums() })
    }
}

/// One of the sums of [`Around`].
type OfAround = fn(&mut Around) -> &mut Option<ScopeTally>;

/// What is to go into one of the sums.
pub(crate) struct Wanted {
    pub(crate) of: OfAround,
    pub(crate) periods: Vec<Period>,
    pub(crate) selection: Selection,
}

/// What goes into one of the sums, of all scopes.
pub(crate) struct Gathered {
    pub(crate) of: OfAround,
    pub(crate) copies: Vec<Copied>,
}

impl Board {
    /// Which sums a view of a period, or of what stands now, is to have around it beside the history.
    pub(crate) fn around(&self, period: Option<Period>, today: Day, needs: Needs) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        if let Some(period) = period {
            if needs.after {
                wanted.push(self.after(period, today));
            }
            if needs.last_year {
                wanted.extend(self.last_year(period, today));
            }
        }
        wanted
    }

    /// The same, copied for all scopes.
    pub(crate) fn gather(&self, period: Option<Period>, today: Day, needs: Needs) -> Vec<Gathered> {
        let gathered = |Wanted { of, periods, selection }: Wanted| Gathered {
            of,
            copies: self.copies(&periods, selection),
        };
        self.around(period, today, needs).into_iter().map(gathered).collect()
    }

    /// The history up to the fiscal year of a day.
    pub(crate) fn gather_history<'h>(&self, day: Day, shared: &'h mut Histories) -> &'h mut GatheredHistory {
        let years = self.years_of_history(day);
        shared.of_year(years[1], || self.copies(&years, Selection::history()))
    }

    /// The fiscal years of the history up to that of a day.
    pub(crate) fn years_of_history(&self, day: Day) -> [Period; 2] {
        let year = self.calendar().period_of(PeriodKind::Year, day);
        [year.previous(), year]
    }

    fn after(&self, period: Period, today: Day) -> Wanted {
        // Nothing that is accepted happens later than next year.
        let next_year = self.calendar().period_of(PeriodKind::Year, today).next();
        let days = self.calendar().days(period).end..self.calendar().days(next_year).end;
        let selection = Selection::flows(self.reporting_currency());
        Wanted { of: |around| &mut around.after, periods: self.calendar().cover(days), selection }
    }

    /// Only where a goal is set for the period: nothing else needs it.
    fn last_year(&self, period: Period, today: Day) -> Vec<Wanted> {
        let has_goals = self.reference().is_some_and(|all| all.has_goals(&self.calendar().name(period)));
        let Some(before) = period.year_before().filter(|_| has_goals) else {
            return Vec::new();
        };
        let (days, days_before) = (self.calendar().days(period), self.calendar().days(before));
        let (all, all_before) = (days.end.0 - days.start.0, days_before.end.0 - days_before.start.0);
        let begun = (today.0.saturating_add(1).saturating_sub(days.start.0)).clamp(0, all);
        // To the nearest day: in a leap year, a year, quarter or month has a day more.
        let begun_before = (2 * begun * all_before + all) / (2 * all);
        let to_date = days_before.start..Day(days_before.start.0 + begun_before);
        let selection = Selection::won_amounts(self.reporting_currency());
        vec![
            Wanted { of: |around| &mut around.last_year, periods: vec![before], selection },
            Wanted {
                of: |around| &mut around.last_year_to_date,
                periods: self.calendar().cover(to_date),
                selection,
            },
        ]
    }

    fn copies(&self, periods: &[Period], selection: Selection) -> Vec<Copied> {
        let tables = periods.iter().filter_map(|&period| self.table(PeriodSlot::Period(period)));
        tables.map(|table| table.read().copied_of(selection, self.pipelines())).collect()
    }
}
