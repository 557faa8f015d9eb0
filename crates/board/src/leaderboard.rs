//! Ranking scopes of one kind by a KPI.

use std::cmp::{Ordering, Reverse};
use std::sync::Arc;

use kpi::{Kpi, KpiValue};

use crate::view::{View, ViewRow};

/// What is ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Reps.
    Reps,
    /// Territories, each alone.
    Territories,
    /// Regions, each with all below it.
    Regions,
    /// Teams.
    Teams,
}

/// Which end is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// The largest value first.
    Descending,
    /// The smallest value first.
    Ascending,
}

/// One row of a leaderboard.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedRow {
    /// From 1; equal values share a rank, and the ranks behind them are left out. None where the value is absent.
    pub rank: Option<usize>,
    /// The id of the rep, territory, region or team.
    pub id: Arc<str>,
    /// The name to show.
    pub name: Arc<str>,
    /// The value.
    pub value: KpiValue,
}

/// The best rows, and how many there are in all.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaderboard {
    /// In order of rank, those of one rank by id; absent values last.
    pub rows: Vec<RankedRow>,
    /// How many rows there are without the limit.
    pub total_rows: usize,
}

impl View {
    /// Ranks the rows of a group; none if the KPI is not told for the view's period.
    #[must_use]
    pub fn leaderboard(
        &self,
        kpi: &'static Kpi,
        group: Group,
        order: Order,
        limit: usize,
    ) -> Option<Leaderboard> {
        if !kpi.is_told_for(self.slot.period().map(|period| period.kind)) {
            return None;
        }
        Some(self.ranked(kpi, self.rows(group).iter(), order, limit))
    }

    /// Ranks some rows, whatever the view's period.
    pub(crate) fn ranked<'v>(
        &self,
        kpi: &'static Kpi,
        rows: impl Iterator<Item = &'v ViewRow>,
        order: Order,
        limit: usize,
    ) -> Leaderboard {
        let mut rows: Vec<RankedRow> = rows
            .map(|row| RankedRow {
                rank: None,
                id: Arc::clone(&row.id),
                name: Arc::clone(&row.name),
                value: self.evaluate(kpi, row),
            })
            .collect();
        rows.sort_by(|left, right| compare(left, right, order).then_with(|| left.id.cmp(&right.id)));
        let total_rows = rows.len();
        rows.truncate(limit);
        let mut rank = 1;
        for index in 0..rows.len() {
            if index > 0 && compare(&rows[index - 1], &rows[index], order).is_ne() {
                rank = index + 1;
            }
            rows[index].rank = rows[index].value.value.is_ok().then_some(rank);
        }
        Leaderboard { rows, total_rows }
    }

    /// The rows of a group.
    pub(crate) fn rows(&self, group: Group) -> &[ViewRow] {
        match group {
            Group::Reps => &self.reps,
            Group::Territories => &self.territories,
            Group::Regions => &self.regions,
            Group::Teams => &self.teams,
        }
    }
}

fn compare(left: &RankedRow, right: &RankedRow, order: Order) -> Ordering {
    match (left.value.value, right.value.value) {
        (Ok(left), Ok(right)) => match order {
            Order::Ascending => left.compare(right),
            Order::Descending => right.compare(left),
        },
        (left, right) => Reverse(left.is_ok()).cmp(&Reverse(right.is_ok())),
    }
}
