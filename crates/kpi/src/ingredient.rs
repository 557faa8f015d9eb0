//! What KPIs are made from, so that a number can be opened into its parts.
//!
//! Complete: a measure that can change a KPI's value is among its ingredients, of the right time. A test adds to every
//! measure and watches.

use model::Measure;

/// Of what time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// The period that is asked for.
    Period,
    /// The period before it.
    Previous,
    /// What stands now.
    Standing,
    /// The fiscal year of the day in question and the one before: see [`Input::history`](crate::Input::history).
    History,
    /// All days behind the period.
    After,
    /// The same period a year before.
    LastYear,
    /// The current month and the one before.
    TwoMonths,
    /// What is open now, by the day since when.
    Since,
    /// What is open now and has been for longer than the limit of its stage, by the day since when.
    Stalled,
}

impl When {
    /// The name used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Period => "period",
            Self::Previous => "previous",
            Self::Standing => "standing",
            Self::History => "history",
            Self::After => "after",
            Self::LastYear => "last_year",
            Self::TwoMonths => "two_months",
            Self::Since => "since",
            Self::Stalled => "stalled",
        }
    }
}

/// Whose sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The scope's.
    Scope,
    /// Those of the scope's reps who have a quota above 0 for the period: of a territory or region the reps whose home is
    /// in it, wherever they sold.
    RepsWithQuota,
    /// The company's: the scope is compared with it.
    Company,
}

/// Sums that a KPI is made from.
#[derive(Debug, Clone, Copy)]
pub struct Ingredient {
    /// Of what time.
    pub when: When,
    /// Whose.
    pub whose: Whose,
    /// Of which measures.
    pub is: fn(Measure) -> bool,
}

impl Ingredient {
    /// Sums of the period that is asked for.
    pub(crate) const fn of_period(is: fn(Measure) -> bool) -> Self {
        Self { when: When::Period, whose: Whose::Scope, is }
    }

    /// Sums of the period before.
    pub(crate) const fn of_previous(is: fn(Measure) -> bool) -> Self {
        Self { when: When::Previous, whose: Whose::Scope, is }
    }

    /// Sums that stand now.
    pub(crate) const fn standing(is: fn(Measure) -> bool) -> Self {
        Self { when: When::Standing, whose: Whose::Scope, is }
    }

    /// Sums of another time.
    pub(crate) const fn of(when: When, is: fn(Measure) -> bool) -> Self {
        Self { when, whose: Whose::Scope, is }
    }
}
