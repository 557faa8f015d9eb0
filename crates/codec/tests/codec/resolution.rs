//! What other schemas wrote is read as meant: our reader against the known values, and against apache-avro's own
//! reader where Avro's rules allow the resolution.

use std::sync::Arc;

use crate::common::writers::{self, Writer};
use crate::common::{NARROW, Registry, framed, reject};
use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema_compatibility::SchemaCompatibility;
use apache_avro::writer::datum::GenericDatumWriter;
use model::{Event, RejectReason};
use proptest::prelude::*;
use tallyboard_codec::encode::{self, Avro};
use tallyboard_codec::{Carries, Decoder, Record, RecordKind, schema_text};

/// Reads a record with every writer's schema.
fn check(writers: &[Writer], record: &Record<'static>) -> Result<(), TestCaseError> {
    let ours = Schema::parse_str(schema_text(record.kind())).unwrap();
    for writer in writers {
        let schema = Schema::parse_str(&writer.text).unwrap();
        let known = writers::known_to(&schema, &encode::json(record));
        let line = serde_json::to_vec(&known).unwrap();
        let expected = Decoder::json(Carries::Anything).decode(&line).map(Record::into_owned);
        prop_assert!(expected.is_ok(), "{:?}", expected);
        let datum = writers::write(&schema, &known);
        let registry = Arc::new(Registry::with(&[(1, &writer.text)]));
        let value = framed(1, &datum);
        let mut decoder = Decoder::confluent(Carries::Anything, registry);
        let decoded = decoder.decode(&value).map(Record::into_owned);
        prop_assert_eq!(&decoded, &expected, "{}", writer.name);
        if let (true, Ok(decoded)) = (writer.by_the_book, decoded) {
            prop_assert_eq!(
                read_by_apache(&schema, &ours, &datum),
                Avro::confluent(0, &decoded)[5..].to_vec()
            );
        }
    }
    Ok(())
}

/// What apache-avro resolves a datum to, written with our schema.
fn read_by_apache(writer: &Schema, ours: &Schema, datum: &[u8]) -> Vec<u8> {
    let reader = GenericDatumReader::builder(writer).reader_schema(ours).build().unwrap();
    let value = reader.read_value(&mut &*datum).unwrap();
    // Decimals keep the length they were written with; ours are the shortest.
    let written = GenericDatumWriter::builder(ours).build().unwrap().write_value_to_vec(value).unwrap();
    let kind =
        if ours.name().unwrap().name() == "DealEvent" { RecordKind::Deal } else { RecordKind::Activity };
    let record = Decoder::avro(crate::common::carries(kind)).decode(&written).unwrap().into_owned();
    Avro::confluent(0, &record)[5..].to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn deals_of_all_writers_are_read(deal in crate::common::deal(&NARROW)) {
        check(&writers::writers_of_deals(schema_text(RecordKind::Deal)), &Record::Event(Event::Deal(deal)))?;
    }

    #[test]
    fn activities_of_all_writers_are_read(activity in crate::common::activity(&NARROW)) {
        check(&writers::writers_of_activities(schema_text(RecordKind::Activity)), &Record::Event(Event::Activity(activity)))?;
    }

    #[test]
    fn decimals_of_every_length_and_scale_are_exact(
        money in crate::common::money(), scale in 4_u32..12, spare in 0_usize..8, fixed in any::<bool>(),
    ) {
        let unscaled = i128::from(money.minor) * 10_i128.pow(scale - money.currency.fraction_digits());
        let mut bytes = vec![if unscaled < 0 { 0xff } else { 0 }; spare];
        bytes.extend_from_slice(&unscaled.to_be_bytes());
        let inner = if fixed { format!(r#""fixed","name":"F","size":{}"#, bytes.len()) } else { r#""bytes""#.to_owned() };
        let text = format!(
            r#"{{"type":"record","name":"Quota","fields":[{{"name":"rep_id","type":"string"}},{{"name":"period","type":"string"}},
            {{"name":"amount","type":{{"type":{inner},"logicalType":"decimal","precision":38,"scale":{scale}}}}},{{"name":"currency","type":"string"}}]}}"#
        );
        let mut datum = b"\x02r\x02p".to_vec();
        if !fixed {
            datum.push(u8::try_from(bytes.len() * 2).unwrap());
        }
        datum.extend(bytes);
        datum.extend(format!("\x06{}", money.currency).into_bytes());
        let registry = Arc::new(Registry::with(&[(1, &text)]));
        let decoded = Decoder::confluent(Carries::Reference, registry).decode(&framed(1, &datum)).map(Record::into_owned);
        let line = format!(r#"{{"type":"quota","rep_id":"r","period":"p","amount":"{}","currency":"{}"}}"#, money.decimal(), money.currency);
        prop_assert_eq!(decoded, Decoder::json(Carries::Reference).decode(line.as_bytes()));
    }
}

#[test]
fn writers_by_the_book_are_compatible_and_the_others_are_not() {
    for (kind, writers) in [
        (RecordKind::Deal, writers::writers_of_deals(schema_text(RecordKind::Deal))),
        (RecordKind::Activity, writers::writers_of_activities(schema_text(RecordKind::Activity))),
    ] {
        let ours = Schema::parse_str(schema_text(kind)).unwrap();
        for writer in writers {
            let schema = Schema::parse_str(&writer.text).unwrap();
            let compatible = SchemaCompatibility::can_read(&schema, &ours).is_ok();
            assert_eq!(compatible, writer.by_the_book, "{}", writer.name);
        }
    }
}

#[test]
fn unions_of_records_are_read_by_branch() {
    let text = format!(
        r#"["null",{{"type":"record","name":"Holiday","fields":[]}},{},{}]"#,
        schema_text(RecordKind::Territory),
        schema_text(RecordKind::Rep)
    );
    let registry = Arc::new(Registry::with(&[(1, &text)]));
    let mut decoder = Decoder::confluent(Carries::Reference, registry);
    let line = br#"{"type":"rep","rep_id":"r17","name":"Ada"}"#;
    let rep = Decoder::json(Carries::Reference).decode(line).unwrap();
    let datum = &Avro::confluent(1, &rep)[5..];
    let branch = |index: u8, datum: &[u8]| framed(1, &[&[index * 2], datum].concat());
    assert_eq!(decoder.decode(&branch(3, datum)).as_ref(), Ok(&rep));
    for (value, reason, detail) in [
        (branch(0, b""), RejectReason::Undecodable, "at byte 6: the record is null"),
        (
            branch(1, b""),
            RejectReason::UnexpectedType,
            "a record of type Holiday, which is not what the topic carries",
        ),
        (
            branch(4, datum),
            RejectReason::Undecodable,
            "at byte 6: a branch or symbol that the schema does not have",
        ),
    ] {
        let reject = reject(&mut decoder, &value);
        assert_eq!((reject.reason, &*reject.detail), (reason, detail));
    }
}

/// A schema of territories whose fields are these.
fn territory(fields: &str) -> String {
    format!(
        r#"{{"type":"record","name":"Territory","fields":[{{"name":"territory_id","type":"string"}}{fields}]}}"#
    )
}

#[test]
fn schemas_that_are_not_ours_are_unknown() {
    let deep =
        (0..150).fold(r#""string""#.to_owned(), |inner, _| format!(r#"{{"type":"array","items":{inner}}}"#));
    let chain: String = (0..400)
        .map(|n| {
            let inner = if n == 0 { "string".to_owned() } else { format!("R{}", n - 1) };
            format!(r#"{{"type":"record","name":"R{n}","fields":[{{"name":"a","type":"{inner}"}}]}}"#)
        })
        .collect::<Vec<String>>()
        .join(",");
    let money = |kind: &str| {
        format!(r#"{{"type":"record","name":"Quota","fields":[{{"name":"amount","type":{kind}}}]}}"#)
    };
    for (text, detail) in [
        ("{".to_owned(), "it is not an Avro schema: "),
        (r#""string""#.to_owned(), "it is of string, expected a record or a union of records"),
        (r#"["null","int"]"#.to_owned(), "it is a union without any of the reference records"),
        (
            r#"{"type":"record","name":"a.Order","fields":[]}"#.to_owned(),
            "it is of record a.Order, expected one of DealEvent, ",
        ),
        (territory(r#",{"name":"name","type":"int"}"#), "field name is written as int, expected text"),
        (
            territory(r#",{"name":"name","type":["null","int"]}"#),
            "field name is written as int, expected text",
        ),
        (territory(&format!(r#",{{"name":"x","type":{deep}}}"#)), "it is not an Avro schema: "),
        (
            territory(&format!(
                r#",{{"name":"name","type":["string",{chain}]}},{{"name":"x","type":"R399"}}"#
            )),
            "it nests deeper than 200",
        ),
        (money(r#""bytes""#), "field amount is written as bytes, expected a decimal number"),
        (money(r#""double""#), "field amount is written as double, expected a decimal number"),
        (money(r#""long""#), "field amount is written as long, expected a decimal number"),
        (
            r#"{"type":"record","name":"FxRate","fields":[{"name":"effective_from","type":"int"}]}"#
                .to_owned(),
            "field effective_from is written as int, expected a date",
        ),
        (" ".repeat(1 << 21), "it is 2097152 bytes long, expected at most 1048576"),
    ] {
        let registry = Arc::new(Registry::with(&[(9, &text)]));
        let reject = reject(&mut Decoder::confluent(Carries::Reference, registry), &framed(9, b""));
        assert_eq!(reject.reason, RejectReason::UnknownSchema);
        let expected = format!("schema 9 cannot be read as one of ours: {detail}");
        assert!(reject.detail.starts_with(&expected), "{} instead of {expected}", reject.detail);
        assert!(reject.detail.len() < 500, "{}", reject.detail.len());
    }
}

#[test]
fn a_time_of_unknown_unit_is_not_guessed() {
    for kind in [r#""long""#, r#"{"type":"long","logicalType":"local-timestamp-micros"}"#, r#""int""#] {
        let text = format!(
            r#"{{"type":"record","name":"DealEvent","fields":[{{"name":"occurred_at","type":{kind}}}]}}"#
        );
        let registry = Arc::new(Registry::with(&[(9, &text)]));
        let reject = reject(&mut Decoder::confluent(Carries::Deals, registry), &framed(9, &[0]));
        assert_eq!(reject.reason, RejectReason::UnknownSchema, "{kind}: {}", reject.detail);
    }
}

#[test]
fn a_branch_of_no_use_spoils_its_records_alone() {
    let text = territory(
        r#",{"name":"name","type":["int","string","null"]},{"name":"parent_id","type":["null","string"]}"#,
    );
    let registry = Arc::new(Registry::with(&[(1, &text)]));
    let mut decoder = Decoder::confluent(Carries::Reference, registry);
    assert!(decoder.decode(&framed(1, b"\x02w\x02\x08West\x00")).is_ok());
    for (datum, reason, detail) in [
        (
            &b"\x02w\x00\x02\x00"[..],
            RejectReason::InvalidField,
            "field name is written as int, expected text",
        ),
        (b"\x02w\x04\x00", RejectReason::MissingField, "field name is missing"),
    ] {
        let reject = reject(&mut decoder, &framed(1, datum));
        assert_eq!((reject.reason, &*reject.detail), (reason, detail));
    }
}

#[test]
fn blocks_are_read_with_and_without_their_length() {
    let text = territory(
        r#",{"name":"x","type":{"type":"array","items":"string"}},{"name":"y","type":{"type":"map","values":"int"}},{"name":"name","type":"string"}"#,
    );
    let registry = Arc::new(Registry::with(&[(1, &text)]));
    let mut decoder = Decoder::confluent(Carries::Reference, registry);
    let expected = Decoder::json(Carries::Reference)
        .decode(br#"{"type":"territory","territory_id":"w","name":"West"}"#)
        .unwrap();
    for array in
        [&b"\0"[..], b"\x04\x02a\x02b\0", b"\x03\x08\x02a\x02b\0", b"\x02\x02a\x01\x04\x02b\x02\x02c\0"]
    {
        for map in
            [&b"\0"[..], b"\x02\x02k\x08\0", b"\x01\x06\x02k\x08\0", b"\x01\x06\x02k\x08\x02\x02l\x0a\0"]
        {
            let datum = [b"\x02w", array, map, b"\x08West"].concat();
            assert_eq!(decoder.decode(&framed(1, &datum)).as_ref(), Ok(&expected), "{array:x?} {map:x?}");
        }
    }
}

#[test]
fn credits_are_read_from_blocks_of_both_forms() {
    let line = br#"{"type":"deal","event_id":"e","deal_id":"D","occurred_at":"2026-11-02T09:30:00Z","stage":"s","rep_id":"r","territory_id":"w","credits":[{"rep_id":"a","share_basis_points":5000},{"rep_id":"b","share_basis_points":4999},{"rep_id":"c","share_basis_points":1}]}"#;
    let deal = Decoder::json(Carries::Deals).decode(line).unwrap();
    let (a, b, c) = (b"\x02a\x90\x4e\0", b"\x02b\x8e\x4e\0", b"\x02c\x02\0");
    let one_block = [b"\x06", &a[..], b, c, b"\0"].concat();
    let plain = Avro::plain(&deal);
    let start = plain.windows(one_block.len()).position(|window| window == one_block).unwrap();
    for blocks in [
        [b"\x05\x1c", &a[..], b, c, b"\0"].concat(),
        [b"\x02", &a[..], b"\x01\x0a", b, b"\x02", c, b"\0"].concat(),
    ] {
        let mut value = plain.clone();
        value.splice(start..start + one_block.len(), blocks);
        assert_eq!(Decoder::avro(Carries::Deals).decode(&value).as_ref(), Ok(&deal));
    }
}
