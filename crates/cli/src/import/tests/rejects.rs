//! Every kind of problem, the row that has it, and the words it is told in.

use std::collections::BTreeSet;

use super::super::problem::ProblemKind;
use super::{Outcome, import};

const DEALS: &str = r#"
[sources.t]
path = "t.csv"
[sources.reps]
path = "reps.csv"
[dates]
formats = ["iso", "%d/%m/%Y"]
time_zone = "Europe/Berlin"
[amounts]
currency = "{currency}"
thousands_separator = ","
[words.stages]
map = { Open = "open", Paused = "paused", Won = "won" }
[[deals]]
source = "t"
deal_id = "{id}"
pipeline = "default"
stage = { value = "{stage}", words = "stages" }
rep_id = "{rep}"
territory_id = { value = "{rep}", lookup = { source = "reps", key = "rep", column = "territory" } }
deleted = "{deleted}"
[[deals.steps]]
name = "opened"
when_stage = ["open", "won"]
stage = "open"
occurred_at = "{opened}"
version = "{version}"
[[deals.steps]]
name = "won"
when_stage = ["won"]
occurred_at = "{closed}"
amount = "{amount}"
"#;

const DEALS_HEADER: &str = "id,stage,rep,opened,closed,amount,currency,version,deleted\n";

const REPS: &[u8] = b"rep,territory\nada,west\nben,east\nben,north\n";

const ACTIVITIES: &str = r#"
[sources.t]
path = "t.csv"
[[activities]]
source = "t"
activity_id = "{id}"
occurred_at = "{begin}"
ended_at = "{end}"
duration = "{hours}"
duration_unit = "hours"
kind = "call"
category = "{category}"
rep_id = "ada"
territory_id = "west"
"#;

const ACTIVITIES_HEADER: &str = "id,begin,end,hours,category\n";

const REFERENCE: &str = r#"
[sources.t]
path = "t.csv"
[amounts]
currency = "USD"
[[REFERENCE]]
source = "t"
"#;

/// A wrong row, and a part of what is said of it.
type Case = (&'static str, &'static str);

const DEAL_CASES: [Case; 18] = [
    ("D2,Won,ada\n", "row 3: t: found 3 columns, expected 9"),
    (
        ",Won,ada,2026-01-02,2026-02-03,1,USD,,\n",
        "deals[0].deal_id, column \"id\": found nothing, expected a value",
    ),
    (
        "D2,Lost,ada,2026-01-02,,,,,\n",
        "deals[0].stage, column \"stage\": found \"Lost\", expected one of \"Open\", \"Paused\", \"Won\"",
    ),
    (
        "D2,Paused,ada,2026-01-02,,,,,\n",
        "deals[0].steps, column \"stage\": found stage \"paused\", and no step applies",
    ),
    (
        "D2,Open,eve,2026-01-02,,,,,\n",
        "deals[0].territory_id, column \"rep\": found \"eve\", which is not in column \"rep\" of source \"reps\"",
    ),
    ("D2,Open,ben,2026-01-02,,,,,\n", "in row 3 (territory \"east\") and in row 4 with another territory"),
    ("D\u{7}2,Open,ada,2026-01-02,,,,,\n", "found \"D\\u{7}2\", which holds a control character"),
    (
        "D2,Open,ada,01/13/2026,,,,,\n",
        "deals[0].steps[0].occurred_at, column \"opened\": found \"01/13/2026\", expected a date as iso or %d/%m/%Y",
    ),
    ("D2,Open,ada,1970-01-19,,,,,\n", "found \"1970-01-19\", expected a date from 1990-01-01 to 2199-12-31"),
    ("D2,Open,ada,2026-03-29 02:30,,,,,\n", "expected a time that exists in Europe/Berlin"),
    (
        "D2,Open,ada,,,,,,\n",
        "deals[0].steps[0].occurred_at, column \"opened\": found nothing, expected a date; set undated",
    ),
    (
        "D2,Won,ada,2026-01-02,2026-02-03,\"1,25\",USD,,\n",
        "deals[0].steps[1].amount, column \"amount\": found \"1,25\", expected a number as 1,250.00",
    ),
    (
        "D2,Won,ada,2026-01-02,2026-02-03,1.234,USD,,\n",
        "found \"1.234\", which has more than the 2 fraction digits of USD",
    ),
    (
        "D2,Won,ada,2026-01-02,2026-02-03,1,Dollar,,\n",
        "column \"currency\": found \"Dollar\", which is not an ISO 4217 currency code",
    ),
    (
        "D2,Open,ada,2026-01-02,,,,1.5,\n",
        "deals[0].steps[0].version, column \"version\": found \"1.5\", expected a whole number",
    ),
    (
        "D2,Open,ada,2026-01-02,,,,,maybe\n",
        "deals[0].deleted, column \"deleted\": found \"maybe\", expected true",
    ),
    (
        "D2,Won,ada,2026-01-02,2026-01-01,1,USD,,\n",
        "found 2026-01-01T11:00:00Z, which is before the 2026-01-02T11:00:00Z",
    ),
    ("D1,Won,ada,2026-01-02,2026-02-03,1,USD,7,\n", "deals[0]: found deal event D1/won, which"),
];

const ACTIVITY_CASES: [Case; 8] = [
    (
        "A2,2026-01-02 09:00,2026-01-02 10:00,,lunch\n",
        "column \"category\": found \"lunch\", expected one of digital",
    ),
    (
        "A2,2026-01-02 09:00,2026-01-02 08:00,,admin\n",
        "activities[0].ended_at, column \"end\": found an end at 2026-01-02T08:00:00Z",
    ),
    (
        "A2,2026-01-02 09:00,,24.01,admin\n",
        "activities[0].duration, column \"hours\": found \"24.01\", expected 0 to 24 hours",
    ),
    ("A2,2026-01-02 09:00,,-1,admin\n", "found \"-1\", expected 0 to 24 hours"),
    (
        "A2,2026-01-02 09:00,,999999999999999999999999999999,admin\n",
        "found \"999999999999999999999999999999\", expected",
    ),
    ("A2,2026-01-02 09:00,,long,admin\n", "found \"long\", expected a number such as 30"),
    ("A2,2026-01-02 09:00,,,admin\n", "found nothing, expected an end or a duration"),
    ("A2,,,1,admin\n", "activities[0].occurred_at, column \"begin\": found nothing, expected a date"),
];

/// Imports a header, a right row and a wrong one, and returns the kinds of problems that the wrong one has.
fn reject(
    mapping: &str,
    header: &str,
    rows: &str,
    expected: &[&str],
    kinds: &mut BTreeSet<ProblemKind>,
) -> Outcome {
    let table = format!("{header}{rows}");
    let tables: &[(&str, &[u8])] = &[("t.csv", table.as_bytes()), ("reps.csv", REPS)];
    let outcome = import(mapping, tables).unwrap();
    let text = outcome.report.to_string();
    assert_eq!(outcome.report.rejected_rows(), 1, "{rows}{text}");
    for part in expected {
        assert!(text.contains(part), "expected {part:?} in: {text}");
    }
    kinds.extend(outcome.report.problems.keys().map(|(_, kind)| *kind));
    outcome
}

fn reference(kind: &str, fields: &str) -> String {
    format!("{}{fields}", REFERENCE.replace("REFERENCE", kind))
}

fn wrong_deals(kinds: &mut BTreeSet<ProblemKind>) {
    let right = "D1,Won,ada,2026-01-02,2026-02-03,\"1,250.50\",USD,7,no\n";
    for (row, expected) in DEAL_CASES {
        let outcome = reject(DEALS, DEALS_HEADER, &format!("{right}{row}"), &["row 3: ", expected], kinds);
        assert_eq!(outcome.lines.len(), 2, "both events of the right row, and none of the wrong one");
    }
}

fn wrong_activities(kinds: &mut BTreeSet<ProblemKind>) {
    let right = "A1,2026-01-02 09:00,2026-01-02 10:00,,admin\n";
    for (row, expected) in ACTIVITY_CASES {
        reject(ACTIVITIES, ACTIVITIES_HEADER, &format!("{right}{row}"), &["row 3: ", expected], kinds);
    }
}

fn wrong_reference_records(kinds: &mut BTreeSet<ProblemKind>) {
    let quotas = reference("quotas", "rep_id = \"{a}\"\nperiod = \"{b}\"\namount = \"{c}\"\n");
    let goals =
        reference("goals", "scope = \"{a}\"\nscope_id = \"{d}\"\nperiod = \"{b}\"\nwon_amount = \"{c}\"\n");
    let rates = reference("fx_rates", "currency = \"{a}\"\nrate = \"{c}\"\neffective_from = \"{d}\"\n");
    let territories = reference("territories", "territory_id = \"{a}\"\nparent_id = \"{b}\"\n");
    for (mapping, row, expected) in [
        (&quotas, "ada,2026Q4,1,\n", "quotas[0].period, column \"b\": found \"2026Q4\", expected such as"),
        (&quotas, "ada,2026-Q4,-1,\n", "found \"-1\", expected an amount from 0 on"),
        (
            &goals,
            "planet,2026-Q4,1,x\n",
            "goals[0].scope, column \"a\": found \"planet\", expected company, territory, team or rep",
        ),
        (&goals, "team,2026-Q4,1,\n", "goals[0].scope_id, column \"d\": found nothing"),
        (&rates, "EUR,,0,2026-01-01\n", "fx_rates[0].rate, column \"c\": found \"0\", which is not above 0"),
        (&rates, "EUR,,1.0000000000001,2026-01-01\n", "which has more than 12 fraction digits"),
        (&rates, "EUR,,1.1,\n", "fx_rates[0].effective_from, column \"d\": found nothing, expected a date"),
        (&territories, "west,west,,\n", "found territory \"west\" as its own parent"),
    ] {
        reject(mapping, "a,b,c,d\n", row, &["row 2: ", expected], kinds);
    }
}

#[test]
fn every_kind_of_problem_rejects_its_row_and_says_so() {
    let mut kinds = BTreeSet::new();
    wrong_deals(&mut kinds);
    wrong_activities(&mut kinds);
    wrong_reference_records(&mut kinds);
    let outcome =
        import(ACTIVITIES, &[("t.csv", b"id,begin,end,hours,category\n\xff,2026-01-02,,1,admin\n")]).unwrap();
    assert!(
        outcome
            .report
            .to_string()
            .contains("activities[0].activity_id, column \"id\": found \"\u{fffd}\", expected UTF-8")
    );
    kinds.extend(outcome.report.problems.keys().map(|(_, kind)| *kind));
    let all = BTreeSet::from(ProblemKind::ALL);
    assert_eq!(kinds, all, "kinds that no case gives: {:?}", all.difference(&kinds));
}

#[test]
fn reference_records_of_every_kind_are_read() {
    let mapping = r#"
        [sources.t]
        path = "t.csv"
        [amounts]
        currency = "USD"
        [[territories]]
        source = "t"
        territory_id = "{territory}"
        parent_id = "{region}"
        [[territories]]
        source = "t"
        territory_id = "{region}"
        name = "Region {region}"
        [[reps]]
        source = "t"
        rep_id = "{rep}"
        started_on = "{from}"
        [[quotas]]
        source = "t"
        rep_id = "{rep}"
        period = "2026-Q1"
        amount = "{quota}"
        effective_from = "{from}"
        [[goals]]
        source = "t"
        where = [{ value = "{rep}", is = ["ada"] }]
        scope = "company"
        period = "2026"
        won_amount = "1000000"
        [[fx_rates]]
        source = "t"
        where = [{ value = "{rep}", is_not = ["ada"] }]
        currency = "eur"
        rate = "1.0825"
        effective_from = "{from}"
    "#;
    let table = b"rep,territory,region,quota,from\nada,west,americas,100,2026-01-01\nben,east,americas,200.5,2026-02-01\n";
    let outcome = import(mapping, &[("t.csv", table)]).unwrap();
    assert_eq!(
        outcome.lines,
        [
            r#"{"type":"territory","territory_id":"west","name":"west","parent_id":"americas"}"#,
            r#"{"type":"territory","territory_id":"americas","name":"Region americas"}"#,
            r#"{"type":"rep","rep_id":"ada","name":"ada","started_on":"2026-01-01"}"#,
            r#"{"type":"quota","rep_id":"ada","period":"2026-Q1","amount":"100.00","currency":"USD","effective_from":"2026-01-01"}"#,
            r#"{"type":"goal","scope":"company","period":"2026","won_amount":"1000000.00","currency":"USD"}"#,
            r#"{"type":"territory","territory_id":"east","name":"east","parent_id":"americas"}"#,
            r#"{"type":"rep","rep_id":"ben","name":"ben","started_on":"2026-02-01"}"#,
            r#"{"type":"quota","rep_id":"ben","period":"2026-Q1","amount":"200.50","currency":"USD","effective_from":"2026-02-01"}"#,
            r#"{"type":"fx_rate","currency":"EUR","rate":"1.0825","effective_from":"2026-02-01"}"#,
        ]
    );
    assert_eq!(outcome.report.rejected_rows(), 0);
}

#[test]
fn a_broken_row_of_a_lookup_table_is_rejected_once() {
    let reps = b"rep,territory\nada,west\nben\n";
    let table = format!("{DEALS_HEADER}D1,Open,ada,2026-01-02,,,,,\n");
    let outcome = import(DEALS, &[("t.csv", table.as_bytes()), ("reps.csv", reps)]).unwrap();
    assert_eq!((outcome.report.rejected_rows(), outcome.lines.len()), (1, 1), "{}", outcome.report);
    assert!(outcome.report.to_string().contains("row 3: reps: found 1 columns, expected 2"));
}
