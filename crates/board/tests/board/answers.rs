//! What the board tells of small, fixed numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::fixture::{currency, day, empty_board, rate, reference, rep, territory};
use kpi::{Absence, Value};
use model::{
    CellKey, Day, Goal, GoalScope, Measure, Money, Offset, PartitionId, Period, PeriodKind, Quota,
    ReferenceRecord, RepIndex, TerritoryIndex, Timestamp,
};
use tallyboard_board::{Board, Group, Order, PeriodSlot, PublishError, Published, Scope, Stamp};

fn stamp(progress: u64) -> Stamp {
    Stamp { progress, positions: vec![("deals".into(), Offset(i64::try_from(progress).unwrap()))] }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T12:00:00Z").unwrap()
}

/// Publishes cells of named reps, all in the territory `oslo`, as one partition.
fn publish(board: &Arc<Board>, partition: i32, reps: &[&str], cells: &[(u32, &str, Measure, i128)]) {
    let cells = cells.iter().map(|&(rep, on, measure, value)| {
        let on = if on.is_empty() { CellKey::STANDING } else { day(on) };
        (CellKey { rep: RepIndex(rep), territory: TerritoryIndex(0), day: on, measure }, value)
    });
    let mut writer = board.writer(PartitionId(partition));
    assert!(writer.publish(stamp(1), reps, &["oslo"], cells).is_ok());
}

fn quarter(board: &Board) -> Period {
    board.calendar().period_of(PeriodKind::Quarter, board.calendar().day_of(now()))
}

#[test]
fn foreign_amounts_are_converted_at_the_rate_of_their_day() {
    let board = empty_board();
    board.set_reference(reference(vec![
        rate("EUR", 1_000, day("2026-10-01")),
        rate("EUR", 2_000, day("2026-11-01")),
    ]));
    let [eur, usd] = ["EUR", "USD"].map(|code| Measure::WonAmount(currency(code)));
    publish(
        &board,
        0,
        &["ann"],
        &[(0, "2026-10-31", eur, 100), (0, "2026-11-01", eur, 100), (0, "2026-11-01", usd, 7)],
    );
    let total = |slot| board.tally(&Scope::Company, slot).amounts.total(usd);
    assert_eq!(total(PeriodSlot::Period(quarter(&board))), Ok(307));

    // Other rates count from the next read on.
    board.set_reference(reference(vec![rate("EUR", 3_000, day("2026-11-01"))]));
    let missing = Absence::MissingRate {
        currency: currency("EUR"),
        day: Some(day("2026-10-31")),
        reporting: currency("USD"),
    };
    assert_eq!(total(PeriodSlot::Period(quarter(&board))), Err(missing));
    let november = board.calendar().parse("2026-11").unwrap();
    assert_eq!(total(PeriodSlot::Period(november)), Ok(307));
    let by_name =
        |kpis: Vec<kpi::KpiValue>| kpis.into_iter().find(|kpi| kpi.kpi.name == "won_amount").unwrap();
    let won_amount = by_name(board.kpis(&Scope::Company, Some(quarter(&board)), now()));
    assert_eq!(won_amount.value, Err(missing));
    assert_eq!(won_amount.by_currency, [(currency("EUR"), 200), (currency("USD"), 7)]);
}

#[test]
fn equal_values_share_a_rank_and_absent_ones_have_none() {
    let board = empty_board();
    board.set_reference(reference(vec![
        rep("ann", Some("hunters"), None),
        rep("idle", Some("farmers"), None),
        rep("gone", None, Some("2026-11-23")),
        rep("leaving", None, Some("2026-11-24")),
        rep("gone with numbers", None, Some("2026-11-01")),
        territory("oslo", Some("nord")),
    ]));
    let (won, lost) = (Measure::WonDeals, Measure::LostDeals);
    let today = "2026-11-24";
    publish(
        &board,
        0,
        &["ann", "bob", "cyd", "gone with numbers"],
        &[
            (0, today, won, 1),
            (0, today, lost, 1),
            (1, today, won, 2),
            (1, today, lost, 2),
            (2, today, won, 5),
        ],
    );
    publish(&board, 1, &["gone with numbers"], &[(0, today, lost, 4)]);

    let rows = |kpi: &str, group, order, limit| {
        let board =
            board.leaderboard(kpi::find(kpi).unwrap(), Some(quarter(&board)), group, order, limit, now());
        let board = board.unwrap();
        let rows: Vec<(Option<usize>, String)> =
            board.rows.iter().map(|row| (row.rank, row.id.to_string())).collect();
        (rows, board.total_rows)
    };
    let expected = |rows: Vec<(usize, &str)>| -> Vec<(Option<usize>, String)> {
        rows.iter().map(|&(rank, id)| ((rank > 0).then_some(rank), id.to_owned())).collect()
    };
    for (kpi, group, order, limit, ranks, total) in [
        (
            "win_rate",
            Group::Reps,
            Order::Descending,
            9,
            vec![(1, "cyd"), (2, "ann"), (2, "bob"), (4, "gone with numbers"), (0, "idle"), (0, "leaving")],
            6,
        ),
        ("win_rate", Group::Reps, Order::Ascending, 2, vec![(1, "gone with numbers"), (2, "ann")], 6),
        ("won_deals", Group::Reps, Order::Descending, 3, vec![(1, "cyd"), (2, "bob"), (3, "ann")], 6),
        ("won_deals", Group::Teams, Order::Descending, 9, vec![(1, "hunters"), (2, "farmers")], 2),
        ("won_deals", Group::Regions, Order::Descending, 9, vec![(1, "nord")], 1),
        ("won_deals", Group::Territories, Order::Descending, 0, vec![], 1),
    ] {
        assert_eq!(rows(kpi, group, order, limit), (expected(ranks), total), "{kpi} {group:?} {order:?}");
    }
    let standing = kpi::find("open_deals").unwrap();
    let leaderboard = |period| board.leaderboard(standing, period, Group::Reps, Order::Descending, 9, now());
    assert_eq!(leaderboard(Some(quarter(&board))), None);
    assert_eq!(leaderboard(None).unwrap().rows[0].value.value, Ok(Value::Whole(0)));
}

#[test]
fn ids_and_names_are_told_with_and_without_reference_records() {
    let board = empty_board();
    publish(&board, 0, &["zoe"], &[(0, "", Measure::WonDeals, 1)]);
    assert_eq!(board.reps(), ["zoe".into()]);
    assert_eq!(board.name(&Scope::Rep("zoe".to_owned())).as_deref(), Some("zoe"));
    board.set_reference(reference(vec![
        rep("zoe", Some("hunters"), None),
        rep("ann", None, None),
        territory("oslo", Some("nord")),
    ]));
    assert_eq!(board.reps(), ["ann".into(), "zoe".into()]);
    assert_eq!(board.territories(), ["oslo".into()]);
    assert_eq!(board.regions(), ["nord".into()]);
    assert_eq!(board.teams(), ["hunters".into()]);
    for (scope, expected) in [
        (Scope::Rep("zoe".to_owned()), Some("Rep zoe")),
        (Scope::Rep("nobody".to_owned()), None),
        (Scope::Territory("oslo".to_owned()), Some("Territory oslo")),
        (Scope::Region("nord".to_owned()), Some("nord")),
        (Scope::Region("oslo".to_owned()), None),
        (Scope::Team("hunters".to_owned()), Some("hunters")),
        (Scope::Company, None),
    ] {
        assert_eq!(board.name(&scope).as_deref(), expected, "{scope:?}");
    }
}

#[test]
fn a_publish_that_breaks_a_rule_changes_nothing() {
    let board = empty_board();
    let mut writer = board.writer(PartitionId(0));
    let key = |rep, territory, day| CellKey {
        rep: RepIndex(rep),
        territory: TerritoryIndex(territory),
        day: Day(day),
        measure: Measure::WonDeals,
    };
    for (bad, expected) in [
        (key(1, 0, 0), PublishError::UnknownRep { index: 1, known: 1 }),
        (key(0, 7, 0), PublishError::UnknownTerritory { index: 7, known: 1 }),
        (key(0, 0, -2), PublishError::DayOutOfRange(-2)),
        (key(0, 0, i32::MAX), PublishError::DayOutOfRange(i32::MAX)),
    ] {
        let names: &[&str] = if board.reps().is_empty() { &["ann"] } else { &[] };
        let territories: &[&str] = if board.territories().is_empty() { &["oslo"] } else { &[] };
        assert_eq!(
            writer.publish(stamp(1), names, territories, [(key(0, 0, 0), 1), (bad, 1)]),
            Err(expected)
        );
    }
    assert_eq!((board.counts(), board.generation()), ((0, 0), 0));
    assert_eq!(board.positions(), []);

    let good = [(key(0, 0, 0), 1), (CellKey { day: CellKey::STANDING, ..key(0, 0, 0) }, 2)];
    assert_eq!(writer.publish::<&str>(stamp(9), &[], &[], good), Ok(Published::Applied { changed_cells: 2 }));
    // Sums are made for periods that are asked for.
    assert_eq!(board.counts(), (2, 0));
    for (slot, sums) in
        [(PeriodSlot::Standing, 1), (PeriodSlot::Period(board.periods(PeriodKind::Week)[0]), 2)]
    {
        assert!(!board.tally(&Scope::Company, slot).is_empty());
        assert_eq!(board.counts(), (2, sums));
    }
    assert_eq!(board.positions(), [(PartitionId(0), "deals".into(), Offset(9))]);
}

#[test]
fn many_may_write_and_read_at_once() {
    const CELLS: u32 = 2_000;
    let board = empty_board();
    let key = |rep, number: u32| CellKey {
        rep: RepIndex(rep),
        territory: TerritoryIndex(0),
        day: Day(i32::try_from(number % 700).unwrap()),
        measure: Measure::CreatedDeals,
    };
    std::thread::scope(|threads| {
        for partition in 0..2 {
            let board = Arc::clone(&board);
            threads.spawn(move || {
                let mut writer = board.writer(PartitionId(partition));
                for round in 0..20_u64 {
                    // All tables empty and fill again, so that they are removed while others write to them.
                    let value = i128::from(round % 2);
                    let names: &[&str] = if round == 0 { &["ann", "bob"] } else { &[] };
                    let territories: &[&str] = if round == 0 { &["oslo"] } else { &[] };
                    let cells = (0..CELLS).map(|number| (key(number % 2, number), value));
                    writer.publish(stamp(round), names, territories, cells).unwrap();
                }
            });
        }
        let year = board.calendar().period_of(PeriodKind::Year, Day(0));
        for _ in 0..50 {
            let view = board.view(PeriodSlot::Period(year), now());
            let created = view.company.tally.get(Measure::CreatedDeals);
            let of_reps: i128 = view.reps.iter().map(|row| row.sums.tally.get(Measure::CreatedDeals)).sum();
            assert_eq!(created, of_reps);
        }
    });
    let years = [0, 400].map(|number| board.calendar().period_of(PeriodKind::Year, Day(number)));
    let created = years
        .map(|year| board.tally(&Scope::Company, PeriodSlot::Period(year)).tally.get(Measure::CreatedDeals));
    // 700 days, each for the rep of its parity, in two partitions.
    assert_eq!(created.iter().sum::<i128>(), 2 * 700);
}

fn quota(rep_id: &str, period: &str, minor: i64) -> ReferenceRecord {
    let amount = Money { minor, currency: currency("EUR") };
    let (rep_id, period) = (rep_id.to_owned(), period.to_owned());
    ReferenceRecord::Quota(Quota { rep_id, period, amount, effective_from: None })
}

fn goal(scope: GoalScope, minor: i64) -> ReferenceRecord {
    let won_amount = Money { minor, currency: currency("USD") };
    ReferenceRecord::Goal(Goal { scope, period: "2026-Q4".to_owned(), won_amount })
}

/// What is won and what quotas are made of is told of one moment, though somebody publishes all the time.
#[test]
fn the_numbers_of_one_answer_are_of_one_moment() {
    let board = empty_board();
    let quota = quota("ann", "2026-Q4", 1_000);
    board.set_reference(reference(vec![
        rep("ann", Some("hunters"), None),
        quota,
        rate("EUR", 1_000, Day(0)),
    ]));
    let (usd, day) = (currency("USD"), day("2026-10-05"));
    let key =
        CellKey { rep: RepIndex(0), territory: TerritoryIndex(0), day, measure: Measure::WonAmount(usd) };
    let mut writer = board.writer(PartitionId(0));
    writer.publish(stamp(0), &["ann"], &["oslo"], [(key, 1)]).unwrap();
    let quarter = board.calendar().period_of(PeriodKind::Quarter, day);
    let is_asking = AtomicBool::new(true);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for progress in (1..).take_while(|_| is_asking.load(Ordering::Relaxed)) {
                let none: &[&str] = &[];
                writer.publish(stamp(progress), none, none, [(key, i128::from(progress % 997))]).unwrap();
            }
        });
        let scopes = [Scope::Company, Scope::Team("hunters".to_owned())];
        let told = |scope| {
            let all = board.kpis(scope, Some(quarter), now());
            let value = |name: &str| all.iter().find(|value| value.kpi.name == name).unwrap().value;
            (value("won_amount"), value("quota_attainment"))
        };
        let told: Vec<_> = scopes.iter().cycle().take(4_000).map(told).collect();
        is_asking.store(false, Ordering::Relaxed);
        for (won, attained) in told {
            let (Ok(Value::Whole(won)), Ok(Value::Quotient { numerator, .. })) = (won, attained) else {
                panic!("{won:?} {attained:?}");
            };
            assert_eq!(won, numerator);
        }
    });
}

/// A goal for a territory that nobody has heard of is nobody's.
#[test]
fn goals_of_what_does_not_exist_are_not_told() {
    let board = empty_board();
    let ghost = GoalScope::Territory("ghost".to_owned());
    board.set_reference(reference(vec![
        goal(ghost, 5),
        goal(GoalScope::Territory("oslo".to_owned()), 5),
        territory("oslo", None),
    ]));
    let quarter = board.calendar().period_of(PeriodKind::Quarter, day("2026-10-05"));
    let told = |id: &str| {
        let scope = Scope::Territory(id.to_owned());
        let all = board.kpis(&scope, Some(quarter), now());
        assert_eq!(all, board.view(PeriodSlot::Period(quarter), now()).evaluate_all(&scope));
        all.iter().find(|value| value.kpi.name == "goal_attainment").unwrap().value
    };
    assert!(told("oslo").is_ok());
    assert!(told("ghost").is_err());
}

/// Ann and Bob have quotas, in Oslo and in Rome; Cid has none; Dee has one and has won nothing; of Eve only a quota and of
/// Fay, who has left, only a goal is known.
#[test]
fn quotas_and_goals_are_those_of_the_scope() {
    let board = empty_board();
    let at_home = |id: &str, team: &str, home: &str| match rep(id, Some(team), None) {
        ReferenceRecord::Rep(rep) => {
            ReferenceRecord::Rep(model::Rep { territory_id: Some(home.to_owned()), ..rep })
        }
        other => other,
    };
    board.set_reference(reference(vec![
        rate("EUR", 2_000, day("2026-01-01")),
        territory("oslo", Some("north")),
        territory("rome", Some("south")),
        at_home("ann", "hunters", "oslo"),
        at_home("bob", "hunters", "rome"),
        at_home("cid", "farmers", "oslo"),
        at_home("dee", "farmers", "oslo"),
        quota("ann", "2026-Q4", 100),
        quota("bob", "2026-10", 100),
        quota("bob", "2026-11", 100),
        quota("bob", "2026-12", 200),
        quota("dee", "2026-Q4", 50),
        quota("eve", "2026-Q4", 25),
        rep("fay", None, Some("2026-10-05")),
        goal(GoalScope::Rep("fay".to_owned()), 30),
        goal(GoalScope::Company, 4_000),
        goal(GoalScope::Territory("north".to_owned()), 500),
        goal(GoalScope::Team("hunters".to_owned()), 800),
        goal(GoalScope::Rep("cid".to_owned()), 140),
    ]));
    let usd = Measure::WonAmount(currency("USD"));
    let won = [(0, "2026-10-31", usd, 300), (1, "2026-11-01", usd, 400), (2, "2026-11-01", usd, 70)];
    publish(&board, 0, &["ann", "bob", "cid"], &won);

    let value = |name: &str, scope: &Scope| {
        let kpis = board.kpis(scope, Some(quarter(&board)), now());
        kpis.into_iter().find(|kpi| kpi.kpi.name == name).unwrap().value
    };
    let team = |id: &str| Scope::Team(id.to_owned());
    let region = |id: &str| Scope::Region(id.to_owned());
    let of_rep = |id: &str| Scope::Rep(id.to_owned());
    let quotient = |numerator, denominator| Ok(Value::Quotient { numerator, denominator });
    let no_quota = Err(Absence::NothingToDivideBy("quotas"));
    for (scope, attainment, goal_attainment) in [
        (Scope::Company, quotient(700, 200 + 800 + 100 + 50), quotient(770, 4_000)),
        (team("hunters"), quotient(700, 200 + 800), quotient(700, 800)),
        (team("farmers"), quotient(0, 100), Err(Absence::NoGoal)),
        // All three have won in Oslo; only who is at home there has a quota there.
        (region("north"), quotient(300, 200 + 100), quotient(770, 500)),
        (region("south"), quotient(400, 800), Err(Absence::NoGoal)),
        (Scope::Territory("rome".to_owned()), quotient(400, 800), Err(Absence::NoGoal)),
        (of_rep("ann"), quotient(300, 200), Err(Absence::NoGoal)),
        (of_rep("cid"), no_quota, quotient(70, 140)),
        (of_rep("dee"), quotient(0, 100), Err(Absence::NoGoal)),
        (of_rep("eve"), quotient(0, 50), Err(Absence::NoGoal)),
        (of_rep("fay"), no_quota, quotient(0, 30)),
        (of_rep("nobody"), no_quota, Err(Absence::NoGoal)),
    ] {
        assert_eq!(value("quota_attainment", &scope), attainment, "{scope:?}");
        assert_eq!(value("goal_attainment", &scope), goal_attainment, "{scope:?}");
    }
    assert_eq!(value("reps_at_quota", &Scope::Company), quotient(1, 4));
    // Half a day less than 55 of 92 days have passed.
    let pace = value("goal_pace", &Scope::Company).unwrap();
    assert!(pace.compare(Value::Quotient { numerator: 770 * 92 * 2, denominator: 4_000 * 109 }).is_eq());
}

/// North is a region that a deal is in, too; of ghost the records have only that Gus is at home there, and it has no numbers
/// in the quarter.
#[test]
fn targets_do_not_come_and_go_with_numbers() {
    let board = empty_board();
    let gus = match rep("gus", None, None) {
        ReferenceRecord::Rep(rep) => model::Rep { territory_id: Some("ghost".to_owned()), ..rep },
        other => unreachable!("{other:?}"),
    };
    board.set_reference(reference(vec![
        territory("oslo", Some("north")),
        rate("EUR", 2_000, day("2026-01-01")),
        ReferenceRecord::Rep(gus),
        quota("gus", "2026-Q4", 100),
        goal(GoalScope::Territory("north".to_owned()), 500),
        goal(GoalScope::Territory("ghost".to_owned()), 50),
    ]));
    let cell = |territory, on, measure, value| {
        (CellKey { rep: RepIndex(0), territory: TerritoryIndex(territory), day: day(on), measure }, value)
    };
    let won = Measure::WonAmount(currency("USD"));
    let cells = [cell(0, "2026-11-01", won, 70), cell(1, "2024-01-01", Measure::CreatedDeals, 1)];
    let mut writer = board.writer(PartitionId(0));
    assert!(writer.publish(stamp(1), &["ann"], &["north", "ghost"], cells).is_ok());
    let quotient = |numerator, denominator| Ok(Value::Quotient { numerator, denominator });
    for (name, scope, expected) in [
        ("goal_attainment", Scope::Region("north".to_owned()), quotient(70, 500)),
        ("goal_attainment", Scope::Territory("north".to_owned()), Err(Absence::NoGoal)),
        ("won_amount", Scope::Territory("north".to_owned()), Ok(Value::Whole(70))),
        ("goal_attainment", Scope::Territory("ghost".to_owned()), quotient(0, 50)),
        ("quota_attainment", Scope::Territory("ghost".to_owned()), quotient(0, 200)),
    ] {
        let kpis = board.kpis(&scope, Some(quarter(&board)), now());
        let found = kpis.into_iter().find(|kpi| kpi.kpi.name == name).unwrap().value;
        assert_eq!(found, expected, "{name} of {scope:?}");
    }
}
