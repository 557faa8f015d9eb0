//! Cases of what closed deals were worked on with, and of types of activities.

use super::*;

fn touch(id: &'static str, time: &str, category: Category) -> Event<'static> {
    Event::Activity(with(activity(time, None), |event| {
        event.activity_id = Cow::Borrowed(id);
        event.deal_id = Some(Cow::Borrowed("D-1"));
        event.category = category;
    }))
}

fn stage(time: &str, stage: &str) -> Event<'static> {
    Event::Deal(deal(time, stage))
}

#[test]
fn closed_deals_have_the_activities_up_to_the_day_of_their_close() {
    check(
        "both days count whole, what comes later does not",
        &[Family::Touches],
        &[
            stage("03-02T10:00:00", "lead"),
            touch("A-1", "03-01T10:00:00", Category::Admin),
            touch("A-2", "03-03T22:30:00", Category::Admin),
            touch("A-3", "03-03T23:30:00", Category::Admin),
            touch("A-4", "03-03T09:00:00", Category::Travel),
            stage("03-03T10:00:00", "won"),
        ],
        &["ann west 03-03 won with 2 admin: 1", "ann west 03-03 won with 1 travel: 1"],
    );
    check(
        "an open deal has none yet, and one without activities is not told of",
        &[Family::Touches],
        &[stage("03-02T10:00:00", "lead"), touch("A-1", "03-01T10:00:00", Category::Admin)],
        &[],
    );
    check(
        "whoever had the deal at its close has its activities, whoever did them",
        &[Family::Touches],
        &[
            Event::Deal(with(deal("03-03T10:00:00", "lost"), |event| event.rep_id = Cow::Borrowed("bob"))),
            touch("A-1", "03-01T10:00:00", Category::Admin),
            stage("03-09T10:00:00", "lost"),
        ],
        &["bob west 03-03 lost with 1 admin: 1"],
    );
    check(
        "retracted, of another deal, of a deleted deal",
        &[Family::Touches],
        &[
            stage("03-03T10:00:00", "won"),
            Event::Activity(with(activity("03-01T10:00:00", Some(2)), |event| {
                event.deal_id = Some(Cow::Borrowed("D-1"));
                event.retracted = true;
            })),
            touch("A-1", "03-01T10:00:00", Category::Admin),
            Event::Activity(with(activity("03-01T10:00:00", None), |event| {
                event.activity_id = Cow::Borrowed("A-2");
                event.deal_id = Some(Cow::Borrowed("D-2"));
            })),
            Event::Deal(with(deal("03-04T10:00:00", "won"), |event| {
                event.deal_id = Cow::Borrowed("D-2");
                event.deleted = true;
            })),
        ],
        &[],
    );
}

#[test]
fn activities_are_told_by_type() {
    let of_type = |id: &'static str, kind: &'static str| {
        Event::Activity(with(activity("03-02T10:00:00", None), |event| {
            event.activity_id = Cow::Borrowed(id);
            event.kind = Cow::Borrowed(kind);
        }))
    };
    check(
        "two types of one category",
        &[Family::Activities],
        &[of_type("A-1", "expenses"), of_type("A-2", "crm_update"), of_type("A-3", "expenses")],
        &[
            "ann west 03-02 count admin expenses: 2",
            "ann west 03-02 seconds admin expenses: 1200",
            "ann west 03-02 count admin: 1",
            "ann west 03-02 seconds admin: 600",
        ],
    );
}
