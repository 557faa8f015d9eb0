//! What measures are called, and what they are measured by.

use crate::activity::Category;
use crate::cell::{DurationBucket, Measure};
use crate::identifier::TypeIndex;
use crate::touches::Touches;

impl Measure {
    /// What is measured, in snake case, whatever the stage, currency, category or range it is measured by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreatedDeals => "created_deals",
            Self::WonDeals => "won_deals",
            Self::LostDeals => "lost_deals",
            Self::WonAmount(_) => "won_amount",
            Self::CycleSeconds => "cycle_seconds",
            Self::CycleDeals(_) => "cycle_deals",
            Self::StageEntered(_) => "stage_entered",
            Self::StageAdvanced(_) => "stage_advanced",
            Self::StageMovedBack(_) => "stage_moved_back",
            Self::StageLost(_) => "stage_lost",
            Self::StageLeftAmount(..) => "stage_left_amount",
            Self::StageLostAmount(..) => "stage_lost_amount",
            Self::DwellSeconds(_) => "dwell_seconds",
            Self::DwellVisits(..) => "dwell_visits",
            Self::OpenSince(_) => "open_since",
            Self::Reached(_) => "reached",
            Self::CohortWon => "cohort_won",
            Self::CohortLost => "cohort_lost",
            Self::WonReached(_) => "won_reached",
            Self::LostReached(_) => "lost_reached",
            Self::Mql => "mql",
            Self::MqlToSql => "mql_to_sql",
            Self::MqlDropped => "mql_dropped",
            Self::OpenDeals(_) => "open_deals",
            Self::OpenAmount(..) => "open_amount",
            Self::OpenDueAmount(_) => "open_due_amount",
            Self::FlowAmount(flow, _) => flow.measure_name(),
            Self::Activities(..) => "activities",
            Self::ActivitySeconds(..) => "activity_seconds",
            Self::ClosedWith(..) => "closed_with",
        }
    }

    /// The category of what is measured by category.
    #[must_use]
    pub const fn category(self) -> Option<Category> {
        match self {
            Self::Activities(category, _)
            | Self::ActivitySeconds(category, _)
            | Self::ClosedWith(category, _) => Some(category),
            _ => None,
        }
    }

    /// The activity's type of what is measured by type.
    #[must_use]
    pub const fn activity_type(self) -> Option<TypeIndex> {
        match self {
            Self::Activities(_, of_type) | Self::ActivitySeconds(_, of_type) => Some(of_type),
            _ => None,
        }
    }

    /// The same measure of another activity's type; what is not measured by type stays as it is.
    #[must_use]
    pub const fn with_activity_type(self, of_type: TypeIndex) -> Self {
        match self {
            Self::Activities(category, _) => Self::Activities(category, of_type),
            Self::ActivitySeconds(category, _) => Self::ActivitySeconds(category, of_type),
            other => other,
        }
    }

    /// The touches of what is counted by them.
    #[must_use]
    pub const fn touches(self) -> Option<Touches> {
        match self {
            Self::ClosedWith(_, touches) => Some(touches),
            _ => None,
        }
    }

    /// The range of durations of what is counted by range.
    #[must_use]
    pub const fn bucket(self) -> Option<DurationBucket> {
        match self {
            Self::CycleDeals(bucket) | Self::DwellVisits(_, bucket) => Some(bucket),
            _ => None,
        }
    }
}
