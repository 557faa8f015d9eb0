//! `verify-cases`: the golden cases of the repository, and how cases fail.

use serde_json::{Value, json};

use crate::run::{Finished, Folder, repository};

const CONFIGURATION: &str = "[organisation]\ntime_zone = \"UTC\"\nreporting_currency = \"USD\"\n";

fn deal(event: &str, at: &str, stage: &str) -> String {
    format!(
        r#"{{"type":"deal","event_id":"{event}","deal_id":"d1","occurred_at":"{at}T09:00:00Z","stage":"{stage}","rep_id":"alice","territory_id":"north","amount":"100.00","currency":"USD"}}"#
    )
}

/// A deal of 100.00 that is won.
fn won() -> String {
    deal("e1", "2024-05-02", "lead") + "\n" + &deal("e2", "2024-05-20", "won") + "\n"
}

fn case(folder: &Folder, name: &str, events: &str, expected: &str) {
    std::fs::create_dir_all(folder.path(&format!("cases/{name}"))).unwrap();
    folder.write(&format!("cases/{name}/events.jsonl"), events);
    folder.write(&format!("cases/{name}/tallyboard.toml"), CONFIGURATION);
    folder.write(&format!("cases/{name}/expected.json"), expected);
}

fn expecting(expect: &Value) -> String {
    json!({"description": "as it is", "as_of": "2024-06-01T00:00:00Z", "expect": expect}).to_string()
}

fn won_amount(value: &str) -> Value {
    json!([{"scope": "rep:alice", "period": "2024-05", "kpi": "won_amount", "value": value}])
}

fn verify(folder: &Folder, arguments: &[&str]) -> Finished {
    // What the environment says must not matter.
    let variables = [("TALLYBOARD__ORGANISATION__REPORTING_CURRENCY", "EUR")];
    folder.call(&[&["verify-cases", "cases"], arguments].concat(), &variables)
}

#[test]
fn every_golden_case_is_as_expected() {
    let folder = Folder::new();
    std::os::unix::fs::symlink(repository().join("tests/cases"), folder.path("cases")).unwrap();
    let found = verify(&folder, &["--format", "json"]);
    let document: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(found.code, Some(0), "{}{}", found.stdout, found.stderr);
    assert!(document["ok"].as_u64().is_some_and(|ok| ok >= 50), "{}", document["ok"]);
}

#[test]
fn what_differs_is_told_as_a_table_and_as_json() {
    let folder = Folder::new();
    case(&folder, "right", &won(), &expecting(&won_amount("100.00")));
    case(&folder, "wrong", &won(), &expecting(&won_amount("90.00")));
    let found = verify(&folder, &[]);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    assert!(
        found.stdout.starts_with("ok      right\nFAILED  wrong, in the order of the file\n"),
        "{}",
        found.stdout
    );
    let row = found.stdout.lines().find(|line| line.contains("won_amount")).unwrap();
    let cells: Vec<&str> = row.split(['│', '┆']).map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(cells, ["rep:alice", "2024-05", "won_amount", "value", "90.00", "100.00"]);
    assert!(found.stdout.ends_with("1 of 2 cases are as expected\n"), "{}", found.stdout);

    let document: Value = serde_json::from_str(&verify(&folder, &["--output", "json"]).stdout).unwrap();
    let difference = json!({
        "scope": "rep:alice", "period": "2024-05", "kpi": "won_amount", "field": "value", "expected": "90.00", "found": "100.00",
    });
    assert_eq!(document["cases"][1]["differences"], json!([difference]));
    assert_eq!(document["cases"][0], json!({"case": "right", "status": "ok"}));

    let one = verify(&folder, &["--case", "right"]);
    assert_eq!((one.code, one.stdout.lines().count()), (Some(0), 2), "{}", one.stderr);
    let none = verify(&folder, &["--case", "left"]);
    assert_eq!(none.code, Some(4), "{}", none.stderr);
    assert!(none.stderr.contains("cases has no case \"left\""), "{}", none.stderr);
}

#[test]
fn whatever_a_case_expects_can_fail() {
    let of = |kpi: &str, field: &str, value: Value| {
        let period = (kpi != "open_deals").then_some("2024-05");
        json!({"scope": "rep:alice", "period": period, "kpi": kpi, field: value})
    };
    let rows = [
        (of("won_amount", "unit", json!("deals")), vec!["unit"]),
        (of("won_amount", "currency", json!("EUR")), vec!["currency"]),
        (of("won_amount", "rank", json!(2)), vec!["rank"]),
        (of("win_rate", "numerator", json!(0)), vec!["numerator"]),
        (of("win_rate", "denominator", json!(2)), vec!["denominator"]),
        (of("win_rate", "absent", json!("no closed deals")), vec!["absent"]),
        (of("win_rate", "verdict", json!("growing")), vec!["verdict"]),
        (of("dwell_p50", "count", json!(2)), vec!["count"]),
        (of("stage_leakage", "named", json!("lead")), vec!["named"]),
        (
            of("stage_entered", "parts", json!({"lead": 2, "mql": 0, "nil": 0})),
            vec!["parts.lead.value", "parts.nil"],
        ),
        (of("stage_leakage", "parts", json!({"lead": {"denominator": 2}})), vec!["parts.lead.denominator"]),
        (of("stage_leakage", "parts", json!({"lead": {"absent": "x"}})), vec!["parts.lead.absent"]),
        (of("open_deals", "value", json!(1)), vec!["value"]),
    ];
    let folder = Folder::new();
    for (number, (expectation, _)) in rows.iter().enumerate() {
        case(&folder, &format!("{number:02}"), &won(), &expecting(&json!([expectation])));
    }
    let counts = json!({
        "description": "of no line", "as_of": "2024-06-01T00:00:00Z", "rejected": 1, "duplicates": 1, "conflicts": 1,
        "expect": won_amount("100.00"),
    });
    case(&folder, "counts", &won(), &counts.to_string());
    let document: Value = serde_json::from_str(&verify(&folder, &["--format", "json"]).stdout).unwrap();
    let fields = |case: &Value| -> Vec<String> {
        let differences = case["differences"].as_array().into_iter().flatten();
        differences.map(|difference| difference["field"].as_str().unwrap().to_owned()).collect()
    };
    for (number, (expectation, expected)) in rows.iter().enumerate() {
        assert_eq!(fields(&document["cases"][number]), *expected, "{expectation}");
    }
    assert_eq!(fields(&document["cases"][rows.len()]), ["rejected", "duplicates", "conflicts"]);
}

/// An activity that is late behind the other one, and in time before it.
#[test]
fn numbers_that_depend_on_order_fail_unless_the_case_says_so() {
    let activity = |id: &str, at: &str| {
        format!(
            r#"{{"type":"activity","event_id":"{id}","activity_id":"{id}","occurred_at":"{at}T09:00:00Z","rep_id":"alice","territory_id":"north","category":"admin","kind":"mail","duration_seconds":60}}"#
        )
    };
    let events = activity("a1", "2024-05-20") + "\n" + &activity("a2", "2024-03-01") + "\n";
    let expected = |order_matters: bool| {
        json!({
            "description": "a2 is late", "as_of": "2024-06-01T00:00:00Z", "rejected": {"late": 1}, "order_matters": order_matters,
            "expect": [{"scope": "company", "period": "2024-03", "kpi": "activities", "value": 0}],
        })
        .to_string()
    };
    let folder = Folder::new();
    case(&folder, "late", &events, &expected(false));
    let found = verify(&folder, &[]);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    assert!(
        found.stdout.starts_with("FAILED  late, with the events in reversed order\n"),
        "{}",
        found.stdout
    );
    assert!(found.stdout.contains("parts.admin.value"), "{}", found.stdout);

    case(&folder, "late", &events, &expected(true));
    let found = verify(&folder, &[]);
    assert_eq!(found.code, Some(0), "{}", found.stdout);

    let events = activity("a2", "2024-02-01") + "\n";
    case(&folder, "late", &events, &expected(true).replace("{\"late\":1}", "0"));
    let found = verify(&folder, &[]);
    assert_eq!(found.code, Some(1), "{}", found.stdout);
    assert!(found.stdout.contains("order_matters"), "{}", found.stdout);
}

#[test]
fn a_case_that_cannot_be_judged_says_which_file_and_what_of_it() {
    let of = |expectation: Value| expecting(&json!([expectation]));
    let won = json!({"scope": "company", "period": "2024-05", "kpi": "won_amount", "value": "1.00"});
    let with = |field: &str, value: Value| {
        let mut changed = won.clone();
        changed[field] = value;
        of(changed)
    };
    for (expected, words) in [
        (expecting(&json!([])), "expected.json: expect is empty"),
        (with("vlaue", json!("1.00")), "expected.json: unknown field `vlaue`, expected one of"),
        (with("scope", json!("rep")), "scope is \"rep\"; expected company, region:ID"),
        (with("kpi", json!("revenue")), "expect[0]: kpi is \"revenue\""),
        (with("period", json!("May")), "expect[0]: period: \"May\" is not a period"),
        (with("period", json!(null)), "expect[0]: won_amount has period \"none\"; expected the name of a day, week"),
        (with("kpi", json!("open_deals")), "open_deals has period \"2024-05\"; expected no period"),
        (with("value", json!(null)), "won_amount expects nothing"),
        (with("value", json!([1])), "won_amount has a value that is neither a number nor text"),
        (with("absent", json!("no rate")), "won_amount expects a value and none"),
        (with("within_percent", json!(1)), "won_amount is exact"),
        (
            of(json!({"scope": "company", "period": "2024-05", "kpi": "dwell_p50", "value": 1, "within_percent": 50})),
            "within_percent is 50; expected more than 0 and at most 10",
        ),
        (with("parts", json!({"lead": 1})), "won_amount has no parts"),
        (with("rank", json!(1)), "the company has no rank"),
        (
            of(json!({"scope": "company", "period": "2024-05", "kpi": "stage_lost", "parts": {"lead": {"valeu": 1}}})),
            "unknown field `valeu`",
        ),
        (
            json!({"description": "", "as_of": "2024-06-01T00:00:00Z", "expect": [won]}).to_string(),
            "description is empty",
        ),
        (
            json!({"description": "x", "as_of": "2024-06-01", "expect": [won]}).to_string(),
            "as_of is \"2024-06-01\", which",
        ),
        (
            json!({"description": "x", "as_of": "2024-06-01T00:00:00Z", "rejected": {"old": 1}, "expect": [won]}).to_string(),
            "rejected: \"old\" is no reason; expected any of undecodable",
        ),
    ] {
        let folder = Folder::new();
        case(&folder, "unclear", "", &expected);
        let found = verify(&folder, &[]);
        assert_eq!(found.code, Some(4), "{expected}: {}{}", found.stdout, found.stderr);
        assert!(found.stdout.contains("unclear cannot be judged: "), "{expected}: {}", found.stdout);
        assert!(found.stdout.contains(words), "{expected}: {}", found.stdout);
    }
    for file in ["events.jsonl", "tallyboard.toml", "expected.json"] {
        let folder = Folder::new();
        case(&folder, "incomplete", "", &of(won.clone()));
        std::fs::remove_file(folder.path(&format!("cases/incomplete/{file}"))).unwrap();
        let found = verify(&folder, &[]);
        assert_eq!(found.code, Some(4), "{file}: {}", found.stderr);
        assert!(found.stdout.contains(&format!("cases/incomplete/{file}")), "{file}: {}", found.stdout);
    }
    let folder = Folder::new();
    assert_eq!(verify(&folder, &[]).code, Some(4));
    std::fs::create_dir(folder.path("cases")).unwrap();
    let found = verify(&folder, &[]);
    assert!(found.code == Some(4) && found.stderr.contains("cases has no cases"), "{}", found.stderr);
}
