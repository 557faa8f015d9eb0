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
    use crate::{When, Whose, find};
    use model::PeriodKind;

    #[test]
    fn they_are_made_of_their_own_days() {
        for name in OF_ANY_DAYS {
            let kpi = find(name).unwrap();
            assert!(kpi.is_told_for(Some(PeriodKind::Day)), "{name}");
            let is_own =
                |made_of: &crate::Ingredient| made_of.when == When::Period && made_of.whose == Whose::Scope;
            assert!(kpi.made_of.iter().all(is_own), "{name}");
            let help = kpi.formula.to_owned() + kpi.edge_cases;
            assert!(!["quota", "goal", "limit"].iter().any(|word| help.contains(word)), "{name}");
        }
    }
}
