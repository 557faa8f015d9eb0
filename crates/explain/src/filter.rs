//! Which cells of a partition a KPI of a scope and period is made from.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use board::{Board, Membership};
use engine::Frozen;
use kpi::{StageLimits, When};
use model::{CellKey, Day, Measure, Offset, PartitionId, StageIndex, Timestamp, TopicName};

use crate::explanation::{Question, Time};

/// A partition's state as it stood at one moment.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The number of the partition.
    pub partition: PartitionId,
    /// The topic of deals.
    pub deals: TopicName,
    /// The topic of activities.
    pub activities: TopicName,
    /// How far the state goes: the next offset of each topic.
    pub positions: Vec<(TopicName, Offset)>,
    /// The state.
    pub frozen: Frozen,
}

/// The ingredients of a KPI among the cells of one partition.
pub(crate) struct Filter {
    rules: Vec<Rule>,
}

/// One ingredient.
struct Rule {
    when: When,
    days: Range<Day>,
    is: fn(Measure) -> bool,
    /// For what is stalled: the last day of each stage.
    until: Option<BTreeMap<StageIndex, Day>>,
    members: Members,
}

/// Whose, by the partition's numbers.
enum Members {
    All,
    Reps(Vec<bool>),
    Territories(Vec<bool>),
}

impl Filter {
    pub(crate) fn new(
        board: &Board,
        question: &Question,
        now: Timestamp,
        limits: &StageLimits,
        frozen: &Frozen,
    ) -> Self {
        let Question { kpi, scope, of: time, .. } = question;
        let period = time.period();
        let rule = |of: &kpi::Ingredient| {
            let numbered = |inside: &dyn Fn(&Arc<str>) -> bool, names: &[Arc<str>]| {
                names.iter().map(inside).collect::<Vec<bool>>()
            };
            let members = match board.membership_of(of.whose, scope, period, now) {
                Membership::All => Members::All,
                Membership::Reps(ids) => {
                    Members::Reps(numbered(&|id| ids.contains(id), frozen.reps().as_slice()))
                }
                Membership::Territories(ids) => {
                    Members::Territories(numbered(&|id| ids.contains(id), frozen.territories().as_slice()))
                }
            };
            let today = board.calendar().day_of(now);
            let last = |stage| Some((stage, limits.stalled_since(stage, today)?));
            let until =
                (of.when == When::Stalled).then(|| board.pipelines().indices().filter_map(last).collect());
            let days = match (of.when, time) {
                (When::Period, Time::Days(days)) => days.clone(),
                _ => board.days_of(of.when, period, now)?,
            };
            Some(Rule { when: of.when, days, is: of.is, until, members })
        };
        Self { rules: kpi.made_of.iter().filter_map(rule).collect() }
    }

    /// The first ingredient that a cell belongs to: its number and its time.
    pub(crate) fn ingredient(&self, key: &CellKey) -> Option<(usize, When)> {
        let is_of = |rule: &Rule| {
            rule.days.contains(&key.day)
                && (rule.is)(key.measure)
                && rule.until.as_ref().is_none_or(|until| {
                    let last = key.measure.stage().and_then(|stage| until.get(&stage));
                    last.is_some_and(|&last| key.day <= last)
                })
                && match &rule.members {
                    Members::All => true,
                    Members::Reps(inside) => inside.get(key.rep.0 as usize).is_some_and(|&inside| inside),
                    Members::Territories(inside) => {
                        inside.get(key.territory.0 as usize).is_some_and(|&inside| inside)
                    }
                }
        };
        let number = self.rules.iter().position(is_of)?;
        Some((number, self.rules[number].when))
    }
}
