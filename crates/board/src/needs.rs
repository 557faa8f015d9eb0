//! Which sums KPIs need beside those of their own period: what its KPIs are made of, and nothing else.

use kpi::{Kpi, When, Whose};

/// Of which other times there are sums, and of whom others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) previous: bool,
    pub(crate) standing: bool,
    pub(crate) history: bool,
    pub(crate) after: bool,
    pub(crate) last_year: bool,
    pub(crate) balance: bool,
    pub(crate) quotas: bool,
}

impl Needs {
    /// For all KPIs.
    pub(crate) const ALL: Self = Self {
        previous: true,
        standing: true,
        history: true,
        after: true,
        last_year: true,
        balance: true,
        quotas: true,
    };

    /// For one KPI.
    pub(crate) fn of(kpi: &Kpi) -> Self {
        let needs = |times: &[When]| kpi.made_of.iter().any(|of| times.contains(&of.when));
        Self {
            previous: needs(&[When::Previous]),
            standing: needs(&[When::Standing, When::Since, When::Stalled]),
            // Limits of stages follow from it, and ages are compared with them.
            history: needs(&[When::History, When::Since, When::Stalled]),
            after: needs(&[When::After]),
            last_year: needs(&[When::LastYear]),
            balance: needs(&[When::TwoMonths]),
            quotas: kpi.made_of.iter().any(|of| of.whose == Whose::RepsWithQuota),
        }
    }
}
