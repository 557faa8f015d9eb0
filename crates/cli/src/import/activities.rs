//! Rows that become activities: who did what, when, and for how long.

use codec::{MAX_DURATION_SECONDS, Record};
use model::{ActivityEvent, Category, Event, Timestamp};

use super::binder::RuleBinder;
use super::field::{Conditions, Field, Row};
use super::mapping::{ActivityRule, DurationUnit};
use super::problem::{Problem, ProblemKind, shown};
use super::report::Notes;
use super::values::DateField;

const MICROS_PER_SECOND: i128 = 1_000_000;

/// A rule for activities, bound to its table.
#[derive(Debug)]
pub(super) struct Activities {
    path: String,
    conditions: Conditions,
    activity_id: Field,
    event_id: Option<Field>,
    occurred_at: DateField,
    ended_at: Option<DateField>,
    duration: Option<Field>,
    duration_unit: DurationUnit,
    duration_seconds_max: u32,
    rep_id: Field,
    territory_id: Field,
    deal_id: Option<Field>,
    category: Field,
    kind: Field,
    version: Option<Field>,
    retracted: Option<Field>,
}

impl Activities {
    /// Binds a rule to its table.
    ///
    /// # Errors
    /// What of it does not fit.
    pub(super) fn bind(rule: &ActivityRule, binder: &mut RuleBinder<'_, '_>) -> anyhow::Result<Self> {
        anyhow::ensure!(
            rule.ended_at.is_some() || rule.duration.is_some(),
            "{}: has neither ended_at nor duration; expected at least one",
            binder.path()
        );
        let seconds_max = rule.duration_hours_max.checked_mul(3_600);
        let Some(duration_seconds_max) =
            seconds_max.filter(|seconds| (1..=MAX_DURATION_SECONDS).contains(seconds))
        else {
            anyhow::bail!(
                "{}: duration_hours_max is {}; expected 1 to {}",
                binder.path(),
                rule.duration_hours_max,
                MAX_DURATION_SECONDS / 3_600
            );
        };
        let dates = rule.dates.as_ref();
        Ok(Self {
            path: binder.path().to_owned(),
            conditions: binder.conditions(&rule.conditions)?,
            activity_id: binder.field("activity_id", &rule.activity_id)?,
            event_id: binder.optional("event_id", rule.event_id.as_ref())?,
            occurred_at: DateField::bind(binder, "occurred_at", &rule.occurred_at, dates)?,
            ended_at: DateField::optional(binder, "ended_at", rule.ended_at.as_ref(), dates)?,
            duration: binder.optional("duration", rule.duration.as_ref())?,
            duration_unit: rule.duration_unit,
            duration_seconds_max,
            rep_id: binder.field("rep_id", &rule.rep_id)?,
            territory_id: binder.field("territory_id", &rule.territory_id)?,
            deal_id: binder.optional("deal_id", rule.deal_id.as_ref())?,
            category: binder.field("category", &rule.category)?,
            kind: binder.field("kind", &rule.kind)?,
            version: binder.optional("version", rule.version.as_ref())?,
            retracted: binder.optional("retracted", rule.retracted.as_ref())?,
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

    /// The event of a row.
    pub(super) fn record(&self, row: &Row<'_>, notes: &mut Notes) -> Result<Record<'static>, Problem> {
        let activity_id = self.activity_id.identifier(row)?;
        let version = self.version.as_ref().map(|field| field.whole_number(row)).transpose()?.flatten();
        let event_id = match (&self.event_id, version) {
            (Some(field), _) => field.identifier(row)?,
            (None, Some(version)) => self.activity_id.identifier_of(&format!("{activity_id}/{version}"))?,
            (None, None) => activity_id.clone(),
        };
        let Some(occurred_at) = self.occurred_at.moment(row, notes)? else {
            let detail = "found nothing, expected a date; leave such rows out with where".to_owned();
            return Err(self.occurred_at.field.problem(ProblemKind::Undated, detail));
        };
        let deal_id = self.deal_id.as_ref().map(|field| field.optional_identifier(row)).transpose()?;
        Ok(Record::Event(Event::Activity(ActivityEvent {
            event_id: event_id.into(),
            activity_id: activity_id.into(),
            occurred_at,
            version,
            rep_id: self.rep_id.identifier(row)?.into(),
            territory_id: self.territory_id.identifier(row)?.into(),
            deal_id: deal_id.flatten().map(Into::into),
            category: self.category(row)?,
            kind: self.kind.identifier(row)?.into(),
            duration_seconds: self.duration_seconds(row, occurred_at, notes)?,
            retracted: self.retracted.as_ref().map_or(Ok(false), |field| field.flag(row))?,
        })))
    }

    fn category(&self, row: &Row<'_>) -> Result<Category, Problem> {
        let name = self.category.required(row)?;
        Category::from_name(&name).ok_or_else(|| {
            let known = Category::ALL.map(Category::name).join(", ");
            let detail =
                format!("found {}, expected one of {known}; map words to them with words", shown(&name));
            self.category.problem(ProblemKind::BadCategory, detail)
        })
    }

    fn duration_seconds(&self, row: &Row<'_>, began: Timestamp, notes: &mut Notes) -> Result<u32, Problem> {
        if let Some(field) = &self.ended_at
            && let Some(ended) = field.moment(row, notes)?
        {
            let micros = i128::from(ended.micros()) - i128::from(began.micros());
            return self
                .believed(micros, &field.field, || format!("an end at {ended}, with a begin at {began}"));
        }
        let missing = "found nothing, expected an end or a duration; set default for rows without";
        match (&self.duration, &self.ended_at) {
            (Some(field), _) => {
                let text = field.text(row)?;
                if text.is_empty() {
                    return Err(field.problem(ProblemKind::BadDuration, missing.to_owned()));
                }
                let micros = self.micros(&text).ok_or_else(|| {
                    let detail = format!("found {}, expected a number such as 30 or 1.5", shown(&text));
                    field.problem(ProblemKind::BadDuration, detail)
                })?;
                self.believed(micros, field, || shown(&text))
            }
            (None, Some(field)) => Err(field.field.problem(ProblemKind::BadDuration, missing.to_owned())),
            (None, None) => Ok(0),
        }
    }

    /// A duration in microseconds.
    fn micros(&self, text: &str) -> Option<i128> {
        let (unscaled, scale) = model::parse_decimal(text)?;
        let micros_per_unit = match self.duration_unit {
            DurationUnit::Milliseconds => MICROS_PER_SECOND / 1_000,
            DurationUnit::Seconds => MICROS_PER_SECOND,
            DurationUnit::Minutes => MICROS_PER_SECOND * 60,
            DurationUnit::Hours => MICROS_PER_SECOND * 3_600,
        };
        // Digits beyond microseconds are cut off; a number too large for 128 bits is no duration.
        Some(unscaled.checked_mul(micros_per_unit)? / 10_i128.checked_pow(scale)?)
    }

    /// Whole seconds, the fraction cut off.
    fn believed(&self, micros: i128, field: &Field, found: impl Fn() -> String) -> Result<u32, Problem> {
        let seconds = u32::try_from(micros.div_euclid(MICROS_PER_SECOND)).ok();
        seconds.filter(|seconds| *seconds <= self.duration_seconds_max).ok_or_else(|| {
            let detail = format!(
                "found {}, expected 0 to {} hours; check the unit, or set duration_hours_max",
                found(),
                self.duration_seconds_max / 3_600
            );
            field.problem(ProblemKind::BadDuration, detail)
        })
    }
}
