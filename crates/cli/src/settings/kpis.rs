//! The section `[kpis]`: what matters to the organisation, and where verdicts change.

use kpi::{Choice, ChoiceError, Thresholds};
use serde::{Deserialize, Serialize};

/// What matters, and where verdicts change.
// Unknown keys are refused by this struct for both: the flattened one takes those that it knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Kpis {
    /// Names of objectives, whose KPIs are exported as metrics; `all` is every KPI.
    pub(crate) objectives: Vec<String>,
    /// Names of further KPIs that are exported as metrics.
    pub(crate) also: Vec<String>,
    #[serde(flatten)]
    pub(crate) thresholds: Thresholds,
}

impl Default for Kpis {
    fn default() -> Self {
        Self {
            objectives: kpi::DEFAULT_OBJECTIVES.map(str::to_owned).into(),
            also: Vec::new(),
            thresholds: Thresholds::default(),
        }
    }
}

impl Kpis {
    /// The KPIs that are exported as metrics.
    pub(crate) fn choice(&self) -> Result<Choice, ChoiceError> {
        Choice::new(&self.objectives, &self.also)
    }
}
