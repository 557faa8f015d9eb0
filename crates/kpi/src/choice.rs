//! Which KPIs an organisation has chosen: those of its objectives, and some by name.

use thiserror::Error;

use crate::catalogue::{CATALOGUE, Kpi, OBJECTIVES, Objective, find, find_objective};

/// The objective that stands for every KPI.
pub const ALL: &str = "all";

/// The objectives where none are configured: they need nothing beside deals, no quotas, goals or activities.
pub const DEFAULT_OBJECTIVES: [&str; 2] = ["grow_revenue", "fix_the_funnel"];

/// The most names that an error offers.
const NEAREST_MAX: usize = 3;
/// Names that are less alike than this, of 1, are not offered.
const ALIKE_MIN: f64 = 0.75;
/// Shorter texts are within too many names.
const WITHIN_BYTES_MIN: usize = 4;

/// The chosen KPIs.
#[derive(Debug, Clone)]
pub struct Choice {
    objectives: Vec<&'static Objective>,
    kpis: Vec<&'static Kpi>,
}

/// A name that cannot be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: there is no {what} {found:?}; {hint}")]
pub struct ChoiceError {
    /// The key of the configuration.
    pub key: &'static str,
    /// What was to be named.
    what: &'static str,
    /// The name.
    pub found: String,
    /// What to do.
    hint: String,
}

impl Choice {
    /// The KPIs of objectives, of which [`ALL`] stands for every KPI, and further ones by name.
    ///
    /// # Errors
    /// The first name that is not known, with the nearest that are.
    pub fn new(objectives: &[impl AsRef<str>], also: &[impl AsRef<str>]) -> Result<Self, ChoiceError> {
        let mut named = Vec::new();
        for name in objectives.iter().map(AsRef::as_ref) {
            match find_objective(name) {
                Some(objective) => named.push(objective),
                None if name == ALL => named.extend(OBJECTIVES),
                None => return Err(unknown_objective(name)),
            }
        }
        let has_all = objectives.iter().any(|name| name.as_ref() == ALL);
        let mut further = Vec::new();
        for name in also.iter().map(AsRef::as_ref) {
            further.push(find(name).ok_or_else(|| unknown_kpi(name))?);
        }
        let is_chosen =
            |kpi: &&Kpi| has_all || further.contains(kpi) || named.iter().any(|objective| objective.has(kpi));
        Ok(Self {
            objectives: OBJECTIVES.iter().filter(|one| named.contains(one)).collect(),
            kpis: CATALOGUE.iter().filter(is_chosen).collect(),
        })
    }

    /// The objectives, in their order.
    #[must_use]
    pub fn objectives(&self) -> &[&'static Objective] {
        &self.objectives
    }

    /// The KPIs, in the order of the catalogue.
    #[must_use]
    pub fn kpis(&self) -> &[&'static Kpi] {
        &self.kpis
    }

    /// Whether a KPI is chosen.
    #[must_use]
    pub fn has(&self, kpi: &Kpi) -> bool {
        self.kpis.contains(&kpi)
    }
}

fn unknown_objective(name: &str) -> ChoiceError {
    let hint = if find(name).is_some() {
        format!("{name} is a KPI: write it into also")
    } else {
        let names = OBJECTIVES.iter().map(|objective| objective.name).chain([ALL]);
        hint(name, names, "tallyboard kpis --objectives")
    };
    ChoiceError { key: "objectives", what: "objective", found: name.to_owned(), hint }
}

fn unknown_kpi(name: &str) -> ChoiceError {
    let hint = if name == ALL || find_objective(name).is_some() {
        format!("{name} is an objective: write it into objectives")
    } else {
        hint(name, CATALOGUE.iter().map(|kpi| kpi.name), "tallyboard kpis")
    };
    ChoiceError { key: "also", what: "KPI", found: name.to_owned(), hint }
}

/// The names nearest to one, and the command that prints all.
fn hint(name: &str, names: impl Iterator<Item = &'static str>, command: &str) -> String {
    let alike = |known: &str| {
        // Who writes a word of a name is nearer to it than to what is spelled alike.
        let is_within = name.len() >= WITHIN_BYTES_MIN && known.contains(name);
        if is_within { 1.0 } else { strsim::jaro_winkler(name, known) }
    };
    let mut nearest: Vec<(f64, &str)> = names.map(|known| (alike(known), known)).collect();
    nearest.retain(|(alike, _)| *alike >= ALIKE_MIN);
    // Equally near ones stay in their order.
    nearest.sort_by(|one, other| other.0.total_cmp(&one.0));
    let nearest: Vec<&str> = nearest.into_iter().take(NEAREST_MAX).map(|(_, known)| known).collect();
    if nearest.is_empty() {
        format!("`{command}` prints all")
    } else {
        format!("nearest: {}; `{command}` prints all", nearest.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &[&str] = &[];

    fn names(objectives: &[&str], also: &[&str]) -> Vec<&'static str> {
        Choice::new(objectives, also).unwrap().kpis().iter().map(|kpi| kpi.name).collect()
    }

    #[test]
    fn what_is_chosen_is_the_union_in_the_order_of_the_catalogue() {
        assert_eq!(names(&[], &[]), NONE);
        assert_eq!(names(&[], &["win_rate", "created_deals", "win_rate"]), ["created_deals", "win_rate"]);
        assert_eq!(
            names(&["set_right_quotas", "grow_deal_size", "grow_deal_size"], &["won_deals", "activities"]),
            [
                "won_deals",
                "won_amount",
                "average_deal_size",
                "quota_attainment",
                "reps_at_quota",
                "reps_by_attainment",
                "stage_lost_amount",
                "pipeline_coverage",
                "activities"
            ]
        );
        let objectives = Choice::new(&["grow_deal_size", "grow_revenue"], NONE).unwrap().objectives;
        assert!(objectives.iter().map(|objective| objective.name).eq(["grow_revenue", "grow_deal_size"]));
    }

    #[test]
    fn all_is_every_kpi_and_every_objective() {
        let all = Choice::new(&[ALL], NONE).unwrap();
        assert_eq!((all.kpis().len(), all.objectives().len()), (CATALOGUE.len(), OBJECTIVES.len()));
        assert!(CATALOGUE.iter().all(|kpi| all.has(kpi)));
    }

    /// A first run shows a few KPIs, and of both objectives' kinds.
    #[test]
    fn the_default_is_few() {
        let few = Choice::new(&DEFAULT_OBJECTIVES, NONE).unwrap();
        assert!((8..=CATALOGUE.len() / 2).contains(&few.kpis().len()), "{} are not few", few.kpis().len());
        assert!(few.has(find("won_amount").unwrap()) && !few.has(find("lost_deals").unwrap()));
    }

    #[test]
    fn what_is_not_known_is_told_with_the_nearest() {
        for (objectives, also, expected) in [
            (
                &["fix_funnel"][..],
                NONE,
                "objectives: there is no objective \"fix_funnel\"; nearest: fix_the_funnel; \
                 `tallyboard kpis --objectives` prints all",
            ),
            (
                &["win_rate"],
                NONE,
                "objectives: there is no objective \"win_rate\"; win_rate is a KPI: write it into also",
            ),
            (
                &[],
                &["sales_cycle"],
                "also: there is no KPI \"sales_cycle\"; nearest: sales_cycle_mean, sales_cycle_p50, sales_cycle_p90; \
                 `tallyboard kpis` prints all",
            ),
            (
                &["quota"],
                NONE,
                "objectives: there is no objective \"quota\"; nearest: set_right_quotas; \
                 `tallyboard kpis --objectives` prints all",
            ),
            (
                &["all"],
                &["grow_revenue"],
                "also: there is no KPI \"grow_revenue\"; grow_revenue is an objective: write it into objectives",
            ),
            (&[], &["all"], "also: there is no KPI \"all\"; all is an objective: write it into objectives"),
            (&[], &["#!"], "also: there is no KPI \"#!\"; `tallyboard kpis` prints all"),
        ] {
            let error = Choice::new(objectives, also).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
