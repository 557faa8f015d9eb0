//! Cases computed by hand. Times are UTC, days those of Berlin.

use std::borrow::Cow;

use model::{Category, Credit, Currency, Pipeline, Stage};

use super::*;

mod activities;

/// lead 0, mql 1, won 2, lost 3.
fn pipelines() -> Pipelines {
    let stage = |(name, kind): (&str, StageKind)| Stage { name: name.to_owned(), kind, limit_days: None };
    let stages = [
        ("lead", StageKind::Open),
        ("mql", StageKind::Open),
        ("won", StageKind::Won),
        ("lost", StageKind::Lost),
    ];
    Pipelines::new(vec![Pipeline { name: "default".to_owned(), stages: stages.map(stage).to_vec() }]).unwrap()
}

fn calendar() -> Calendar {
    Calendar::new("Europe/Berlin", 1).unwrap()
}

fn money(minor: i64, code: &str) -> Option<Money> {
    let currency = Currency::from_code(code).unwrap();
    Some(Money { minor, currency })
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-{time}Z")).unwrap()
}

/// A deal of Ann in the west with 10.00 EUR; the event's id is its time and stage.
fn deal(time: &str, stage: &str) -> DealEvent<'static> {
    DealEvent {
        event_id: Cow::Owned(format!("{time} {stage}")),
        deal_id: Cow::Borrowed("D-1"),
        occurred_at: at(time),
        version: None,
        pipeline: Cow::Borrowed("default"),
        stage: Cow::Owned(stage.to_owned()),
        rep_id: Cow::Borrowed("ann"),
        territory_id: Cow::Borrowed("west"),
        amount: money(1_000, "EUR"),
        expected_close: None,
        credits: Vec::new(),
        deleted: false,
    }
}

/// 600 seconds of administration by Ann in the west.
fn activity(time: &str, version: Option<i64>) -> ActivityEvent<'static> {
    ActivityEvent {
        event_id: Cow::Owned(format!("{time} {version:?}")),
        activity_id: Cow::Borrowed("A-1"),
        occurred_at: at(time),
        version,
        rep_id: Cow::Borrowed("ann"),
        territory_id: Cow::Borrowed("west"),
        deal_id: None,
        category: Category::Admin,
        kind: Cow::Borrowed("crm_update"),
        duration_seconds: 600,
        retracted: false,
    }
}

fn with<T>(mut event: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut event);
    event
}

fn credits(shares: &[(&'static str, u32, bool)]) -> Vec<Credit<'static>> {
    let credit = |&(rep_id, share_basis_points, overlay): &(&'static str, u32, bool)| Credit {
        rep_id: Cow::Borrowed(rep_id),
        share_basis_points,
        overlay,
    };
    shares.iter().map(credit).collect()
}

/// One line a cell: rep, territory, day (month and day, `-` for none), measure, value.
fn lines(cells: &OracleCells) -> Vec<String> {
    let line = |(key, value): (&OracleKey, &i128)| {
        let day = key.day.map_or("-".to_owned(), |day| day.to_string()[5..].to_owned());
        let measure = match key.measure {
            Measure::CreatedDeals => "created".to_owned(),
            Measure::WonDeals => "won".to_owned(),
            Measure::LostDeals => "lost".to_owned(),
            Measure::WonAmount(currency) => format!("won {currency}"),
            Measure::CycleSeconds => "cycle".to_owned(),
            Measure::CycleDeals(bucket) => format!("cycle bucket {}", bucket.number()),
            Measure::OpenDeals(stage) => format!("open {}", stage.0),
            Measure::OpenAmount(stage, currency) => format!("open {} {currency}", stage.0),
            Measure::Activities(category) => format!("count {}", category.name()),
            Measure::ActivitySeconds(category) => format!("seconds {}", category.name()),
        };
        format!("{} {} {day} {measure}: {value}", key.rep_id, key.territory_id)
    };
    cells.iter().map(line).collect()
}

fn check(name: &str, events: &[Event<'_>], expected: &[&str]) {
    let mut expected: Vec<&str> = expected.to_vec();
    expected.sort_unstable();
    let backwards = events.iter().rev().chain(events);
    for found in [cells(events, &pipelines(), &calendar()), cells(backwards, &pipelines(), &calendar())] {
        let mut found = lines(&found);
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
    }
}

fn check_deals(cases: &[(&str, Vec<DealEvent<'static>>, &[&str])]) {
    for (name, events, expected) in cases {
        let events: Vec<Event<'_>> = events.iter().cloned().map(Event::Deal).collect();
        check(name, &events, expected);
    }
}

#[test]
fn stages() {
    check_deals(&[
        ("nothing", vec![], &[]),
        (
            "open, skipping a stage",
            vec![
                deal("03-02T10:00:00", "lead"),
                with(deal("03-03T10:00:00", "mql"), |event| event.rep_id = "bob".into()),
            ],
            // Created for Ann, now Bob's.
            &["ann west 03-02 created: 1", "bob west - open 1: 1", "bob west - open 1 EUR: 1000"],
        ),
        (
            "won after 100.9 seconds, which is bucket 100",
            vec![deal("03-02T10:00:00", "lead"), deal("03-02T10:01:40.9", "won")],
            &[
                "ann west 03-02 created: 1",
                "ann west 03-02 won: 1",
                "ann west 03-02 won EUR: 1000",
                "ann west 03-02 cycle: 100",
                "ann west 03-02 cycle bucket 100: 1",
            ],
        ),
        (
            "won at once: a cycle of 0 is counted but adds nothing",
            vec![deal("03-02T10:00:00", "won")],
            &[
                "ann west 03-02 created: 1",
                "ann west 03-02 won: 1",
                "ann west 03-02 won EUR: 1000",
                "ann west 03-02 cycle bucket 0: 1",
            ],
        ),
        (
            "lost without an amount",
            vec![
                with(deal("03-02T10:00:00", "lead"), |event| event.amount = None),
                with(deal("03-04T10:00:00", "lost"), |event| event.amount = None),
            ],
            &["ann west 03-02 created: 1", "ann west 03-04 lost: 1"],
        ),
        (
            "an unknown stage is not counted, though it is first and last",
            vec![
                deal("03-01T10:00:00", "dream"),
                deal("03-02T10:00:00", "lead"),
                with(deal("03-05T10:00:00", "won"), |event| {
                    event.pipeline = "other".into();
                }),
            ],
            &["ann west 03-02 created: 1", "ann west - open 0: 1", "ann west - open 0 EUR: 1000"],
        ),
    ]);
}

#[test]
fn closing() {
    check_deals(&[
        (
            "reopened: open again",
            vec![
                deal("03-02T10:00:00", "lead"),
                deal("03-03T10:00:00", "won"),
                deal("03-04T10:00:00", "mql"),
            ],
            &["ann west 03-02 created: 1", "ann west - open 1: 1", "ann west - open 1 EUR: 1000"],
        ),
        (
            // 3 days are 259 200 s: 2^17 <= it, 259 200 >> 11 is 126, 11 * 64 + 126 = 830.
            "reopened and won again: closed the second time",
            vec![
                deal("03-02T10:00:00", "lead"),
                deal("03-03T10:00:00", "won"),
                deal("03-04T10:00:00", "mql"),
                deal("03-05T10:00:00", "won"),
            ],
            &[
                "ann west 03-02 created: 1",
                "ann west 03-05 won: 1",
                "ann west 03-05 won EUR: 1000",
                "ann west 03-05 cycle: 259200",
                "ann west 03-05 cycle bucket 830: 1",
            ],
        ),
        (
            "amount changed after close: restated on the closed day; changed hands after it: still who had it at close",
            vec![
                deal("03-02T10:00:00", "lead"),
                deal("03-02T10:00:05", "won"),
                with(deal("03-20T10:00:00", "won"), |event| {
                    event.amount = money(77, "USD");
                    event.rep_id = "bob".into();
                    event.territory_id = "east".into();
                }),
            ],
            &[
                "ann west 03-02 created: 1",
                "ann west 03-02 won: 1",
                "ann west 03-02 won USD: 77",
                "ann west 03-02 cycle: 5",
                "ann west 03-02 cycle bucket 5: 1",
            ],
        ),
        (
            "owner corrected as of the close: restated",
            vec![
                deal("03-02T10:00:00", "lead"),
                deal("03-02T10:00:05", "lost"),
                with(deal("03-02T10:00:05", "lost"), |event| {
                    event.version = Some(2);
                    event.rep_id = "bob".into();
                }),
                with(deal("03-20T10:00:00", "lost"), |event| event.rep_id = "cid".into()),
            ],
            &["ann west 03-02 created: 1", "bob west 03-02 lost: 1"],
        ),
        (
            "won, then lost in one run: lost at the start of the run",
            vec![
                deal("03-02T10:00:00", "lead"),
                deal("03-03T10:00:00", "won"),
                deal("03-09T10:00:00", "lost"),
            ],
            &["ann west 03-02 created: 1", "ann west 03-03 lost: 1"],
        ),
        (
            "deleted at last: nothing at all",
            vec![
                deal("03-02T10:00:00", "lead"),
                deal("03-03T10:00:00", "won"),
                with(deal("03-04T10:00:00", "won"), |event| event.deleted = true),
            ],
            &[],
        ),
        (
            "deleted and back: the deletion breaks the run",
            vec![
                with(deal("03-02T10:00:00", "lead"), |event| event.deleted = true),
                deal("03-02T10:00:01", "won"),
                with(deal("03-04T10:00:00", "won"), |event| event.deleted = true),
                deal("03-05T10:00:00", "lost"),
            ],
            &["ann west 03-02 created: 1", "ann west 03-05 lost: 1"],
        ),
    ]);
}

#[test]
fn amounts() {
    let shared = |minor, shares: &[(&'static str, u32, bool)]| {
        with(deal("03-02T10:00:00", "lead"), |event| {
            event.amount = money(minor, "EUR");
            event.credits = credits(shares);
        })
    };
    check_deals(&[
        (
            "the last known amount counts, also that of a deleted event",
            vec![
                deal("03-02T10:00:00", "lead"),
                with(deal("03-03T10:00:00", "lead"), |event| {
                    event.deleted = true;
                    event.amount = money(5, "JPY");
                }),
                with(deal("03-04T10:00:00", "lead"), |event| event.amount = None),
            ],
            &["ann west 03-02 created: 1", "ann west - open 0: 1", "ann west - open 0 JPY: 5"],
        ),
        (
            "an amount of 0 is no amount",
            vec![shared(0, &[("bob", 10_000, false)])],
            &["ann west 03-02 created: 1", "ann west - open 0: 1"],
        ),
        (
            // A third of 1000 is 333.3: 333, 333 and the rest to the last who is no overlay.
            "a remainder goes to the last credit that is no overlay",
            vec![shared(
                1_000,
                &[("bob", 3_333, false), ("eve", 3_333, false), ("dan", 3_334, false), ("zoe", 5_000, true)],
            )],
            &[
                "ann west 03-02 created: 1",
                "ann west - open 0: 1",
                "bob west - open 0 EUR: 333",
                "eve west - open 0 EUR: 333",
                "dan west - open 0 EUR: 334",
            ],
        ),
        (
            // -10 x 0.25 is -2.5, rounded down to -3; 7.5 of -10 are left: -7.
            "amounts below 0 round towards negative infinity",
            vec![shared(-10, &[("bob", 2_500, false), ("eve", 7_500, false)])],
            &[
                "ann west 03-02 created: 1",
                "ann west - open 0: 1",
                "bob west - open 0 EUR: -3",
                "eve west - open 0 EUR: -7",
            ],
        ),
        (
            "a share that rounds to 0 leaves no cell",
            vec![shared(1, &[("bob", 1, false), ("ann", 9_999, false)])],
            &["ann west 03-02 created: 1", "ann west - open 0: 1", "ann west - open 0 EUR: 1"],
        ),
        (
            "the latest credits divide, in the latest territory",
            vec![
                shared(1_000, &[("bob", 10_000, false)]),
                with(deal("03-02T10:00:09", "won"), |event| {
                    event.credits = credits(&[("eve", 5_000, false), ("ann", 5_000, false)]);
                    event.territory_id = "east".into();
                    event.amount = money(3, "EUR");
                }),
            ],
            &[
                "ann west 03-02 created: 1",
                "ann east 03-02 won: 1",
                "ann east 03-02 won EUR: 2",
                "eve east 03-02 won EUR: 1",
                "ann east 03-02 cycle: 9",
                "ann east 03-02 cycle bucket 9: 1",
            ],
        ),
    ]);
}

#[test]
fn order() {
    let same_time = |stage, rep_id: &'static str, version, event_id: &'static str| {
        with(deal("03-02T10:00:00", stage), |event| {
            event.rep_id = rep_id.into();
            event.version = version;
            event.event_id = event_id.into();
            event.amount = None;
        })
    };
    check_deals(&[
        (
            "of equal times the version decides, no version is lowest; created for the last of the first time",
            vec![
                same_time("mql", "bob", Some(-5), "a"),
                same_time("lead", "ann", None, "z"),
                same_time("lead", "eve", Some(-6), "y"),
            ],
            &["bob west 03-02 created: 1", "bob west - open 1: 1"],
        ),
        (
            "of equal versions the event's id decides, by bytes",
            vec![same_time("lead", "ann", Some(1), "a10"), same_time("mql", "bob", Some(1), "a9")],
            &["bob west 03-02 created: 1", "bob west - open 1: 1"],
        ),
        (
            "created at the first time alone",
            vec![
                same_time("lead", "ann", Some(9), "a"),
                with(deal("03-02T10:00:00.000001", "lead"), |event| {
                    event.rep_id = "bob".into();
                    event.amount = None;
                }),
            ],
            &["ann west 03-02 created: 1", "bob west - open 0: 1"],
        ),
        (
            "of equal ids the stage decides first, then the rep",
            vec![
                same_time("lead", "zoe", None, "a"),
                same_time("mql", "ann", None, "a"),
                same_time("mql", "bob", None, "a"),
                same_time("mql", "Zoe", None, "a"),
            ],
            &["bob west 03-02 created: 1", "bob west - open 1: 1"],
        ),
    ]);
}

#[test]
fn equal_keys_are_decided_by_content() {
    let base = || {
        with(deal("03-02T10:00:00", "lead"), |event| {
            event.event_id = "same".into();
        })
    };
    type Change = fn(&mut DealEvent<'static>);
    // Each change makes the content greater than every one before it.
    let ascending: [Change; 8] = [
        |event| event.amount = None,
        |event| event.amount = money(-1, "USD"),
        |event| event.amount = money(0, "EUR"),
        |event| event.amount = money(0, "USD"),
        |event| {
            event.amount = money(0, "USD");
            event.expected_close = Some(Day(1));
        },
        |event| {
            event.amount = money(0, "USD");
            event.expected_close = Some(Day(1));
            event.credits = credits(&[("ann", 10_000, false)]);
        },
        |event| {
            event.amount = money(0, "USD");
            event.expected_close = Some(Day(1));
            event.credits = credits(&[("ann", 10_000, false)]);
            event.deleted = true;
        },
        |event| event.territory_id = "western".into(),
    ];
    let states: Vec<DealState> = ascending
        .into_iter()
        .map(|change| DealState::of(&with(base(), change), &pipelines()).unwrap())
        .collect();
    assert!(states.is_sorted_by(|low, high| low < high), "{states:#?}");
}

#[test]
fn days_are_the_organisations() {
    check_deals(&[(
        // Berlin is one hour ahead until the night to March 29th, then two.
        "on both sides of midnight and of the change of clocks",
        vec![deal("03-28T22:59:59.999999", "lead"), deal("03-29T22:00:00", "lost")],
        &["ann west 03-28 created: 1", "ann west 03-30 lost: 1"],
    )]);
    check_deals(&[(
        "the moment before the second midnight",
        vec![deal("03-28T23:00:00", "lead"), deal("03-29T21:59:59", "lost")],
        &["ann west 03-29 created: 1", "ann west 03-29 lost: 1"],
    )]);
}
