//! Holds `schemas/`, the contract with producers, to the code.

use std::collections::BTreeSet;

use apache_avro::Schema;
use apache_avro::schema::{RecordField, RecordSchema};
use model::Category;
use serde_json::Value as Json;

use crate::draft::{Field, Shape};
use crate::{Carries, Decoder, RecordKind, encode, schema_text};

const EXAMPLES: [(Carries, &str); 3] = [
    (Carries::Deals, include_str!("../../../schemas/examples/deals.jsonl")),
    (Carries::Activities, include_str!("../../../schemas/examples/activities.jsonl")),
    (Carries::Reference, include_str!("../../../schemas/examples/reference.jsonl")),
];

fn record_schema(kind: RecordKind) -> RecordSchema {
    match Schema::parse_str(schema_text(kind)).unwrap() {
        Schema::Record(record) => record,
        other => panic!("{other:?}"),
    }
}

/// The type of a field and whether it may be null.
fn inner(field: &RecordField) -> (&Schema, bool) {
    match &field.schema {
        Schema::Union(union) => match union.variants() {
            [Schema::Null, inner] => (inner, true),
            other => panic!("field {} is a union of {other:?}", field.name),
        },
        schema => (schema, false),
    }
}

fn check_fields(fields: &[RecordField], expected: &[Field]) {
    let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
    let expected_names: Vec<&str> = expected.iter().map(|field| field.name()).collect();
    assert_eq!(names, expected_names);
    for (field, expected) in fields.iter().zip(expected) {
        let (schema, nullable) = inner(field);
        assert!(field.doc.as_ref().is_some_and(|doc| doc.ends_with('.')), "field {} has no doc", field.name);
        assert_eq!(nullable, field.default == Some(Json::Null), "field {}", field.name);
        let fits = match expected.shape() {
            Shape::Text => matches!(schema, Schema::String | Schema::Enum(_)),
            Shape::Moment => matches!(schema, Schema::TimestampMicros),
            Shape::Day => matches!(schema, Schema::Date),
            Shape::Integer => matches!(schema, Schema::Int),
            Shape::Version => matches!(schema, Schema::Long),
            Shape::Decimal => matches!(schema, Schema::Decimal(decimal) if decimal.precision >= 18),
            Shape::Boolean => matches!(schema, Schema::Boolean),
            Shape::Credits => matches!(schema, Schema::Array(_)),
        };
        assert!(fits, "field {} is {schema:?}", field.name);
    }
}

#[test]
fn schemas_have_the_fields_of_the_code() {
    for kind in RecordKind::ALL {
        let record = record_schema(kind);
        assert_eq!(record.name.fullname(None), format!("tallyboard.{}", kind.schema_name()));
        assert!(record.doc.is_some(), "{kind:?}");
        check_fields(&record.fields, Field::of(kind));
    }
}

#[test]
fn schemas_have_the_names_of_the_code() {
    let deal = record_schema(RecordKind::Deal);
    let credits = deal.fields.iter().find(|field| field.name == "credits").unwrap();
    match &credits.schema {
        Schema::Array(array) => match &*array.items {
            Schema::Record(credit) => check_fields(&credit.fields, Field::OF_CREDIT),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    let activity = record_schema(RecordKind::Activity);
    let category = activity.fields.iter().find(|field| field.name == "category").unwrap();
    match &category.schema {
        Schema::Enum(category) => assert_eq!(category.symbols, Category::ALL.map(Category::name)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn examples_decode_and_lose_only_what_is_not_kept() {
    for (carries, lines) in EXAMPLES {
        for line in lines.lines() {
            let record = Decoder::json(carries).decode(line.as_bytes()).expect(line);
            let mut example: serde_json::Map<String, Json> = serde_json::from_str(line).unwrap();
            for dropped in ["lead_source", "loss_reason", "account_id", "outcome"] {
                example.remove(dropped);
            }
            if record.kind() == RecordKind::Deal {
                example.entry("pipeline").or_insert("default".into());
            }
            let written: serde_json::Map<String, Json> =
                serde_json::from_slice(&encode::json(&record)).unwrap();
            assert_eq!(written, example, "{line}");
        }
    }
}

#[test]
fn examples_show_every_field_and_no_other() {
    for kind in RecordKind::ALL {
        let mut shown = BTreeSet::new();
        for line in EXAMPLES.iter().flat_map(|(_, lines)| lines.lines()) {
            let example: serde_json::Map<String, Json> = serde_json::from_str(line).unwrap();
            if example["type"] == kind.name() {
                shown.extend(example.into_iter().map(|(name, _)| name));
            }
        }
        let fields = Field::of(kind).iter().chain(&[Field::Type]);
        let expected: BTreeSet<String> = fields.map(|field| field.name().to_owned()).collect();
        assert_eq!(shown, expected, "{kind:?}");
    }
}

#[test]
fn canonical_examples_are_written_byte_for_byte() {
    let (carries, lines) = EXAMPLES[2];
    for line in lines.lines() {
        let record = Decoder::json(carries).decode(line.as_bytes()).expect(line);
        assert_eq!(String::from_utf8(encode::json(&record)).unwrap(), line);
    }
}
