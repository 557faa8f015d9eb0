//! The law of the board (BOARD-1, BOARD-2): whatever is published in whatever way, the sums of every scope and period
//! are those of the final cells, added up naively.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::around::{self, AROUND};
use crate::fixture::{calendar, currency, day, empty_board, rate, reference, rep, territory};
use kpi::{Ages, Amounts, KpiValue};
use model::{
    Category, CellKey, Day, DurationBucket, Flow, Measure, PartitionId, PeriodKind, Reference, RepIndex,
    StageIndex, Tally, TerritoryIndex, Timestamp, TypeIndex,
};
use proptest::prelude::*;
use tallyboard_board::{Board, PartitionWriter, PeriodSlot, Published, Scope, ScopeTally, Stamp};

const REPS: [&str; 4] = ["ann", "bob", "cyd", "dee"];
const TERRITORIES: [&str; 4] = ["emea", "nord", "oslo", "west"];
const PARTITIONS: usize = 3;

/// A cell with the names that stand behind its indexes.
type NamedCell = (&'static str, &'static str, Day, Measure);
type Cells = BTreeMap<NamedCell, i128>;

#[derive(Debug, Clone)]
enum Step {
    /// New absolute values, folded this much further; negative progress is a zombie's.
    Publish { partition: usize, progress: i64, changes: Vec<(NamedCell, i128)> },
    /// The last accepted publish once more.
    Repeat { partition: usize },
    /// Taken off; comes back by the next publish that follows, with all its cells.
    Retract { partition: usize },
    /// A new worker of the partition, from an older snapshot or not.
    Restart { partition: usize, progress: i64 },
    /// A worker that was replaced still publishes.
    Zombie { partition: usize, changes: Vec<(NamedCell, i128)> },
}

/// Types of activities, in the order in which the board comes to know them.
const TYPES: [&str; 3] = ["bus", "train", "plane"];

/// A worker: its way onto the board, its own numbering of names, and what it knows.
struct Worker {
    writer: PartitionWriter,
    /// By how many its numbers of types are ahead of the board's.
    types_ahead: usize,
    reps: Vec<&'static str>,
    territories: Vec<&'static str>,
}

impl Worker {
    fn new(board: &Arc<Board>, partition: usize) -> Self {
        let number = PartitionId(i32::try_from(partition).unwrap());
        let mut writer = board.writer(number);
        let types_ahead = partition % TYPES.len();
        let mut types = TYPES;
        types.rotate_right(types_ahead);
        writer.name_types(&types);
        Self { writer, types_ahead, reps: Vec::new(), territories: Vec::new() }
    }

    fn publish(&mut self, progress: i64, cells: &[(NamedCell, i128)]) -> Published {
        let known = (self.reps.len(), self.territories.len());
        let keys: Vec<(CellKey, i128)> = cells
            .iter()
            .map(|&((rep, territory, day, measure), value)| {
                let rep = RepIndex(number_of(&mut self.reps, rep));
                let territory = TerritoryIndex(number_of(&mut self.territories, territory));
                let of_type = measure.activity_type().map(|of_type| {
                    let number = (usize::from(of_type.0) + self.types_ahead) % TYPES.len();
                    measure.with_activity_type(TypeIndex(u16::try_from(number).unwrap()))
                });
                (CellKey { rep, territory, day, measure: of_type.unwrap_or(measure) }, value)
            })
            .collect();
        let stamp = Stamp { progress: u64::try_from(progress).unwrap(), positions: Vec::new() };
        self.writer.publish(stamp, &self.reps[known.0..], &self.territories[known.1..], keys).unwrap()
    }
}

fn number_of(names: &mut Vec<&'static str>, name: &'static str) -> u32 {
    let number = names.iter().position(|&known| known == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    });
    u32::try_from(number).unwrap()
}

/// What is expected of one partition.
#[derive(Default)]
struct Expected {
    cells: Cells,
    progress: i64,
    last: Vec<(NamedCell, i128)>,
}

fn expect_publish(expected: &mut Expected, changes: &[(NamedCell, i128)]) {
    for &(cell, value) in changes {
        if value == 0 {
            expected.cells.remove(&cell);
        } else {
            expected.cells.insert(cell, value);
        }
    }
    expected.last = changes.to_vec();
}

fn run(board: &Arc<Board>, steps: &[Step]) -> Vec<Cells> {
    let mut workers: Vec<Option<Worker>> = (0..PARTITIONS).map(|p| Some(Worker::new(board, p))).collect();
    let mut zombies: Vec<Option<Worker>> = (0..PARTITIONS).map(|_| None).collect();
    let mut expected: Vec<Expected> = (0..PARTITIONS).map(|_| Expected::default()).collect();
    let mut ignored = 0;
    for (number, step) in steps.iter().enumerate() {
        // Tables are made on the way, at different steps, and must follow from there.
        if number % 4 == 1 {
            let kind = PeriodKind::ALL[number / 4 % PeriodKind::ALL.len()];
            days().into_iter().for_each(|day| drop(board.tally(&Scope::Company, slot_of(kind, day))));
        }
        if number % 4 == 2 {
            drop(board.tally(&Scope::Company, PeriodSlot::Standing));
        }
        // What is told of scopes is kept, and must follow, too.
        if number % 4 == 3 {
            for scope in scopes().into_iter().skip(number % 3).step_by(3) {
                drop(board.tally(&scope, PeriodSlot::Standing));
                drop(board.kpis(&scope, slot_of(PeriodKind::Quarter, days()[1]).period(), now()));
            }
        }
        match step {
            Step::Publish { partition, progress, changes } => {
                let expected = &mut expected[*partition];
                let worker = workers[*partition].get_or_insert_with(|| Worker::new(board, *partition));
                let at = (expected.progress + progress).max(0);
                let published = worker.publish(at, changes);
                if at < expected.progress {
                    assert_eq!(published, Published::Ignored);
                    ignored += 1;
                } else {
                    assert!(matches!(published, Published::Applied { .. }));
                    expected.progress = at;
                    expect_publish(expected, changes);
                }
            }
            Step::Repeat { partition } => {
                let expected = &mut expected[*partition];
                if let Some(worker) = &mut workers[*partition] {
                    let generation = board.generation();
                    let published = worker.publish(expected.progress, &expected.last);
                    assert_eq!(published, Published::Applied { changed_cells: 0 });
                    assert_eq!(board.generation(), generation);
                }
            }
            Step::Retract { partition } => {
                if let Some(worker) = workers[*partition].take() {
                    assert!(matches!(worker.writer.retract(), Published::Applied { .. }));
                    expected[*partition] = Expected::default();
                }
            }
            Step::Restart { partition, progress } => {
                let expected = &mut expected[*partition];
                let mut worker = Worker::new(board, *partition);
                let all: Vec<_> = expected.cells.iter().map(|(&cell, &value)| (cell, value)).collect();
                let at = (expected.progress + progress).max(0);
                let published = worker.publish(at, &all);
                if at < expected.progress {
                    assert_eq!(published, Published::Ignored);
                    ignored += 1;
                } else {
                    assert_eq!(published, Published::Applied { changed_cells: 0 });
                    expected.progress = at;
                }
                zombies[*partition] = workers[*partition].replace(worker);
            }
            Step::Zombie { partition, changes } => {
                if let Some(zombie) = &mut zombies[*partition] {
                    let late = expected[*partition].progress + 1_000;
                    assert_eq!(zombie.publish(late, changes), Published::Ignored);
                    ignored += 1;
                }
            }
        }
    }
    for zombie in zombies.into_iter().flatten() {
        assert_eq!(zombie.writer.retract(), Published::Ignored);
        ignored += 1;
    }
    assert_eq!(board.ignored_publishes(), ignored);
    expected.into_iter().map(|expected| expected.cells).collect()
}

fn organisation() -> Arc<Reference> {
    reference(vec![
        rep("ann", Some("hunters"), None),
        rep("bob", Some("hunters"), None),
        rep("cyd", Some("farmers"), None),
        territory("nord", Some("emea")),
        territory("oslo", Some("nord")),
        rate("EUR", 1_085, Day(0)),
        rate("EUR", 1_117, day("2026-02-02")),
        rate("EUR", 987, day("2026-10-01")),
        rate("JPY", 7, day("2026-01-01")),
    ])
}

fn is_inside(scope: &Scope, rep: &str, territory: &str) -> bool {
    match scope {
        Scope::Company => true,
        Scope::Rep(id) => id == rep,
        Scope::Territory(id) => id == territory,
        Scope::Region(id) if id == "emea" => ["emea", "nord", "oslo"].contains(&territory),
        Scope::Region(id) => id == "nord" && ["nord", "oslo"].contains(&territory),
        Scope::Team(id) if id == "hunters" => ["ann", "bob"].contains(&rep),
        Scope::Team(id) => id == "farmers" && rep == "cyd",
    }
}

fn scopes() -> Vec<Scope> {
    let mut scopes = vec![Scope::Company];
    scopes.extend(["emea", "nord"].map(|id| Scope::Region(id.to_owned())));
    scopes.extend(["hunters", "farmers"].map(|id| Scope::Team(id.to_owned())));
    scopes.extend(REPS.map(|id| Scope::Rep(id.to_owned())));
    scopes.extend(TERRITORIES.map(|id| Scope::Territory(id.to_owned())));
    scopes
}

fn slot_of(kind: PeriodKind, day: Day) -> PeriodSlot {
    PeriodSlot::Period(calendar().period_of(kind, day))
}

fn is_within(slot: PeriodSlot, day: Day) -> bool {
    match slot {
        PeriodSlot::Standing => day == CellKey::STANDING,
        PeriodSlot::Period(period) => day != CellKey::STANDING && slot_of(period.kind, day) == slot,
    }
}

fn naive(
    cells: &Cells,
    scope: &Scope,
    reference: &Reference,
    takes: &dyn Fn(Day, Measure) -> bool,
) -> ScopeTally {
    let mut sums =
        ScopeTally { tally: Tally::default(), amounts: Amounts::new(currency("USD")), ages: Ages::new() };
    for (&(rep, territory, day, measure), &value) in cells {
        if takes(day, measure) && is_inside(scope, rep, territory) {
            sums.tally.add(measure, value);
            let is_open = matches!(
                measure,
                Measure::OpenAmount(..) | Measure::OpenDueAmount(_) | Measure::FlowAmount(..)
            );
            if !is_open && (day != CellKey::STANDING || measure.currency() == Some(currency("USD"))) {
                sums.amounts.add(measure, value, Some(day), reference);
            }
        }
    }
    sums
}

/// The open deals by stage and day.
fn naive_ages(cells: &Cells, scope: &Scope) -> Ages {
    let mut ages = Ages::new();
    for (&(rep, territory, day, measure), &deals) in cells {
        if let Measure::OpenSince(stage) = measure
            && day != CellKey::STANDING
            && is_inside(scope, rep, territory)
        {
            *ages.entry((stage, day)).or_default() += deals;
        }
    }
    ages.retain(|_, deals| *deals != 0);
    ages
}

fn check(board: &Board, partitions: &[Cells]) {
    let reference = board.reference().unwrap();
    let mut cells = Cells::new();
    for (&cell, &value) in partitions.iter().flatten() {
        *cells.entry(cell).or_insert(0) += value;
    }
    let days = days();
    let mut slots: BTreeSet<PeriodSlot> = BTreeSet::from([PeriodSlot::Standing]);
    for kind in PeriodKind::ALL {
        slots.extend(days.iter().map(|&day| slot_of(kind, day)));
    }
    let nobody = Vec::new();
    let slots: Vec<PeriodSlot> = slots.into_iter().collect();
    let views = board.views(&slots, now());
    for (slot, view) in slots.into_iter().zip(views) {
        for scope in scopes() {
            let sums = |takes: &dyn Fn(Day, Measure) -> bool| naive(&cells, &scope, &reference, takes);
            let of_company =
                |takes: &dyn Fn(Day, Measure) -> bool| naive(&cells, &Scope::Company, &reference, takes);
            let mut expected = sums(&|day, _| is_within(slot, day));
            let ages = naive_ages(&cells, &scope);
            if slot == PeriodSlot::Standing {
                expected.ages.clone_from(&ages);
            }
            assert_eq!(*board.tally(&scope, slot), expected, "{scope:?} {slot:?}");
            let (rows, id) = match &scope {
                Scope::Company => (&nobody, ""),
                Scope::Region(id) => (&view.regions, id.as_str()),
                Scope::Territory(id) => (&view.territories, id.as_str()),
                Scope::Team(id) => (&view.teams, id.as_str()),
                Scope::Rep(id) => (&view.reps, id.as_str()),
            };
            let row = rows.iter().find(|row| *row.id == *id).map(|row| &row.sums);
            let in_view = if scope == Scope::Company { Some(&view.company) } else { row };
            match in_view {
                Some(sums) => assert_eq!(*sums, expected, "{scope:?} {slot:?}"),
                None => assert!(expected.is_empty(), "{scope:?} {slot:?} is not in the view"),
            }
            let all = view.evaluate_all(&scope);
            assert_eq!(board.kpis(&scope, slot.period(), now()), all, "{scope:?} {slot:?}");
            let found: Vec<KpiValue> = all.into_iter().filter(|kpi| AROUND.contains(&kpi.kpi.name)).collect();
            let expected = around::expected(&sums, &of_company, &ages, slot, board, &reference, now());
            assert_eq!(found, expected, "{scope:?} {slot:?}");
        }
    }
    let (published, _) = board.counts();
    assert_eq!(published, partitions.iter().map(BTreeMap::len).sum::<usize>());
    if published == 0 {
        assert_eq!(board.counts(), (0, 0));
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T12:00:00Z").unwrap()
}

fn days() -> Vec<Day> {
    ["2025-12-31", "2026-01-01", "2026-02-01", "2026-02-02", "2026-10-01"].map(day).to_vec()
}

fn cell() -> impl Strategy<Value = NamedCell> {
    let measures = prop::sample::select(vec![
        Measure::WonDeals,
        Measure::WonAmount(currency("USD")),
        Measure::WonAmount(currency("EUR")),
        Measure::WonAmount(currency("JPY")),
        Measure::CycleDeals(DurationBucket::of(12_345)),
        Measure::OpenAmount(StageIndex(1), currency("EUR")),
        Measure::OpenSince(StageIndex(1)),
        Measure::DwellVisits(StageIndex(1), DurationBucket::of(9_000_000)),
        Measure::OpenDueAmount(currency("EUR")),
        Measure::FlowAmount(Flow::New, currency("EUR")),
        Measure::FlowAmount(Flow::Lost, currency("USD")),
        Measure::WonReached(StageIndex(1)),
        Measure::LostReached(StageIndex(1)),
        Measure::ActivitySeconds(Category::Travel, TypeIndex(0)),
        Measure::ActivitySeconds(Category::Travel, TypeIndex(2)),
    ]);
    let mut when = days();
    when.push(CellKey::STANDING);
    (prop::sample::select(&REPS), prop::sample::select(&TERRITORIES), prop::sample::select(when), measures)
}

fn changes() -> impl Strategy<Value = Vec<(NamedCell, i128)>> {
    prop::collection::btree_map(cell(), -3..4_i128, 0..12).prop_map(|changes| changes.into_iter().collect())
}

fn step() -> impl Strategy<Value = Step> {
    let partition = 0..PARTITIONS;
    prop_oneof![
        6 => (partition.clone(), -1..9_i64, changes())
            .prop_map(|(partition, progress, changes)| Step::Publish { partition, progress, changes }),
        1 => partition.clone().prop_map(|partition| Step::Repeat { partition }),
        1 => partition.clone().prop_map(|partition| Step::Retract { partition }),
        1 => (partition.clone(), -5..5_i64).prop_map(|(partition, progress)| Step::Restart { partition, progress }),
        1 => (partition, changes()).prop_map(|(partition, changes)| Step::Zombie { partition, changes }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn any_publishing_gives_the_sums_of_the_final_cells(steps in prop::collection::vec(step(), 0..25)) {
        let board = empty_board();
        board.set_reference(organisation());
        let cells = run(&board, &steps);
        check(&board, &cells);
    }
}

#[test]
fn retracting_everything_leaves_nothing() {
    let board = empty_board();
    board.set_reference(organisation());
    let changes: Vec<_> =
        days().into_iter().map(|day| (("ann", "oslo", day, Measure::WonDeals), 1)).collect();
    let mut steps = Vec::new();
    for partition in 0..PARTITIONS {
        steps.push(Step::Publish { partition, progress: 1, changes: changes.clone() });
        steps.push(Step::Retract { partition });
    }
    let cells = run(&board, &steps);
    check(&board, &cells);
    assert_eq!(board.counts(), (0, 0));
}
