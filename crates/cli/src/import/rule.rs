//! Rules of all kinds as one: bound to a table, a row gives their records.

use codec::Record;

use super::activities::Activities;
use super::binder::Binder;
use super::deals::Deals;
use super::field::Row;
use super::problem::Problem;
use super::reference::ReferenceRule;
use super::report::Notes;
use super::table::Head;

/// A rule of any kind, bound to its table.
#[derive(Debug)]
pub(super) enum Rule {
    /// For a reference record.
    Reference(Box<ReferenceRule>),
    /// For the events of a deal.
    Deals(Box<Deals>),
    /// For an activity.
    Activities(Box<Activities>),
}

impl Rule {
    /// Binds the rules of a source to its table, reference records first.
    ///
    /// # Errors
    /// What of a rule does not fit.
    pub(super) fn of_source(name: &str, head: &Head, binder: &mut Binder<'_>) -> anyhow::Result<Vec<Self>> {
        let mapping = binder.mapping;
        let mut rules = Vec::new();
        let mut reference = |rule: ReferenceRule| rules.push(Self::Reference(Box::new(rule)));
        for (path, rule) in chosen("territories", &mapping.territories, |rule| rule.source == name) {
            reference(ReferenceRule::territories(rule, &mut binder.rule(head, path))?);
        }
        for (path, rule) in chosen("reps", &mapping.reps, |rule| rule.source == name) {
            reference(ReferenceRule::reps(rule, &mut binder.rule(head, path))?);
        }
        for (path, rule) in chosen("quotas", &mapping.quotas, |rule| rule.source == name) {
            reference(ReferenceRule::quotas(rule, &mut binder.rule(head, path))?);
        }
        for (path, rule) in chosen("fx_rates", &mapping.fx_rates, |rule| rule.source == name) {
            reference(ReferenceRule::fx_rates(rule, &mut binder.rule(head, path))?);
        }
        for (path, rule) in chosen("goals", &mapping.goals, |rule| rule.source == name) {
            reference(ReferenceRule::goals(rule, &mut binder.rule(head, path))?);
        }
        for (path, rule) in chosen("deals", &mapping.deals, |rule| rule.source == name) {
            let deals = Deals::bind(rule, &mut binder.rule(head, path))?;
            rules.push(Self::Deals(Box::new(deals)));
        }
        for (path, rule) in chosen("activities", &mapping.activities, |rule| rule.source == name) {
            let activities = Activities::bind(rule, &mut binder.rule(head, path))?;
            rules.push(Self::Activities(Box::new(activities)));
        }
        Ok(rules)
    }

    /// Its place in the mapping.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Reference(rule) => rule.path(),
            Self::Deals(rule) => rule.path(),
            Self::Activities(rule) => rule.path(),
        }
    }

    /// The records of a row; none where the rule is not for it.
    pub(super) fn records(
        &self,
        row: &Row<'_>,
        notes: &mut Notes,
    ) -> Result<Option<Vec<Record<'static>>>, Problem> {
        let conditions = match self {
            Self::Reference(rule) => rule.conditions(),
            Self::Deals(rule) => rule.conditions(),
            Self::Activities(rule) => rule.conditions(),
        };
        if !conditions.hold(row)? {
            return Ok(None);
        }
        let records = match self {
            Self::Reference(rule) => vec![Record::Reference(rule.record(row, notes)?)],
            Self::Deals(rule) => rule.records(row, notes)?,
            Self::Activities(rule) => vec![rule.record(row, notes)?],
        };
        Ok(Some(records))
    }
}

/// The rules of a kind that are wanted, each with its place in the mapping.
fn chosen<'m, R>(
    kind: &str,
    rules: &'m [R],
    wanted: impl Fn(&R) -> bool,
) -> impl Iterator<Item = (String, &'m R)> {
    (rules.iter().enumerate())
        .filter(move |(_, rule)| wanted(rule))
        .map(move |(number, rule)| (format!("{kind}[{number}]"), rule))
}
