//! Cases of activities, of deals beside them, and of periods.

use super::*;

#[test]
fn activities() {
    let cases: [(&str, Vec<ActivityEvent<'static>>, &[&str]); 6] = [
        (
            "one, twice told",
            vec![activity("03-02T23:30:00", None), activity("03-02T23:30:00", None)],
            &["ann west 03-03 count admin: 1", "ann west 03-03 seconds admin: 600"],
        ),
        (
            "corrected: the highest version counts, though it is earlier",
            vec![
                activity("03-02T10:00:00", Some(1)),
                with(activity("03-01T10:00:00", Some(2)), |event| {
                    event.category = Category::Travel;
                    event.duration_seconds = 0;
                    event.rep_id = "bob".into();
                }),
                activity("03-09T10:00:00", None),
            ],
            &["bob west 03-01 count travel: 1"],
        ),
        (
            "of equal versions the later counts",
            vec![activity("03-02T10:00:00", Some(1)), activity("03-03T10:00:00", Some(1))],
            &["ann west 03-03 count admin: 1", "ann west 03-03 seconds admin: 600"],
        ),
        (
            "retracted: nothing",
            vec![
                activity("03-02T10:00:00", Some(1)),
                with(activity("03-02T10:00:00", Some(2)), |event| {
                    event.retracted = true;
                }),
            ],
            &[],
        ),
        (
            "retracted by a lower version: still there",
            vec![
                activity("03-02T10:00:00", Some(1)),
                with(activity("03-05T10:00:00", None), |event| event.retracted = true),
            ],
            &["ann west 03-02 count admin: 1", "ann west 03-02 seconds admin: 600"],
        ),
        (
            "of equal keys the content decides",
            vec![
                with(activity("03-02T10:00:00", None), |event| {
                    event.duration_seconds = 7;
                }),
                with(activity("03-02T10:00:00", None), |event| {
                    event.duration_seconds = 70;
                }),
                with(activity("03-02T10:00:00", None), |event| {
                    event.duration_seconds = 8;
                }),
            ],
            &["ann west 03-02 count admin: 1", "ann west 03-02 seconds admin: 70"],
        ),
    ];
    for (name, events, expected) in cases {
        let events: Vec<Event<'_>> = events.into_iter().map(Event::Activity).collect();
        check(name, &[Family::Activities], &events, expected);
    }
}

#[test]
fn deals_and_activities_of_one_id_are_apart_and_sums_meet() {
    let second = with(deal("03-02T11:00:00", "lead"), |event| {
        event.deal_id = "D-2".into();
        event.amount = money(-1_000, "EUR");
    });
    let third = with(activity("03-02T10:00:00", None), |event| {
        event.activity_id = "D-1".into();
    });
    let fourth = with(third.clone(), |event| event.activity_id = "A-2".into());
    let events = [
        Event::Deal(deal("03-02T10:00:00", "lead")),
        Event::Deal(second),
        Event::Activity(third),
        Event::Activity(fourth),
    ];
    check(
        "amounts that cancel out leave no cell",
        &[Family::Outcome, Family::Activities],
        &events,
        &[
            "ann west 03-02 created: 2",
            "ann west - open lead: 2",
            "ann west 03-02 count admin: 2",
            "ann west 03-02 seconds admin: 1200",
        ],
    );
}

#[test]
fn periods_sum_days() {
    // 2026-03-29 is a Sunday, 03-30 a Monday, 04-01 a Wednesday of the same week.
    let times = ["03-29T10:00:00", "03-30T10:00:00", "04-01T10:00:00"];
    let events: Vec<Event<'_>> = times
        .into_iter()
        .map(|time| {
            Event::Deal(with(deal(time, "lead"), |event| {
                event.deal_id = time.to_owned().into();
            }))
        })
        .collect();
    let calendar = calendar();
    let cells = cells(&events, &pipelines(), &calendar);
    for (kind, expected) in [
        (PeriodKind::Day, vec![("2026-03-29", 1), ("2026-03-30", 1), ("2026-04-01", 1)]),
        (PeriodKind::Week, vec![("2026-W13", 1), ("2026-W14", 2)]),
        (PeriodKind::Month, vec![("2026-03", 2), ("2026-04", 1)]),
        (PeriodKind::Quarter, vec![("2026-Q1", 2), ("2026-Q2", 1)]),
        (PeriodKind::Year, vec![("2026", 3)]),
    ] {
        let expected: BTreeMap<_, _> = expected
            .into_iter()
            .map(|(name, count)| {
                let period = calendar.parse(name).unwrap();
                let key = ("ann".to_owned(), "west".to_owned(), period, Measure::CreatedDeals);
                (key, count)
            })
            .collect();
        let mut found = period(&cells, &calendar, kind);
        found.retain(|(_, _, _, measure), _| *measure == Measure::CreatedDeals);
        assert_eq!(found, expected, "{}", kind.name());
    }
}
