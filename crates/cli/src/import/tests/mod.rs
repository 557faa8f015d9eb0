//! Whole imports over small tables: what is written, what is rejected and how, and that nothing panics.

mod mappings;
mod rejects;

use std::path::{Path, PathBuf};

use codec::{Carries, Decoder};

use super::{Arguments, ImportReport, Order, run};

/// An import as it came out.
struct Outcome {
    lines: Vec<String>,
    report: ImportReport,
}

/// A folder with a mapping `m.toml` and these tables.
fn folder(mapping: &str, tables: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("m.toml"), mapping).unwrap();
    for (name, content) in tables {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn arguments(mapping: PathBuf) -> Arguments {
    Arguments {
        mapping,
        inputs: Vec::new(),
        output: PathBuf::from("-"),
        order: Order::Time,
        dry_run: false,
        skip_invalid: true,
        limit_errors: 100,
    }
}

fn outcome(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let mut output = Vec::new();
    let report = run(arguments, &mut output)?;
    let lines = String::from_utf8(output).unwrap().lines().map(str::to_owned).collect();
    Ok(Outcome { lines, report })
}

/// Imports these tables, and what is right of them.
fn import(mapping: &str, tables: &[(&str, &[u8])]) -> anyhow::Result<Outcome> {
    let folder = folder(mapping, tables);
    outcome(&arguments(folder.path().join("m.toml")))
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/import")
}

#[test]
fn the_examples_give_what_is_written_beside_them() {
    for (mapping, expected) in [
        ("opportunity-table", "opportunity-table"),
        ("opportunity-table.us-dates", "opportunity-table"),
        ("hubspot-stage-history", "hubspot-stage-history"),
        ("hubspot-engagements", "hubspot-engagements"),
    ] {
        let outcome = outcome(&arguments(examples().join(format!("{mapping}.toml")))).unwrap();
        let golden = examples().join(format!("sample/expected/{expected}.jsonl"));
        let golden = std::fs::read_to_string(golden).unwrap();
        assert_eq!(outcome.lines, golden.lines().collect::<Vec<_>>(), "{mapping}");
        assert_eq!(outcome.report.rejected_rows(), 0, "{mapping}");
        let mut decoder = Decoder::json(Carries::Anything);
        for line in &outcome.lines {
            decoder.decode(line.as_bytes()).unwrap();
        }
    }
}

#[test]
fn a_second_import_gives_the_same_lines() {
    let arguments = arguments(examples().join("hubspot-engagements.toml"));
    assert_eq!(outcome(&arguments).unwrap().lines, outcome(&arguments).unwrap().lines);
}

const HISTORY: &str = "[sources.t]
path = \"t.csv\"
[[deals]]
source = \"t\"
deal_id = \"{id}\"
pipeline = \"default\"
stage = \"{stage}\"
rep_id = \"r1\"
territory_id = \"west\"
occurred_at = \"{at}\"
";

#[test]
fn events_come_by_time_or_as_the_table_has_them() {
    let table =
        b"id,stage,at\nD2,open,2026-03-01\nD1,open,2026-01-01\nD3,open,2026-01-01\nD1,open,2026-01-01\n";
    let folder = folder(HISTORY, &[("t.csv", table)]);
    for (order, expected) in [(Order::Time, ["D1", "D3", "D2"]), (Order::Source, ["D2", "D1", "D3"])] {
        let outcome = outcome(&Arguments { order, ..arguments(folder.path().join("m.toml")) }).unwrap();
        let deals: Vec<_> = outcome.lines.iter().map(|line| line.split('"').nth(11).unwrap()).collect();
        assert_eq!(deals, expected);
        assert_eq!(outcome.report.records("deal"), 3);
        assert!(outcome.report.to_string().contains("not written again: 1"), "{}", outcome.report);
    }
}

#[test]
fn where_rows_are_rejected_nothing_is_written_unless_told_to() {
    let folder = folder(HISTORY, &[("t.csv", b"id,stage,at\nD1,open,2026-01-01\nD2,open,soon\n")]);
    let output = folder.path().join("events.jsonl");
    for (skip_invalid, dry_run, written, expected) in [
        (false, false, None, "nothing written: rows were rejected"),
        (true, true, None, "nothing written: dry run"),
        (true, false, Some(1), "written to"),
    ] {
        let arguments = Arguments {
            output: output.clone(),
            skip_invalid,
            dry_run,
            limit_errors: 0,
            ..arguments(folder.path().join("m.toml"))
        };
        let report = outcome(&arguments).unwrap().report;
        assert_eq!(report.rejected_rows(), 1);
        let text = report.to_string();
        assert!(text.contains(expected) && text.contains("… and 1 more"), "{text}");
        let lines = std::fs::read_to_string(&output).ok().map(|text| text.lines().count());
        assert_eq!(lines, written);
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "mapping, table and output, and nothing else: {left:?}");
}

#[test]
fn inputs_take_the_place_of_paths() {
    let folder = folder(HISTORY, &[("other.csv", b"id,stage,at\nD1,open,2026-01-01\n")]);
    let with = |name: &str| {
        outcome(&Arguments {
            inputs: vec![(name.to_owned(), folder.path().join("other.csv"))],
            ..arguments(folder.path().join("m.toml"))
        })
    };
    assert_eq!(with("t").unwrap().report.records("deal"), 1);
    let error = format!("{:#}", with("u").err().unwrap());
    assert!(error.contains("has no source \"u\""), "{error}");
    for (text, right) in [("t=a=b.csv", true), ("t", false), ("=x", false), ("t=", false)] {
        assert_eq!(super::input(text).is_ok(), right, "{text}");
    }
}

#[test]
fn the_report_tells_what_a_person_should_know() {
    let mapping = format!("{HISTORY}undated = \"leave_out\"\namount = \"{{amount}}\"\n")
        + "dates = { formats = [\"%m/%d/%Y %H:%M\", \"%d/%m/%Y %H:%M\"], time_zone = \"Europe/Berlin\" }\n"
        + "amounts = { currency = \"EUR\", excess_digits = \"round\" }\n";
    let table = b"id,stage,at,amount\n\
        D1,open,3/1/2026 10:00,1.250\n\
        D2,open,10/25/2026 02:30,1.256\n\
        D3,open,,\n";
    let outcome = import(&mapping, &[("t.csv", table)]).unwrap();
    let report = outcome.report.to_string();
    for expected in [
        "deals[0].occurred_at: read as %m/%d/%Y %H:%M, and %d/%m/%Y %H:%M would have read another date (1, first",
        "deals[0].occurred_at: local time that the clock showed twice: the earlier was taken (1, first",
        "deals[0].occurred_at: without a date: event left out as configured (1, first",
        "deals[0].amount: three digits behind the decimal separator: is it a thousands separator? (2, first",
        "deals[0].amount: rounded to the digits that there are (1, first",
    ] {
        assert!(report.contains(expected), "{expected:?} in {report}");
    }
    assert_eq!(outcome.lines.len(), 2);
    assert!(
        outcome.lines[1].contains("2026-10-25T00:30:00Z"),
        "the earlier of the two: {}",
        outcome.lines[1]
    );
    assert!(outcome.lines[1].contains("\"1.26\""), "{}", outcome.lines[1]);
}

/// Hostile tables: bytes of the samples changed, removed and repeated, by a fixed sequence.
#[test]
fn no_table_makes_it_panic_or_write_what_cannot_be_read() {
    let mut state = 17_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let sample = std::fs::read(examples().join("sample/opportunities.csv")).unwrap();
    let mapping = std::fs::read_to_string(examples().join("opportunity-table.toml")).unwrap();
    let teams = std::fs::read(examples().join("sample/teams.csv")).unwrap();
    let folder = folder(&mapping, &[("teams.csv", &teams)]);
    let table = folder.path().join("opportunities.csv");
    let arguments = Arguments {
        inputs: ["opportunities", "teams"]
            .map(|name| (name.to_owned(), folder.path().join(format!("{name}.csv"))))
            .into(),
        ..arguments(folder.path().join("m.toml"))
    };
    let (mut imported, mut rejected) = (0, 0);
    for _ in 0..300 {
        let mut bytes = sample.clone();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = *b"\"\n,\0\xff-9".get(random(7)).unwrap(),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[random(at + 1)]),
            }
        }
        std::fs::write(&table, &bytes).unwrap();
        let Ok(outcome) = outcome(&arguments) else {
            continue;
        };
        imported += 1;
        rejected += outcome.report.rejected_rows();
        let mut decoder = Decoder::json(Carries::Anything);
        for line in outcome.lines {
            decoder.decode(line.as_bytes()).unwrap();
        }
    }
    assert!(imported > 100 && rejected > 100, "{imported} imports, {rejected} rows rejected");
}

/// A reader that has gone away.
struct Gone(std::io::ErrorKind);

impl std::io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure_and_a_full_disk_is() {
    let arguments = arguments(examples().join("opportunity-table.toml"));
    let with = |kind| run(&arguments, &mut Gone(kind)).is_ok();
    assert!(with(std::io::ErrorKind::BrokenPipe));
    assert!(!with(std::io::ErrorKind::StorageFull));
}
