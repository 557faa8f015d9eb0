//! `report`: what counts, and as of when.

use serde_json::Value;

use crate::run::Folder;

/// An activity with a typing error in its year, and then all the others.
fn activities(folder: &Folder) {
    let line = |id: &str, at: &str| {
        format!(
            r#"{{"type":"activity","event_id":"{id}","activity_id":"{id}","occurred_at":"{at}","rep_id":"r1","territory_id":"west","category":"admin","kind":"mail","duration_seconds":60}}"#
        )
    };
    let lines = [
        line("A1", "2026-09-01T09:00:00Z"),
        line("A2", "2062-09-02T09:00:00Z"),
        line("A3", "2026-09-03T09:00:00Z"),
        line("A4", "2026-09-10T09:00:00Z"),
    ];
    folder.write("events.jsonl", &(lines.join("\n") + "\n"));
}

fn activities_counted(document: &str) -> (String, Value) {
    let document: Value = serde_json::from_str(document).unwrap();
    let period = document["period"]["name"].as_str().unwrap().to_owned();
    let mut kpis = document["kpis"].as_array().unwrap().iter();
    let activities = kpis.find(|kpi| kpi["name"] == "activities").unwrap();
    (period, activities["value"].clone())
}

#[test]
fn one_event_in_the_future_does_not_make_the_others_late() {
    let folder = Folder::new();
    activities(&folder);
    let found = folder.call(&["report", "events.jsonl", "--format", "json", "--kind", "month"], &[]);
    assert_eq!(found.code, Some(4), "{}", found.stderr);
    assert!(found.stderr.contains("events.jsonl:2: "), "{}", found.stderr);
    assert!(found.stderr.contains("1 lines were rejected: 1 in_future"), "{}", found.stderr);
    assert_eq!(activities_counted(&found.stdout), ("2026-09".to_owned(), 3.into()), "{}", found.stdout);
}

#[test]
fn a_report_is_made_as_of_a_time_or_the_end_of_a_date() {
    let folder = Folder::new();
    activities(&folder);
    let arguments = ["report", "events.jsonl", "--format", "json", "--kind", "month", "--as-of"];
    // Two of the events are later, by more than the tolerance of a day.
    for as_of in ["2026-09-03T12:00:00Z", "2026-09-03"] {
        let found = folder.call(&[&arguments[..], &[as_of]].concat(), &[]);
        assert_eq!(found.code, Some(4), "{}", found.stderr);
        assert!(found.stderr.contains("2 lines were rejected: 2 in_future"), "{}", found.stderr);
        assert_eq!(activities_counted(&found.stdout), ("2026-09".to_owned(), 2.into()), "{}", found.stdout);
    }
    let later = folder.call(&[&arguments[..], &["2062-10-01"]].concat(), &[]);
    assert_eq!(activities_counted(&later.stdout).0, "2062-10", "{}", later.stderr);
    let wrong = folder.call(&[&arguments[..], &["yesterday"]].concat(), &[]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("expected a time such as"), "{}", wrong.stderr);
}
