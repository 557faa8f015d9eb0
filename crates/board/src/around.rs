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
}

impl Around {
    pub(crate) fn merge(&mut self, other: &Self) {
        let Self { history } = self;
        for (own, other) in [(history, &other.history)] {
            if let (Some(own), Some(other)) = (own, other) {
                own.merge(other);
            }
        }
    }

    pub(crate) fn history(&self) -> Option<Sums<'_>> {
        self.history.as_ref().map(ScopeTally::sums)
    }
}

/// One of the sums of [`Around`], and what goes into it.
pub(crate) struct Gathered {
    pub(crate) of: fn(&mut Around) -> &mut Option<ScopeTally>,
    pub(crate) copies: Vec<Copied>,
}

impl Board {
    /// What a view is to have around it; `day` is the one in question: today, or a period's last if it is over.
    pub(crate) fn gather(&self, day: Day) -> Vec<Gathered> {
        let year = self.calendar().period_of(PeriodKind::Year, day);
        vec![Gathered {
            of: |around| &mut around.history,
            copies: self.copies(&[year.previous(), year], &Selection::history()),
        }]
    }

    fn copies(&self, periods: &[Period], selection: &Selection) -> Vec<Copied> {
        let tables = periods.iter().filter_map(|&period| self.table(PeriodSlot::Period(period)));
        tables.map(|table| table.read().copied_of(selection)).collect()
    }
}
