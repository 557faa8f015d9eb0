//! The form of rules: which fields each kind of record has in a mapping file.

use std::collections::BTreeSet;

use anyhow::{bail, ensure};
use serde::Deserialize;

use super::{Amounts, Condition, Dates, Expression};

/// What a deal event without a date gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Undated {
    /// The row is rejected.
    #[default]
    Reject,
    /// The event is left out, and counted as left out.
    LeaveOut,
    /// This date or time, written as ISO 8601.
    Use(String),
}

/// Rows that become deal events: one a step, or one a row where there are no steps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct DealRule {
    /// The table.
    pub(in super::super) source: String,
    /// Which rows; all conditions must hold.
    #[serde(default, rename = "where")]
    pub(in super::super) conditions: Vec<Condition>,
    /// In place of the mapping's `[dates]`.
    pub(in super::super) dates: Option<Dates>,
    /// In place of the mapping's `[amounts]`.
    pub(in super::super) amounts: Option<Amounts>,
    /// The deal.
    pub(in super::super) deal_id: Expression,
    /// The pipeline's name.
    pub(in super::super) pipeline: Expression,
    /// The stage's name; a step may have its own.
    pub(in super::super) stage: Expression,
    /// Who owns the deal.
    pub(in super::super) rep_id: Expression,
    /// Where.
    pub(in super::super) territory_id: Expression,
    /// The amount; a step may have its own.
    pub(in super::super) amount: Option<Expression>,
    /// When it is expected to close, a date.
    pub(in super::super) expected_close: Option<Expression>,
    /// Whether the deal was deleted: true, yes, 1 or false, no, 0 or blank.
    pub(in super::super) deleted: Option<Expression>,
    /// What happens to events without a date.
    #[serde(default)]
    pub(in super::super) undated: Undated,
    /// When it happened, where there are no steps.
    pub(in super::super) occurred_at: Option<Expression>,
    /// The event's id, where there are no steps.
    pub(in super::super) event_id: Option<Expression>,
    /// A whole number that orders events of the same time, where there are no steps.
    pub(in super::super) version: Option<Expression>,
    /// The dated steps that one row tells of.
    #[serde(default)]
    pub(in super::super) steps: Vec<Step>,
}

/// One dated step that a row of an opportunity table tells of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Step {
    /// Its name, which goes into event ids.
    pub(in super::super) name: String,
    /// The step is taken where the rule's stage is one of these.
    pub(in super::super) when_stage: Option<Vec<String>>,
    /// The step is taken where all of these hold, too.
    #[serde(default, rename = "where")]
    pub(in super::super) conditions: Vec<Condition>,
    /// When it happened.
    pub(in super::super) occurred_at: Expression,
    /// The stage entered, if it is not the rule's.
    pub(in super::super) stage: Option<Expression>,
    /// The amount, if it is not the rule's; an empty text for none.
    pub(in super::super) amount: Option<Expression>,
    /// The event's id.
    pub(in super::super) event_id: Option<Expression>,
    /// A whole number that orders events of the same time; the step's number if it is not given.
    pub(in super::super) version: Option<Expression>,
    /// In place of the rule's.
    pub(in super::super) undated: Option<Undated>,
}

/// Rows that become activities.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct ActivityRule {
    /// The table.
    pub(in super::super) source: String,
    /// Which rows; all conditions must hold.
    #[serde(default, rename = "where")]
    pub(in super::super) conditions: Vec<Condition>,
    /// In place of the mapping's `[dates]`.
    pub(in super::super) dates: Option<Dates>,
    /// The activity.
    pub(in super::super) activity_id: Expression,
    /// The event's id.
    pub(in super::super) event_id: Option<Expression>,
    /// When it began.
    pub(in super::super) occurred_at: Expression,
    /// When it ended.
    pub(in super::super) ended_at: Option<Expression>,
    /// How long it took, where no end is known.
    pub(in super::super) duration: Option<Expression>,
    /// What a duration is counted in.
    #[serde(default)]
    pub(in super::super) duration_unit: DurationUnit,
    /// Longer ones are rejected: a mixed-up unit or a forgotten stop.
    #[serde(default = "a_day")]
    pub(in super::super) duration_hours_max: u32,
    /// Who did it.
    pub(in super::super) rep_id: Expression,
    /// Where.
    pub(in super::super) territory_id: Expression,
    /// For which deal, if for one.
    pub(in super::super) deal_id: Option<Expression>,
    /// One of the seven categories.
    pub(in super::super) category: Expression,
    /// The source's own word.
    pub(in super::super) kind: Expression,
    /// A whole number; of an activity's events the one with the highest counts.
    pub(in super::super) version: Option<Expression>,
    /// Whether it was taken back: true, yes, 1 or false, no, 0 or blank.
    pub(in super::super) retracted: Option<Expression>,
}

fn a_day() -> u32 {
    24
}

/// What a duration is counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum DurationUnit {
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Minutes.
    #[default]
    Minutes,
    /// Hours.
    Hours,
}

/// Rows that become territories.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct TerritoryRule {
    /// The table.
    pub(in super::super) source: String,
    /// Which rows; all conditions must hold.
    #[serde(default, rename = "where")]
    pub(in super::super) conditions: Vec<Condition>,
    /// The territory.
    pub(in super::super) territory_id: Expression,
    /// The name to show; the id if it is not given.
    pub(in super::super) name: Option<Expression>,
    /// The territory it is a part of.
    pub(in super::super) parent_id: Option<Expression>,
}

/// Rows that become reps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RepRule {
    /// The table.
    pub(in super::super) source: String,
    /// Which rows; all conditions must hold.
    #[serde(default, rename = "where")]
    pub(in super::super) conditions: Vec<Condition>,
    /// In place of the mapping's `[dates]`.
    pub(in super::super) dates: Option<Dates>,
    /// The rep.
    pub(in super::super) rep_id: Expression,
    /// The name to show; the id if it is not given.
    pub(in super::super) name: Option<Expression>,
    /// The team.
    pub(in super::super) team_id: Option<Expression>,
    /// The home territory.
    pub(in super::super) territory_id: Option<Expression>,
    /// First day.
    pub(in super::super) started_on: Option<Expression>,
    /// Last day.
    pub(in super::super) ended_on: Option<Expression>,
}

/// Rows that become quotas.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct QuotaRule {
    /// The table.
    pub(in super::super) source: String,
    /// Which rows; all conditions must hold.
    #[serde(default, rename = "where")]
    pub(in super::super) conditions: Vec<Condition>,
    /// In place of the mapping's `[dates]`.
    pub(in super::super) dates: Option<Dates>,
    /// In place of the mapping's `[amounts]`.
    pub(in super::super) amounts: Option<Amounts>,
    /// Who.
    pub(in super::super) rep_id: Expression,
    /// The period's name, such as `2026-Q4`.
    pub(in super::super) period: Expression,
    /// How much.
    pub(in super::super) amount: Expression,
    /// Since when.
    pub(in super::super) effective_from: Option<Expression>,
}

/// Rows that become exchange rates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct FxRateRule {
    /// The table.
    pub(in super::super) source: String,
    /// Which rows; all conditions must hold.
    #[serde(default, rename = "where")]
    pub(in super::super) conditions: Vec<Condition>,
    /// In place of the mapping's `[dates]`.
    pub(in super::super) dates: Option<Dates>,
    /// In place of the mapping's `[amounts]`, for the separators of the rate.
    pub(in super::super) amounts: Option<Amounts>,
    /// The currency.
    pub(in super::super) currency: Expression,
    /// Units of the reporting currency for one of this.
    pub(in super::super) rate: Expression,
    /// The first day on which it holds.
    pub(in super::super) effective_from: Expression,
}

/// Rows that become goals.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct GoalRule {
    /// The table.
    pub(in super::super) source: String,
    /// Which rows; all conditions must hold.
    #[serde(default, rename = "where")]
    pub(in super::super) conditions: Vec<Condition>,
    /// In place of the mapping's `[amounts]`.
    pub(in super::super) amounts: Option<Amounts>,
    /// `company`, `territory`, `team` or `rep`.
    pub(in super::super) scope: Expression,
    /// Whose, for all but the company.
    pub(in super::super) scope_id: Option<Expression>,
    /// The period's name, such as `2026-Q4`.
    pub(in super::super) period: Expression,
    /// How much is to be won.
    pub(in super::super) won_amount: Expression,
}

impl DealRule {
    /// Checks that the rule says once when its events happened.
    ///
    /// # Errors
    /// That it does not, or that two steps have one name.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.steps.is_empty() {
            ensure!(
                self.occurred_at.is_some(),
                "has neither occurred_at (one event a row) nor [[deals.steps]] (one event a dated step)"
            );
            return Ok(());
        }
        let own = [
            ("occurred_at", self.occurred_at.is_some()),
            ("event_id", self.event_id.is_some()),
            ("version", self.version.is_some()),
        ];
        if let Some((name, _)) = own.iter().find(|(_, given)| *given) {
            bail!("{name} is given beside steps; give it in each step");
        }
        let mut names = BTreeSet::new();
        for step in &self.steps {
            ensure!(
                names.insert(&step.name),
                "step {:?} is there twice; names of steps go into event ids and must differ",
                step.name
            );
        }
        Ok(())
    }
}
