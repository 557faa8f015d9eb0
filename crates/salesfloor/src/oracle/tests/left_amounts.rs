//! Cases of the amounts with which visits end.

use super::*;

fn worth(amount: Option<Money>, event: DealEvent<'static>) -> DealEvent<'static> {
    with(event, |event| event.amount = amount)
}

#[test]
fn the_amount_known_when_a_visit_ends() {
    check_deals(
        &[Family::LeftAmounts],
        &[
            (
                "unknown at first, told by the event that ends the second visit",
                vec![
                    worth(None, deal("03-02T10:00:00", "lead")),
                    worth(None, deal("03-03T10:00:00", "mql")),
                    worth(money(5, "EUR"), deal("03-04T10:00:00", "won")),
                ],
                &["ann west 03-04 left mql EUR: 5"],
            ),
            (
                "changed by the event that ends the visit, also its currency",
                vec![deal("03-02T10:00:00", "lead"), worth(money(77, "USD"), deal("03-03T10:00:00", "lost"))],
                &["ann west 03-03 left lead USD: 77", "ann west 03-03 lost from lead USD: 77"],
            ),
            (
                "not told again: the last known one, though it is from another pipeline",
                vec![
                    deal("03-02T10:00:00", "new"),
                    worth(None, deal("03-03T10:00:00", "lead")),
                    worth(None, deal("03-04T10:00:00", "lead")),
                    worth(None, deal("03-05T10:00:00", "lost")),
                ],
                &[
                    "ann west 03-03 left new EUR: 1000",
                    "ann west 03-05 left lead EUR: 1000",
                    "ann west 03-05 lost from lead EUR: 1000",
                ],
            ),
            (
                "what is told later does not restate it",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "mql"),
                    worth(money(5, "EUR"), deal("03-04T10:00:00", "mql")),
                ],
                &["ann west 03-03 left lead EUR: 1000"],
            ),
            (
                "never known, or 0: no cell",
                vec![
                    worth(None, deal("03-02T10:00:00", "lead")),
                    worth(None, deal("03-03T10:00:00", "mql")),
                    worth(money(0, "EUR"), deal("03-04T10:00:00", "lost")),
                ],
                &[],
            ),
            (
                "also that of a deleted event",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deleted(worth(money(5, "JPY"), deal("03-03T10:00:00", "lead"))),
                    worth(None, deal("03-04T10:00:00", "mql")),
                ],
                &["ann west 03-04 left lead JPY: 5"],
            ),
            (
                "lost twice on one day: both count; won after a loss is no loss",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "lost"),
                    worth(money(-300, "EUR"), deal("03-03T11:00:00", "lead")),
                    deal("03-03T12:00:00", "lost"),
                    deal("03-03T13:00:00", "lead"),
                    worth(money(20, "EUR"), deal("03-03T14:00:00", "won")),
                    deal("03-03T15:00:00", "lost"),
                ],
                // 1000 + 1000 and, when it was won, 20; -300 was told and gone before the second loss.
                &["ann west 03-03 left lead EUR: 2020", "ann west 03-03 lost from lead EUR: 2000"],
            ),
        ],
    );
}

#[test]
fn amounts_are_divided_as_they_were_within_the_visit() {
    let shared = |shares: &[(&'static str, u32, bool)], event| {
        with(event, |event: &mut DealEvent<'static>| event.credits = credits(shares))
    };
    let third = [("bob", 3_333, false), ("eve", 6_667, false), ("zoe", 5_000, true)];
    check_deals(
        &[Family::LeftAmounts],
        &[
            (
                // 1001 x 0.3333 is 333.6: 333, and the rest to Eve. The next event's credits and territory come later.
                "over the credits of its last event, in that event's territory",
                vec![
                    shared(&[("dan", 10_000, false)], deal("03-02T10:00:00", "lead")),
                    with(shared(&third, deal("03-02T11:00:00", "lead")), |event| {
                        event.territory_id = "east".into();
                    }),
                    worth(
                        money(1_001, "EUR"),
                        shared(&[("dan", 10_000, false)], by("fay", deal("03-02T12:00:00", "lost"))),
                    ),
                ],
                &[
                    "bob east 03-02 left lead EUR: 333",
                    "eve east 03-02 left lead EUR: 668",
                    "bob east 03-02 lost from lead EUR: 333",
                    "eve east 03-02 lost from lead EUR: 668",
                ],
            ),
            (
                // -10 x 0.3333 is -3.3, rounded down to -4; the rest of -10 is -6.
                "amounts below 0 round towards negative infinity; each visit has its own credits",
                vec![
                    shared(&third, worth(money(-10, "EUR"), deal("03-02T10:00:00", "lead"))),
                    worth(None, deal("03-03T10:00:00", "mql")),
                    shared(&third, worth(None, deal("03-04T10:00:00", "won"))),
                ],
                &[
                    "bob west 03-03 left lead EUR: -4",
                    "eve west 03-03 left lead EUR: -6",
                    "ann west 03-04 left mql EUR: -10",
                ],
            ),
        ],
    );
}
