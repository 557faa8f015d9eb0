//! Which KPIs can be told of any range of days, not only of periods.

/// The names of KPIs of which more is better and whose value follows from the sums of a range of days alone: no quotas,
/// goals, limits or sums of other times have a part in it.
pub const OF_ANY_DAYS: [&str; 8] = [
    "created_deals",
    "won_deals",
    "won_amount",
    "win_rate",
    "mql_deals",
    "activities",
    "activity_minutes",
    "selling_time_share",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Kpi;
    use crate::find;
    use crate::ingredient::{When, Whose};
    use model::PeriodKind;

    /// Made of sums of their period and the one before, but judged by a goal.
    const OF_GOALS: [&str; 4] = ["goal_attainment", "goal_pace", "required_deals", "required_leads"];

    impl Kpi {
        /// Whether the value follows from the scope's own sums of the period and of the one before: no quotas, goals, limits or
        /// sums of others or of other times have a part in it.
        pub(crate) fn follows_from_sums(&self) -> bool {
            let is_own = |times: When| matches!(times, When::Period | When::Previous);
            let mut made_of = self.made_of.iter();
            made_of.all(|of| of.whose == Whose::Scope && is_own(of.when)) && !OF_GOALS.contains(&self.name)
        }
    }

    #[test]
    fn they_are_made_of_their_own_days() {
        for name in OF_ANY_DAYS {
            let kpi = find(name).unwrap();
            assert!(kpi.is_told_for(Some(PeriodKind::Day)), "{name}");
            let is_own =
                |made_of: &crate::Ingredient| made_of.when == When::Period && made_of.whose == Whose::Scope;
            assert!(kpi.made_of.iter().all(is_own), "{name}");
            assert!(kpi.follows_from_sums(), "{name}");
            let help = kpi.formula.to_owned() + kpi.edge_cases;
            assert!(!["quota", "goal", "limit"].iter().any(|word| help.contains(word)), "{name}");
        }
    }
}
