//! What an organisation may want to reach, and the few KPIs that tell of each.
//!
//! A new KPI joins an objective by a place in its list; lists stay short, so that what is tracked is what matters.

use super::Kpi;
use super::activities::{
    ACTIVITIES, ACTIVITIES_BY_TYPE, ACTIVITY_MINUTES, ACTIVITY_MINUTES_BY_TYPE, SELLING_TIME_SHARE,
};
use super::aging::{OPEN_AGE_P50, STAGE_LIMIT, STALLED_DEALS};
use super::association::{TIME_SINKS, WIN_CORRELATION, WIN_LIFT};
use super::balance::{TERRITORY_BALANCE, TERRITORY_DISPERSION};
use super::bottleneck::BOTTLENECK_SCORE;
use super::coverage::{PIPELINE_COVERAGE, WEIGHTED_PIPELINE};
use super::funnel::{
    COHORT_CONVERSION, DWELL_P50, DWELL_P90, MQL_DEALS, MQL_TO_SQL_DROP_OFF, REACHED_DEALS, STAGE_ADVANCED,
    STAGE_AMOUNT_LEAKAGE, STAGE_CONVERSION, STAGE_ENTERED, STAGE_LEAKAGE, STAGE_LOST_AMOUNT,
};
use super::outcomes::{
    AVERAGE_DEAL_SIZE, SALES_CYCLE_MEAN, SALES_CYCLE_P50, SALES_CYCLE_P90, SALES_VELOCITY, WIN_RATE,
    WON_AMOUNT, WON_DEALS,
};
use super::pipeline::{OPEN_AMOUNT, OPEN_DEALS};
use super::targets::{
    GOAL_ATTAINMENT, GOAL_PACE, GOAL_PACE_BY_LAST_YEAR, QUOTA_ATTAINMENT, REPS_AT_QUOTA, REPS_BY_ATTAINMENT,
    REQUIRED_DEALS, REQUIRED_LEADS,
};
use super::waterfall::PIPELINE_WATERFALL;

/// Something to reach, with the KPIs that tell how far it is reached.
#[derive(Debug, PartialEq, Eq)]
pub struct Objective {
    /// Its name, in snake case.
    pub name: &'static str,
    /// The question that its KPIs answer.
    pub question: &'static str,
    members: &'static [&'static Kpi],
}

impl Objective {
    /// Its KPIs, the most telling one first.
    pub fn kpis(&self) -> impl Iterator<Item = &'static Kpi> {
        self.members.iter().copied()
    }

    /// Whether a KPI is one of its own.
    #[must_use]
    pub fn has(&self, kpi: &Kpi) -> bool {
        self.members.contains(&kpi)
    }
}

/// All objectives, in the order in which they are shown.
pub static OBJECTIVES: &[Objective] = &[
    Objective {
        name: "grow_revenue",
        question: "How much do we sell, in deals of which size, how often and how fast do we win?",
        members: &[
            &WON_AMOUNT,
            &WON_DEALS,
            &AVERAGE_DEAL_SIZE,
            &WIN_RATE,
            &SALES_VELOCITY,
            &SALES_CYCLE_P50,
            &OPEN_AMOUNT,
            &WEIGHTED_PIPELINE,
        ],
    },
    Objective {
        name: "reach_the_goal",
        question: "Are we on pace for the goal, and how many deals and leads does it still need at our win rate?",
        members: &[
            &GOAL_ATTAINMENT,
            &GOAL_PACE,
            &GOAL_PACE_BY_LAST_YEAR,
            &REQUIRED_DEALS,
            &REQUIRED_LEADS,
            &WIN_RATE,
            &COHORT_CONVERSION,
            &WON_AMOUNT,
        ],
    },
    Objective {
        name: "set_right_quotas",
        question: "Who is on quota, and are the quotas right?",
        members: &[&QUOTA_ATTAINMENT, &REPS_AT_QUOTA, &REPS_BY_ATTAINMENT, &PIPELINE_COVERAGE, &WON_AMOUNT],
    },
    Objective {
        name: "grow_deal_size",
        question: "Is the average deal growing?",
        members: &[&AVERAGE_DEAL_SIZE, &WON_AMOUNT, &WON_DEALS, &STAGE_LOST_AMOUNT],
    },
    Objective {
        name: "fix_the_funnel",
        question: "Where does the funnel leak most, above all between MQL and SQL?",
        members: &[
            &MQL_TO_SQL_DROP_OFF,
            &MQL_DEALS,
            &STAGE_LEAKAGE,
            &STAGE_AMOUNT_LEAKAGE,
            &STAGE_CONVERSION,
            &REACHED_DEALS,
            &COHORT_CONVERSION,
            &PIPELINE_WATERFALL,
        ],
    },
    Objective {
        name: "clear_the_bottleneck",
        question: "In which stage do deals pile up?",
        members: &[
            &BOTTLENECK_SCORE,
            &STALLED_DEALS,
            &OPEN_AGE_P50,
            &STAGE_LIMIT,
            &DWELL_P90,
            &STAGE_ENTERED,
            &STAGE_ADVANCED,
            &OPEN_DEALS,
        ],
    },
    Objective {
        name: "sell_faster",
        question: "How long does it take to win a deal, and where does the time go?",
        members: &[&SALES_CYCLE_P50, &SALES_CYCLE_P90, &SALES_CYCLE_MEAN, &SALES_VELOCITY, &DWELL_P50],
    },
    Objective {
        name: "free_selling_time",
        question: "How much of the time goes into selling, and where does the rest go?",
        members: &[
            &SELLING_TIME_SHARE,
            &TIME_SINKS,
            &ACTIVITY_MINUTES,
            &ACTIVITY_MINUTES_BY_TYPE,
            &ACTIVITIES,
        ],
    },
    Objective {
        name: "find_what_wins",
        question: "Which activities go with winning?",
        members: &[&WIN_CORRELATION, &WIN_LIFT, &TIME_SINKS, &ACTIVITIES_BY_TYPE, &ACTIVITIES, &WIN_RATE],
    },
    Objective {
        name: "balance_territories",
        question: "Which territories have too much or too little to do, and need rebalancing?",
        members: &[
            &TERRITORY_BALANCE,
            &TERRITORY_DISPERSION,
            &OPEN_DEALS,
            &OPEN_AMOUNT,
            &ACTIVITY_MINUTES,
            &WON_AMOUNT,
        ],
    },
];

/// The objective of a name.
#[must_use]
pub fn find_objective(name: &str) -> Option<&'static Objective> {
    OBJECTIVES.iter().find(|objective| objective.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue::CATALOGUE;

    #[test]
    fn an_objective_has_few_kpis_of_the_catalogue_each_once() {
        for Objective { name, question, members } in OBJECTIVES {
            assert!((4..=8).contains(&members.len()), "{name} has {} KPIs", members.len());
            assert!(question.ends_with('?'), "{name} asks nothing: {question}");
            let names: BTreeSet<&str> = members.iter().map(|kpi| kpi.name).collect();
            assert_eq!(names.len(), members.len(), "{name} has a KPI twice");
            let unknown: Vec<&&Kpi> = members.iter().filter(|kpi| !CATALOGUE.contains(kpi)).collect();
            assert!(unknown.is_empty(), "{name} has KPIs that are not in the catalogue: {unknown:?}");
        }
    }

    #[test]
    fn names_differ_also_from_those_of_kpis() {
        let objectives = OBJECTIVES.iter().map(|objective| objective.name);
        let names: BTreeSet<&str> = objectives.chain(CATALOGUE.iter().map(|kpi| kpi.name)).collect();
        assert_eq!(names.len(), OBJECTIVES.len() + CATALOGUE.len());
        assert_eq!(find_objective("sell_faster"), OBJECTIVES.iter().find(|one| one.name == "sell_faster"));
        assert!(find_objective("win_rate").is_none());
    }
}
