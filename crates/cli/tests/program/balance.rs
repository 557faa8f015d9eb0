//! `report --balance`: how evenly the work lies on the territories.

use std::fmt::Write as _;

use serde_json::Value;

use crate::run::{Finished, Folder};

/// North has six open deals of 100.00 for two reps, South two for two, and nobody is in East, which has one.
fn uneven(folder: &Folder) {
    let mut lines = String::new();
    for (id, name) in [("north", "North"), ("south", "South"), ("east", "East")] {
        let _ = writeln!(lines, r#"{{"type":"territory","territory_id":"{id}","name":"{name}"}}"#);
    }
    for (id, name, home) in
        [("r1", "Ann", "north"), ("r2", "Bob", "north"), ("r3", "Cyd", "south"), ("r4", "Dee", "south")]
    {
        let _ =
            writeln!(lines, r#"{{"type":"rep","rep_id":"{id}","name":"{name}","territory_id":"{home}"}}"#);
    }
    let owners = [("r1", "north"); 6].into_iter().chain([("r3", "south"), ("r3", "south"), ("r1", "east")]);
    for (number, (rep, territory)) in owners.enumerate() {
        let _ = writeln!(
            lines,
            r#"{{"type":"deal","event_id":"e{number}","deal_id":"D{number}","occurred_at":"2026-11-02T09:30:00Z","pipeline":"default","stage":"proposal","rep_id":"{rep}","territory_id":"{territory}","amount":"100.00","currency":"USD"}}"#
        );
    }
    folder.write("events.jsonl", &lines);
}

fn report(folder: &Folder, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    folder.call(
        &[&["report", "events.jsonl", "--as-of", "2026-11-24", "--balance"], arguments].concat(),
        variables,
    )
}

#[test]
fn the_table_says_who_has_too_much_and_what_to_move() {
    let folder = Folder::new();
    uneven(&folder);
    let found = report(&folder, &[], &[]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    let has = |line: &str| {
        let words =
            |text: &str| text.replace(['│', '┆'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(found.stdout.lines().any(|found| words(found) == line), "{line}\n{}", found.stdout);
    };
    has("North (north) 2 600.00 6 0 150.0 % overloaded");
    has("South (south) 2 200.00 2 0 50.0 % underloaded");
    has("East (east) 0 100.00 1 0 – unserved");
    has("dispersion 25.0 %");
    has("without activity minutes: there are no tracked minutes to divide by");
    // Dee has no deals to leave.
    has("1. Dee (r4), who leaves 0 open deals (0.00 USD) behind");
    has("from South (south): work by rep 50.0 % → 100.0 %");
    has("1. about 2 open deals (200.00 USD)");
    has("to South (south): work by rep 50.0 % → 100.0 %");
    has("dispersion 25.0 % → 0.0 %");
    assert!(!found.stdout.contains("at home in none"), "{}", found.stdout);
}

#[test]
fn weights_and_tolerance_are_configured() {
    let folder = Folder::new();
    uneven(&folder);
    folder.write("tallyboard.toml", "[kpis]\nbalance_weights = { open_deals = 0, activity_minutes = 0 }\n");
    let found = report(&folder, &["--format", "json"], &[("TALLYBOARD__KPIS__BALANCE_WITHIN_PERCENT", "50")]);
    let document: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(
        document["weights"],
        serde_json::json!({"open_amount": 1, "open_deals": 0, "activity_minutes": 0})
    );
    // Exactly at the tolerance there is nothing to do.
    assert_eq!(
        (&document["territories"][1]["verdict"], &document["within_percent"]),
        (&"balanced".into(), &50.into())
    );
    assert_eq!(document["suggested"]["rep_moves"], serde_json::json!([]));
    for (variable, value, expected) in [
        (
            "TALLYBOARD__KPIS__BALANCE_WEIGHTS__OPEN_AMOUNT",
            "0",
            "balance_weights are all 0; expected at least one above 0",
        ),
        (
            "TALLYBOARD__KPIS__BALANCE_WEIGHTS__OPEN_DEALS",
            "101",
            "balance_weights.open_deals is 101; expected 0 to 100",
        ),
        (
            "TALLYBOARD__KPIS__BALANCE_WITHIN_PERCENT",
            "101",
            "balance_within_percent is 101; expected 0 to 100",
        ),
    ] {
        let found = report(&folder, &[], &[(variable, value)]);
        assert_eq!(found.code, Some(3), "{}", found.stdout);
        assert!(
            found.stderr.contains("section [kpis]") && found.stderr.contains(expected),
            "{}",
            found.stderr
        );
    }
    let both = report(&folder, &["--scope", "rep"], &[]);
    assert_eq!(both.code, Some(2), "{}", both.stderr);
}
