//! Records that must not be counted, made from good ones, each with the reason that has to be given for it.

use apache_avro::Schema;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use codec::encode::{Avro, json};
use codec::{Record, RecordKind, schema_text};
use model::{Event, Timestamp};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tallyboard_end_to_end::Registry;

/// Which topic a record is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Deals,
    Activities,
    Reference,
}

/// The wire form of all topics.
pub(crate) enum Wire {
    Json,
    Confluent(Ids),
}

/// Schemas by their ids in a registry.
pub(crate) struct Ids {
    ours: [(RecordKind, u32); RecordKind::ALL.len()],
    /// Of a record that is none of ours.
    stranger: u32,
    /// Of deals without the field `stage`.
    stageless: u32,
    /// Of deals whose amount is text.
    textual: u32,
}

const STRANGER: &str = r#"{"type":"record","name":"Order","fields":[{"name":"cents","type":"long"}]}"#;
const STAGELESS: &str = r#"{"type":"record","name":"DealEvent","namespace":"tallyboard","fields":[
    {"name":"event_id","type":"string"},{"name":"deal_id","type":"string"},
    {"name":"occurred_at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"rep_id","type":"string"},{"name":"territory_id","type":"string"}]}"#;
const TEXTUAL: &str = r#"{"type":"record","name":"DealEvent","namespace":"tallyboard","fields":[
    {"name":"event_id","type":"string"},{"name":"deal_id","type":"string"},
    {"name":"occurred_at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"rep_id","type":"string"},{"name":"territory_id","type":"string"},
    {"name":"stage","type":"string"},{"name":"amount","type":"string"},{"name":"currency","type":"string"}]}"#;

impl Wire {
    /// Avro under a registry, which gets to know the schemas of good records and of bad ones.
    pub(crate) fn confluent(registry: &Registry) -> anyhow::Result<Wire> {
        let register = |name: &str, text| registry.register(&format!("dead-letters.{name}"), text);
        let mut ours = Vec::new();
        for kind in RecordKind::ALL {
            ours.push((kind, register(kind.name(), schema_text(kind))?));
        }
        Ok(Wire::Confluent(Ids {
            ours: ours.try_into().unwrap(),
            stranger: register("stranger", STRANGER)?,
            stageless: register("stageless", STAGELESS)?,
            textual: register("textual", TEXTUAL)?,
        }))
    }

    pub(crate) fn format(&self) -> &'static str {
        match self {
            Wire::Json => "json",
            Wire::Confluent(_) => "confluent-avro",
        }
    }

    pub(crate) fn encode(&self, record: &Record<'_>) -> Vec<u8> {
        match self {
            Wire::Json => json(record),
            Wire::Confluent(ids) => {
                let (_, id) = ids.ours.iter().find(|(kind, _)| *kind == record.kind()).unwrap();
                Avro::confluent(*id, record)
            }
        }
    }

    /// How many kinds of faults there are.
    pub(crate) fn faults(&self) -> usize {
        match self {
            Wire::Json => ANY.len() + JSON.len(),
            Wire::Confluent(_) => ANY.len() + CONFLUENT.len(),
        }
    }
}

/// Makes bad records.
pub(crate) struct Faults<'f> {
    wire: &'f Wire,
    dice: ChaCha8Rng,
    deals: Vec<&'f Event<'static>>,
    activities: Vec<&'f Event<'static>>,
}

/// A kind of fault: on which topic, the reason that must be given, and how a value with it is made.
type Fault = (Place, &'static str, fn(&mut Faults<'_>) -> Option<Vec<u8>>);

const ANY: [Fault; 14] = [
    (Place::Deals, "undecodable", |faults| faults.noise()),
    (Place::Activities, "undecodable", |faults| faults.noise()),
    (Place::Reference, "undecodable", |faults| faults.noise()),
    (Place::Deals, "undecodable", |_| Some(Vec::new())),
    (Place::Deals, "undecodable", |_| None),
    (Place::Activities, "undecodable", |_| None),
    (Place::Deals, "undecodable", |faults| faults.cut_off()),
    (Place::Deals, "undecodable", |faults| faults.with_more_behind()),
    (Place::Deals, "unknown_stage", |faults| faults.deal(|deal| deal.stage = "no-such-stage".into())),
    (Place::Deals, "unknown_stage", |faults| faults.deal(|deal| deal.pipeline = "no-such-pipeline".into())),
    (Place::Deals, "invalid_field", |faults| faults.deal(|deal| deal.rep_id = "".into())),
    (Place::Deals, "in_future", |faults| faults.deal(|deal| deal.occurred_at = time("2150-01-01T00:00:00Z"))),
    (Place::Activities, "in_future", |faults| faults.activity_at("2150-01-01T00:00:00Z")),
    (Place::Activities, "unexpected_type", |faults| faults.deal(|_| {})),
];

const JSON: [Fault; 8] = [
    (Place::Deals, "undecodable", |faults| faults.half_a_character()),
    (Place::Deals, "invalid_field", |faults| faults.line(Place::Deals, r#""amount":""#, r#""amount":"1,"#)),
    (Place::Deals, "missing_field", |faults| faults.line(Place::Deals, r#""currency""#, r#""money""#)),
    (Place::Deals, "missing_field", |faults| faults.line(Place::Deals, r#""rep_id""#, r#""somebody""#)),
    (Place::Deals, "unexpected_type", |faults| faults.line(Place::Deals, r#":"deal""#, r#":"dael""#)),
    (Place::Activities, "invalid_field", |faults| {
        faults.line(Place::Activities, r#""category":""#, r#""category":"no-"#)
    }),
    (Place::Activities, "missing_field", |faults| {
        faults.line(Place::Activities, r#""duration_seconds""#, r#""seconds""#)
    }),
    (Place::Reference, "unexpected_type", |faults| faults.deal(|_| {})),
];

const CONFLUENT: [Fault; 6] = [
    (Place::Deals, "unknown_schema", |faults| faults.unknown_id()),
    (Place::Activities, "unknown_schema", |faults| faults.unknown_id()),
    (Place::Deals, "unknown_schema", |faults| faults.stranger()),
    (Place::Deals, "missing_field", |faults| faults.stageless()),
    (Place::Deals, "invalid_field", |faults| faults.textual_amount()),
    (Place::Reference, "undecodable", |_| Some(Vec::new())),
];

impl<'f> Faults<'f> {
    /// Makes them from these events; the seed decides from which.
    pub(crate) fn new(wire: &'f Wire, events: &'f [Event<'static>], seed: u64) -> Faults<'f> {
        // With an amount, so that there is something to spoil.
        let is_deal = |event: &&Event<'_>| matches!(event, Event::Deal(deal) if deal.amount.is_some());
        let is_activity = |event: &&Event<'_>| matches!(event, Event::Activity(_));
        Faults {
            wire,
            dice: ChaCha8Rng::seed_from_u64(seed),
            deals: events.iter().filter(is_deal).collect(),
            activities: events.iter().filter(is_activity).collect(),
        }
    }

    /// A bad record, of each kind in turn.
    pub(crate) fn make(&mut self, number: usize) -> (Place, &'static str, Option<Vec<u8>>) {
        let own: &[Fault] = match self.wire {
            Wire::Json => &JSON,
            Wire::Confluent(_) => &CONFLUENT,
        };
        let kind = number % self.wire.faults();
        let (place, reason, fault) = *ANY.iter().chain(own).nth(kind).unwrap();
        (place, reason, fault(self))
    }

    /// An activity from before the horizon of all others.
    pub(crate) fn late(&mut self) -> Option<Vec<u8>> {
        self.activity_at("2024-01-01T00:00:00Z")
    }

    fn some_deal(&mut self) -> Event<'static> {
        self.deals[self.dice.random_range(0..self.deals.len())].clone()
    }

    fn some_activity(&mut self) -> Event<'static> {
        self.activities[self.dice.random_range(0..self.activities.len())].clone()
    }

    fn encoded(&self, event: Event<'static>) -> Vec<u8> {
        self.wire.encode(&Record::Event(event))
    }

    fn deal(&mut self, spoil: impl FnOnce(&mut model::DealEvent<'static>)) -> Option<Vec<u8>> {
        let mut event = self.some_deal();
        if let Event::Deal(deal) = &mut event {
            spoil(deal);
        }
        Some(self.encoded(event))
    }

    fn activity_at(&mut self, moment: &str) -> Option<Vec<u8>> {
        let number: u64 = self.dice.random();
        let mut event = self.some_activity();
        if let Event::Activity(activity) = &mut event {
            activity.occurred_at = time(moment);
            // One that nobody has heard of, or it would be a correction of one that is held.
            activity.activity_id = format!("late-{number}").into();
        }
        Some(self.encoded(event))
    }

    fn noise(&mut self) -> Option<Vec<u8>> {
        // The first byte is none with which a value of either form begins.
        let length = self.dice.random_range(0..300);
        Some(std::iter::once(0xff).chain((0..length).map(|_| self.dice.random())).collect())
    }

    fn cut_off(&mut self) -> Option<Vec<u8>> {
        let mut bytes = self.deal(|_| {})?;
        let kept = self.dice.random_range(6..bytes.len());
        bytes.truncate(kept);
        Some(bytes)
    }

    fn with_more_behind(&mut self) -> Option<Vec<u8>> {
        let mut bytes = self.deal(|_| {})?;
        bytes.push(b'}');
        Some(bytes)
    }

    fn half_a_character(&mut self) -> Option<Vec<u8>> {
        let mut bytes = self.deal(|_| {})?;
        let at = bytes.iter().rposition(|byte| *byte == b'"')?;
        bytes[at - 1] = 0xc3;
        Some(bytes)
    }

    /// The line of a good event with one text in place of another.
    fn line(&mut self, place: Place, from: &str, to: &str) -> Option<Vec<u8>> {
        let event = if place == Place::Deals { self.some_deal() } else { self.some_activity() };
        let text = String::from_utf8(self.encoded(event)).unwrap();
        assert!(text.contains(from), "{text} has no {from}");
        Some(text.replacen(from, to, 1).into_bytes())
    }

    /// A good record under an id that no registry knows, another one each time.
    fn unknown_id(&mut self) -> Option<Vec<u8>> {
        let mut bytes = self.deal(|_| {})?;
        bytes[1..5].copy_from_slice(&self.dice.random_range(1_u32 << 24..1 << 30).to_be_bytes());
        Some(bytes)
    }

    fn stranger(&mut self) -> Option<Vec<u8>> {
        let cents = self.dice.random_range(0..1_000_000_i64);
        let id = self.ids().stranger;
        Some(framed(id, STRANGER, vec![("cents", Value::Long(cents))]))
    }

    fn stageless(&mut self) -> Option<Vec<u8>> {
        let id = self.ids().stageless;
        let fields = required_fields(&self.some_deal());
        Some(framed(id, STAGELESS, fields))
    }

    fn textual_amount(&mut self) -> Option<Vec<u8>> {
        let id = self.ids().textual;
        let event = self.some_deal();
        let mut fields = required_fields(&event);
        let Event::Deal(deal) = event else { return None };
        fields.push(("stage", Value::String(deal.stage.into_owned())));
        fields.push(("amount", Value::String("12.345.6".to_owned())));
        fields.push(("currency", Value::String("EUR".to_owned())));
        Some(framed(id, TEXTUAL, fields))
    }

    fn ids(&self) -> &'f Ids {
        match self.wire {
            Wire::Confluent(ids) => ids,
            Wire::Json => unreachable!("JSON has no schemas"),
        }
    }
}

fn required_fields(event: &Event<'static>) -> Vec<(&'static str, Value)> {
    let Event::Deal(deal) = event else { return Vec::new() };
    let text = |text: &str| Value::String(text.to_owned());
    vec![
        ("event_id", text(&deal.event_id)),
        ("deal_id", text(&deal.deal_id)),
        ("occurred_at", Value::TimestampMillis(deal.occurred_at.micros() / 1_000)),
        ("rep_id", text(&deal.rep_id)),
        ("territory_id", text(&deal.territory_id)),
    ]
}

/// A record as apache-avro writes it, in Confluent's framing.
fn framed(id: u32, schema: &str, fields: Vec<(&str, Value)>) -> Vec<u8> {
    let schema = Schema::parse_str(schema).unwrap();
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    let datum = writer.write_value_to_vec(Value::Record(fields)).unwrap();
    [&[0], &id.to_be_bytes()[..], &datum].concat()
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}
