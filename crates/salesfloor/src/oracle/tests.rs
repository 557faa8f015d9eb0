//! Cases computed by hand. Times are UTC, days those of Berlin.

use std::borrow::Cow;

use model::{
    Category, Credit, Currency, DealEvent, Money, Pipeline, Stage, StageIndex, StageKind, StageRole,
    Timestamp,
};

use super::*;

mod activities;
mod flows;
mod left_amounts;
mod order;
mod outcome;
mod progress;
mod touches;
mod visits;

/// Three pipelines; no two stages have one name. `default` has a stage of role mql and none of role sql, `long` has
/// both, `renewal` only one of role sql, a lost stage between its open ones, and two won ones.
fn pipelines() -> Pipelines {
    let stage = |(name, kind, role): (&str, StageKind, Option<StageRole>)| Stage {
        name: name.to_owned(),
        kind,
        limit_days: None,
        role,
    };
    let pipeline = |name: &str, stages: &[(&str, StageKind, Option<StageRole>)]| Pipeline {
        name: name.to_owned(),
        stages: stages.iter().copied().map(stage).collect(),
    };
    Pipelines::new(vec![
        pipeline(
            "default",
            &[
                ("lead", StageKind::Open, None),
                ("mql", StageKind::Open, Some(StageRole::Mql)),
                ("won", StageKind::Won, None),
                ("lost", StageKind::Lost, None),
            ],
        ),
        pipeline(
            "long",
            &[
                ("new", StageKind::Open, None),
                ("nurtured", StageKind::Open, Some(StageRole::Mql)),
                ("qualified", StageKind::Open, Some(StageRole::Sql)),
                ("pitched", StageKind::Open, None),
                ("signed", StageKind::Won, None),
                ("dropped", StageKind::Lost, None),
            ],
        ),
        pipeline(
            "renewal",
            &[
                ("due", StageKind::Open, None),
                ("lapsed", StageKind::Lost, None),
                ("talks", StageKind::Open, Some(StageRole::Sql)),
                ("renewed", StageKind::Won, None),
                ("upgraded", StageKind::Won, None),
            ],
        ),
    ])
    .unwrap()
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

/// A deal of Ann in the west with 10.00 EUR, in the pipeline that has the stage, else in `default`; the event's id is
/// its time and stage.
fn deal(time: &str, stage: &str) -> DealEvent<'static> {
    let pipelines = pipelines();
    let with_stage =
        pipelines.as_slice().iter().find(|pipeline| pipelines.find(&pipeline.name, stage).is_some());
    DealEvent {
        event_id: Cow::Owned(format!("{time} {stage}")),
        deal_id: Cow::Borrowed("D-1"),
        occurred_at: at(time),
        version: None,
        pipeline: Cow::Owned(with_stage.map_or("default", |pipeline| &pipeline.name).to_owned()),
        stage: Cow::Owned(stage.to_owned()),
        rep_id: Cow::Borrowed("ann"),
        territory_id: Cow::Borrowed("west"),
        amount: money(1_000, "EUR"),
        expected_close: None,
        credits: Vec::new(),
        deleted: false,
    }
}

/// The type of activities, not told in the lines of cases.
const USUAL_TYPE: &str = "crm_update";

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
        kind: Cow::Borrowed(USUAL_TYPE),
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

/// The same event, with another owner.
fn by(rep_id: &'static str, event: DealEvent<'static>) -> DealEvent<'static> {
    with(event, |event| event.rep_id = rep_id.into())
}

/// The same event, by which the deal is deleted.
fn deleted(event: DealEvent<'static>) -> DealEvent<'static> {
    with(event, |event| event.deleted = true)
}

/// The same event, of this version.
fn version(version: i64, event: DealEvent<'static>) -> DealEvent<'static> {
    with(event, |event| event.version = Some(version))
}

/// What belongs together, so that a case need not name every number of its deals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Created, open, won, lost, and the sales cycle.
    Outcome,
    /// Visits to stages: entered, how they ended, since when they last.
    Visits,
    /// How long visits lasted.
    Dwell,
    /// The amounts with which visits ended.
    LeftAmounts,
    /// Stages reached, and what became of the deals of a day.
    Reached,
    /// Leads and what became of them.
    Leads,
    /// How the open amount came and went.
    Flows,
    Activities,
    /// What closed deals were worked on with.
    Touches,
}

impl Family {
    /// All that deals have.
    const OF_DEALS: [Self; 7] = [
        Self::Outcome,
        Self::Visits,
        Self::Dwell,
        Self::LeftAmounts,
        Self::Reached,
        Self::Leads,
        Self::Flows,
    ];
}

/// A measure's family and its name in the lines of cases.
fn named(measure: Measure) -> (Family, String) {
    let pipelines = pipelines();
    let name = |stage: StageIndex| pipelines.get(stage).unwrap().1.name.clone();
    match measure {
        Measure::CreatedDeals => (Family::Outcome, "created".to_owned()),
        Measure::WonDeals => (Family::Outcome, "won".to_owned()),
        Measure::LostDeals => (Family::Outcome, "lost".to_owned()),
        Measure::WonAmount(currency) => (Family::Outcome, format!("won {currency}")),
        Measure::CycleSeconds => (Family::Outcome, "cycle".to_owned()),
        Measure::CycleDeals(bucket) => (Family::Outcome, format!("cycle bucket {}", bucket.number())),
        Measure::OpenDeals(stage) => (Family::Outcome, format!("open {}", name(stage))),
        Measure::OpenAmount(stage, currency) => (Family::Outcome, format!("open {} {currency}", name(stage))),
        Measure::OpenDueAmount(currency) => (Family::Outcome, format!("due {currency}")),
        Measure::FlowAmount(flow, currency) => (Family::Flows, format!("flow {} {currency}", flow.name())),
        Measure::StageEntered(stage) => (Family::Visits, format!("entered {}", name(stage))),
        Measure::StageAdvanced(stage) => (Family::Visits, format!("advanced from {}", name(stage))),
        Measure::StageMovedBack(stage) => (Family::Visits, format!("moved back from {}", name(stage))),
        Measure::StageLost(stage) => (Family::Visits, format!("lost from {}", name(stage))),
        Measure::OpenSince(stage) => (Family::Visits, format!("since in {}", name(stage))),
        Measure::DwellSeconds(stage) => (Family::Dwell, format!("dwell {}", name(stage))),
        Measure::DwellVisits(stage, bucket) => {
            (Family::Dwell, format!("dwell {} bucket {}", name(stage), bucket.number()))
        }
        Measure::StageLeftAmount(stage, currency) => {
            (Family::LeftAmounts, format!("left {} {currency}", name(stage)))
        }
        Measure::StageLostAmount(stage, currency) => {
            (Family::LeftAmounts, format!("lost from {} {currency}", name(stage)))
        }
        Measure::Reached(stage) => (Family::Reached, format!("reached {}", name(stage))),
        Measure::CohortWon => (Family::Reached, "cohort won".to_owned()),
        Measure::CohortLost => (Family::Reached, "cohort lost".to_owned()),
        Measure::WonReached(stage) => (Family::Reached, format!("won reached {}", name(stage))),
        Measure::LostReached(stage) => (Family::Reached, format!("lost reached {}", name(stage))),
        Measure::Mql => (Family::Leads, "mql".to_owned()),
        Measure::MqlToSql => (Family::Leads, "mql to sql".to_owned()),
        Measure::MqlDropped => (Family::Leads, "mql dropped".to_owned()),
        Measure::Activities(category, _) => (Family::Activities, format!("count {}", category.name())),
        Measure::ActivitySeconds(category, _) => (Family::Activities, format!("seconds {}", category.name())),
        Measure::ClosedWith(category, touches) => {
            let (count, outcome) = (touches.count(), if touches.is_won() { "won" } else { "lost" });
            (Family::Touches, format!("{outcome} with {count} {}", category.name()))
        }
    }
}

/// One line a cell of these families: rep, territory, day (month and day, `-` for none), measure, value.
fn lines(cells: &OracleCells, families: &[Family]) -> Vec<String> {
    let line = |(key, value): (&OracleKey, &i128)| {
        let day = key.day.map_or("-".to_owned(), |day| day.to_string()[5..].to_owned());
        let (family, measure) = named(key.measure);
        let of_type = key.activity_type.as_ref().filter(|of_type| **of_type != USUAL_TYPE);
        let of_type = of_type.map(|of_type| format!(" {of_type}")).unwrap_or_default();
        let line = format!("{} {} {day} {measure}{of_type}: {value}", key.rep_id, key.territory_id);
        families.contains(&family).then_some(line)
    };
    cells.iter().filter_map(line).collect()
}

/// Checks that the cells of these families are as expected, all of them and no others, in any order of events.
fn check(name: &str, families: &[Family], events: &[Event<'_>], expected: &[&str]) {
    let mut expected: Vec<&str> = expected.to_vec();
    expected.sort_unstable();
    let backwards = events.iter().rev().chain(events);
    for found in [cells(events, &pipelines(), &calendar()), cells(backwards, &pipelines(), &calendar())] {
        let mut found = lines(&found, families);
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
    }
}

/// A name, the events of deals, and the lines that are expected.
type DealCase<'c> = (&'c str, Vec<DealEvent<'static>>, &'c [&'c str]);

fn check_deals(families: &[Family], cases: &[DealCase<'_>]) {
    for (name, events, expected) in cases {
        let events: Vec<Event<'_>> = events.iter().cloned().map(Event::Deal).collect();
        check(name, families, &events, expected);
    }
}

#[test]
fn every_number_of_one_deal() {
    check_deals(
        &Family::OF_DEALS,
        &[
            (
                "won with a stage skipped, by another rep",
                vec![
                    deal("03-02T10:00:00", "new"),
                    by("bob", deal("03-02T10:00:20", "qualified")),
                    by("bob", deal("03-02T10:01:00", "signed")),
                ],
                &[
                    "ann west 03-02 created: 1",
                    "bob west 03-02 won: 1",
                    "bob west 03-02 won EUR: 1000",
                    "bob west 03-02 cycle: 60",
                    "bob west 03-02 cycle bucket 60: 1",
                    "ann west 03-02 entered new: 1",
                    "ann west 03-02 advanced from new: 1",
                    "ann west 03-02 dwell new: 20",
                    "ann west 03-02 dwell new bucket 20: 1",
                    "ann west 03-02 left new EUR: 1000",
                    "bob west 03-02 entered qualified: 1",
                    "bob west 03-02 advanced from qualified: 1",
                    "bob west 03-02 dwell qualified: 40",
                    "bob west 03-02 dwell qualified bucket 40: 1",
                    "bob west 03-02 left qualified EUR: 1000",
                    "ann west 03-02 reached new: 1",
                    "ann west 03-02 reached nurtured: 1",
                    "ann west 03-02 reached qualified: 1",
                    "ann west 03-02 reached pitched: 1",
                    "ann west 03-02 cohort won: 1",
                    "bob west 03-02 won reached new: 1",
                    "bob west 03-02 won reached nurtured: 1",
                    "bob west 03-02 won reached qualified: 1",
                    "bob west 03-02 won reached pitched: 1",
                    "bob west 03-02 mql: 1",
                    "bob west 03-02 mql to sql: 1",
                    "ann west 03-02 flow new EUR: 1000",
                    "ann west 03-02 flow moved_out EUR: 1000",
                    "bob west 03-02 flow moved_in EUR: 1000",
                    "bob west 03-02 flow won EUR: 1000",
                ],
            ),
            (
                "deleted at last: nothing at all",
                vec![
                    deal("03-02T10:00:00", "lead"),
                    deal("03-03T10:00:00", "mql"),
                    deal("03-04T10:00:00", "won"),
                    deleted(deal("03-05T10:00:00", "won")),
                ],
                &[],
            ),
            ("deleted from the start: nothing at all", vec![deleted(deal("03-02T10:00:00", "mql"))], &[]),
        ],
    );
}
