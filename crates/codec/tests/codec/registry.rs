//! A registry is asked as little as can be, and its silence is never held against a record.

use std::sync::Arc;

use crate::common::{Registry, framed, reject};
use model::RejectReason::{Undecodable, UnknownSchema};
use tallyboard_codec::encode::Avro;
use tallyboard_codec::{Carries, DecodeFailure, Decoder, RecordKind, schema_text};

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
    let (mut decoder, registry) = decoder([3, u32::MAX]);
    for _ in 0..1_000 {
        assert!(decoder.decode(&value(3)).is_ok());
        assert!(decoder.decode(&value(u32::MAX)).is_ok());
    }
    assert_eq!(*registry.asked.lock().unwrap(), [3, u32::MAX]);
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

#[test]
fn an_unknown_id_is_asked_for_again_after_some_records() {
    let (mut decoder, registry) = decoder([]);
    for _ in 0..256 {
        let reject = reject(&mut decoder, &value(3));
        assert_eq!((reject.reason, &*reject.detail), (UnknownSchema, "the registry knows no schema 3"));
    }
    assert_eq!(registry.times_asked(), 1);
    registry.schemas.lock().unwrap().insert(3, schema_text(RecordKind::Territory).to_owned());
    assert!(decoder.decode(&value(3)).is_ok());
    assert_eq!(registry.times_asked(), 2);
}

#[test]
fn a_flood_of_unknown_ids_buries_no_good_record() {
    let (mut decoder, registry) = decoder([1, 2, 3]);
    for id in 1_000..11_000 {
        assert_eq!(reject(&mut decoder, &value(id)).reason, UnknownSchema);
    }
    // Each was asked for once, and what has not been asked for yet still is.
    assert_eq!(registry.times_asked(), 10_000);
    for id in 1..=3 {
        assert!(decoder.decode(&value(id)).is_ok(), "schema {id}");
    }
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
