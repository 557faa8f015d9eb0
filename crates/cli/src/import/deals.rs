//! Rows that become deal events: those of an opportunity table, one event a dated step, and those of a stage history,
//! one event a row.
//!
//! A row gives all of its events or none: half a deal, opened and never closed, would be counted wrongly.

use anyhow::{Context as _, bail};
use codec::Record;
use model::{DealEvent, Event, Timestamp};

use super::binder::RuleBinder;
use super::field::{Conditions, Field, Row};
use super::mapping::{DealRule, Expression, Undated};
use super::problem::{Problem, ProblemKind, shown};
use super::report::{NoteKind, Notes};
use super::values::{DateField, MoneyField};

/// A rule for deals, bound to its table.
#[derive(Debug)]
pub(super) struct Deals {
    path: String,
    conditions: Conditions,
    deal_id: Field,
    pipeline: Field,
    stage: Field,
    rep_id: Field,
    territory_id: Field,
    amount: Option<MoneyField>,
    expected_close: Option<DateField>,
    deleted: Option<Field>,
    steps: Vec<BoundStep>,
}

#[derive(Debug)]
struct BoundStep {
    /// None for the one step of a stage history.
    name: Option<String>,
    when_stage: Option<Vec<String>>,
    conditions: Conditions,
    occurred_at: DateField,
    stage: Option<Field>,
    amount: Option<MoneyField>,
    event_id: Option<Field>,
    version: Option<Field>,
    /// The step's number, which orders steps of the same time; none where there is one step.
    number: Option<i64>,
    undated: Absence,
}

/// What an event without a date gets.
#[derive(Debug)]
enum Absence {
    Reject,
    LeaveOut,
    Use(Timestamp),
}

impl Deals {
    /// Binds a rule to its table.
    ///
    /// # Errors
    /// What of it does not fit.
    pub(super) fn bind(rule: &DealRule, binder: &mut RuleBinder<'_, '_>) -> anyhow::Result<Self> {
        let dates = rule.dates.as_ref();
        Ok(Self {
            path: binder.path().to_owned(),
            conditions: binder.conditions(&rule.conditions)?,
            deal_id: binder.field("deal_id", &rule.deal_id)?,
            pipeline: binder.field("pipeline", &rule.pipeline)?,
            stage: binder.field("stage", &rule.stage)?,
            rep_id: binder.field("rep_id", &rule.rep_id)?,
            territory_id: binder.field("territory_id", &rule.territory_id)?,
            amount: amount(binder, rule, rule.amount.as_ref())?,
            expected_close: DateField::optional(
                binder,
                "expected_close",
                rule.expected_close.as_ref(),
                dates,
            )?,
            deleted: binder.optional("deleted", rule.deleted.as_ref())?,
            steps: steps(rule, binder)?,
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

    /// The events of a row.
    pub(super) fn records(&self, row: &Row<'_>, notes: &mut Notes) -> Result<Vec<Record<'static>>, Problem> {
        let stage = self.stage.identifier(row)?;
        let mut records = Vec::new();
        let mut applies = false;
        let mut previous: Option<Timestamp> = None;
        for step in &self.steps {
            let here = step.when_stage.as_ref().is_none_or(|stages| stages.contains(&stage));
            if !here || !step.conditions.hold(row)? {
                continue;
            }
            applies = true;
            if let Some(occurred_at) = step.occurred_at(row, notes)? {
                if let Some(previous) = previous.filter(|previous| *previous > occurred_at) {
                    let detail = format!(
                        "found {occurred_at}, which is before the {previous} of the step before it; expected steps in \
                         order of time, for the deal ends in its latest state"
                    );
                    return Err(step.occurred_at.field.problem(ProblemKind::StepsOutOfOrder, detail));
                }
                previous = Some(occurred_at);
                let event = self.event(row, step, &stage, occurred_at, notes)?;
                records.push(Record::Event(Event::Deal(event)));
            }
        }
        if !applies {
            let detail = format!(
                "found stage {}, and no step applies to the row; expected at least one: extend when_stage or where of a \
                 step, or leave such rows out with the rule's own where",
                shown(&stage)
            );
            return Err(Problem {
                field: format!("{}.steps", self.path),
                ..self.stage.problem(ProblemKind::NoStep, detail)
            });
        }
        Ok(records)
    }

    fn event(
        &self,
        row: &Row<'_>,
        step: &BoundStep,
        stage: &str,
        occurred_at: Timestamp,
        notes: &mut Notes,
    ) -> Result<DealEvent<'static>, Problem> {
        let deal_id = self.deal_id.identifier(row)?;
        let stage = match &step.stage {
            Some(field) => field.identifier(row)?,
            None => stage.to_owned(),
        };
        let event_id = match (&step.event_id, &step.name) {
            (Some(field), _) => field.identifier(row)?,
            (None, Some(name)) => self.deal_id.identifier_of(&format!("{deal_id}/{name}"))?,
            (None, None) => self.deal_id.identifier_of(&format!("{deal_id}/{stage}/{occurred_at}"))?,
        };
        let amount = step.amount.as_ref().or(self.amount.as_ref());
        let expected_close = self.expected_close.as_ref();
        Ok(DealEvent {
            event_id: event_id.into(),
            deal_id: deal_id.into(),
            occurred_at,
            version: match &step.version {
                Some(field) => field.whole_number(row)?,
                None => step.number,
            },
            pipeline: self.pipeline.identifier(row)?.into(),
            stage: stage.into(),
            rep_id: self.rep_id.identifier(row)?.into(),
            territory_id: self.territory_id.identifier(row)?.into(),
            amount: amount.map(|field| field.money(row, notes)).transpose()?.flatten(),
            expected_close: expected_close.map(|field| field.day(row, notes)).transpose()?.flatten(),
            credits: Vec::new(),
            deleted: self.deleted.as_ref().map_or(Ok(false), |field| field.flag(row))?,
        })
    }
}

impl BoundStep {
    /// When it happened; none if it is undated and left out.
    fn occurred_at(&self, row: &Row<'_>, notes: &mut Notes) -> Result<Option<Timestamp>, Problem> {
        if let Some(moment) = self.occurred_at.moment(row, notes)? {
            return Ok(Some(moment));
        }
        let field = &self.occurred_at.field;
        match self.undated {
            Absence::Reject => {
                let detail = "found nothing, expected a date; set undated to a date or to \"leave_out\" to import such \
                              rows, or leave them out with where";
                Err(field.problem(ProblemKind::Undated, detail.to_owned()))
            }
            Absence::LeaveOut => {
                notes.add(field, NoteKind::UndatedLeftOut, row, "");
                Ok(None)
            }
            Absence::Use(moment) => {
                notes.add(field, NoteKind::UndatedConstant, row, "");
                Ok(Some(moment))
            }
        }
    }
}

fn amount(
    binder: &mut RuleBinder<'_, '_>,
    rule: &DealRule,
    expression: Option<&Expression>,
) -> anyhow::Result<Option<MoneyField>> {
    expression
        .map(|expression| MoneyField::bind(binder, "amount", expression, rule.amounts.as_ref()))
        .transpose()
}

fn steps(rule: &DealRule, binder: &mut RuleBinder<'_, '_>) -> anyhow::Result<Vec<BoundStep>> {
    let dates = rule.dates.as_ref();
    if rule.steps.is_empty() {
        let Some(occurred_at) = &rule.occurred_at else {
            bail!("{}: has neither occurred_at nor steps", binder.path());
        };
        let occurred_at = DateField::bind(binder, "occurred_at", occurred_at, dates)?;
        return Ok(vec![BoundStep {
            name: None,
            when_stage: None,
            conditions: Conditions::default(),
            undated: absence(&rule.undated, &occurred_at, binder.path())?,
            occurred_at,
            stage: None,
            amount: None,
            event_id: binder.optional("event_id", rule.event_id.as_ref())?,
            version: binder.optional("version", rule.version.as_ref())?,
            number: None,
        }]);
    }
    let mut bound = Vec::with_capacity(rule.steps.len());
    for (number, step) in (1_i64..).zip(&rule.steps) {
        let mut part = binder.part(&format!("steps[{}]", number - 1));
        let occurred_at = DateField::bind(&mut part, "occurred_at", &step.occurred_at, dates)?;
        bound.push(BoundStep {
            name: Some(step.name.clone()),
            when_stage: step.when_stage.clone(),
            conditions: part.conditions(&step.conditions)?,
            undated: absence(step.undated.as_ref().unwrap_or(&rule.undated), &occurred_at, part.path())?,
            occurred_at,
            stage: part.optional("stage", step.stage.as_ref())?,
            amount: amount(&mut part, rule, step.amount.as_ref())?,
            event_id: part.optional("event_id", step.event_id.as_ref())?,
            version: part.optional("version", step.version.as_ref())?,
            number: Some(number),
        });
    }
    Ok(bound)
}

fn absence(undated: &Undated, occurred_at: &DateField, path: &str) -> anyhow::Result<Absence> {
    Ok(match undated {
        Undated::Reject => Absence::Reject,
        Undated::LeaveOut => Absence::LeaveOut,
        Undated::Use(text) => {
            Absence::Use(occurred_at.reader.constant(text).with_context(|| format!("{path}: undated"))?)
        }
    })
}
