//! The tables of periods: made when somebody asks for one, and kept up to date by what is published from then on.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::{CellKey, Day, PeriodKind};
use parking_lot::RwLock;

use crate::board::Board;
use crate::partition::{deltas_of, deltas_of_codes};
use crate::table::{Copied, Delta, PeriodSlot, Shown, Table, is_since, since_codes};

impl Board {
    pub(crate) fn copy(&self, slot: PeriodSlot) -> Copied {
        self.table(slot).map_or_else(Copied::default, |table| table.read().copied(self.pipelines()))
    }

    /// The table of a period, made from the partitions' cells when it is first asked for and kept up to date from then
    /// on: most periods of a long history are never looked at. None while there is nothing in it.
    pub(crate) fn table(&self, slot: PeriodSlot) -> Option<Arc<RwLock<Table>>> {
        if let Some(table) = self.tables.get(&slot) {
            return Some(Arc::clone(&table));
        }
        let days = match slot {
            PeriodSlot::Standing => CellKey::STANDING..Day(CellKey::STANDING.0 + 1),
            PeriodSlot::Period(period) => self.calendar().days(period),
        };
        // No partition can come, and none can publish, between what is read here and the moment from which publishes go to
        // the table, too. Whoever holds a partition's cells never waits for the list of them.
        let partitions = self.partitions.read();
        let held: Vec<_> = partitions.values().map(|partition| partition.hold()).collect();
        if let Some(table) = self.tables.get(&slot) {
            return Some(Arc::clone(&table));
        }
        let mut table = Table::default();
        for (day, owner, row) in held.iter().flat_map(|cells| cells.rows(days.clone())) {
            let deltas: Vec<Delta> = deltas_of(day, owner, row, |value| value).collect();
            table.apply(&deltas, self.reporting_currency(), self.pipelines());
        }
        if slot == PeriodSlot::Standing {
            for (day, owner, row) in held.iter().flat_map(|cells| cells.rows(days.end..Day(i32::MAX))) {
                let codes = since_codes(self.reporting_currency()).into_iter();
                let deltas: Vec<Delta> =
                    codes.flat_map(|codes| deltas_of_codes(day, owner, row, codes)).collect();
                table.apply_since(&deltas);
            }
        }
        if table.is_empty() {
            return None;
        }
        let table = Arc::new(RwLock::new(table));
        self.tables.insert(slot, Arc::clone(&table));
        Some(table)
    }

    /// Which changes of a day there is a table for.
    pub(crate) fn shows(&self, day: Day) -> Shown {
        let shows_standing = self.tables.contains_key(&PeriodSlot::Standing);
        if day == CellKey::STANDING {
            return if shows_standing { Shown::All } else { Shown::Nothing };
        }
        let slot = |kind| PeriodSlot::Period(self.calendar().period_of(kind, day));
        if PeriodKind::ALL.into_iter().any(|kind| self.tables.contains_key(&slot(kind))) {
            Shown::All
        } else if shows_standing {
            Shown::Since
        } else {
            Shown::Nothing
        }
    }

    pub(crate) fn all_tables(&self) -> Vec<Arc<RwLock<Table>>> {
        self.tables.iter().map(|table| Arc::clone(&table)).collect()
    }

    /// Adds changes to the tables of their periods, of those that there are: sorted by day first, so that each table is
    /// locked once, and then by row.
    pub(crate) fn apply(&self, mut deltas: Vec<Delta>) {
        deltas.sort_unstable_by_key(|delta| (delta.day, delta.key.owner()));
        let standing = deltas.partition_point(|delta| delta.day == CellKey::STANDING);
        let (standing, dated) = deltas.split_at(standing);
        if !standing.is_empty() {
            self.apply_to(PeriodSlot::Standing, standing);
        }
        let since: Vec<Delta> = dated.iter().filter(|delta| is_since(delta.key.held)).copied().collect();
        if !since.is_empty()
            && let Some(table) = self.tables.get(&PeriodSlot::Standing).map(|table| Arc::clone(&table))
        {
            table.write().apply_since(&since);
        }
        for kind in PeriodKind::ALL {
            for run in dated.chunk_by(|left, right| {
                left.day == right.day || self.in_one_period(kind, left.day, right.day)
            }) {
                self.apply_to(PeriodSlot::Period(self.calendar().period_of(kind, run[0].day)), run);
            }
        }
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn in_one_period(&self, kind: PeriodKind, left: Day, right: Day) -> bool {
        self.calendar().period_of(kind, left) == self.calendar().period_of(kind, right)
    }

    fn apply_to(&self, slot: PeriodSlot, deltas: &[Delta]) {
        // A clone, so that no reader of another period waits for this one's lock.
        if let Some(table) = self.tables.get(&slot).map(|table| Arc::clone(&table)) {
            table.write().apply(deltas, self.reporting_currency(), self.pipelines());
        }
    }
}
