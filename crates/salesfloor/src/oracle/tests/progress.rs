//! Cases of how far deals have come, of cohorts and of leads.

use super::*;

#[test]
fn reached_stages() {
    check_deals(
        &[Family::Reached],
        &[
            (
                "skipped stages are reached, and stay so when the deal moves back",
                vec![
                    deal("03-02T10:00:00", "new"),
                    deal("03-03T10:00:00", "qualified"),
                    deal("03-04T10:00:00", "nurtured"),
                ],
                &[
                    "ann west 03-02 reached new: 1",
                    "ann west 03-02 reached nurtured: 1",
                    "ann west 03-02 reached qualified: 1",
                ],
            ),
            (
                "won once: all are reached, though it is open again",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "won"),
                    deal("03-04T10:00:00", "lead"),
                ],
                &["ann west 03-02 reached lead: 1", "ann west 03-02 reached mql: 1"],
            ),
            (
                "lost and open again",
                vec![deal("03-02T10:00:00", "lost"), deal("03-03T10:00:00", "lead")],
                &["ann west 03-02 reached lead: 1"],
            ),
            (
                "a lost stage between open ones is not reached and reaches none",
                vec![deal("03-02T10:00:00", "lapsed"), deal("03-03T10:00:00", "talks")],
                &["ann west 03-02 reached due: 1", "ann west 03-02 reached talks: 1"],
            ),
            (
                "deleted events count where they are within",
                vec![
                    deal("03-02T10:00:00", "new"),
                    deleted(deal("03-03T10:00:00", "nurtured")),
                    deal("03-04T10:00:00", "new"),
                ],
                &["ann west 03-02 reached new: 1", "ann west 03-02 reached nurtured: 1"],
            ),
            (
                "a deleted win reaches all, too",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deleted(deal("03-03T10:00:00", "won")),
                    deal("03-04T10:00:00", "lead"),
                ],
                &["ann west 03-02 reached lead: 1", "ann west 03-02 reached mql: 1"],
            ),
        ],
    );
}

#[test]
fn reached_stages_of_the_pipeline_of_now() {
    check_deals(
        &[Family::Reached],
        &[
            (
                "stages of the pipeline before do not count",
                vec![deal("03-02T10:00:00", "pitched"), deal("03-03T10:00:00", "lead")],
                &["ann west 03-02 reached lead: 1"],
            ),
            (
                "nor does a win there",
                vec![deal("03-02T10:00:00", "signed"), deal("03-03T10:00:00", "due")],
                &["ann west 03-02 reached due: 1"],
            ),
            (
                "back in the first pipeline: what was reached there before counts",
                vec![
                    deal("03-02T10:00:00", "nurtured"),
                    deal("03-03T10:00:00", "upgraded"),
                    deal("03-04T10:00:00", "new"),
                ],
                &["ann west 03-02 reached new: 1", "ann west 03-02 reached nurtured: 1"],
            ),
            (
                "lost in a pipeline in which it was never open: none is reached",
                vec![deal("03-02T10:00:00", "pitched"), deal("03-03T10:00:00", "lost")],
                &["ann west 03-02 cohort lost: 1"],
            ),
            (
                "won in a pipeline in which it was never open: all are reached",
                vec![deal("03-02T10:00:00", "pitched"), deal("03-03T10:00:00", "renewed")],
                &[
                    "ann west 03-02 reached due: 1",
                    "ann west 03-02 reached talks: 1",
                    "ann west 03-02 cohort won: 1",
                    "ann west 03-03 won reached due: 1",
                    "ann west 03-03 won reached talks: 1",
                ],
            ),
        ],
    );
}

#[test]
fn reached_stages_of_closed_deals() {
    check_deals(
        &[Family::Reached],
        &[
            (
                "won straight away",
                vec![deal("03-02T10:00:00", "won")],
                &[
                    "ann west 03-02 reached lead: 1",
                    "ann west 03-02 reached mql: 1",
                    "ann west 03-02 cohort won: 1",
                    "ann west 03-02 won reached lead: 1",
                    "ann west 03-02 won reached mql: 1",
                ],
            ),
            (
                "lost straight away: none is reached",
                vec![deal("03-02T10:00:00", "dropped")],
                &["ann west 03-02 cohort lost: 1"],
            ),
            (
                "won, then lost in one run: all are reached; lost at the start of the run",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "won"),
                    deal("03-04T10:00:00", "lost"),
                ],
                &[
                    "ann west 03-02 reached lead: 1",
                    "ann west 03-02 reached mql: 1",
                    "ann west 03-02 cohort lost: 1",
                    "ann west 03-03 lost reached lead: 1",
                    "ann west 03-03 lost reached mql: 1",
                ],
            ),
            (
                "a deletion breaks the run: lost after it",
                vec![
                    deal("03-02T10:00:00", "due"),
                    deal("03-03T10:00:00", "lapsed"),
                    deleted(deal("03-04T10:00:00", "lapsed")),
                    by("bob", deal("03-05T10:00:00", "lapsed")),
                ],
                &[
                    "ann west 03-02 reached due: 1",
                    "ann west 03-02 cohort lost: 1",
                    "bob west 03-05 lost reached due: 1",
                ],
            ),
            (
                "for who had it at creation and at close, of equal times the last",
                vec![
                    version(1, deal("03-02T10:00:00", "new")),
                    version(2, by("bob", deal("03-02T10:00:00", "new"))),
                    by("cid", deal("03-03T10:00:00", "nurtured")),
                    version(1, by("dan", deal("03-04T10:00:00", "dropped"))),
                    version(2, by("eve", deal("03-04T10:00:00", "dropped"))),
                    by("fay", deal("03-05T10:00:00", "dropped")),
                ],
                &[
                    "bob west 03-02 reached new: 1",
                    "bob west 03-02 reached nurtured: 1",
                    "bob west 03-02 cohort lost: 1",
                    "eve west 03-04 lost reached new: 1",
                    "eve west 03-04 lost reached nurtured: 1",
                ],
            ),
        ],
    );
}

#[test]
fn leads() {
    check_deals(
        &[Family::Leads],
        &[
            ("not so far", vec![deal("03-02T10:00:00", "lead")], &[]),
            (
                "lost before it: no lead",
                vec![deal("03-02T10:00:00", "lead"), deal("03-03T10:00:00", "lost")],
                &[],
            ),
            ("lost straight away: no lead", vec![deal("03-02T10:00:00", "dropped")], &[]),
            (
                "the first event that says so counts, its day, rep and territory",
                vec![
                    deal("03-02T10:00:00", "new"),
                    with(by("bob", deal("03-03T23:00:00", "nurtured")), |event| {
                        event.territory_id = "east".into();
                    }),
                    by("cid", deal("03-05T10:00:00", "nurtured")),
                    deal("03-06T10:00:00", "new"),
                    by("dan", deal("03-07T10:00:00", "nurtured")),
                ],
                &["bob east 03-04 mql: 1"],
            ),
            (
                "of equal times the first, though it was created for the last",
                vec![
                    version(2, by("bob", deal("03-02T10:00:00", "mql"))),
                    version(1, deal("03-02T10:00:00", "mql")),
                ],
                &["ann west 03-02 mql: 1"],
            ),
            (
                "its stage skipped: by the later stage",
                vec![deal("03-02T10:00:00", "new"), by("bob", deal("03-03T10:00:00", "pitched"))],
                &["bob west 03-03 mql: 1", "bob west 03-03 mql to sql: 1"],
            ),
            (
                "sql later: by the day of mql",
                vec![
                    deal("03-02T10:00:00", "nurtured"),
                    by("bob", deal("03-03T10:00:00", "qualified")),
                    deal("03-04T10:00:00", "dropped"),
                ],
                &["ann west 03-02 mql: 1", "ann west 03-02 mql to sql: 1"],
            ),
            (
                "won straight away: mql and sql",
                vec![deal("03-02T10:00:00", "signed")],
                &["ann west 03-02 mql: 1", "ann west 03-02 mql to sql: 1"],
            ),
            (
                "won, then lost: came to sql, so not dropped",
                vec![
                    deal("03-02T10:00:00", "nurtured"),
                    deal("03-03T10:00:00", "signed"),
                    deal("03-04T10:00:00", "dropped"),
                ],
                &["ann west 03-02 mql: 1", "ann west 03-02 mql to sql: 1"],
            ),
            (
                "lost without sql: dropped, though it was moved back before",
                vec![
                    deal("03-02T10:00:00", "nurtured"),
                    deal("03-03T10:00:00", "new"),
                    deal("03-04T10:00:00", "dropped"),
                ],
                &["ann west 03-02 mql: 1", "ann west 03-02 mql dropped: 1"],
            ),
            (
                "lost and opened again: not dropped",
                vec![
                    deal("03-02T10:00:00", "nurtured"),
                    deal("03-03T10:00:00", "dropped"),
                    deal("03-04T10:00:00", "new"),
                ],
                &["ann west 03-02 mql: 1"],
            ),
            (
                "deleted events count where they are within",
                vec![
                    deleted(deal("03-02T10:00:00", "nurtured")),
                    deleted(deal("03-03T10:00:00", "qualified")),
                    deal("03-04T10:00:00", "new"),
                ],
                &["ann west 03-02 mql: 1", "ann west 03-02 mql to sql: 1"],
            ),
        ],
    );
}

#[test]
fn leads_of_pipelines_with_other_roles() {
    check_deals(
        &[Family::Leads],
        &[
            (
                "without a stage of role sql none becomes one, not even when won",
                vec![deal("03-02T10:00:00", "mql"), deal("03-03T10:00:00", "won")],
                &["ann west 03-02 mql: 1"],
            ),
            (
                "without a stage of role sql each that is lost is dropped, even if it was won",
                vec![deal("03-02T10:00:00", "won"), deal("03-03T10:00:00", "lost")],
                &["ann west 03-02 mql: 1", "ann west 03-02 mql dropped: 1"],
            ),
            (
                "without a stage of role mql there are none",
                vec![
                    deal("03-02T10:00:00", "nurtured"),
                    deal("03-03T10:00:00", "talks"),
                    deal("03-04T10:00:00", "renewed"),
                ],
                &[],
            ),
            (
                "what happened in another pipeline does not count",
                vec![deal("03-02T10:00:00", "signed"), deal("03-03T10:00:00", "lead")],
                &[],
            ),
            (
                "mql again after a change of pipeline: by the event in the pipeline of now; sql of another is none",
                vec![
                    deal("03-02T10:00:00", "mql"),
                    deal("03-03T10:00:00", "talks"),
                    by("bob", deal("03-04T10:00:00", "nurtured")),
                    deal("03-05T10:00:00", "dropped"),
                ],
                &["bob west 03-04 mql: 1", "bob west 03-04 mql dropped: 1"],
            ),
            (
                "back in the first pipeline: what was there before counts",
                vec![
                    deal("03-02T10:00:00", "qualified"),
                    deal("03-03T10:00:00", "mql"),
                    deal("03-04T10:00:00", "new"),
                ],
                &["ann west 03-02 mql: 1", "ann west 03-02 mql to sql: 1"],
            ),
            (
                "lost in another pipeline, in which it was no lead: none",
                vec![deal("03-02T10:00:00", "nurtured"), deal("03-03T10:00:00", "lost")],
                &[],
            ),
        ],
    );
}
