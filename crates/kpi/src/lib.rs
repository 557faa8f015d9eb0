//! From cells to KPIs: one definition each, with its name, unit, formula, help text and edge cases.
//!
//! This room turns a [`Tally`](model::Tally) into the values of the KPIs in [`CATALOGUE`]. It knows `model` alone: not
//! where tallies come from, not how values are shown.
//!
//! Invariants: KPI-1, a value is an exact integer or an exact quotient of integers; KPI-2, what cannot be told (nothing
//! to divide by, no exchange rate) is absent with its reason, never 0, NaN or a guess; KPI-3, money is rounded once, at
//! the end, half to even.

mod amounts;
mod any_days;
mod balance;
mod catalogue;
mod choice;
mod conversion;
mod ingredient;
mod input;
mod limits;
mod page;
mod quantile;
mod value;

pub use amounts::Amounts;
pub use any_days::OF_ANY_DAYS;
pub use balance::{Balance, BalanceWeights, Balanced, Change, Component, Load, Move};
pub use catalogue::{CATALOGUE, Dimension, Kpi, OBJECTIVES, Objective, find, find_objective};
pub use choice::{ALL, Choice, ChoiceError, DEFAULT_OBJECTIVES};
pub use conversion::Conversion;
pub use ingredient::{Ingredient, When, Whose};
pub use input::{Ages, Input, LastYear, RepQuota, Sums, Thresholds};
pub use limits::StageLimits;
pub use page::{objectives_page, page};
pub use value::{Absence, Attainment, KpiValue, Part, PartKey, Unit, Value, Verdict, WaterfallStep};
