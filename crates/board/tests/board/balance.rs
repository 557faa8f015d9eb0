//! How the work lies on the territories, of small, fixed numbers.

use std::sync::Arc;

use crate::fixture::{currency, day, empty_board, rate, reference, territory};
use kpi::{Absence, Change, Value, Verdict};
use model::{
    Category, CellKey, Measure, PartitionId, ReferenceRecord, Rep, RepIndex, StageIndex, TerritoryIndex,
    Timestamp, TypeIndex,
};
use tallyboard_board::{Board, Scope, Stamp, TerritoryBalance};

type NamedCell = (&'static str, &'static str, &'static str, Measure, i128);

fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T12:00:00Z").unwrap()
}

fn at_home(id: &str, home: &str) -> ReferenceRecord {
    working(id, home, None)
}

fn working(id: &str, home: &str, ended_on: Option<&str>) -> ReferenceRecord {
    ReferenceRecord::Rep(Rep {
        rep_id: id.to_owned(),
        name: format!("Rep {id}"),
        team_id: Some("hunters".to_owned()),
        territory_id: (!home.is_empty()).then(|| home.to_owned()),
        started_on: None,
        ended_on: ended_on.map(day),
    })
}

const DEALS: Measure = Measure::OpenDeals(StageIndex(0));
const TRAVEL: Measure = Measure::ActivitySeconds(Category::Travel, TypeIndex(0));

/// Publishes cells, names numbered as they come.
fn publish(board: &Arc<Board>, partition: i32, cells: &[NamedCell]) {
    let (mut reps, mut territories) = (Vec::new(), Vec::new());
    let number = |names: &mut Vec<&'static str>, name| {
        let known = names.iter().position(|&known| known == name);
        u32::try_from(known.unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        }))
        .unwrap()
    };
    let keys: Vec<(CellKey, i128)> = cells
        .iter()
        .map(|&(rep, territory, on, measure, value)| {
            let (rep, territory) =
                (RepIndex(number(&mut reps, rep)), TerritoryIndex(number(&mut territories, territory)));
            let day = if on.is_empty() { CellKey::STANDING } else { day(on) };
            (CellKey { rep, territory, day, measure }, value)
        })
        .collect();
    let stamp = Stamp { progress: 1, positions: Vec::new() };
    let mut writer = board.writer(PartitionId(partition));
    writer.name_types(&["train"]);
    assert!(writer.publish(stamp, &reps, &territories, keys).is_ok());
}

/// Oslo has 6 deals of 600 for two, west 2 of 200 for two, bergen 8 of 800 for four; all have a minute a rep. Nobody is at
/// home in ghent, which has a deal, and nothing but a rep is in the region nordics.
fn cells() -> Vec<NamedCell> {
    let [usd, eur] = ["USD", "EUR"].map(|code| Measure::OpenAmount(StageIndex(0), currency(code)));
    vec![
        ("ann", "oslo", "", DEALS, 4),
        ("ann", "oslo", "", usd, 400),
        ("bob", "oslo", "", DEALS, 2),
        ("bob", "oslo", "", eur, 100),
        ("cyd", "west", "", DEALS, 1),
        ("cyd", "west", "", usd, 150),
        ("dee", "west", "", DEALS, 1),
        ("dee", "west", "", usd, 50),
        // Of nobody who is at home there.
        ("ann", "bergen", "", DEALS, 8),
        ("ann", "bergen", "", usd, 800),
        ("zoe", "ghent", "", DEALS, 1),
        ("ann", "oslo", "2026-11-24", TRAVEL, 60),
        ("bob", "oslo", "2026-10-01", Measure::ActivitySeconds(Category::Admin, TypeIndex(0)), 60),
        ("bob", "oslo", "2026-09-30", TRAVEL, 9_999),
        ("cyd", "west", "2026-11-02", TRAVEL, 120),
        ("ann", "bergen", "2026-10-31", TRAVEL, 240),
    ]
}

fn records(moved_home: Option<(&str, &str)>) -> Vec<ReferenceRecord> {
    let mut records = vec![
        rate("EUR", 2_000, day("2026-01-01")),
        territory("oslo", Some("nordics")),
        territory("bergen", Some("nordics")),
        territory("west", None),
        territory("ghent", None),
        at_home("boss", "nordics"),
        at_home("nobody", ""),
        at_home("typing error", "olso"),
        working("gone", "oslo", Some("2026-11-23")),
        working("leaving", "bergen", Some("2026-11-24")),
    ];
    let homes = [
        ("ann", "oslo"),
        ("bob", "oslo"),
        ("cyd", "west"),
        ("dee", "west"),
        ("b1", "bergen"),
        ("b2", "bergen"),
        ("b3", "bergen"),
    ];
    records.extend(homes.map(|(rep, home)| {
        at_home(rep, moved_home.filter(|moved| moved.0 == rep).map_or(home, |moved| moved.1))
    }));
    records
}

fn board() -> Arc<Board> {
    let board = empty_board();
    board.set_reference(reference(records(None)));
    publish(&board, 0, &cells());
    board
}

fn index(millionths: i128, reps: i128) -> Result<Value, Absence> {
    Ok(Value::Quotient { numerator: millionths, denominator: reps * 1_000_000 })
}

fn dispersion(numerator: i128, denominator: i128) -> Result<Value, Absence> {
    Ok(Value::Coefficient { numerator, denominator })
}

#[test]
fn territories_are_told_with_who_works_there() {
    let found = board().territory_balance(now());
    let rows: Vec<_> = found
        .territories
        .iter()
        .map(|row| {
            (
                &*row.id,
                row.load.reps,
                row.load.open_deals,
                row.load.activity_seconds,
                row.balanced.index,
                row.balanced.verdict,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("bergen", 4, 8, 240, index(4_000_000, 4), Some(Verdict::Balanced)),
            ("ghent", 0, 1, 0, Err(Absence::NoReps), None),
            ("oslo", 2, 6, 120, index(2_666_667, 2), Some(Verdict::Overloaded)),
            ("west", 2, 2, 120, index(1_333_333, 2), Some(Verdict::Underloaded)),
        ]
    );
    assert_eq!(found.territories[2].load.open_amount, Ok(600));
    assert_eq!(
        found.territories[2].components,
        [index(3_000_000, 2), index(3_000_000, 2), index(2_000_000, 2)]
    );
    assert_eq!((found.dispersion, found.left_out.len(), found.reps_elsewhere), (dispersion(4, 27), 0, 3));
    let months = ["2026-10", "2026-11"].map(|name| board().calendar().parse(name).unwrap());
    assert_eq!(found.months, months);
}

#[test]
fn every_scope_has_an_answer() {
    let board = board();
    let not_told = |of| Err(Absence::NotToldHere(of));
    let [indexes, dispersions] = ["territories and regions", "the company and of regions"].map(not_told);
    for (scope, expected, verdict, dispersed) in [
        (Scope::Company, indexes, None, dispersion(4, 27)),
        // Of 1 and 4/3: 2/3 by 2 x 2 x 7/3.
        (
            Scope::Region("nordics".to_owned()),
            index(6_666_667, 6),
            Some(Verdict::Balanced),
            dispersion(1, 14),
        ),
        (Scope::Territory("oslo".to_owned()), index(2_666_667, 2), Some(Verdict::Overloaded), dispersions),
        (Scope::Territory("ghent".to_owned()), Err(Absence::NoReps), None, dispersions),
        (Scope::Team("hunters".to_owned()), indexes, None, dispersions),
        (Scope::Rep("ann".to_owned()), indexes, None, dispersions),
    ] {
        let kpis = board.kpis(&scope, None, now());
        let of = |name| kpis.iter().find(|value| value.kpi.name == name).unwrap();
        let found = of("territory_balance");
        assert_eq!((found.value, found.verdict), (expected, verdict), "{scope:?}");
        assert_eq!(of("territory_dispersion").value, dispersed, "{scope:?}");
    }
    let quarter = board.calendar().parse("2026-Q4").unwrap();
    let dated = board.kpis(&Scope::Territory("oslo".to_owned()), Some(quarter), now());
    assert!(dated.iter().all(|value| value.kpi.name != "territory_balance"));
    // Without reference records nobody is known to work anywhere.
    let unknown = empty_board();
    publish(&unknown, 0, &cells());
    assert_eq!(unknown.territory_balance(now()).dispersion, Err(Absence::NoReps));
    assert_eq!(unknown.territory_balance(now()).territories.len(), 4);
}

#[test]
fn a_region_is_a_territory_once_it_has_work_of_its_own() {
    let board = board();
    let places = |board: &Board| -> Vec<(String, u32)> {
        let rows = board.territory_balance(now()).territories;
        rows.iter().map(|row| (row.id.to_string(), row.load.reps)).collect()
    };
    assert!(places(&board).iter().all(|(id, _)| id != "nordics"));
    publish(&board, 1, &[("boss", "nordics", "2026-11-01", TRAVEL, 60)]);
    assert!(places(&board).contains(&("nordics".to_owned(), 1)));
    assert_eq!(board.territory_balance(now()).reps_elsewhere, 2);
    // A territory that no record names takes part if somebody is at home there.
    publish(&board, 2, &[("zoe", "olso", "2020-01-01", TRAVEL, 60)]);
    assert!(places(&board).contains(&("olso".to_owned(), 1)));
}

#[test]
fn a_move_that_is_made_gives_what_was_promised() {
    let board = board();
    let before = board.territory_balance(now());
    let [suggested] = &before.rep_moves[..] else { panic!("{:?}", before.rep_moves) };
    let (from, to) = (&before.territories[suggested.step.from], &before.territories[suggested.step.to]);
    assert_eq!((suggested.step.change, &*from.id, &*to.id), (Change::Rep, "west", "oslo"));
    // Dee has as many open deals as Cyd, and a smaller amount.
    let moved = suggested.rep.as_ref().unwrap();
    assert_eq!((&*moved.id, &*moved.name, moved.left_behind.open_deals), ("dee", "Rep dee", 1));
    assert_eq!(moved.left_behind.open_amount, Ok(50));
    board.set_reference(reference(records(Some((&moved.id, &to.id)))));
    let after = board.territory_balance(now());
    let indexes =
        [suggested.step.from, suggested.step.to].map(|place| after.territories[place].balanced.index);
    assert_eq!((indexes, after.dispersion), (suggested.step.after, Ok(suggested.step.dispersion_after)));
    let [deals] = &before.deal_moves[..] else { panic!("{:?}", before.deal_moves) };
    assert_eq!(deals.step.change, Change::Deals { count: 2, amount: Ok(200) });
    assert_eq!((deals.step.from, deals.step.to, &deals.rep), (2, 3, &None));
}

#[test]
fn a_missing_rate_leaves_amounts_out() {
    let board = board();
    board.set_reference(reference(records(None).split_off(1)));
    let found = board.territory_balance(now());
    let today = Some(empty_board().calendar().day_of(now()));
    let missing = Absence::MissingRate { currency: currency("EUR"), day: today, reporting: currency("USD") };
    assert_eq!(found.left_out, [(kpi::Component::OpenAmount, missing)]);
    assert_eq!(found.territories[2].components[0], Err(missing));
    assert_eq!(found.territories[2].balanced.index, index(2_500_000, 2));
}

#[test]
fn neither_order_nor_partitions_change_anything() {
    let expected: TerritoryBalance = board().territory_balance(now());
    let mut cells = cells();
    for turned in 0..cells.len() {
        cells.rotate_left(1);
        let board = empty_board();
        let (one, other) = cells.split_at(turned);
        publish(&board, 0, one);
        // The tables are made before the rest comes, and follow.
        drop(board.territory_balance(now()));
        publish(&board, 1, other);
        board.set_reference(reference(records(None)));
        assert_eq!(board.territory_balance(now()), expected, "{turned}");
    }
}

/// Where nothing is open and the records have nothing but who is at home there.
#[test]
fn a_territory_that_is_not_listed_has_its_index() {
    let board = board();
    publish(&board, 1, &[("typing error", "olso", "2026-11-24", TRAVEL, 60)]);
    let listed = board.territory_balance(now());
    let expected = listed.territories.iter().find(|row| &*row.id == "olso").unwrap().balanced;
    let kpis = board.kpis(&Scope::Territory("olso".to_owned()), None, now());
    let found = kpis.into_iter().find(|kpi| kpi.kpi.name == "territory_balance").unwrap();
    assert!(found.value.is_ok());
    assert_eq!((found.value, found.verdict), (expected.index, expected.verdict));
}
