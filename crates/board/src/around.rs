//! What a view needs from other times than its own period: gathered from tables of periods, which are kept anyway.

use kpi::Sums;
use model::{Day, Period, PeriodKind};

use crate::board::Board;
use crate::selection::Selection;
use crate::table::{Copied, PeriodSlot};
use crate::view::ScopeTally;

/// Sums of one scope at other times; each has only the measures that it is there for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// See [`kpi::Input::history`].
    history: Option<ScopeTally>,
    /// See [`kpi::Input::after`].
    after: Option<ScopeTally>,
}

impl Around {
    pub(crate) fn merge(&mut self, other: &Self) {
        let Self { history, after } = self;
        for (own, other) in [(history, &other.history), (after, &other.after)] {
            if let (Some(own), Some(other)) = (own, other) {
                own.merge(other);
            }
        }
    }

    pub(crate) fn sums(&self) -> impl Iterator<Item = &ScopeTally> {
        let Self { history, after } = self;
        [history, after].into_iter().flatten()
    }

    pub(crate) fn history(&self) -> Option<Sums<'_>> {
        self.history.as_ref().map(ScopeTally::sums)
    }

    pub(crate) fn after(&self) -> Option<Sums<'_>> {
        self.after.as_ref().map(ScopeTally::sums)
    }
}

/// One of the sums of [`Around`], and what goes into it.
pub(crate) struct Gathered {
    pub(crate) of: fn(&mut Around) -> &mut Option<ScopeTally>,
    pub(crate) copies: Vec<Copied>,
}

impl Board {
    /// What a view of a period, or of what stands now, is to have around it.
    pub(crate) fn gather(&self, period: Option<Period>, today: Day) -> Vec<Gathered> {
        let days = period.map(|period| self.calendar().days(period));
        let last = days.as_ref().map_or(today, |days| Day(days.end.0 - 1).min(today));
        let year = self.calendar().period_of(PeriodKind::Year, last);
        let mut gathered = vec![Gathered {
            of: |around| &mut around.history,
            copies: self.copies(&[year.previous(), year], &Selection::history()),
        }];
        if let Some(days) = days {
            // Nothing that is accepted happens later than that.
            let next_year = self.calendar().period_of(PeriodKind::Year, today).next();
            let after = self.calendar().cover(days.end..self.calendar().days(next_year).end);
            let copies = self.copies(&after, &Selection::flows(self.reporting_currency()));
            gathered.push(Gathered { of: |around| &mut around.after, copies });
        }
        gathered
    }

    fn copies(&self, periods: &[Period], selection: &Selection) -> Vec<Copied> {
        let tables = periods.iter().filter_map(|&period| self.table(PeriodSlot::Period(period)));
        tables.map(|table| table.read().copied_of(selection)).collect()
    }
}
