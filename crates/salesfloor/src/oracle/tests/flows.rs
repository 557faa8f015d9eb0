//! Cases of how the open amount comes and goes.

use super::*;

fn worth(minor: i64, code: &str, event: DealEvent<'static>) -> DealEvent<'static> {
    with(event, |event| event.amount = money(minor, code))
}

fn split(shares: &[(&'static str, u32, bool)], event: DealEvent<'static>) -> DealEvent<'static> {
    with(event, |event| event.credits = credits(shares))
}

fn in_the(territory_id: &'static str, event: DealEvent<'static>) -> DealEvent<'static> {
    with(event, |event| event.territory_id = territory_id.into())
}

#[test]
fn deals_come_and_go() {
    check_deals(
        &[Family::Flows],
        &[
            (
                "won with a larger amount than known before: grown first",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "mql"),
                    worth(1_200, "EUR", deal("03-04T10:00:00", "won")),
                ],
                &[
                    "ann west 03-02 flow new EUR: 1000",
                    "ann west 03-04 flow increased EUR: 200",
                    "ann west 03-04 flow won EUR: 1200",
                ],
            ),
            (
                "lost, changed while it was, reopened with what is known then",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "lost"),
                    worth(300, "USD", by("bob", deal("03-04T10:00:00", "lost"))),
                    with(deal("03-05T10:00:00", "mql"), |event| event.amount = None),
                ],
                &[
                    "ann west 03-02 flow new EUR: 1000",
                    "ann west 03-03 flow lost EUR: 1000",
                    "ann west 03-05 flow reopened USD: 300",
                ],
            ),
            ("closed from the start: never there", vec![deal("03-02T10:00:00", "won")], &[]),
            (
                "closed at first, then open: reopened",
                vec![deal("03-02T10:00:00", "lost"), deal("03-03T10:00:00", "lead")],
                &["ann west 03-03 flow reopened EUR: 1000"],
            ),
            (
                "a pipeline changed, a deletion taken back: nothing flows",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deleted(deal("03-03T10:00:00", "lead")),
                    deal("03-04T10:00:00", "new"),
                ],
                &["ann west 03-02 flow new EUR: 1000"],
            ),
        ],
    );
}

#[test]
fn amounts_change() {
    check_deals(
        &[Family::Flows],
        &[
            (
                "known later, more, less, nothing",
                vec![
                    with(deal("03-02T10:00:00", "lead"), |event| event.amount = None),
                    worth(500, "EUR", deal("03-03T10:00:00", "lead")),
                    worth(700, "EUR", deal("03-04T10:00:00", "lead")),
                    worth(100, "EUR", deal("03-05T10:00:00", "lead")),
                    worth(0, "USD", deal("03-06T10:00:00", "lead")),
                    worth(-5, "JPY", deal("03-07T10:00:00", "lead")),
                ],
                &[
                    "ann west 03-03 flow increased EUR: 500",
                    "ann west 03-04 flow increased EUR: 200",
                    "ann west 03-05 flow decreased EUR: 600",
                    "ann west 03-06 flow decreased EUR: 100",
                    "ann west 03-07 flow decreased JPY: 5",
                ],
            ),
            (
                "another currency, by a new owner",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    worth(900, "USD", by("bob", deal("03-03T10:00:00", "lead"))),
                ],
                &[
                    "ann west 03-02 flow new EUR: 1000",
                    "ann west 03-03 flow moved_out EUR: 1000",
                    "bob west 03-03 flow moved_in EUR: 1000",
                    "bob west 03-03 flow exchanged EUR: -1000",
                    "bob west 03-03 flow exchanged USD: 900",
                ],
            ),
            (
                "shared: each one's part of the difference",
                vec![
                    split(
                        &[("ann", 5_000, false), ("bob", 5_000, false)],
                        worth(3, "EUR", deal("03-02T10:00:00", "lead")),
                    ),
                    split(
                        &[("ann", 5_000, false), ("bob", 5_000, false)],
                        worth(8, "EUR", deal("03-03T10:00:00", "lead")),
                    ),
                ],
                &[
                    "ann west 03-02 flow new EUR: 1",
                    "bob west 03-02 flow new EUR: 2",
                    "ann west 03-03 flow increased EUR: 3",
                    "bob west 03-03 flow increased EUR: 2",
                ],
            ),
        ],
    );
}

#[test]
fn deals_change_hands() {
    check_deals(
        &[Family::Flows],
        &[
            (
                "another territory",
                vec![deal("03-02T10:00:00", "lead"), in_the("east", deal("03-03T10:00:00", "lead"))],
                &[
                    "ann west 03-02 flow new EUR: 1000",
                    "ann west 03-03 flow moved_out EUR: 1000",
                    "ann east 03-03 flow moved_in EUR: 1000",
                ],
            ),
            (
                "other credits: only the difference moves, and overlay credit does not count",
                vec![
                    split(&[("ann", 5_000, false), ("bob", 5_000, false)], deal("03-02T10:00:00", "lead")),
                    split(
                        &[("bob", 4_000, false), ("ann", 6_000, false), ("cyd", 9_000, true)],
                        deal("03-03T10:00:00", "lead"),
                    ),
                ],
                &[
                    "ann west 03-02 flow new EUR: 500",
                    "bob west 03-02 flow new EUR: 500",
                    "ann west 03-03 flow moved_in EUR: 100",
                    "bob west 03-03 flow moved_out EUR: 100",
                ],
            ),
            (
                "another owner, but the same reps are credited: nothing moves",
                vec![
                    split(&[("cyd", 10_000, false)], deal("03-02T10:00:00", "lead")),
                    split(&[("cyd", 10_000, false)], by("bob", deal("03-03T10:00:00", "lead"))),
                    by("cyd", deal("03-04T10:00:00", "lead")),
                ],
                &["cyd west 03-02 flow new EUR: 1000"],
            ),
            (
                "moved by the event that closes it",
                vec![deal("03-02T10:00:00", "lead"), by("bob", deal("03-03T10:00:00", "lost"))],
                &[
                    "ann west 03-02 flow new EUR: 1000",
                    "ann west 03-03 flow moved_out EUR: 1000",
                    "bob west 03-03 flow moved_in EUR: 1000",
                    "bob west 03-03 flow lost EUR: 1000",
                ],
            ),
        ],
    );
}
