//! Binds a mapping's expressions to tables: columns, word maps and lookups are resolved here, before the first row, so
//! that a wrong name is one error and not one for each row.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context as _, bail, ensure};

use super::field::{BoundCondition, Conditions, Field, Part, Shape};
use super::lookup::Lookups;
use super::mapping::{Condition, Expression, Mapping, RichExpression};
use super::table::Head;
use super::words::WordMap;

/// The most parts of a template, and alternatives of a fallback.
const MAX_PARTS: usize = 32;

/// Binds expressions to tables.
#[derive(Debug)]
pub(super) struct Binder<'m> {
    /// The mapping.
    pub(super) mapping: &'m Mapping,
    /// The lookups that fields have asked for so far.
    pub(super) lookups: Lookups,
    words: BTreeMap<String, Rc<WordMap>>,
}

impl<'m> Binder<'m> {
    /// A binder for a mapping.
    ///
    /// # Errors
    /// What is wrong with its word maps.
    pub(super) fn new(mapping: &'m Mapping) -> anyhow::Result<Self> {
        let mut words = BTreeMap::new();
        for (name, map) in &mapping.words {
            words.insert(name.clone(), Rc::new(WordMap::new(name, map)?));
        }
        Ok(Self { mapping, lookups: Lookups::default(), words })
    }

    /// A place for the fields of one rule over one table.
    pub(super) fn rule<'b>(&'b mut self, head: &'b Head, path: String) -> RuleBinder<'b, 'm> {
        RuleBinder { binder: self, head, path }
    }
}

/// Binds the fields of one rule.
pub(super) struct RuleBinder<'b, 'm> {
    binder: &'b mut Binder<'m>,
    head: &'b Head,
    path: String,
}

impl<'m> RuleBinder<'_, 'm> {
    /// The mapping.
    pub(super) fn mapping(&self) -> &'m Mapping {
        self.binder.mapping
    }

    /// Where the rule stands in the mapping.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// A place for the fields of a part of the rule.
    pub(super) fn part(&mut self, name: &str) -> RuleBinder<'_, 'm> {
        RuleBinder { path: format!("{}.{name}", self.path), binder: self.binder, head: self.head }
    }

    /// The field of this name.
    ///
    /// # Errors
    /// A template, column, word map or lookup that is not there.
    pub(super) fn field(&mut self, name: &str, expression: &Expression) -> anyhow::Result<Field> {
        let path = format!("{}.{name}", self.path);
        let mut columns = Vec::new();
        let shape = self.bind(expression, &mut columns).with_context(|| path.clone())?;
        Ok(Field { path, columns, shape })
    }

    /// The field of this name, if it is given.
    ///
    /// # Errors
    /// As [`field`](Self::field).
    pub(super) fn optional(
        &mut self,
        name: &str,
        expression: Option<&Expression>,
    ) -> anyhow::Result<Option<Field>> {
        expression.map(|expression| self.field(name, expression)).transpose()
    }

    /// The conditions of a rule or step.
    ///
    /// # Errors
    /// As [`field`](Self::field), or a condition that asks for nothing.
    pub(super) fn conditions(&mut self, conditions: &[Condition]) -> anyhow::Result<Conditions> {
        let mut bound = Vec::with_capacity(conditions.len());
        for (number, condition) in conditions.iter().enumerate() {
            let name = format!("where[{number}]");
            ensure!(
                condition.is.is_some() || condition.is_not.is_some(),
                "{}.{name}: has neither is nor is_not; expected at least one",
                self.path
            );
            let field = self.field(&name, &condition.value)?;
            bound.push(BoundCondition { field, is: condition.is.clone(), is_not: condition.is_not.clone() });
        }
        Ok(Conditions(bound))
    }

    fn bind(&mut self, expression: &Expression, columns: &mut Vec<String>) -> anyhow::Result<Shape> {
        match expression {
            Expression::Template(text) => Ok(Shape::Template(self.parts(text, columns)?)),
            Expression::Rich(rich) => self.bind_rich(rich, columns),
        }
    }

    fn bind_rich(&mut self, rich: &RichExpression, columns: &mut Vec<String>) -> anyhow::Result<Shape> {
        ensure!(
            rich.value.is_some() == rich.first_of.is_empty(),
            "has both or none of value and first_of; expected one of them"
        );
        ensure!(
            rich.first_of.len() <= MAX_PARTS,
            "first_of has {} alternatives; expected at most {MAX_PARTS}",
            rich.first_of.len()
        );
        let mut starts = Vec::new();
        for start in rich.value.iter().chain(&rich.first_of) {
            starts.push(self.bind(start, columns)?);
        }
        let words = match &rich.words {
            None => None,
            Some(name) => {
                let Some(words) = self.binder.words.get(name) else {
                    let known: Vec<_> = self.binder.words.keys().collect();
                    bail!("there is no [words.{name}]; there are {known:?}");
                };
                Some(Rc::clone(words))
            }
        };
        if let Some(lookup) = &rich.lookup {
            self.binder.mapping.source(&lookup.source)?;
        }
        Ok(Shape::Rich {
            starts,
            lookup: rich.lookup.as_ref().map(|lookup| self.binder.lookups.request(lookup)),
            words,
            default: rich.default.clone(),
        })
    }

    fn parts(&self, template: &str, columns: &mut Vec<String>) -> anyhow::Result<Vec<Part>> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(behind) = rest.strip_prefix(brace) {
                text.push_str(brace);
                rest = behind;
                continue;
            }
            let Some((name, behind)) = (brace == "{").then(|| rest.split_once('}')).flatten() else {
                bail!("{template:?} has a brace without its pair; write {{{{ or }}}} for a brace itself");
            };
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(Part::Column(self.head.column(name)?));
            if !columns.iter().any(|column| column == name) {
                columns.push(name.to_owned());
            }
            rest = behind;
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        ensure!(
            parts.len() <= MAX_PARTS,
            "{} parts in a template; expected at most {MAX_PARTS}",
            parts.len()
        );
        Ok(parts)
    }
}
