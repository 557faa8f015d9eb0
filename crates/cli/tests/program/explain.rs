//! `explain`: what a number is made of, from files and from a service.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};

use crate::run::Folder;

fn deal(id: &str, number: u32, stage: &str, day: u32, amount: u32) -> String {
    format!(
        r#"{{"type":"deal","event_id":"{id}{number}","deal_id":"{id}","occurred_at":"2026-11-{day:02}T09:00:00Z","stage":"{stage}","rep_id":"r1","territory_id":"west","amount":"{amount}.00","currency":"USD"}}"#
    )
}

/// Two files with blank lines, so that offsets are lines and not events.
fn two_files(folder: &Folder) {
    let [lead, won] = [deal("A", 1, "lead", 2, 90), deal("A", 2, "won", 9, 1_500)];
    folder.write("one.jsonl", &format!("\n{lead}\n\n{won}\n\n"));
    let [lead, won, lost] =
        [deal("B", 1, "lead", 3, 7), deal("B", 2, "won", 4, 700), deal("C", 1, "lost", 5, 1)];
    folder.write("two.jsonl", &format!("{lead}\n{won}\n{lost}\n"));
}

const QUESTION: [&str; 9] =
    ["explain", "one.jsonl", "two.jsonl", "--as-of", "2026-11-24", "--kpi", "won_amount", "--kind", "month"];

#[test]
fn the_table_opens_a_number_down_to_its_lines() {
    let folder = Folder::new();
    two_files(&folder);
    let found = folder.call(&QUESTION, &[]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    let words = |text: &str| text.replace(['│', '┆'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines = found.stdout.lines().map(words);
    // In this order.
    for expected in [
        "company · month 2026-11 · [2026-11-01 to 2026-12-01)",
        "won_amount 2 200.00 USD",
        "formula: sum over won deals of amount x exchange rate of the closed day, rounded once, half to even",
        "won_amount 2 200.00 USD 0.00 2",
        "deal A events partition 0",
        "won_amount 2026-11-09 r1 1 500.00 USD",
        "offset 1 2026-11-02T09:00:00Z lead r1 90.00 USD",
        "offset 3 2026-11-09T09:00:00Z won r1 1 500.00 USD ◀",
        "deal B events partition 0",
        "offset 5 2026-11-03T09:00:00Z lead r1 7.00 USD",
        "offset 6 2026-11-04T09:00:00Z won r1 700.00 USD ◀",
        "2 of 2 deals and activities",
    ] {
        assert!(lines.any(|line| line == expected), "{expected}\n{}", found.stdout);
    }
}

/// Days of two months, which are no period; the same of a service is in its own words.
#[test]
fn any_days_are_explained() {
    let folder = Folder::new();
    two_files(&folder);
    let question = ["explain", "one.jsonl", "two.jsonl", "--as-of", "2026-11-24", "--kpi", "won_amount"];
    let found = folder.call(&[&question[..], &["--days", "2026-10-30/2026-11-04"]].concat(), &[]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    for expected in ["company · 2026-10-30 to 2026-11-04\n", "700.00", "1 of 1 deals and activities"] {
        assert!(found.stdout.contains(expected), "{expected}\n{}", found.stdout);
    }
    assert!(!found.stdout.contains("500.00"), "{}", found.stdout);
    for (more, code, expected) in [
        (&["--days", "2026-10-30"][..], 1, "the first and the last day, such as 2026-12-01/2026-12-24"),
        (&["--days", "2026-10-30/2026-11-04", "--period", "2026-11"], 2, "cannot be used with"),
        (&["--days", "2026-10-30/2026-11-04", "--kind", "month"], 2, "cannot be used with"),
    ] {
        let found = folder.call(&[&question[..], more].concat(), &[]);
        assert_eq!(found.code, Some(code), "{more:?}: {}", found.stderr);
        assert!(found.stderr.contains(expected), "{more:?}: {}", found.stderr);
    }
    let (address, asked) =
        service(vec![(200, json!({"sums": [], "causes_total": 0, "causes": [], "next": null}))]);
    let question = ["explain", "--server", &address, "--kpi", "won_deals", "--days", "2026-10-30/2026-11-04"];
    assert_eq!(folder.call(&[&question[..], &["--format", "json"]].concat(), &[]).code, Some(0));
    let path = "/board/api/v1/explain?kpi=won_deals&scope=company&days=2026-10-30%2F2026-11-04&limit=10";
    assert_eq!(asked.join().unwrap(), [format!("GET {path} HTTP/1.1")]);
}

#[test]
fn a_cursor_goes_on_where_the_table_ended() {
    let folder = Folder::new();
    two_files(&folder);
    let first = folder.call(&[&QUESTION[..], &["--limit", "1"]].concat(), &[]).stdout;
    let (_, cursor) = first.trim_end().split_once("1 of 2 deals and activities; more with --after ").unwrap();
    let second = folder.call(&[&QUESTION[..], &["--after", cursor, "--format", "json"]].concat(), &[]);
    let document: Value = serde_json::from_str(&second.stdout).unwrap();
    assert_eq!((&document["causes"][0]["id"], &document["next"]), (&json!("B"), &Value::Null));
}

#[test]
fn what_is_rejected_and_what_is_wrong_have_their_codes() {
    let folder = Folder::new();
    two_files(&folder);
    folder.write("bad.jsonl", "{}\n");
    let found = folder.call(&["explain", "one.jsonl", "bad.jsonl", "--kpi", "open_deals"], &[]);
    assert_eq!(found.code, Some(4), "{}", found.stderr);
    assert!(found.stdout.contains("nothing is counted in it\n0 of 0 deals"), "{}", found.stdout);
    for (arguments, code, expected) in [
        (&["one.jsonl", "--kpi", "luck"][..], 1, "expected one of created_deals"),
        (&["one.jsonl", "--kpi", "open_deals", "--kind", "month"], 1, "tells what stands now"),
        (&["--kpi", "won_deals"], 2, "<FILE>"),
        (&["one.jsonl", "--kpi", "won_deals", "--server", "http://127.0.0.1:1"], 2, "cannot be used with"),
        (&["one.jsonl", "--kpi", "won_deals", "--limit", "0"], 2, "a whole number from 1"),
        (&["--kpi", "won_deals", "--server", "127.0.0.1:1"], 2, "such as http://127.0.0.1:8080"),
        (&["--kpi", "won_deals", "--server", "http://127.0.0.1:1"], 1, "Connection refused"),
    ] {
        let found = folder.call(&[&["explain"], arguments].concat(), &[]);
        assert_eq!(found.code, Some(code), "{arguments:?}: {}", found.stderr);
        assert!(found.stderr.contains(expected), "{arguments:?}: {}", found.stderr);
    }
}

/// A service that gives these answers, one for each connection, and then none; with it comes what it was asked.
pub(crate) fn service(answers: Vec<(u16, Value)>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/board", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for (status, answer) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            asked.push(String::from_utf8_lossy(&request).lines().next().unwrap().to_owned());
            let body = answer.to_string();
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} Any\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
        asked
    });
    (address, asked)
}

#[test]
fn a_service_is_asked_page_by_page() {
    let page = |id: &str, next: Value| {
        (200, json!({"sums": [], "causes_total": 2, "causes": [{"id": id}], "next": next}))
    };
    let (address, asked) = service(vec![page("A", json!("0.1.deal.3.A b")), page("B", Value::Null)]);
    let folder = Folder::new();
    // No configuration is needed, not even a right one.
    folder.write("tallyboard.toml", "nonsense");
    let arguments = ["explain", "--server", &address, "--kpi", "won_deals", "--scope", "rep", "--id", "r 1"];
    let found = folder.call(&[&arguments[..], &["--all", "--format", "json"]].concat(), &[]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    let document: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!((&document["causes"], &document["next"]), (&json!([{"id": "A"}, {"id": "B"}]), &Value::Null));
    let path = "GET /board/api/v1/explain?kpi=won_deals&scope=rep&id=r%201&limit=1000";
    assert_eq!(
        asked.join().unwrap(),
        [format!("{path} HTTP/1.1"), format!("{path}&after=0.1.deal.3.A%20b HTTP/1.1")]
    );
}

#[test]
fn a_service_that_does_not_help_is_told_of() {
    let folder = Folder::new();
    for (status, answer, expected) in [
        (404, json!({"detail": "there is no rep of that id"}), "answers: there is no rep of that id"),
        (502, json!("bad gateway"), "answers with status 502 and no document"),
        (200, json!({"status": "alive"}), "it has no causes"),
    ] {
        let (address, asked) = service(vec![(status, answer)]);
        let found = folder.call(&["explain", "--server", &address, "--kpi", "won_deals"], &[]);
        assert_eq!(found.code, Some(1), "{}", found.stdout);
        assert!(found.stderr.contains(expected), "{}", found.stderr);
        asked.join().unwrap();
    }
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let begun = std::time::Instant::now();
    let question = ["explain", "--server", &address, "--kpi", "won_deals", "--timeout-seconds", "1"];
    let found = folder.call(&question, &[]);
    assert!(found.stderr.contains("has not answered within 1 seconds"), "{}", found.stderr);
    assert!(begun.elapsed() < Duration::from_secs(30));
}
