//! from cells to KPIs: one definition each
