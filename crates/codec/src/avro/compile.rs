//! From a writer's schema to a plan.
//!
//! What a field is written as decides how it is read: the writer's logical types give units and scales, and a number
//! whose unit the writer leaves open (a long without a logical type for a time, say) is refused rather than guessed.
//! A schema that no record could be read with is refused as a whole; in a union of a field, only the branches are.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::{
    DecimalSchema, InnerDecimalSchema, Name, NamesRef, RecordField, RecordSchema, ResolvedSchema, SchemaKind,
    UuidSchema,
};

use super::plan::{Branch, NodeIndex, Nodes, Plan, Read, RecordPlan, Root, Skip, Step, Unit};
use crate::draft::{Field, Shape};
use crate::encode::schema_text;
use crate::record::{Carries, RecordKind};

/// The longest schema that is looked at, in bytes.
const MAX_SCHEMA_BYTES: usize = 1 << 20;

/// How deep a schema may nest, references followed.
const MAX_SCHEMA_DEPTH: u32 = 200;

/// The plan for what a topic carries, written with a schema of this text.
///
/// # Errors
/// Why the schema cannot be read as one of ours, in words.
pub(crate) fn plan(carries: Carries, text: &str) -> Result<Plan, String> {
    if text.len() > MAX_SCHEMA_BYTES {
        return Err(format!("it is {} bytes long, expected at most {MAX_SCHEMA_BYTES}", text.len()));
    }
    let schema = Schema::parse_str(text).map_err(|error| format!("it is not an Avro schema: {error}"))?;
    let resolved =
        ResolvedSchema::new(&schema).map_err(|error| format!("its names do not resolve: {error}"))?;
    let mut compiler =
        Compiler { names: resolved.get_names(), nodes: Nodes::default(), named: HashMap::new(), depth: 0 };
    let root = compiler.root(carries, &schema)?;
    Ok(Plan { root, nodes: compiler.nodes })
}

/// The plan for what a topic carries, written with the built-in schemas.
pub(crate) fn built_in(carries: Carries) -> Plan {
    let branch = |kind: &RecordKind| match plan(carries, schema_text(*kind)) {
        // It takes every field, so it has no nodes.
        Ok(Plan { root: Root::Record(record), .. }) => Branch::Record(record),
        // Cannot be: a test reads every built-in schema.
        _ => Branch::Other(kind.schema_name().to_owned()),
    };
    let mut branches: Vec<Branch> = carries.kinds().iter().map(branch).collect();
    let root = match branches.pop() {
        Some(Branch::Record(record)) if branches.is_empty() => Root::Record(record),
        last => {
            branches.extend(last);
            Root::Union(branches)
        }
    };
    Plan { root, nodes: Nodes::default() }
}

struct Compiler<'s> {
    names: &'s NamesRef<'s>,
    nodes: Nodes,
    /// The nodes of named records, so that each is there once, and a recursive one ends.
    named: HashMap<&'s Name, NodeIndex>,
    depth: u32,
}

impl<'s> Compiler<'s> {
    /// The type that a schema names, or the schema itself.
    fn follow(&self, schema: &'s Schema) -> Result<&'s Schema, String> {
        match schema {
            Schema::Ref { name } => self
                .names
                .get(name)
                .copied()
                .ok_or_else(|| format!("type {} is not defined", name.fullname(None))),
            other => Ok(other),
        }
    }

    fn root(&mut self, carries: Carries, schema: &'s Schema) -> Result<Root, String> {
        match schema {
            Schema::Record(record) => match kind_of(record) {
                Some(kind) if carries.kinds().contains(&kind) => Ok(Root::Record(self.record(kind, record)?)),
                Some(kind) => Ok(Root::Other(kind.schema_name().to_owned())),
                None => Err(format!(
                    "it is of record {}, expected one of {}",
                    record.name.fullname(None),
                    RecordKind::ALL.map(RecordKind::schema_name).join(", ")
                )),
            },
            Schema::Union(union) => {
                let branches = union.variants().iter().map(|variant| self.branch(carries, variant));
                let branches = branches.collect::<Result<Vec<Branch>, String>>()?;
                if branches.iter().any(|branch| matches!(branch, Branch::Record(_))) {
                    Ok(Root::Union(branches))
                } else {
                    Err(format!("it is a union without any of the {}", carries.name()))
                }
            }
            other => Err(format!("it is of {}, expected a record or a union of records", written_as(other))),
        }
    }

    fn branch(&mut self, carries: Carries, variant: &'s Schema) -> Result<Branch, String> {
        match self.follow(variant)? {
            Schema::Null => Ok(Branch::Null),
            Schema::Record(record) => match kind_of(record) {
                Some(kind) if carries.kinds().contains(&kind) => {
                    Ok(Branch::Record(self.record(kind, record)?))
                }
                _ => Ok(Branch::Other(record.name.fullname(None))),
            },
            other => Ok(Branch::Other(written_as(other))),
        }
    }

    fn record(&mut self, kind: RecordKind, writer: &'s RecordSchema) -> Result<RecordPlan, String> {
        let reader = Schema::parse_str(schema_text(kind)).ok();
        let aliases = match &reader {
            Some(Schema::Record(reader)) => aliases_of(&reader.fields, Field::of(kind)),
            _ => Vec::new(),
        };
        Ok(RecordPlan { kind, steps: self.steps(writer, Field::of(kind), &aliases)? })
    }

    fn steps(
        &mut self,
        writer: &'s RecordSchema,
        fields: &[Field],
        aliases: &[(String, Field)],
    ) -> Result<Vec<Step>, String> {
        let places = places(&writer.fields, fields, aliases);
        let steps = writer.fields.iter().zip(places).map(|(written, place)| match place {
            Some(field) => Ok(Step::Take(field, self.read(field, &written.schema)?)),
            None => Ok(Step::Skip(self.skip(&written.schema)?)),
        });
        steps.collect()
    }

    /// How a field of ours is read from what it is written as.
    fn read(&mut self, field: Field, schema: &'s Schema) -> Result<Read, String> {
        let written = self.follow(schema)?;
        if let Schema::Union(union) = written {
            return self.read_union(field, union.variants());
        }
        let read = match (field.shape(), written) {
            (_, Schema::Null) => Read::Null,
            (
                Shape::Text | Shape::Moment | Shape::Day | Shape::Decimal,
                Schema::String | Schema::Uuid(UuidSchema::String),
            )
            | (Shape::Text, Schema::Bytes) => Read::Text,
            (Shape::Text, Schema::Enum(symbols)) => Read::Symbol(symbols.symbols.clone()),
            (Shape::Moment, Schema::TimestampMillis) => Read::Moment(Unit::Millis),
            (Shape::Moment, Schema::TimestampMicros) => Read::Moment(Unit::Micros),
            (Shape::Moment, Schema::TimestampNanos) => Read::Moment(Unit::Nanos),
            (Shape::Day, Schema::Date) => Read::Day,
            (Shape::Integer | Shape::Version, Schema::Int) => Read::Int,
            (Shape::Integer | Shape::Version, Schema::Long)
            | (Shape::Version, Schema::TimestampMillis | Schema::TimestampMicros | Schema::TimestampNanos) => {
                Read::Long
            }
            (Shape::Decimal, Schema::Decimal(decimal)) => decimal_read(decimal)?,
            (Shape::Boolean, Schema::Boolean) => Read::Boolean,
            (Shape::Credits, Schema::Array(array)) => match self.follow(&array.items)? {
                Schema::Record(credit) => Read::Credits(self.steps(credit, Field::OF_CREDIT, &[])?),
                other => return Err(format!("field credits is an array of {}", written_as(other))),
            },
            (shape, other) => {
                return Err(format!(
                    "field {} is written as {}, expected {}",
                    field.name(),
                    written_as(other),
                    shape.expected()
                ));
            }
        };
        Ok(read)
    }

    /// A branch that the field has no use for spoils the records that have it alone, unless all are so.
    fn read_union(&mut self, field: Field, variants: &'s [Schema]) -> Result<Read, String> {
        let mut reads = Vec::with_capacity(variants.len());
        for variant in variants {
            reads.push(self.read(field, variant).unwrap_or_else(Read::Refused));
        }
        let of_use = |read: &Read| !matches!(read, Read::Null | Read::Refused(_));
        match reads.iter().find(|read| matches!(read, Read::Refused(_))) {
            Some(Read::Refused(cause)) if !reads.iter().any(of_use) => Err(cause.clone()),
            _ => Ok(Read::Union(reads)),
        }
    }

    /// How a value is read over.
    fn skip(&mut self, schema: &'s Schema) -> Result<Skip, String> {
        self.depth += 1;
        if self.depth > MAX_SCHEMA_DEPTH {
            return Err(format!("it nests deeper than {MAX_SCHEMA_DEPTH}"));
        }
        let skip = match self.follow(schema)? {
            Schema::Null => Skip::Nothing,
            Schema::Boolean => Skip::Fixed(1),
            Schema::Float => Skip::Fixed(4),
            Schema::Double => Skip::Fixed(8),
            Schema::Int
            | Schema::Long
            | Schema::Enum(_)
            | Schema::Date
            | Schema::TimeMillis
            | Schema::TimeMicros
            | Schema::TimestampMillis
            | Schema::TimestampMicros
            | Schema::TimestampNanos
            | Schema::LocalTimestampMillis
            | Schema::LocalTimestampMicros
            | Schema::LocalTimestampNanos => Skip::Number,
            Schema::Bytes
            | Schema::String
            | Schema::BigDecimal
            | Schema::Uuid(UuidSchema::Bytes | UuidSchema::String)
            | Schema::Decimal(DecimalSchema { inner: InnerDecimalSchema::Bytes, .. }) => Skip::Bytes,
            Schema::Fixed(fixed)
            | Schema::Duration(fixed)
            | Schema::Uuid(UuidSchema::Fixed(fixed))
            | Schema::Decimal(DecimalSchema { inner: InnerDecimalSchema::Fixed(fixed), .. }) => {
                Skip::Fixed(fixed.size)
            }
            Schema::Array(array) => {
                let item = self.skip(&array.items)?;
                Skip::Array(self.node(vec![item]))
            }
            Schema::Map(map) => {
                let value = self.skip(&map.types)?;
                Skip::Array(self.node(vec![Skip::Bytes, value]))
            }
            Schema::Union(union) => {
                let branches = self.skips(union.variants().iter())?;
                Skip::Union(self.node(branches))
            }
            Schema::Record(record) => self.skip_record(record)?,
            Schema::Ref { name } => return Err(format!("type {} names another name", name.fullname(None))),
        };
        self.depth -= 1;
        Ok(skip)
    }

    fn skip_record(&mut self, record: &'s RecordSchema) -> Result<Skip, String> {
        if let Some(&node) = self.named.get(&record.name) {
            return Ok(Skip::Record(node));
        }
        let node = self.node(Vec::new());
        self.named.insert(&record.name, node);
        let fields = self.skips(record.fields.iter().map(|field| &field.schema))?;
        self.nodes.0[node.0] = fields;
        Ok(Skip::Record(node))
    }

    fn skips(&mut self, schemas: impl Iterator<Item = &'s Schema>) -> Result<Vec<Skip>, String> {
        schemas.map(|schema| self.skip(schema)).collect()
    }

    fn node(&mut self, parts: Vec<Skip>) -> NodeIndex {
        self.nodes.0.push(parts);
        NodeIndex(self.nodes.0.len() - 1)
    }
}

fn kind_of(record: &RecordSchema) -> Option<RecordKind> {
    let by_name = RecordKind::from_schema_name(record.name.name());
    by_name.or_else(|| {
        let aliases = record.aliases.iter().flatten();
        aliases.filter_map(|alias| RecordKind::from_schema_name(alias.name())).next()
    })
}

/// The names that fields of ours had before, with the fields.
fn aliases_of(reader: &[RecordField], fields: &[Field]) -> Vec<(String, Field)> {
    let ours = |name: &str| fields.iter().copied().find(|field| field.name() == name);
    let mut aliases = Vec::new();
    for read in reader {
        if let Some(field) = ours(&read.name) {
            aliases.extend(read.aliases.iter().map(|alias| (alias.clone(), field)));
        }
    }
    aliases
}

/// Which field of ours each of the writer's fields is: by its name, else by a name that ours had before, else by a name
/// that the writer's had before; each of ours at most once.
fn places(writer: &[RecordField], fields: &[Field], aliases: &[(String, Field)]) -> Vec<Option<Field>> {
    let ours = |name: &str| fields.iter().copied().find(|field| field.name() == name);
    let formerly_ours = |written: &RecordField| {
        let alias = aliases.iter().find(|(alias, _)| *alias == written.name);
        alias.map(|&(_, field)| field)
    };
    let formerly_theirs = |written: &RecordField| written.aliases.iter().find_map(|alias| ours(alias));
    let mut places: Vec<Option<Field>> = writer.iter().map(|written| ours(&written.name)).collect();
    fill_free(&mut places, writer, formerly_ours);
    fill_free(&mut places, writer, formerly_theirs);
    places
}

fn fill_free(
    places: &mut [Option<Field>],
    writer: &[RecordField],
    find: impl Fn(&RecordField) -> Option<Field>,
) {
    for (index, written) in writer.iter().enumerate() {
        if places[index].is_none() {
            places[index] = find(written).filter(|field| !places.contains(&Some(*field)));
        }
    }
}

fn decimal_read(decimal: &DecimalSchema) -> Result<Read, String> {
    let scale = u32::try_from(decimal.scale).map_err(|_| format!("a decimal of scale {}", decimal.scale))?;
    Ok(match &decimal.inner {
        InnerDecimalSchema::Bytes => Read::Decimal { scale },
        InnerDecimalSchema::Fixed(fixed) => Read::DecimalFixed { scale, size: fixed.size },
    })
}

/// What a schema is, in Avro's words: `string`, `timestamp-millis`, `record Deal`.
fn written_as(schema: &Schema) -> String {
    let mut words = String::new();
    for letter in format!("{:?}", SchemaKind::from(schema)).chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    match schema.name() {
        Some(name) => format!("{words} {}", name.fullname(None)),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<RecordField> {
        let text = format!(r#"{{"type":"record","name":"Territory","fields":[{text}]}}"#);
        match Schema::parse_str(&text).unwrap() {
            Schema::Record(record) => record.fields,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn built_in_schemas_have_a_branch_for_each_kind() {
        for carries in [Carries::Deals, Carries::Activities, Carries::Reference, Carries::Anything] {
            let plan = built_in(carries);
            let kinds: Vec<RecordKind> = match &plan.root {
                Root::Record(record) => vec![record.kind],
                Root::Union(branches) => branches
                    .iter()
                    .map(|branch| match branch {
                        Branch::Record(record) => record.kind,
                        other => panic!("{other:?}"),
                    })
                    .collect(),
                Root::Other(name) => panic!("{name}"),
            };
            assert_eq!(kinds, carries.kinds());
        }
        for kind in RecordKind::ALL {
            let Root::Record(record) = plan(Carries::Anything, schema_text(kind)).unwrap().root else {
                panic!("{kind:?}");
            };
            assert!(record.steps.iter().all(|step| matches!(step, Step::Take(..))), "{kind:?}");
        }
    }

    #[test]
    fn a_field_is_found_by_name_then_by_our_aliases_then_by_theirs() {
        let ours = Field::of(RecordKind::Territory);
        let reader = fields(
            r#"{"name":"territory_id","type":"string"},{"name":"name","type":"string","aliases":["label","title"]},
            {"name":"parent_id","type":"string"}"#,
        );
        let aliases = aliases_of(&reader, ours);
        let (id, name, parent) = (Field::TerritoryId, Field::Name, Field::ParentId);
        for (writer, expected) in [
            (
                r#"{"name":"parent_id","type":"string"},{"name":"territory_id","type":"string"}"#,
                vec![Some(parent), Some(id)],
            ),
            (r#"{"name":"title","type":"string"},{"name":"other","type":"string"}"#, vec![Some(name), None]),
            (r#"{"name":"title","type":"string"},{"name":"name","type":"string"}"#, vec![None, Some(name)]),
            (r#"{"name":"title","type":"string"},{"name":"label","type":"string"}"#, vec![Some(name), None]),
            (
                r#"{"name":"region","type":"string","aliases":["area","parent_id"]},{"name":"label","type":"string"}"#,
                vec![Some(parent), Some(name)],
            ),
            (
                r#"{"name":"text","type":"string","aliases":["name"]},{"name":"label","type":"string"}"#,
                vec![None, Some(name)],
            ),
            (r#"{"name":"stage","type":"string"}"#, vec![None]),
        ] {
            assert_eq!(places(&fields(writer), ours, &aliases), expected, "{writer}");
        }
    }
}
