//! Contests: who has the most of a KPI in a range of days.

use std::collections::BTreeSet;
use std::ops::Range;

use kpi::{Kpi, Value};
use model::{Day, Timestamp};

use crate::board::Board;
use crate::leaderboard::{Group, Order, RankedRow};

/// A contest as it was called.
#[derive(Debug, Clone)]
pub struct Contest {
    /// Its name.
    pub name: String,
    /// What counts: one of [`kpi::OF_ANY_DAYS`].
    pub kpi: &'static Kpi,
    /// Who competes.
    pub group: Group,
    /// The ids of those who take part; all of the group if there are none.
    pub members: BTreeSet<String>,
    /// Its days, `[first, end)`.
    pub days: Range<Day>,
    /// What each is to reach, in what the KPI's values are held in.
    pub target: Option<i128>,
}

/// Whether a contest goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContestState {
    /// It has not begun.
    Coming,
    /// Today is one of its days.
    Running,
    /// It has ended; corrections may still change who won.
    Over,
}

/// How a contest stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ContestStanding {
    /// Whether it goes on.
    pub state: ContestState,
    /// How many of its days are not over, today among them.
    pub days_left: u32,
    /// In order of rank; equal values share one.
    pub rows: Vec<RankedRow>,
}

impl ContestStanding {
    /// Who is ahead alone, with more than nothing.
    #[must_use]
    pub fn leader(&self) -> Option<&RankedRow> {
        let first = self.rows.first().filter(|_| self.state != ContestState::Coming)?;
        let value = first.value.value.ok().filter(|value| value.fraction().0 > 0)?;
        let second = self.rows.get(1).and_then(|second| second.value.value.ok());
        second.is_none_or(|second| value.compare(second).is_gt()).then_some(first)
    }
}

impl Contest {
    /// How many days a contest may have: two years.
    pub const DAYS_MAX: i32 = 732;

    /// Which share of the target a value is.
    #[must_use]
    pub fn share(&self, value: Value) -> Option<Value> {
        match (value, self.target) {
            (Value::Whole(numerator), Some(denominator)) => Some(Value::Quotient { numerator, denominator }),
            _ => None,
        }
    }
}

impl Board {
    /// How a contest stands. Cost: as [`view_of_days`](Self::view_of_days).
    #[must_use]
    pub fn standing_of(&self, contest: &Contest, now: Timestamp) -> ContestStanding {
        let Contest { kpi, group, members, days, .. } = contest;
        let today = self.calendar().day_of(now);
        let view = self.view_of_days(days.clone(), now);
        let takes_part = |id: &str| members.is_empty() || members.contains(id);
        let rows = view.rows(*group).iter().filter(|row| takes_part(&row.id));
        ContestStanding {
            state: match today {
                _ if today < days.start => ContestState::Coming,
                _ if today < days.end => ContestState::Running,
                _ => ContestState::Over,
            },
            days_left: (days.end.0 - today.max(days.start).0).max(0).cast_unsigned(),
            rows: view.ranked(kpi, rows, Order::Descending, usize::MAX).rows,
        }
    }
}
