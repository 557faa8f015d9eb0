//! Bytes that nobody meant: no panic, no waiting, no believing; in whatever wire form.

use std::sync::Arc;

use crate::common::{NARROW, Registry, framed, reject, writers};
use model::RejectReason;
use proptest::prelude::*;
use tallyboard_codec::encode::{self, Avro};
use tallyboard_codec::{Carries, DecodeFailure, Decoder, Record, RecordKind, schema_text};

/// What happens to bytes on their way.
#[derive(Debug, Clone)]
enum Harm {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
}

fn harms() -> impl Strategy<Value = Vec<Harm>> {
    let place = any::<prop::sample::Index>;
    prop::collection::vec(
        prop_oneof![
            (place(), any::<u8>()).prop_map(|(at, byte)| Harm::Set(at, byte)),
            (place(), prop::collection::vec(any::<u8>(), 1..12))
                .prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
            place().prop_map(Harm::Remove),
            place().prop_map(Harm::Cut),
        ],
        1..4,
    )
}

fn harmed(mut bytes: Vec<u8>, harms: &[Harm]) -> Vec<u8> {
    for harm in harms {
        if bytes.is_empty() {
            break;
        }
        match harm {
            Harm::Set(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Harm::Insert(at, new) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, new.iter().copied());
            }
            Harm::Remove(at) => {
                bytes.remove(at.index(bytes.len()));
            }
            Harm::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
    bytes
}

/// Whatever comes out is a record like any other, or says why not in few words.
fn check(decoder: &mut Decoder, value: &[u8]) -> Result<(), TestCaseError> {
    match decoder.decode(value) {
        Ok(record) => {
            let line = encode::json(&record);
            prop_assert_eq!(Decoder::json(Carries::Anything).decode(&line), Ok(record.clone()));
        }
        Err(DecodeFailure::Reject(reject)) => {
            prop_assert!(!reject.detail.is_empty() && reject.detail.len() < 1_000, "{}", reject);
        }
        Err(failure) => prop_assert!(false, "{}", failure),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for carries in [Carries::Deals, Carries::Activities, Carries::Reference, Carries::Anything] {
            check(&mut Decoder::json(carries), &bytes)?;
            check(&mut Decoder::avro(carries), &bytes)?;
        }
        let strangers = &writers::writers_of_deals(schema_text(RecordKind::Deal))[1];
        let registry = Arc::new(Registry::with(&[(1, &strangers.text)]));
        check(&mut Decoder::confluent(Carries::Deals, registry), &framed(1, &bytes))?;
    }

    #[test]
    fn harmed_records(record in crate::common::record(&NARROW), harms in harms()) {
        check(&mut Decoder::json(Carries::Anything), &harmed(encode::json(&record), &harms))?;
        check(&mut Decoder::avro(Carries::Anything), &harmed(Avro::plain_of_anything(&record), &harms))?;
    }

    #[test]
    fn harmed_records_of_other_writers(deal in crate::common::deal(&NARROW), harms in harms(), which in 0_usize..6) {
        let writer = &writers::writers_of_deals(schema_text(RecordKind::Deal))[which];
        let schema = apache_avro::Schema::parse_str(&writer.text).unwrap();
        let known = writers::known_to(&schema, &encode::json(&Record::Event(model::Event::Deal(deal))));
        let value = framed(1, &harmed(writers::write(&schema, &known), &harms));
        let registry = Arc::new(Registry::with(&[(1, &writer.text)]));
        check(&mut Decoder::confluent(Carries::Deals, registry), &value)?;
    }

    #[test]
    fn a_record_that_ends_early_is_undecodable(record in crate::common::record(&NARROW), at in any::<prop::sample::Index>()) {
        let whole = Avro::plain_of_anything(&record);
        let part = &whole[..at.index(whole.len())];
        let reject = reject(&mut Decoder::avro(Carries::Anything), part);
        prop_assert_eq!(reject.reason, RejectReason::Undecodable);
    }
}

/// A territory that begins with a field of this type and these bytes.
fn with_stranger(kind: &str, bytes: &[u8]) -> model::Reject {
    let text = format!(
        r#"{{"type":"record","name":"Territory","fields":[{{"name":"x","type":{kind}}},{{"name":"territory_id","type":"string"}},{{"name":"name","type":"string"}}]}}"#
    );
    let registry = Arc::new(Registry::with(&[(1, &text)]));
    reject(&mut Decoder::confluent(Carries::Reference, registry), &framed(1, bytes))
}

#[test]
fn lengths_and_counts_are_not_believed() {
    // A count of 2^62, of which a reader that counts does not come back.
    const HUGE: &[u8] = &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1];
    let list = r#"{"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]}"#;
    let endless = r#"{"type":"record","name":"E","fields":[{"name":"next","type":"E"}]}"#;
    let wide = (0..40).fold(r#""null""#.to_owned(), |inner, n| {
        format!(
            r#"{{"type":"record","name":"W{n}","fields":[{{"name":"a","type":{inner}}},{{"name":"b","type":{}}}]}}"#,
            if n == 0 { r#""null""#.to_owned() } else { format!(r#""W{}""#, n - 1) }
        )
    });
    let many = "more values than a record of this length can have";
    let deep = "values nested too deep";
    let beyond = "a length beyond the end of the value";
    for (kind, bytes, position, what) in [
        (r#"{"type":"array","items":"null"}"#, HUGE.to_vec(), 15, many),
        (r#"{"type":"array","items":{"type":"record","name":"Z","fields":[]}}"#, HUGE.to_vec(), 15, many),
        (r#"{"type":"map","values":"null"}"#, HUGE.to_vec(), 15, "the value ends within a record"),
        (r#"{"type":"array","items":"long"}"#, vec![1, 200, 1], 8, "a block beyond the end of the value"),
        (r#"{"type":"array","items":"long"}"#, vec![1, 1], 7, "a block beyond the end of the value"),
        (r#""string""#, HUGE.to_vec(), 15, beyond),
        (r#""bytes""#, vec![1], 6, "a length below 0"),
        (r#""long""#, vec![0xff; 20], 15, "a number of more than 64 bits"),
        (r#"{"type":"fixed","name":"F","size":9223372036854775807}"#, vec![0; 9], 5, beyond),
        (r#"["null","int"]"#, vec![4], 6, "a branch or symbol that the schema does not have"),
        (list, vec![2; 100_000], 37, deep),
        (endless, vec![], 5, deep),
        (&wide, vec![], 5, many),
    ] {
        let reject = with_stranger(kind, &bytes);
        let expected = format!("at byte {position}: {what}");
        assert_eq!((reject.reason, &*reject.detail), (RejectReason::Undecodable, &*expected), "{kind}");
    }
}

#[test]
fn fields_of_ours_are_as_strict() {
    let mut decoder = Decoder::avro(Carries::Reference);
    for (value, detail) in [
        (&b"\x02\x02\xff\x02a\x00"[..], "at byte 3: a text before here that is not UTF-8"),
        (b"\x02\x02a\x02a\x00x", "at byte 6: bytes behind the record"),
        (b"\x02\x02a\x02a\x02\x01", "at byte 7: a length below 0"),
        (b"\x0a", "at byte 1: a branch or symbol that the schema does not have"),
        (b"\x01", "at byte 1: a branch or symbol that the schema does not have"),
        (b"", "at byte 0: the value ends within a record"),
        (b"\x08\x0a", "at byte 2: a branch or symbol that the schema does not have"),
    ] {
        let reject = reject(&mut decoder, value);
        assert_eq!((reject.reason, &*reject.detail), (RejectReason::Undecodable, detail));
    }
    let credits = Decoder::json(Carries::Deals)
        .decode(br#"{"type":"deal","event_id":"e","deal_id":"D","occurred_at":"2026-11-02T09:30:00Z","stage":"s","rep_id":"r","territory_id":"w"}"#)
        .map(|record| Avro::plain(&record))
        .unwrap();
    // The last two bytes are the end of the credits and `deleted`: a count of 2^62 credits in their place.
    let mut value = credits[..credits.len() - 2].to_vec();
    value.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]);
    value.extend(b"\x02a\x02\x00".repeat(50));
    let reject = reject(&mut Decoder::avro(Carries::Deals), &value);
    assert_eq!(&*reject.detail, "field credits: has more than the 20 that one deal may carry");
}
