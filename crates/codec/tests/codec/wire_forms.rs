//! Every wire form carries every record.

use std::sync::Arc;

use crate::common::{Registry, carries, record};
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use proptest::prelude::*;
use tallyboard_codec::encode::{self, Avro};
use tallyboard_codec::{Carries, Decoder, schema_text};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_form_goes_both_ways(record in record(&crate::common::WIDEST)) {
        let line = encode::json(&record);
        prop_assert_eq!(Decoder::json(Carries::Anything).decode(&line), Ok(record.clone()));
        let topic = carries(record.kind());
        let plain = Avro::plain(&record);
        prop_assert_eq!(Decoder::avro(topic).decode(&plain), Ok(record.clone()));
        let any = Avro::plain_of_anything(&record);
        prop_assert_eq!(Decoder::avro(Carries::Anything).decode(&any), Ok(record.clone()));
        let registry = Arc::new(Registry::with(&[(7, schema_text(record.kind()))]));
        let framed = Avro::confluent(7, &record);
        prop_assert_eq!(Decoder::confluent(topic, registry).decode(&framed), Ok(record.clone()));
        prop_assert_eq!(record.clone().into_owned(), record);
    }

    #[test]
    fn apache_avro_reads_what_is_written_and_writes_it_the_same(record in record(&crate::common::WIDEST)) {
        let schema = Schema::parse_str(schema_text(record.kind())).unwrap();
        let datum = &Avro::confluent(1, &record)[5..];
        let mut unread = datum;
        let value = GenericDatumReader::builder(&schema).build().unwrap().read_value(&mut unread).unwrap();
        prop_assert!(unread.is_empty());
        let again = GenericDatumWriter::builder(&schema).build().unwrap().write_value_to_vec(value).unwrap();
        prop_assert_eq!(again, datum);
    }
}

#[test]
fn a_deal_has_these_bytes() {
    let line = br#"{"type":"deal","event_id":"e1","deal_id":"D1","occurred_at":"2026-11-02T09:30:00Z","version":2,"stage":"won","rep_id":"r","territory_id":"w","amount":"1250.00","currency":"USD","credits":[{"rep_id":"r","share_basis_points":10000}]}"#;
    let record = Decoder::json(Carries::Deals).decode(line).unwrap();
    let mut expected = vec![0, 0, 0, 1, 2];
    expected.extend_from_slice(b"\x04e1\x04D1");
    expected.extend_from_slice(&[0x80, 0xd8, 0xa1, 0xa3, 0xf9, 0xd1, 0xaf, 0x06]);
    expected.extend_from_slice(b"\x02\x04\x0edefault\x06won\x02r\x02w");
    expected.extend_from_slice(b"\x02\x08\x00\xbe\xbc\x20\x02\x06USD\x00\x00\x00");
    expected.extend_from_slice(b"\x02\x02r\xa0\x9c\x01\x00\x00\x00");
    assert_eq!(Avro::confluent(258, &record), expected);
}

#[test]
fn message_keys_follow_the_contract() {
    for (line, key) in [
        (
            r#"{"type":"deal","event_id":"e","deal_id":"D1","occurred_at":"2026-11-02T09:30:00Z","stage":"s","rep_id":"r","territory_id":"w"}"#,
            "D1",
        ),
        (
            r#"{"type":"activity","event_id":"e","activity_id":"A","occurred_at":"2026-11-02T09:30:00Z","rep_id":"r","territory_id":"w","deal_id":"D2","category":"admin","kind":"k","duration_seconds":0}"#,
            "D2",
        ),
        (
            r#"{"type":"activity","event_id":"e","activity_id":"A","occurred_at":"2026-11-02T09:30:00Z","rep_id":"r","territory_id":"w","category":"admin","kind":"k","duration_seconds":0}"#,
            "r",
        ),
        (
            r#"{"type":"fx_rate","currency":"EUR","rate":"1.0834","effective_from":"2026-11-01"}"#,
            "fx_rate/EUR/2026-11-01",
        ),
    ] {
        let record = Decoder::json(Carries::Anything).decode(line.as_bytes()).unwrap();
        assert_eq!(record.message_key(), key);
    }
}
