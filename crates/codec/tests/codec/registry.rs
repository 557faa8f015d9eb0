//! A registry is asked as little as can be, and its silence is never held against a record.

use std::sync::Arc;

use crate::common::{Registry, framed, reject};
use model::Reject;
use model::RejectReason::{Undecodable, UnknownSchema};
use tallyboard_codec::encode::Avro;
use tallyboard_codec::{
    Carries, DecodeFailure, Decoder, RecordKind, SchemaAnswer, SchemaSource, schema_text,
};

/// The largest id that a registry gives.
const MAX_ID: u32 = i32::MAX as u32;

/// How often a caller is made to wait for an id before its records are rejected.
const PATIENT_ASKS: usize = 4;
/// For how many ids there is patience at first.
const PATIENCE: usize = 8;

/// A value of a territory under a schema id.
fn value(id: u32) -> Vec<u8> {
    let line = br#"{"type":"territory","territory_id":"west","name":"West"}"#;
    let record = Decoder::json(Carries::Reference).decode(line).unwrap();
    Avro::confluent(id, &record)
}

fn decoder(ids: impl IntoIterator<Item = u32>) -> (Decoder, Arc<Registry>) {
    let text = schema_text(RecordKind::Territory);
    let schemas: Vec<(u32, &str)> = ids.into_iter().map(|id| (id, text)).collect();
    let registry = Arc::new(Registry::with(&schemas));
    (Decoder::confluent(Carries::Reference, registry.clone()), registry)
}

#[test]
fn a_schema_is_asked_for_once() {
    let (mut decoder, registry) = decoder([3, MAX_ID]);
    for _ in 0..1_000 {
        assert!(decoder.decode(&value(3)).is_ok());
        assert!(decoder.decode(&value(MAX_ID)).is_ok());
    }
    assert_eq!(*registry.asked.lock().unwrap(), [3, MAX_ID]);
}

#[test]
fn a_registry_that_is_down_is_asked_again() {
    let (mut decoder, registry) = decoder([3]);
    *registry.down.lock().unwrap() = true;
    for _ in 0..200 {
        let failure = DecodeFailure::SchemaUnavailable { id: 3, cause: "connection refused".to_owned() };
        assert_eq!(decoder.decode(&value(3)), Err(failure));
    }
    *registry.down.lock().unwrap() = false;
    assert!(decoder.decode(&value(3)).is_ok());
    *registry.down.lock().unwrap() = true;
    assert!(decoder.decode(&value(3)).is_ok());
    assert_eq!(registry.times_asked(), 201);
}

/// Decodes as a caller does that waits when it is told to; how often it waited, and the reject if it was one.
fn decode_patiently(decoder: &mut Decoder, value: &[u8]) -> (usize, Option<Reject>) {
    let mut waits = 0;
    loop {
        match decoder.decode(value) {
            Ok(_) => return (waits, None),
            Err(DecodeFailure::Reject(reject)) => return (waits, Some(reject)),
            Err(DecodeFailure::SchemaUnavailable { .. }) => waits += 1,
        }
        assert!(waits < 100, "it waits for ever");
    }
}

#[test]
fn a_registry_that_learns_of_a_schema_late_loses_no_record() {
    for lags in 1..=PATIENT_ASKS {
        let (mut decoder, registry) = decoder([1]);
        registry.unknown_for.lock().unwrap().insert(3, lags);
        registry.schemas.lock().unwrap().insert(3, schema_text(RecordKind::Territory).to_owned());
        for number in 0..1_000 {
            assert!(decoder.decode(&value(1)).is_ok());
            let expected = (if number == 0 { lags } else { 0 }, None);
            assert_eq!(decode_patiently(&mut decoder, &value(3)), expected, "record {number}");
        }
    }
}

#[test]
fn an_unknown_id_is_asked_for_again_after_some_records() {
    let (mut decoder, registry) = decoder([]);
    let cause = "the registry does not know it yet".to_owned();
    for _ in 0..PATIENT_ASKS {
        let failure = DecodeFailure::SchemaUnavailable { id: 3, cause: cause.clone() };
        assert_eq!(decoder.decode(&value(3)), Err(failure));
    }
    // It had its patience, and gets no more however often it comes.
    for round in 1..=20 {
        for _ in 0..16 {
            let reject = reject(&mut decoder, &value(3));
            assert_eq!((reject.reason, &*reject.detail), (UnknownSchema, "the registry knows no schema 3"));
        }
        assert_eq!(registry.times_asked(), PATIENT_ASKS + round);
    }
    registry.schemas.lock().unwrap().insert(3, schema_text(RecordKind::Territory).to_owned());
    assert!(decoder.decode(&value(3)).is_ok());
    assert_eq!(registry.times_asked(), PATIENT_ASKS + 21);
}

#[test]
fn a_flood_of_unknown_ids_buries_no_good_record_and_stops_nothing_for_long() {
    let (mut decoder, registry) = decoder([1, 2, 3]);
    let mut waits = 0;
    for id in 1_000..11_000 {
        let (waited, reject) = decode_patiently(&mut decoder, &value(id));
        assert_eq!(reject.unwrap().reason, UnknownSchema);
        waits += waited;
        assert!(decoder.decode(&value(1 + id % 3)).is_ok());
    }
    // Each was asked for once, the first ones patiently, and what has not been asked for yet still is.
    assert_eq!(waits, PATIENCE * PATIENT_ASKS);
    assert_eq!(registry.times_asked(), 10_000 + 3 + waits);
}

#[test]
fn records_with_a_schema_earn_patience() {
    let (mut decoder, _registry) = decoder([1]);
    assert!(decoder.decode(&value(1)).is_ok());
    let mut flood = 1_000..;
    let mut patient = |decoder: &mut Decoder| {
        let waits = flood.by_ref().map(|id| decode_patiently(decoder, &value(id)).0);
        waits.take_while(|&waits| waits > 0).count()
    };
    assert_eq!(patient(&mut decoder), PATIENCE);
    let value = value(1);
    for (records, expected) in [(1 << 20, 1), ((1 << 20) - 2, 0), (2, 1), (9 << 20, PATIENCE)] {
        for _ in 0..records {
            assert!(decoder.decode(&value).is_ok());
        }
        assert_eq!(patient(&mut decoder), expected, "after {records} records");
    }
}

#[test]
fn ids_that_no_registry_gives_are_rejected_without_asking() {
    let (mut decoder, registry) = decoder([]);
    for id in [MAX_ID + 1, 0xffff_ffff] {
        let reject = reject(&mut decoder, &value(id));
        let detail = format!("schema id {id} is none that a registry gives; expected at most 2147483647");
        assert_eq!((reject.reason, reject.detail), (UnknownSchema, detail));
    }
    assert_eq!(registry.times_asked(), 0);
}

#[test]
fn a_schema_that_can_never_be_had_is_rejected_and_says_so() {
    struct TooLarge;
    impl SchemaSource for TooLarge {
        fn schema(&self, _: u32) -> Result<SchemaAnswer, String> {
            Ok(SchemaAnswer::Unreadable("it has more than 1 byte".to_owned()))
        }
    }
    let mut decoder = Decoder::confluent(Carries::Reference, Arc::new(TooLarge));
    let reject = reject(&mut decoder, &value(3));
    let detail = "schema 3 cannot be read as one of ours: it has more than 1 byte";
    assert_eq!((reject.reason, &*reject.detail), (UnknownSchema, detail));
}

#[test]
fn schemas_that_cannot_be_read_count_as_unknown_and_are_kept() {
    let (mut decoder, registry) = decoder([]);
    registry.schemas.lock().unwrap().insert(3, r#""string""#.to_owned());
    for _ in 0..1_000 {
        assert_eq!(reject(&mut decoder, &value(3)).reason, UnknownSchema);
    }
    assert_eq!(registry.times_asked(), 1);
}

#[test]
fn a_flood_of_schemas_that_cannot_be_read_buries_no_good_record() {
    let (mut decoder, registry) = decoder([20_000]);
    for id in 0..10_000 {
        registry.schemas.lock().unwrap().insert(id, r#""string""#.to_owned());
    }
    for id in 0..10_000 {
        assert_eq!(reject(&mut decoder, &value(id)).reason, UnknownSchema);
    }
    assert!(decoder.decode(&value(20_000)).is_ok());
    assert_eq!(registry.times_asked(), 10_001);
}

#[test]
fn the_schemas_used_last_are_kept() {
    let (mut decoder, registry) = decoder(0..600);
    for id in 0..600 {
        assert!(decoder.decode(&value(id)).is_ok());
        assert!(decoder.decode(&value(0)).is_ok());
    }
    assert_eq!(registry.times_asked(), 600);
    assert!(decoder.decode(&value(599)).is_ok());
    assert_eq!(registry.times_asked(), 600);
    assert!(decoder.decode(&value(1)).is_ok());
    assert_eq!(registry.times_asked(), 601);
}

#[test]
fn what_is_not_framed_is_undecodable() {
    let (mut decoder, registry) = decoder([1]);
    for (value, detail) in [
        (&b""[..], "is 0 bytes long, expected the 5 of Confluent's framing and a record"),
        (&[0, 0, 0, 1], "is 4 bytes long, expected the 5 of Confluent's framing and a record"),
        (b"{\"type\":1}", "byte 0 is 0x7b, expected 0x00: not in Confluent's framing"),
    ] {
        let reject = reject(&mut decoder, value);
        assert_eq!((reject.reason, &*reject.detail), (Undecodable, detail));
    }
    assert_eq!(registry.times_asked(), 0);
    let reject = reject(&mut decoder, &framed(1, b""));
    assert_eq!(&*reject.detail, "at byte 5: the value ends within a record");
}
