//! Schemas that producers may have written with, older, newer and otherwise minded than ours, and data written with
//! them by apache-avro.

use apache_avro::schema::{InnerDecimalSchema, NamesRef, RecordField, ResolvedSchema};
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use apache_avro::{Decimal, Schema};
use model::{Day, Timestamp, parse_decimal};
use serde_json::{Map, Value as Json};

/// A writer's schema.
pub(crate) struct Writer {
    pub(crate) name: &'static str,
    pub(crate) text: String,
    /// Whether it resolves to ours by Avro's own rules, so that apache-avro can be asked what it reads.
    pub(crate) by_the_book: bool,
}

fn writer(name: &'static str, by_the_book: bool, text: &str) -> Writer {
    Writer { name, text: text.to_owned(), by_the_book }
}

/// Fields of every kind that have no place with us.
const STRANGERS: &str = r#"
    {"name":"x_record","type":{"type":"record","name":"Inner","fields":[{"name":"a","type":"float"},{"name":"b","type":"boolean"}]}},
    {"name":"x_array","type":{"type":"array","items":"Inner"}},
    {"name":"x_map","type":{"type":"map","values":{"type":"array","items":"string"}}},
    {"name":"x_union","type":["null","double",{"type":"fixed","name":"Md5","size":16},{"type":"enum","name":"Suit","symbols":["S","H"]}]},
    {"name":"x_fixed","type":"Md5"},
    {"name":"x_enum","type":"Suit"},
    {"name":"x_list","type":{"type":"record","name":"List","fields":[{"name":"value","type":"long"},{"name":"next","type":["null","List"]}]}},
    {"name":"x_bytes","type":"bytes"},
    {"name":"x_uuid","type":{"type":"string","logicalType":"uuid"}},
    {"name":"x_money","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
    {"name":"x_time","type":{"type":"long","logicalType":"local-timestamp-micros"}},
    {"name":"x_time_of_day","type":{"type":"int","logicalType":"time-millis"}}
"#;

pub(crate) fn writers_of_deals(ours: &str) -> Vec<Writer> {
    vec![
        writer("ours", true, ours),
        writer(
            "reordered, with strangers",
            true,
            &format!(
                r#"{{"type":"record","name":"DealEvent","namespace":"acme.sales","fields":[
            {{"name":"deleted","type":"boolean"}},{STRANGERS},
            {{"name":"credits","type":{{"type":"array","items":{{"type":"record","name":"Credit","fields":[
                {{"name":"x_list","type":"List"}},
                {{"name":"overlay","type":"boolean"}},
                {{"name":"share_basis_points","type":"int"}},
                {{"name":"x_map","type":{{"type":"map","values":"Inner"}}}},
                {{"name":"rep_id","type":"string"}}]}}}}}},
            {{"name":"currency","type":["string","null"]}},
            {{"name":"amount","type":[{{"type":"bytes","logicalType":"decimal","precision":20,"scale":4}},"null"]}},
            {{"name":"territory_id","type":"string"}},{{"name":"rep_id","type":"string"}},{{"name":"stage","type":"string"}},
            {{"name":"pipeline","type":"string"}},{{"name":"version","type":["long","null"]}},
            {{"name":"occurred_at","type":{{"type":"long","logicalType":"timestamp-micros"}}}},
            {{"name":"expected_close","type":[{{"type":"int","logicalType":"date"}},"null"]}},
            {{"name":"deal_id","type":"string"}},{{"name":"event_id","type":"string"}}]}}"#
            ),
        ),
        writer(
            "old, of required fields alone",
            true,
            r#"{"type":"record","name":"DealEvent","namespace":"tallyboard","fields":[
            {"name":"event_id","type":"string"},{"name":"deal_id","type":"string"},
            {"name":"occurred_at","type":{"type":"long","logicalType":"timestamp-micros"}},
            {"name":"stage","type":"string"},{"name":"rep_id","type":"string"},{"name":"territory_id","type":"string"}]}"#,
        ),
        writer(
            "milliseconds, fixed decimals, ints",
            false,
            r#"{"type":"record","name":"DealEvent","fields":[
            {"name":"event_id","type":"string"},{"name":"deal_id","type":"string"},
            {"name":"amount","type":["null",{"type":"fixed","name":"Amount","size":12,"logicalType":"decimal","precision":27,"scale":6}]},
            {"name":"currency","type":["null",{"type":"enum","name":"Code","symbols":["USD","EUR","JPY","KWD","CLF"]}]},
            {"name":"occurred_at","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},
            {"name":"version","type":["null","int"]},
            {"name":"credits","type":["null",{"type":"array","items":{"type":"record","name":"Credit","fields":[
                {"name":"rep_id","type":"string"},{"name":"share_basis_points","type":"long"},{"name":"overlay","type":["null","boolean"]}]}}]},
            {"name":"deleted","type":["boolean","null"]},
            {"name":"pipeline","type":["null","string"]},
            {"name":"stage","type":"string"},{"name":"rep_id","type":"string"},{"name":"territory_id","type":"string"}]}"#,
        ),
        writer(
            "texts and bytes",
            false,
            r#"{"type":"record","name":"DealEvent","fields":[
            {"name":"event_id","type":"bytes"},{"name":"deal_id","type":["null","bytes"]},
            {"name":"amount","type":["null","string"]},{"name":"currency","type":["null","bytes"]},
            {"name":"occurred_at","type":"string"},{"name":"expected_close","type":["string","null"]},
            {"name":"pipeline","type":"string"},{"name":"stage","type":"bytes"},
            {"name":"rep_id","type":"string"},{"name":"territory_id","type":"string"}]}"#,
        ),
        writer(
            "other names, with ours as aliases",
            false,
            r#"{"type":"record","name":"Opportunity","namespace":"crm","aliases":["tallyboard.DealEvent"],"fields":[
            {"name":"id","type":"string","aliases":["event_id"]},{"name":"opportunity","type":"string","aliases":["key","deal_id"]},
            {"name":"at","type":{"type":"long","logicalType":"timestamp-nanos"},"aliases":["occurred_at"]},
            {"name":"version","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},
            {"name":"rep_id","type":"string"},{"name":"owner","type":"string","aliases":["rep_id"]},
            {"name":"stage","type":"string"},{"name":"area","type":"string","aliases":["territory_id"]}]}"#,
        ),
    ]
}

pub(crate) fn writers_of_activities(ours: &str) -> Vec<Writer> {
    vec![
        writer("ours", true, ours),
        writer(
            "reordered, with strangers",
            true,
            &format!(
                r#"{{"type":"record","name":"ActivityEvent","fields":[
            {{"name":"retracted","type":"boolean"}},
            {{"name":"category","type":{{"type":"enum","name":"Category","symbols":["travel","training","sales_preparation","admin","internal_meeting","in_person_client_communication","digital_client_communication"]}}}},
            {STRANGERS},
            {{"name":"version","type":["null","int"]}},
            {{"name":"duration_seconds","type":"int"}},{{"name":"kind","type":"string"}},
            {{"name":"deal_id","type":["string","null"]}},{{"name":"territory_id","type":"string"}},{{"name":"rep_id","type":"string"}},
            {{"name":"occurred_at","type":{{"type":"long","logicalType":"timestamp-micros"}}}},
            {{"name":"activity_id","type":"string"}},{{"name":"event_id","type":"string"}}]}}"#
            ),
        ),
        writer(
            "category as text, milliseconds, longs",
            false,
            r#"{"type":"record","name":"ActivityEvent","fields":[
            {"name":"event_id","type":"string"},{"name":"activity_id","type":"string"},
            {"name":"occurred_at","type":{"type":"long","logicalType":"timestamp-millis"}},
            {"name":"rep_id","type":"string"},{"name":"territory_id","type":"string"},{"name":"deal_id","type":["null","string"]},
            {"name":"category","type":"string"},{"name":"type","type":"int"},
            {"name":"activity_kind","type":"string","aliases":["kind"]},
            {"name":"duration_seconds","type":["null","long"]},{"name":"outcome","type":["null","string"]}]}"#,
        ),
    ]
}

/// The fields of a record that a writer has, as canonical JSON names them.
pub(crate) fn known_to(schema: &Schema, line: &[u8]) -> Map<String, Json> {
    let Schema::Record(record) = schema else {
        panic!("{schema:?}");
    };
    let mut all: Map<String, Json> = serde_json::from_slice(line).unwrap();
    let mut known = Map::new();
    for field in record.fields.iter().chain(&[]) {
        let taken: Vec<String> = record.fields.iter().map(|other| other.name.clone()).collect();
        for name in
            std::iter::once(&field.name).chain(field.aliases.iter().filter(|alias| !taken.contains(alias)))
        {
            if name != "type"
                && let Some(value) = all.remove(name)
            {
                known.insert(name.clone(), value);
            }
        }
    }
    known.insert("type".to_owned(), all.remove("type").unwrap());
    known
}

/// Writes a record that is given as canonical JSON.
pub(crate) fn write(schema: &Schema, fields: &Map<String, Json>) -> Vec<u8> {
    let resolved = ResolvedSchema::new(schema).unwrap();
    let value = written(schema, Some(&Json::Object(fields.clone())), resolved.get_names());
    let writer = GenericDatumWriter::builder(schema).build().unwrap();
    writer.write_value_to_vec(value).unwrap()
}

/// A value of a schema for a value in JSON; where there is none, null if that may be, else something.
fn written(schema: &Schema, json: Option<&Json>, names: &NamesRef<'_>) -> Value {
    let text = json.and_then(Json::as_str);
    match schema {
        Schema::Ref { name } => written(names[name], json, names),
        Schema::Union(union) => {
            let fits = |variant: &Schema| matches!(variant, Schema::Null) == json.is_none();
            let index = union.variants().iter().position(fits).unwrap_or(0);
            let branch = written(&union.variants()[index], json, names);
            Value::Union(u32::try_from(index).unwrap(), Box::new(branch))
        }
        Schema::Record(record) => {
            let field = |field: &RecordField| {
                let taken = |name: &String| record.fields.iter().any(|other| other.name == *name);
                let own = json.and_then(|json| json.get(&field.name)).filter(|_| field.name != "type");
                let alias = || {
                    let alias = field.aliases.iter().filter(|alias| !taken(alias));
                    alias.filter_map(|alias| json?.get(alias)).next()
                };
                (field.name.clone(), written(&field.schema, own.or_else(alias), names))
            };
            Value::Record(record.fields.iter().map(field).collect())
        }
        Schema::Array(array) => match json {
            Some(Json::Array(items)) => {
                Value::Array(items.iter().map(|item| written(&array.items, Some(item), names)).collect())
            }
            _ => Value::Array(vec![]),
        },
        Schema::Map(map) => {
            let entry = |key: &str| (key.to_owned(), written(&map.types, None, names));
            Value::Map([entry("one"), entry("two")].into())
        }
        Schema::Null => Value::Null,
        Schema::Boolean => Value::Boolean(json.and_then(Json::as_bool).unwrap_or(false)),
        Schema::Int => Value::Int(i32::try_from(json.and_then(Json::as_i64).unwrap_or(-70)).unwrap()),
        Schema::Long => Value::Long(json.and_then(Json::as_i64).unwrap_or(i64::MIN)),
        Schema::Float => Value::Float(1.5),
        Schema::Double => Value::Double(-2.5),
        Schema::Bytes => Value::Bytes(text.unwrap_or("\u{0}\u{ff}").into()),
        Schema::String => Value::String(text.unwrap_or("something").to_owned()),
        Schema::Enum(symbols) => {
            let symbol = text.unwrap_or(&symbols.symbols[0]);
            let index = symbols.symbols.iter().position(|other| other == symbol).unwrap();
            Value::Enum(u32::try_from(index).unwrap(), symbol.to_owned())
        }
        Schema::Fixed(fixed) => Value::Fixed(fixed.size, vec![0x80; fixed.size]),
        Schema::Decimal(decimal) => {
            let (unscaled, scale) = parse_decimal(text.unwrap_or("0")).unwrap();
            let all = unscaled * 10_i128.pow(u32::try_from(decimal.scale).unwrap() - scale);
            // apache-avro resolves decimals only if their bytes could hold the precision.
            let bytes = match &decimal.inner {
                InnerDecimalSchema::Fixed(fixed) => all.to_be_bytes()[16 - fixed.size..].to_vec(),
                InnerDecimalSchema::Bytes => all.to_be_bytes().to_vec(),
            };
            Value::Decimal(Decimal::from(bytes))
        }
        Schema::Uuid(_) => Value::Uuid(apache_avro::Uuid::from_u128(7)),
        Schema::Date => Value::Date(text.map_or(0, |text| Day::parse(text).unwrap().0)),
        Schema::TimeMillis => Value::TimeMillis(1),
        Schema::TimestampMillis => Value::TimestampMillis(match json {
            Some(Json::Number(number)) => number.as_i64().unwrap(),
            _ => micros(text) / 1_000,
        }),
        Schema::TimestampMicros => Value::TimestampMicros(micros(text)),
        Schema::TimestampNanos => Value::TimestampNanos(micros(text) * 1_000 + 999),
        Schema::LocalTimestampMicros => Value::LocalTimestampMicros(5),
        other => panic!("no values of {other:?} yet"),
    }
}

fn micros(text: Option<&str>) -> i64 {
    text.map_or(0, |text| Timestamp::parse(text).unwrap().micros())
}
