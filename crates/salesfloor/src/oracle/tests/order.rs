//! Cases of the order of events, and of days.

use super::*;

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
    check_deals(
        &[Family::Outcome],
        &[
            (
                "of equal times the version decides, no version is lowest; created for the last of the first time",
                vec![
                    same_time("mql", "bob", Some(-5), "a"),
                    same_time("lead", "ann", None, "z"),
                    same_time("lead", "eve", Some(-6), "y"),
                ],
                &["bob west 03-02 created: 1", "bob west - open mql: 1"],
            ),
            (
                "of equal versions the event's id decides, by bytes",
                vec![same_time("lead", "ann", Some(1), "a10"), same_time("mql", "bob", Some(1), "a9")],
                &["bob west 03-02 created: 1", "bob west - open mql: 1"],
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
                &["ann west 03-02 created: 1", "bob west - open lead: 1"],
            ),
            (
                "of equal ids the stage decides first, then the rep",
                vec![
                    same_time("lead", "zoe", None, "a"),
                    same_time("mql", "ann", None, "a"),
                    same_time("mql", "bob", None, "a"),
                    same_time("mql", "Zoe", None, "a"),
                ],
                &["bob west 03-02 created: 1", "bob west - open mql: 1"],
            ),
        ],
    );
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
    check_deals(
        &[Family::Outcome],
        &[(
            // Berlin is one hour ahead until the night to March 29th, then two.
            "on both sides of midnight and of the change of clocks",
            vec![deal("03-28T22:59:59.999999", "lead"), deal("03-29T22:00:00", "lost")],
            &["ann west 03-28 created: 1", "ann west 03-30 lost: 1"],
        )],
    );
    check_deals(
        &[Family::Outcome],
        &[(
            "the moment before the second midnight",
            vec![deal("03-28T23:00:00", "lead"), deal("03-29T21:59:59", "lost")],
            &["ann west 03-29 created: 1", "ann west 03-29 lost: 1"],
        )],
    );
}
