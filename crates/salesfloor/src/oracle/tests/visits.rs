//! Cases of visits to stages and of how long they last.

use super::*;

#[test]
fn visits_begin_and_end() {
    check_deals(
        &[Family::Visits],
        &[
            (
                // Midnight in Berlin is at 23:00.
                "entered for the first event's rep, left for the last one's by the day of the event that ended it",
                vec![
                    deal("03-02T22:59:00", "lead"),
                    with(by("bob", deal("03-02T22:59:59", "lead")), |event| {
                        event.territory_id = "east".into();
                    }),
                    by("cid", deal("03-02T23:00:00", "mql")),
                ],
                &[
                    "ann west 03-02 entered lead: 1",
                    "bob east 03-03 advanced from lead: 1",
                    "cid west 03-03 entered mql: 1",
                    "cid west 03-03 since in mql: 1",
                ],
            ),
            (
                "still there: since the first event, for who has it now",
                vec![
                    deal("03-02T10:00:00", "mql"),
                    by("bob", deal("03-03T10:00:00", "mql")),
                    with(by("cid", deal("03-04T10:00:00", "mql")), |event| {
                        event.territory_id = "east".into();
                    }),
                ],
                &["ann west 03-02 entered mql: 1", "cid east 03-02 since in mql: 1"],
            ),
            (
                "a skipped stage is not visited",
                vec![
                    deal("03-02T10:00:00", "new"),
                    deal("03-03T10:00:00", "pitched"),
                    deal("03-04T10:00:00", "signed"),
                ],
                &[
                    "ann west 03-02 entered new: 1",
                    "ann west 03-03 advanced from new: 1",
                    "ann west 03-03 entered pitched: 1",
                    "ann west 03-04 advanced from pitched: 1",
                ],
            ),
            (
                "moved back and on again: each visit counts",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "mql"),
                    deal("03-04T10:00:00", "lead"),
                    deal("03-04T11:00:00", "mql"),
                    deal("03-04T12:00:00", "lost"),
                ],
                &[
                    "ann west 03-02 entered lead: 1",
                    "ann west 03-03 advanced from lead: 1",
                    "ann west 03-03 entered mql: 1",
                    "ann west 03-04 moved back from mql: 1",
                    "ann west 03-04 entered lead: 1",
                    "ann west 03-04 advanced from lead: 1",
                    "ann west 03-04 entered mql: 1",
                    "ann west 03-04 lost from mql: 1",
                ],
            ),
            ("won straight away: no visit", vec![deal("03-02T10:00:00", "won")], &[]),
            ("lost straight away: no visit", vec![deal("03-02T10:00:00", "lost")], &[]),
            (
                "an event of an unknown stage ends no visit",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "dream"),
                    deal("03-04T10:00:00", "lead"),
                ],
                &["ann west 03-02 entered lead: 1", "ann west 03-02 since in lead: 1"],
            ),
        ],
    );
}

#[test]
fn visits_around_a_close() {
    check_deals(
        &[Family::Visits],
        &[
            (
                "reopened in the stage it was closed from: a second visit",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "won"),
                    by("bob", deal("03-04T10:00:00", "lead")),
                ],
                &[
                    "ann west 03-02 entered lead: 1",
                    "ann west 03-03 advanced from lead: 1",
                    "bob west 03-04 entered lead: 1",
                    "bob west 03-04 since in lead: 1",
                ],
            ),
            (
                "won, lost and won again without being opened: the first of them ended the visit",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "lost"),
                    deal("03-04T10:00:00", "won"),
                    deal("03-05T10:00:00", "lost"),
                    deal("03-06T10:00:00", "mql"),
                    deal("03-07T10:00:00", "won"),
                    deal("03-08T10:00:00", "lost"),
                ],
                &[
                    "ann west 03-02 entered lead: 1",
                    "ann west 03-03 lost from lead: 1",
                    "ann west 03-06 entered mql: 1",
                    "ann west 03-07 advanced from mql: 1",
                ],
            ),
        ],
    );
}

#[test]
fn visits_in_several_pipelines() {
    check_deals(
        &[Family::Visits],
        &[
            (
                "to an open stage of another pipeline, whatever its number: moved back",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "pitched"),
                    deal("03-04T10:00:00", "mql"),
                ],
                &[
                    "ann west 03-02 entered lead: 1",
                    "ann west 03-03 moved back from lead: 1",
                    "ann west 03-03 entered pitched: 1",
                    "ann west 03-04 moved back from pitched: 1",
                    "ann west 03-04 entered mql: 1",
                    "ann west 03-04 since in mql: 1",
                ],
            ),
            (
                "won in another pipeline, whatever its stage's number: advanced",
                vec![
                    deal("03-02T10:00:00", "talks"),
                    deal("03-03T10:00:00", "won"),
                    deal("03-04T10:00:00", "mql"),
                    deal("03-05T10:00:00", "signed"),
                ],
                &[
                    "ann west 03-02 entered talks: 1",
                    "ann west 03-03 advanced from talks: 1",
                    "ann west 03-04 entered mql: 1",
                    "ann west 03-05 advanced from mql: 1",
                ],
            ),
            (
                "lost in another pipeline: lost",
                vec![deal("03-02T10:00:00", "talks"), deal("03-03T10:00:00", "dropped")],
                &["ann west 03-02 entered talks: 1", "ann west 03-03 lost from talks: 1"],
            ),
            (
                "a lost stage between open ones is passed over, and may be visited",
                vec![
                    deal("03-02T10:00:00", "due"),
                    deal("03-03T10:00:00", "talks"),
                    deal("03-04T10:00:00", "due"),
                    deal("03-05T10:00:00", "lapsed"),
                    deal("03-06T10:00:00", "talks"),
                    deal("03-07T10:00:00", "lapsed"),
                ],
                &[
                    "ann west 03-02 entered due: 1",
                    "ann west 03-03 advanced from due: 1",
                    "ann west 03-03 entered talks: 1",
                    "ann west 03-04 moved back from talks: 1",
                    "ann west 03-04 entered due: 1",
                    "ann west 03-05 lost from due: 1",
                    "ann west 03-06 entered talks: 1",
                    "ann west 03-07 lost from talks: 1",
                ],
            ),
        ],
    );
}

#[test]
fn deletions_within_a_history_do_not_matter_to_visits() {
    check_deals(
        &[Family::Visits, Family::Dwell],
        &[
            (
                "deleted and back within a stage: one visit",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    by("bob", deleted(deal("03-02T10:00:10", "lead"))),
                    deal("03-02T10:00:20", "mql"),
                ],
                &[
                    "ann west 03-02 entered lead: 1",
                    "bob west 03-02 advanced from lead: 1",
                    "bob west 03-02 dwell lead: 20",
                    "bob west 03-02 dwell lead bucket 20: 1",
                    "ann west 03-02 entered mql: 1",
                    "ann west 03-02 since in mql: 1",
                ],
            ),
            (
                "the stages of deleted events are visited, and end visits",
                vec![
                    deleted(deal("03-02T10:00:00", "lead")),
                    deleted(deal("03-02T10:00:10", "mql")),
                    deleted(deal("03-02T10:00:30", "lost")),
                    deal("03-02T10:00:40", "mql"),
                ],
                &[
                    "ann west 03-02 entered lead: 1",
                    "ann west 03-02 advanced from lead: 1",
                    "ann west 03-02 dwell lead: 10",
                    "ann west 03-02 dwell lead bucket 10: 1",
                    "ann west 03-02 entered mql: 2",
                    "ann west 03-02 lost from mql: 1",
                    "ann west 03-02 dwell mql: 20",
                    "ann west 03-02 dwell mql bucket 20: 1",
                    "ann west 03-02 since in mql: 1",
                ],
            ),
        ],
    );
}

#[test]
fn equal_times_are_visits_of_no_length() {
    check_deals(
        &[Family::Visits, Family::Dwell],
        &[(
            "three stages at one time, in order of version",
            vec![
                version(3, by("cid", deal("03-02T10:00:00", "lead"))),
                version(1, by("ann", deal("03-02T10:00:00", "lead"))),
                version(2, by("bob", deal("03-02T10:00:00", "mql"))),
            ],
            // A dwell of 0 is counted but adds nothing.
            &[
                "ann west 03-02 entered lead: 1",
                "ann west 03-02 advanced from lead: 1",
                "ann west 03-02 dwell lead bucket 0: 1",
                "bob west 03-02 entered mql: 1",
                "bob west 03-02 moved back from mql: 1",
                "bob west 03-02 dwell mql bucket 0: 1",
                "cid west 03-02 entered lead: 1",
                "cid west 03-02 since in lead: 1",
            ],
        )],
    );
}

#[test]
fn dwell() {
    check_deals(
        &[Family::Dwell],
        &[
            (
                "from the first event of a visit to the first of the next, in whole seconds; not while it lasts",
                vec![
                    deal("03-02T10:00:00.2", "lead"),
                    deal("03-02T10:00:50", "lead"),
                    deal("03-02T10:01:41.1", "mql"),
                    deal("03-09T10:00:00", "mql"),
                ],
                &["ann west 03-02 dwell lead: 100", "ann west 03-02 dwell lead bucket 100: 1"],
            ),
            (
                "less than a second: counted, adds nothing",
                vec![deal("03-02T10:00:00", "lead"), deal("03-02T10:00:00.999999", "won")],
                &["ann west 03-02 dwell lead bucket 0: 1"],
            ),
            (
                // 3 days are 259 200 s: 2^17 <= it, 259 200 >> 11 is 126, 11 * 64 + 126 = 830. 1 day is 86 400 s:
                // 2^16 <= it, 86 400 >> 10 is 84, 10 * 64 + 84 = 724.
                "each visit by the day it ended; closed stages have no dwell",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-05T10:00:00", "lost"),
                    deal("03-09T10:00:00", "lead"),
                    by("bob", deal("03-10T10:00:00", "mql")),
                    deal("03-10T10:00:07", "lead"),
                ],
                &[
                    "ann west 03-05 dwell lead: 259200",
                    "ann west 03-05 dwell lead bucket 830: 1",
                    "ann west 03-10 dwell lead: 86400",
                    "ann west 03-10 dwell lead bucket 724: 1",
                    "bob west 03-10 dwell mql: 7",
                    "bob west 03-10 dwell mql bucket 7: 1",
                ],
            ),
            (
                "two visits on one day: seconds add up, visits are counted",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-02T10:00:30", "mql"),
                    deal("03-02T10:00:31", "lead"),
                    deal("03-02T10:01:01", "mql"),
                ],
                &[
                    "ann west 03-02 dwell lead: 60",
                    "ann west 03-02 dwell lead bucket 30: 2",
                    "ann west 03-02 dwell mql: 1",
                    "ann west 03-02 dwell mql bucket 1: 1",
                ],
            ),
        ],
    );
}
