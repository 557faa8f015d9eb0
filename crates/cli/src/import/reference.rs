//! Rows that become reference records: territories, reps, quotas, exchange rates, goals.
//!
//! Rows that give the same record are one record; rows that give different records of one key conflict, which the
//! caller finds by the records' keys.

use model::{Calendar, FxRate, Goal, GoalScope, Quota, ReferenceRecord, Rep, Territory};

use super::binder::RuleBinder;
use super::field::{Conditions, Field, Row};
use super::mapping::{FxRateRule, GoalRule, QuotaRule, RepRule, TerritoryRule};
use super::problem::{Problem, ProblemKind, shown};
use super::report::Notes;
use super::values::{DateField, MoneyField, RateField, currency};

/// A rule for reference records, bound to its table.
#[derive(Debug)]
pub(super) struct ReferenceRule {
    path: String,
    conditions: Conditions,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Territory {
        territory_id: Field,
        name: Option<Field>,
        parent_id: Option<Field>,
    },
    Rep {
        rep_id: Field,
        name: Option<Field>,
        team_id: Option<Field>,
        territory_id: Option<Field>,
        started_on: Option<DateField>,
        ended_on: Option<DateField>,
    },
    Quota {
        rep_id: Field,
        period: PeriodField,
        amount: MoneyField,
        effective_from: Option<DateField>,
    },
    FxRate {
        currency: Field,
        rate: RateField,
        effective_from: DateField,
    },
    Goal {
        scope: Field,
        scope_id: Option<Field>,
        period: PeriodField,
        won_amount: MoneyField,
    },
}

impl ReferenceRule {
    /// Binds a rule for territories.
    ///
    /// # Errors
    /// What of it does not fit; so for the other kinds.
    pub(super) fn territories(rule: &TerritoryRule, binder: &mut RuleBinder<'_, '_>) -> anyhow::Result<Self> {
        Ok(Self {
            path: binder.path().to_owned(),
            conditions: binder.conditions(&rule.conditions)?,
            shape: Shape::Territory {
                territory_id: binder.field("territory_id", &rule.territory_id)?,
                name: binder.optional("name", rule.name.as_ref())?,
                parent_id: binder.optional("parent_id", rule.parent_id.as_ref())?,
            },
        })
    }

    /// Binds a rule for reps.
    pub(super) fn reps(rule: &RepRule, binder: &mut RuleBinder<'_, '_>) -> anyhow::Result<Self> {
        let dates = rule.dates.as_ref();
        Ok(Self {
            path: binder.path().to_owned(),
            conditions: binder.conditions(&rule.conditions)?,
            shape: Shape::Rep {
                rep_id: binder.field("rep_id", &rule.rep_id)?,
                name: binder.optional("name", rule.name.as_ref())?,
                team_id: binder.optional("team_id", rule.team_id.as_ref())?,
                territory_id: binder.optional("territory_id", rule.territory_id.as_ref())?,
                started_on: DateField::optional(binder, "started_on", rule.started_on.as_ref(), dates)?,
                ended_on: DateField::optional(binder, "ended_on", rule.ended_on.as_ref(), dates)?,
            },
        })
    }

    /// Binds a rule for quotas.
    pub(super) fn quotas(rule: &QuotaRule, binder: &mut RuleBinder<'_, '_>) -> anyhow::Result<Self> {
        let (dates, effective_from) = (rule.dates.as_ref(), rule.effective_from.as_ref());
        Ok(Self {
            path: binder.path().to_owned(),
            conditions: binder.conditions(&rule.conditions)?,
            shape: Shape::Quota {
                rep_id: binder.field("rep_id", &rule.rep_id)?,
                period: PeriodField::bind(binder, &rule.period)?,
                amount: MoneyField::bind(binder, "amount", &rule.amount, rule.amounts.as_ref())?,
                effective_from: DateField::optional(binder, "effective_from", effective_from, dates)?,
            },
        })
    }

    /// Binds a rule for exchange rates.
    pub(super) fn fx_rates(rule: &FxRateRule, binder: &mut RuleBinder<'_, '_>) -> anyhow::Result<Self> {
        let dates = rule.dates.as_ref();
        Ok(Self {
            path: binder.path().to_owned(),
            conditions: binder.conditions(&rule.conditions)?,
            shape: Shape::FxRate {
                currency: binder.field("currency", &rule.currency)?,
                rate: RateField::bind(binder, "rate", &rule.rate, rule.amounts.as_ref())?,
                effective_from: DateField::bind(binder, "effective_from", &rule.effective_from, dates)?,
            },
        })
    }

    /// Binds a rule for goals.
    pub(super) fn goals(rule: &GoalRule, binder: &mut RuleBinder<'_, '_>) -> anyhow::Result<Self> {
        Ok(Self {
            path: binder.path().to_owned(),
            conditions: binder.conditions(&rule.conditions)?,
            shape: Shape::Goal {
                scope: binder.field("scope", &rule.scope)?,
                scope_id: binder.optional("scope_id", rule.scope_id.as_ref())?,
                period: PeriodField::bind(binder, &rule.period)?,
                won_amount: MoneyField::bind(binder, "won_amount", &rule.won_amount, rule.amounts.as_ref())?,
            },
        })
    }

    /// The rule's place in the mapping.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Which rows it is for.
    pub(super) const fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// The record of a row.
    pub(super) fn record(&self, row: &Row<'_>, notes: &mut Notes) -> Result<ReferenceRecord, Problem> {
        match &self.shape {
            Shape::Territory { territory_id, name, parent_id } => {
                territory(row, territory_id, name, parent_id)
            }
            Shape::Rep { rep_id, name, team_id, territory_id, started_on, ended_on } => {
                let id = rep_id.identifier(row)?;
                Ok(ReferenceRecord::Rep(Rep {
                    name: named(row, name, &id)?,
                    rep_id: id,
                    team_id: optional(row, team_id)?,
                    territory_id: optional(row, territory_id)?,
                    started_on: started_on.as_ref().map_or(Ok(None), |field| field.day(row, notes))?,
                    ended_on: ended_on.as_ref().map_or(Ok(None), |field| field.day(row, notes))?,
                }))
            }
            Shape::Quota { rep_id, period, amount, effective_from } => Ok(ReferenceRecord::Quota(Quota {
                rep_id: rep_id.identifier(row)?,
                period: period.period(row)?,
                amount: amount.required(row, notes)?,
                effective_from: effective_from.as_ref().map_or(Ok(None), |field| field.day(row, notes))?,
            })),
            Shape::FxRate { currency: code, rate, effective_from } => Ok(ReferenceRecord::FxRate(FxRate {
                currency: currency(code, row)?,
                rate: rate.rate(row, notes)?,
                effective_from: effective_from.day(row, notes)?.ok_or_else(|| {
                    let detail = "found nothing, expected a date".to_owned();
                    effective_from.field.problem(ProblemKind::Undated, detail)
                })?,
            })),
            Shape::Goal { scope, scope_id, period, won_amount } => Ok(ReferenceRecord::Goal(Goal {
                scope: goal_scope(row, scope, scope_id.as_ref())?,
                period: period.period(row)?,
                won_amount: won_amount.required(row, notes)?,
            })),
        }
    }
}

fn territory(
    row: &Row<'_>,
    territory_id: &Field,
    name: &Option<Field>,
    parent_id: &Option<Field>,
) -> Result<ReferenceRecord, Problem> {
    let id = territory_id.identifier(row)?;
    let parent = optional(row, parent_id)?;
    if parent.as_ref() == Some(&id) {
        let detail = format!("found territory {} as its own parent, expected another or none", shown(&id));
        return Err(territory_id.problem(ProblemKind::BadIdentifier, detail));
    }
    Ok(ReferenceRecord::Territory(Territory {
        name: named(row, name, &id)?,
        territory_id: id,
        parent_id: parent,
    }))
}

fn goal_scope(row: &Row<'_>, scope: &Field, scope_id: Option<&Field>) -> Result<GoalScope, Problem> {
    let name = scope.required(row)?;
    if name == "company" {
        return Ok(GoalScope::Company);
    }
    let whose: fn(String) -> GoalScope = match &*name {
        "territory" => GoalScope::Territory,
        "team" => GoalScope::Team,
        "rep" => GoalScope::Rep,
        _ => {
            let detail = format!("found {}, expected company, territory, team or rep", shown(&name));
            return Err(scope.problem(ProblemKind::BadScope, detail));
        }
    };
    match scope_id {
        Some(field) => field.identifier(row).map(whose),
        None => {
            let detail =
                format!("found {} and no scope_id in the rule; expected whose goal it is", shown(&name));
            Err(scope.problem(ProblemKind::BadScope, detail))
        }
    }
}

fn optional(row: &Row<'_>, field: &Option<Field>) -> Result<Option<String>, Problem> {
    field.as_ref().map_or(Ok(None), |field| field.optional_identifier(row))
}

fn named(row: &Row<'_>, name: &Option<Field>, id: &str) -> Result<String, Problem> {
    Ok(optional(row, name)?.unwrap_or_else(|| id.to_owned()))
}

/// The name of a period. Only its form is checked, which no fiscal calendar changes.
#[derive(Debug)]
struct PeriodField {
    field: Field,
    calendar: Calendar,
}

impl PeriodField {
    fn bind(
        binder: &mut RuleBinder<'_, '_>,
        expression: &super::mapping::Expression,
    ) -> anyhow::Result<Self> {
        Ok(Self { field: binder.field("period", expression)?, calendar: Calendar::new("UTC", 1)? })
    }

    fn period(&self, row: &Row<'_>) -> Result<String, Problem> {
        let name = self.field.identifier(row)?;
        match self.calendar.parse(&name) {
            Ok(_) => Ok(name),
            Err(_) => {
                let expected = "expected such as 2026-11-02, 2026-W45, 2026-11, 2026-Q4 or 2026";
                let detail = format!("found {}, {expected}", shown(&name));
                Err(self.field.problem(ProblemKind::BadPeriod, detail))
            }
        }
    }
}
