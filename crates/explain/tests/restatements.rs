//! Restatements of a disordered floor over two partitions: a statement of each sum that ends with the sum now.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use board::{Board, Scope};
use engine::{FoldConfig, PartitionState, RestatementRules};
use model::{Calendar, Currency, Event, Measure, Offset, PartitionId, Period, PeriodKind, Timestamp};
use salesfloor::{Floor, Scenario, disorder};
use tallyboard_explain::{
    Evidence, ExplainError, RestatementEntry, RestatementPage, RestatementQuestion, restatements,
};

/// A month's sum: of what, whose and where.
type Sum = (Period, Measure, String, String);

struct Site {
    board: Arc<Board>,
    evidence: Vec<Evidence>,
    /// The sums now, over both partitions.
    sums: BTreeMap<Sum, i128>,
}

fn site(seed: u64, kept_max: u32) -> Site {
    let mut floor = Floor::new(&Scenario { days: Some(14), ..Scenario::tiny(seed) }).unwrap();
    let events: Vec<Event<'static>> = std::iter::from_fn(|| floor.next_event()).collect();
    let calendar = Calendar::new("Europe/Berlin", 4).unwrap();
    let config = Arc::new(FoldConfig {
        pipelines: floor.pipelines().clone(),
        calendar: calendar.clone(),
        deal_retention_days: 100_000,
        activity_horizon_days: 100_000,
        future_tolerance_seconds: 0,
        restatements: RestatementRules { grace_days: 0, kept_max },
    });
    let board = Board::new(floor.pipelines().clone(), calendar.clone(), Currency::from_code("USD").unwrap());
    let mut reference = model::Reference::default();
    for record in floor.reference() {
        reference.apply(record, &calendar).unwrap();
    }
    let board = Arc::new(board);
    board.set_reference(Arc::new(reference));
    let (mut evidence, mut sums) = (Vec::new(), BTreeMap::new());
    for (number, events) in (0..).zip(disorder::partition(disorder::shuffle(events, seed), 2)) {
        let mut state = PartitionState::new(config.clone());
        for (event, offset) in events.iter().zip(0..) {
            // Clocks that now and then go back.
            let received = 1_800_000_000_000_000 + offset / 3 * 7 - offset % 3;
            state.apply(event, Offset(offset), Some(Timestamp::from_micros(received).unwrap()));
        }
        let told = state.cells().told(state.pipelines());
        for (key, value) in told.into_iter().filter(|(key, _)| key.day.has_timestamps()) {
            let (rep, territory) = (state.reps().name(key.rep.0), state.territories().name(key.territory.0));
            let month = calendar.period_of(PeriodKind::Month, key.day);
            *sums.entry((month, key.measure, rep.to_owned(), territory.to_owned())).or_default() += value;
        }
        evidence.push(Evidence {
            partition: PartitionId(number),
            deals: "deals".into(),
            activities: "activities".into(),
            positions: Vec::new(),
            frozen: state.freeze(),
        });
        let stamp = board::Stamp { progress: 1, positions: Vec::new() };
        let cells = state.take_changes();
        let mut writer = board.writer(PartitionId(number));
        writer.name_types(state.types().as_slice());
        writer.publish(stamp, state.reps().as_slice(), state.territories().as_slice(), cells).unwrap();
    }
    Site { board, evidence, sums }
}

impl Site {
    fn page(&self, scope: &Scope, period: Option<Period>) -> RestatementPage {
        let question = RestatementQuestion { scope: scope.clone(), period, limit: usize::MAX, after: None };
        restatements(&self.board, &self.evidence, &question, &|| true).unwrap()
    }
}

fn sum_of(entry: &RestatementEntry) -> Sum {
    let restatement = &entry.restatement;
    (restatement.month, restatement.measure, entry.rep.clone(), entry.territory.clone())
}

#[test]
fn every_statement_ends_with_the_sum_now_and_has_no_gap() {
    let mut followed = 0;
    for seed in 0..6 {
        for kept_max in [100_000, 20] {
            let site = site(seed, kept_max);
            let page = site.page(&Scope::Company, None);
            assert_eq!((page.entries.len(), page.next), (page.total, None));
            assert_eq!(page.dropped > 0, kept_max == 20);
            let mut begins_with = BTreeMap::new();
            for entry in &page.entries {
                let key = sum_of(entry);
                let now = site.sums.get(&key).copied().unwrap_or_default();
                assert_eq!(entry.new, begins_with.get(&key).copied().unwrap_or(now), "{key:?}");
                assert_eq!(entry.old + entry.restatement.delta, entry.new);
                followed += usize::from(begins_with.insert(key, entry.old).is_some());
            }
            for partition in [0, 1] {
                let of_partition = page.entries.iter().filter(|entry| entry.partition.0 == partition);
                let offsets: Vec<i64> = of_partition.map(|entry| entry.restatement.offset.0).collect();
                assert!(offsets.is_sorted_by(|one, next| one >= next), "{offsets:?}");
            }
        }
    }
    assert!(followed > 100, "{followed}");
}

#[test]
fn scopes_and_periods_have_their_part_and_months_add_up() {
    let site = site(3, 100_000);
    let all = site.page(&Scope::Company, None);
    let april = Period { kind: PeriodKind::Month, ordinal: 2026 * 12 + 3 };
    let scopes = [
        (Scope::Company, 0),
        (Scope::Rep(all.entries[0].rep.clone()), 1),
        (Scope::Territory(all.entries[0].territory.clone()), 2),
    ];
    for (scope, part) in scopes {
        for period in [None, Some(april.previous()), Some(april)] {
            let page = site.page(&scope, period);
            let inside = |(month, _, rep, territory): &Sum| {
                period.is_none_or(|period| period == *month)
                    && match part {
                        0 => true,
                        1 => *rep == all.entries[0].rep,
                        _ => *territory == all.entries[0].territory,
                    }
            };
            let expected: Vec<_> = all.entries.iter().filter(|entry| inside(&sum_of(entry))).collect();
            assert_eq!(page.entries.iter().collect::<Vec<_>>(), expected, "{scope:?} {period:?}");
            let restated: BTreeSet<_> =
                expected.iter().map(|entry| (entry.restatement.month, entry.restatement.measure)).collect();
            assert_eq!(page.months.len(), restated.len());
            for month in &page.months {
                let is_of = |sum: &Sum| (sum.0, sum.1) == (month.month, month.measure) && inside(sum);
                let now: i128 = site.sums.iter().filter(|(sum, _)| is_of(sum)).map(|(_, value)| value).sum();
                let deltas = expected.iter().filter(|entry| is_of(&sum_of(entry)));
                let delta: i128 = deltas.clone().map(|entry| entry.restatement.delta).sum();
                assert_eq!((month.new, month.old, month.entries), (now, now - delta, deltas.count()));
            }
        }
    }
}

#[test]
fn what_takes_too_long_is_given_up() {
    let site = site(1, 1_000);
    let question = RestatementQuestion { scope: Scope::Company, period: None, limit: 5, after: None };
    let given_up = restatements(&site.board, &site.evidence, &question, &|| false);
    assert!(matches!(given_up, Err(ExplainError::GivenUp)), "{given_up:?}");
}
