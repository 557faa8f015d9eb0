//! Cases of what became of deals.

use super::*;

/// The same event, by which the deal is expected to close on a day.
fn due(day: &str, event: DealEvent<'static>) -> DealEvent<'static> {
    with(event, |event| event.expected_close = Some(Day::parse(&format!("2026-{day}")).unwrap()))
}

#[test]
fn stages() {
    check_deals(
        &[Family::Outcome],
        &[
            ("nothing", vec![], &[]),
            (
                "open, skipping a stage",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    with(deal("03-03T10:00:00", "mql"), |event| event.rep_id = "bob".into()),
                ],
                // Created for Ann, now Bob's.
                &["ann west 03-02 created: 1", "bob west - open mql: 1", "bob west - open mql EUR: 1000"],
            ),
            (
                "due when the latest event says, with the latest known amount, for those credited now",
                vec![
                    due("05-01", deal("03-02T10:00:00", "lead")),
                    due(
                        "06-30",
                        with(deal("03-03T10:00:00", "lead"), |event| {
                            event.amount = None;
                            event.credits = credits(&[("bob", 4_000, false), ("cyd", 6_000, false)]);
                        }),
                    ),
                ],
                &[
                    "ann west 03-02 created: 1",
                    "ann west - open lead: 1",
                    "bob west - open lead EUR: 400",
                    "cyd west - open lead EUR: 600",
                    "bob west 06-30 due EUR: 400",
                    "cyd west 06-30 due EUR: 600",
                ],
            ),
            (
                "no longer expected: due on no day",
                vec![due("05-01", deal("03-02T10:00:00", "lead")), deal("03-03T10:00:00", "lead")],
                &["ann west 03-02 created: 1", "ann west - open lead: 1", "ann west - open lead EUR: 1000"],
            ),
            (
                "lost: due on no day",
                vec![
                    due("05-01", deal("03-02T10:00:00", "lead")),
                    due("05-01", deal("03-03T10:00:00", "lost")),
                ],
                &["ann west 03-02 created: 1", "ann west 03-03 lost: 1"],
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
                &["ann west 03-02 created: 1", "ann west - open lead: 1", "ann west - open lead EUR: 1000"],
            ),
        ],
    );
}

#[test]
fn closing() {
    check_deals(
        &[Family::Outcome],
        &[
            (
                "reopened: open again",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "won"),
                    deal("03-04T10:00:00", "mql"),
                ],
                &["ann west 03-02 created: 1", "ann west - open mql: 1", "ann west - open mql EUR: 1000"],
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
        ],
    );
}

#[test]
fn amounts() {
    let shared = |minor, shares: &[(&'static str, u32, bool)]| {
        with(deal("03-02T10:00:00", "lead"), |event| {
            event.amount = money(minor, "EUR");
            event.credits = credits(shares);
        })
    };
    check_deals(
        &[Family::Outcome],
        &[
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
                &["ann west 03-02 created: 1", "ann west - open lead: 1", "ann west - open lead JPY: 5"],
            ),
            (
                "an amount of 0 is no amount",
                vec![shared(0, &[("bob", 10_000, false)])],
                &["ann west 03-02 created: 1", "ann west - open lead: 1"],
            ),
            (
                // A third of 1000 is 333.3: 333, 333 and the rest to the last who is no overlay.
                "a remainder goes to the last credit that is no overlay",
                vec![shared(
                    1_000,
                    &[
                        ("bob", 3_333, false),
                        ("eve", 3_333, false),
                        ("dan", 3_334, false),
                        ("zoe", 5_000, true),
                    ],
                )],
                &[
                    "ann west 03-02 created: 1",
                    "ann west - open lead: 1",
                    "bob west - open lead EUR: 333",
                    "eve west - open lead EUR: 333",
                    "dan west - open lead EUR: 334",
                ],
            ),
            (
                // -10 x 0.25 is -2.5, rounded down to -3; 7.5 of -10 are left: -7.
                "amounts below 0 round towards negative infinity",
                vec![shared(-10, &[("bob", 2_500, false), ("eve", 7_500, false)])],
                &[
                    "ann west 03-02 created: 1",
                    "ann west - open lead: 1",
                    "bob west - open lead EUR: -3",
                    "eve west - open lead EUR: -7",
                ],
            ),
            (
                "a share that rounds to 0 leaves no cell",
                vec![shared(1, &[("bob", 1, false), ("ann", 9_999, false)])],
                &["ann west 03-02 created: 1", "ann west - open lead: 1", "ann west - open lead EUR: 1"],
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
        ],
    );
}
