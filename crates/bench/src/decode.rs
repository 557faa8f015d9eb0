//! The codec alone: a deal event in each wire form, beside apache-avro's own reader of the same bytes.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use codec::encode::{self, Avro};
use codec::{Carries, Decoder, Record, RecordKind, SchemaAnswer, SchemaSource, schema_text};
use serde_json::json;

use crate::report::{Section, median, nanoseconds_each, progress};
use crate::workload::{self, Ids, Workload};

/// The id of the deal schema in [`BuiltIn`]; the activity schema has the next one.
pub(crate) const DEAL_SCHEMA: u32 = 1;
/// The id of the activity schema.
pub(crate) const ACTIVITY_SCHEMA: u32 = 2;

/// The built-in schemas, as if a registry held them.
#[derive(Debug)]
pub(crate) struct BuiltIn;

impl SchemaSource for BuiltIn {
    fn schema(&self, id: u32) -> Result<SchemaAnswer, String> {
        let kind = match id {
            DEAL_SCHEMA => Some(RecordKind::Deal),
            ACTIVITY_SCHEMA => Some(RecordKind::Activity),
            _ => None,
        };
        Ok(kind.map(|kind| schema_text(kind).to_owned()).into())
    }
}

/// Measures all forms in turns, several times.
pub(crate) fn run(quick: bool) -> Result<Section> {
    progress("decode: making records");
    let records = if quick { 5_000 } else { 50_000 };
    let rounds = if quick { 3 } else { 9 };
    let samples = Samples::new(records)?;
    let schema = Schema::parse_str(schema_text(RecordKind::Deal)).context("the built-in schema of deals")?;
    let reader = GenericDatumReader::builder(&schema).build()?;
    let mut decoders = [
        ("JSON", &samples.json, Decoder::json(Carries::Deals)),
        ("Avro", &samples.avro, Decoder::avro(Carries::Deals)),
        (
            "Avro, Confluent framing",
            &samples.confluent,
            Decoder::confluent(Carries::Deals, Arc::new(BuiltIn)),
        ),
    ];
    let mut times = vec![Vec::new(); decoders.len() + 1];
    for round in 1..=rounds {
        progress(&format!("decode: round {round} of {rounds}"));
        for ((_, values, decoder), times) in decoders.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for value in &**values {
                ensure!(black_box(decoder.decode(value)).is_ok(), "a record is not decoded");
            }
            times.push(nanoseconds_each(start.elapsed(), values.len() as u64));
        }
        let start = Instant::now();
        for value in &samples.avro {
            let value = reader.read_value(&mut &value[..])?;
            black_box(fields(&value)?);
        }
        times[decoders.len()].push(nanoseconds_each(start.elapsed(), samples.avro.len() as u64));
    }
    let times: Vec<f64> = times.into_iter().map(median).collect();
    Ok(section(&samples, &times))
}

fn section(samples: &Samples, times: &[f64]) -> Section {
    let forms = [
        ("JSON", &samples.json),
        ("Avro", &samples.avro),
        ("Avro, Confluent framing", &samples.confluent),
        ("Avro by apache-avro: datum and fields, unchecked", &samples.avro),
    ];
    let bytes = |values: &[Vec<u8>]| values.iter().map(Vec::len).sum::<usize>() / values.len().max(1);
    let rows = forms.iter().zip(times).map(|((name, values), time)| {
        vec![
            (*name).to_owned(),
            bytes(values).to_string(),
            format!("{time:.0}"),
            format!("{:.2}", 1e3 / time),
        ]
    });
    let gain = times[3] / times[1].max(1e-9);
    Section {
        name: "decode",
        title: "Decoding a deal event, checks included, one thread".to_owned(),
        header: vec!["form", "bytes", "ns/record", "million/s"],
        rows: rows.collect(),
        conclusions: vec![format!("The own Avro reader takes {gain:.1} times less than apache-avro's.")],
        data: json!({
            "json_ns": times[0], "avro_ns": times[1], "confluent_ns": times[2], "apache_avro_ns": times[3],
            "gain": gain,
        }),
    }
}

/// The same records in each form.
struct Samples {
    json: Vec<Vec<u8>>,
    avro: Vec<Vec<u8>>,
    confluent: Vec<Vec<u8>>,
}

impl Samples {
    fn new(count: usize) -> Result<Self> {
        let workload = Workload::new()?;
        let steps: Vec<_> = workload::build_up(count as u64 / 3).take(count).collect();
        let mut ids = Ids::default();
        ids.fill(&steps)?;
        let mut samples = Self { json: Vec::new(), avro: Vec::new(), confluent: Vec::new() };
        for event in workload.deals(&steps, &ids)? {
            let record = Record::Event(event);
            samples.json.push(encode::json(&record));
            samples.avro.push(Avro::plain(&record));
            samples.confluent.push(Avro::confluent(DEAL_SCHEMA, &record));
        }
        Ok(samples)
    }
}

/// What a user of apache-avro would look up in a datum: each field by its name.
fn fields(datum: &Value) -> Result<(usize, i64)> {
    let Value::Record(fields) = datum else {
        bail!("the datum is not a record");
    };
    let field = |name: &str| {
        let found = fields.iter().find(|(found, _)| found == name);
        match found.map(|(_, value)| value) {
            Some(Value::Union(_, value)) => Ok(&**value),
            Some(value) => Ok(value),
            None => bail!("the datum has no field {name}"),
        }
    };
    let (mut length, mut sum) = (0, 0);
    for name in ["event_id", "deal_id", "pipeline", "stage", "rep_id", "territory_id", "currency"] {
        if let Value::String(text) = field(name)? {
            length += text.len();
        }
    }
    for name in ["occurred_at", "version", "amount", "expected_close", "credits", "deleted"] {
        sum += match field(name)? {
            Value::TimestampMicros(number) | Value::Long(number) => *number,
            Value::Date(day) => i64::from(*day),
            Value::Array(credits) => i64::try_from(credits.len())?,
            Value::Boolean(flag) => i64::from(*flag),
            _ => 0,
        };
    }
    Ok((length, sum))
}
