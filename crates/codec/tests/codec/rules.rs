//! What breaks a rule is refused with the field's name, the same for every wire form; shown in JSON.

use std::sync::Arc;

use crate::common::{Registry, reject};
use model::RejectReason::{self, InvalidField, MissingField, Undecodable, UnexpectedType};
use tallyboard_codec::encode::Avro;
use tallyboard_codec::{Carries, Decoder, RecordKind, schema_text};

/// Fields of a deal and of an activity that are right, to be changed by the tables below.
const DEAL: &str = r#"{"type":"deal","event_id":"e1","deal_id":"D1","occurred_at":"2026-11-02T09:30:00Z","stage":"s","rep_id":"r","territory_id":"w","amount":"1.00","currency":"USD"}"#;
const ACTIVITY: &str = r#"{"type":"activity","event_id":"e2","activity_id":"A1","occurred_at":"2026-11-02T10:00:00Z","rep_id":"r","territory_id":"w","category":"admin","kind":"email","duration_seconds":300}"#;
const GOAL: &str =
    r#"{"type":"goal","scope":"team","scope_id":"t","period":"2026-Q4","won_amount":"1","currency":"USD"}"#;
const RATE: &str = r#"{"type":"fx_rate","currency":"EUR","rate":"1.0834","effective_from":"2026-11-01"}"#;

/// The line with fields set to JSON values, or taken out where there is no value.
fn changed(line: &str, changes: &[(&str, &str)]) -> Vec<u8> {
    let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
    for &(name, value) in changes {
        fields.remove(name);
        if !value.is_empty() {
            fields.insert(name.to_owned(), serde_json::from_str(value).expect(value));
        }
    }
    serde_json::to_vec(&fields).unwrap()
}

fn check(line: &str, changes: &[(&str, &str)], reason: RejectReason, detail: &str) {
    let value = changed(line, changes);
    let reject = reject(&mut Decoder::json(Carries::Anything), &value);
    assert_eq!((reject.reason, &*reject.detail), (reason, detail), "{changes:?}");
}

#[test]
fn required_fields_are_named_when_they_are_missing() {
    for (line, fields) in [
        (
            DEAL,
            &["type", "event_id", "deal_id", "occurred_at", "stage", "rep_id", "territory_id", "currency"][..],
        ),
        (
            ACTIVITY,
            &[
                "event_id",
                "activity_id",
                "occurred_at",
                "rep_id",
                "territory_id",
                "category",
                "kind",
                "duration_seconds",
            ],
        ),
        (GOAL, &["scope", "scope_id", "period", "won_amount", "currency"]),
        (RATE, &["currency", "rate", "effective_from"]),
    ] {
        assert!(Decoder::json(Carries::Anything).decode(line.as_bytes()).is_ok());
        for field in fields {
            for absent in ["", "null"] {
                check(line, &[(field, absent)], MissingField, &format!("field {field} is missing"));
            }
        }
    }
}

#[test]
fn rules_of_single_fields() {
    let long = format!("{:?}", "x".repeat(129));
    let longest = format!("field deal_id: \"{}\"… is longer than 128 bytes", "x".repeat(64));
    let too_long = format!("{:?}", "é".repeat(2_049));
    for (line, field, value, detail) in [
        (
            DEAL,
            "amount",
            r#""12.345""#,
            r#"field amount: "12.345" has more than the 2 fraction digits of USD"#,
        ),
        (DEAL, "amount", r#""1e3""#, r#"field amount: "1e3" is not a decimal number such as 1250.00"#),
        (
            DEAL,
            "amount",
            r#""10000000000000.01""#,
            r#"field amount: "10000000000000.01" is beyond 1000000000000000 minor units"#,
        ),
        (
            DEAL,
            "amount",
            "12.5",
            r#"field amount: is a floating-point number, expected a decimal number as text such as "1250.00", or an Avro decimal with its logical type"#,
        ),
        (
            DEAL,
            "currency",
            r#""usd""#,
            r#"field currency: "usd" is not an ISO 4217 currency code in use, such as USD"#,
        ),
        (DEAL, "deal_id", "17", "field deal_id: is an integer, expected text"),
        (DEAL, "deal_id", r#""""#, r#"field deal_id: "" is empty"#),
        (DEAL, "deal_id", r#""a\nb""#, r#"field deal_id: "a\nb" holds a control character"#),
        (DEAL, "deal_id", &long, &longest),
        (DEAL, "pipeline", "[]", "field pipeline: is an array, expected text"),
        (
            DEAL,
            "occurred_at",
            "1793611800",
            "field occurred_at: is an integer, expected an RFC 3339 time as text, or an Avro timestamp with its logical type",
        ),
        (
            DEAL,
            "occurred_at",
            r#""2026-11-02""#,
            r#"field occurred_at: "2026-11-02" is not an RFC 3339 time such as 2026-11-02T09:30:00Z"#,
        ),
        (
            DEAL,
            "occurred_at",
            r#""1969-12-31T23:59:59Z""#,
            r#"field occurred_at: "1969-12-31T23:59:59Z" is outside the years 1970 to 2199; check the unit of the time"#,
        ),
        (DEAL, "version", "1.0", "field version: is a floating-point number, expected an integer"),
        (
            DEAL,
            "version",
            "9223372036854775808",
            "field version: is an integer of more than 63 bits, expected an integer",
        ),
        (
            DEAL,
            "expected_close",
            r#""02.11.2026""#,
            r#"field expected_close: "02.11.2026" is not a date such as 2026-11-02"#,
        ),
        (DEAL, "lead_source", "{}", "field lead_source: is an object, expected text"),
        (DEAL, "loss_reason", &too_long, "field loss_reason: is 4098 bytes long, expected at most 4096"),
        (DEAL, "deleted", r#""false""#, "field deleted: is text, expected true or false"),
        (
            ACTIVITY,
            "category",
            r#""napping""#,
            r#"field category: "napping" is none of digital_client_communication, in_person_client_communication, internal_meeting, admin, travel, training, sales_preparation"#,
        ),
        (ACTIVITY, "duration_seconds", "-1", "field duration_seconds: -1 is not 0 to 2592000 (30 days)"),
        (
            ACTIVITY,
            "duration_seconds",
            "2592001",
            "field duration_seconds: 2592001 is not 0 to 2592000 (30 days)",
        ),
        (ACTIVITY, "account_id", r#""""#, r#"field account_id: "" is empty"#),
        (ACTIVITY, "kind", "true", "field kind: is true or false, expected text"),
        (GOAL, "scope", r#""company""#, "field scope_id: is there, but a company's goal has none"),
        (GOAL, "scope", r#""world""#, r#"field scope: "world" is none of company, territory, team, rep"#),
        (RATE, "rate", r#""0""#, r#"field rate: "0" is not above 0 and below 9223372"#),
        (RATE, "rate", r#""9223373""#, r#"field rate: "9223373" is not above 0 and below 9223372"#),
        (
            RATE,
            "rate",
            r#""1.0000000000001""#,
            r#"field rate: "1.0000000000001" has more than 12 fraction digits"#,
        ),
    ] {
        check(line, &[(field, value)], InvalidField, detail);
    }
}

#[test]
fn rules_of_credits() {
    let many: Vec<String> =
        (0..25).map(|n| format!(r#"{{"rep_id":"r{n}","share_basis_points":1}}"#)).collect();
    let many = format!("[{}]", many.join(","));
    for (credits, reason, detail) in [
        (
            r#"[{"rep_id":"a","share_basis_points":9999}]"#,
            InvalidField,
            "field credits: the shares of those that are not overlays add up to 9999, expected 10000",
        ),
        (
            r#"[{"rep_id":"a","share_basis_points":10000,"overlay":true}]"#,
            InvalidField,
            "field credits: the shares of those that are not overlays add up to 0, expected 10000",
        ),
        (
            r#"[{"rep_id":"a","share_basis_points":10000},{"rep_id":"a","share_basis_points":1,"overlay":true}]"#,
            InvalidField,
            r#"field credits: rep "a" is there more than once"#,
        ),
        (
            r#"[{"rep_id":"a","share_basis_points":0}]"#,
            InvalidField,
            "field credits: field share_basis_points: 0 is not 1 to 10000",
        ),
        (
            r#"[{"rep_id":"a","share_basis_points":10001}]"#,
            InvalidField,
            "field credits: field share_basis_points: 10001 is not 1 to 10000",
        ),
        (
            r#"[{"rep_id":"a","share_basis_points":"1"}]"#,
            InvalidField,
            "field credits: field share_basis_points: is text, expected an integer",
        ),
        (r#"[{"share_basis_points":10000}]"#, MissingField, "field credits: field rep_id is missing"),
        (r#"[{"rep_id":"a"}]"#, MissingField, "field credits: field share_basis_points is missing"),
        (
            r#"[7]"#,
            InvalidField,
            "field credits: is an array with something else than objects, expected an array of credits",
        ),
        (r#""a""#, InvalidField, "field credits: is text, expected an array of credits"),
        (&many, InvalidField, "field credits: has more than the 20 that one deal may carry"),
    ] {
        check(DEAL, &[("credits", credits)], reason, detail);
    }
    for credits in ["[]", "null", r#"[{"rep_id":"a","share_basis_points":10000,"note":{"x":[1]}}]"#] {
        assert!(
            Decoder::json(Carries::Deals).decode(&changed(DEAL, &[("credits", credits)])).is_ok(),
            "{credits}"
        );
    }
}

#[test]
fn what_is_read_over_does_not_matter() {
    let plain = Decoder::json(Carries::Deals).decode(DEAL.as_bytes()).unwrap().into_owned();
    for (field, value) in [
        ("note", r#"{"a":[1,2.5,{"b":null}],"a":true}"#),
        ("name", "17"),
        ("rate", "[[]]"),
        ("lead_source", r#""""#),
        ("loss_reason", r#""line\nline""#),
        ("version", "null"),
        ("deleted", "false"),
    ] {
        let value = changed(DEAL, &[(field, value)]);
        assert_eq!(Decoder::json(Carries::Deals).decode(&value), Ok(plain.clone()), "{field}");
    }
    let escaped = DEAL.replace("D1", r"\u0044\u0031");
    assert_eq!(Decoder::json(Carries::Deals).decode(escaped.as_bytes()), Ok(plain));
}

#[test]
fn a_topic_refuses_other_records() {
    let json = |carries, line: &str| reject(&mut Decoder::json(carries), line.as_bytes());
    for (carries, line, detail) in [
        (Carries::Deals, ACTIVITY, r#"a record of type "activity" on a topic of deals; expected deal"#),
        (Carries::Activities, DEAL, r#"a record of type "deal" on a topic of activities; expected activity"#),
        (
            Carries::Reference,
            DEAL,
            r#"a record of type "deal" on a topic of reference records; expected rep, territory, quota, fx_rate, goal"#,
        ),
    ] {
        let reject = json(carries, line);
        assert_eq!((reject.reason, &*reject.detail), (UnexpectedType, detail));
    }
    assert_eq!(json(Carries::Anything, r#"{"type":"lunch"}"#).reason, UnexpectedType);
    assert_eq!(json(Carries::Anything, r#"{"type":7}"#).reason, InvalidField);
    let registry = Arc::new(Registry::with(&[(1, schema_text(RecordKind::Activity))]));
    let activity = Decoder::json(Carries::Anything).decode(ACTIVITY.as_bytes()).unwrap();
    let reject = reject(&mut Decoder::confluent(Carries::Deals, registry), &Avro::confluent(1, &activity));
    assert_eq!(reject.reason, UnexpectedType);
}

#[test]
fn json_that_is_none_is_undecodable() {
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    let large = format!(r#"{{"x":"{}"}}"#, "x".repeat(1 << 20));
    let twice = DEAL.replace(r#""stage":"s""#, r#""stage":"s","stage":null"#);
    let credit_twice = r#"{"credits":[{"rep_id":"a","rep_id":"b"}]}"#;
    let behind = format!("{DEAL}{DEAL}");
    for (value, detail) in [
        (&b""[..], "not a JSON object: does not start with {"),
        (b"[]", "not a JSON object: does not start with {"),
        (b"{", "not a JSON record: EOF while parsing an object at line 1 column 1"),
        (b"{\"x\":1,}", "not a JSON record: trailing comma at line 1 column 8"),
        (b"{\"x\":\"\xff\"}", "not UTF-8 at byte 6"),
        (deep.as_bytes(), "not a JSON record: recursion limit exceeded at line 1 column 132"),
        (large.as_bytes(), "is 1048584 bytes long, expected at most 1048576"),
        (twice.as_bytes(), "not a JSON record: field stage is there more than once at line 1 column 102"),
        (
            credit_twice.as_bytes(),
            "not a JSON record: field rep_id is there more than once at line 1 column 34",
        ),
        (behind.as_bytes(), "not a JSON record: trailing characters at line 1 column 161"),
    ] {
        let reject = reject(&mut Decoder::json(Carries::Anything), value);
        assert_eq!((reject.reason, &*reject.detail), (Undecodable, detail));
    }
}
