//! The law of the KPIs: for every scope and period, each is what its definition says, recomputed naively from the events.

use std::collections::{BTreeMap, BTreeSet};

use kpi::CATALOGUE;
use model::PeriodKind;
use proptest::prelude::*;
use salesfloor::oracle::kpis::{self, Asked, Books, Setting, Thresholds};
use tallyboard_board::{Board, Group, Order, PeriodSlot, Scope};

use crate::compare::{How, TABLE, difference};
use crate::floors::{Organisation, Plan, plan};

fn thresholds(plan: &Plan) -> (kpi::Thresholds, Thresholds) {
    let [open_amount, open_deals, activity_minutes] = plan.weights;
    let balance_weights = kpi::BalanceWeights { open_amount, open_deals, activity_minutes };
    let of_board = kpi::Thresholds { balance_weights, ..kpi::Thresholds::default() };
    let of_oracle = Thresholds {
        flat_within: of_board.flat_within_percent.into(),
        at_quota_min: of_board.at_quota_percent_min.into(),
        at_quota_max: of_board.at_quota_percent_max.into(),
        selling_time: of_board.selling_time_percent.into(),
        time_sink: of_board.time_sink_percent.into(),
        balance_within: of_board.balance_within_percent.into(),
        balance_weights: plan.weights.map(i128::from),
    };
    (of_board, of_oracle)
}

/// Everybody, on the board's side and on the oracle's.
fn scopes(board: &Board) -> Vec<(Scope, kpis::Scope)> {
    let mut scopes = vec![(Scope::Company, kpis::Scope::Company)];
    let mut all = |ids: Vec<std::sync::Arc<str>>,
                   of_board: fn(String) -> Scope,
                   of_oracle: fn(String) -> kpis::Scope| {
        scopes.extend(ids.iter().map(|id| (of_board(id.to_string()), of_oracle(id.to_string()))));
    };
    all(board.regions(), Scope::Region, kpis::Scope::Region);
    all(board.territories(), Scope::Territory, kpis::Scope::Territory);
    all(board.teams(), Scope::Team, kpis::Scope::Team);
    all(board.reps(), Scope::Rep, kpis::Scope::Rep);
    scopes
}

/// What stands now, and of each kind the period that lasts, the one before, and one of long ago.
fn slots(organisation: &Organisation, back: i32) -> Vec<PeriodSlot> {
    let mut slots = vec![PeriodSlot::Standing];
    let today = organisation.calendar.day_of(organisation.now);
    for kind in PeriodKind::ALL {
        let period = organisation.calendar.period_of(kind, today);
        let of_long_ago = model::Period { kind, ordinal: period.ordinal - back };
        slots.extend([period, period.previous(), of_long_ago].map(PeriodSlot::Period));
    }
    slots
}

/// What is told of a plan's organisation.
#[derive(Default)]
struct Found {
    /// Of each KPI that differs from the oracle, how often, and the first scope and period with it.
    differences: Vec<String>,
    /// The KPIs with a value other than 0, their verdicts, and those that name a part.
    told: BTreeSet<String>,
}

fn check(plan: &Plan, back: i32) -> Found {
    let organisation = Organisation::new(plan);
    let (of_board, thresholds) = thresholds(plan);
    let slots = slots(&organisation, back);
    let board = organisation.board(plan, of_board, &slots);
    let books = Books::new(&organisation.events, &organisation.pipelines, &organisation.calendar);
    let setting = Setting {
        pipelines: &organisation.pipelines,
        calendar: &organisation.calendar,
        records: &organisation.records,
        reporting: organisation.reporting,
        thresholds,
        now: organisation.now,
    };
    let hows: BTreeMap<&str, How> = TABLE.into_iter().collect();
    let labels = board.labels();
    let (mut differences, mut told) = (BTreeMap::<&str, Vec<String>>::new(), BTreeSet::new());
    for (slot, view) in slots.iter().zip(board.views(&slots, organisation.now)) {
        for (of_board, scope) in &scopes(&board) {
            let asked = Asked { books: &books, setting: &setting, scope, period: slot.period() };
            for found in view.evaluate_all(of_board) {
                let name = found.kpi.name;
                let expected = kpis::answer(name, &asked).unwrap();
                if let Some(difference) = difference(hows[name], &found, &expected, &labels) {
                    let period = slot.period().map(|period| organisation.calendar.name(period));
                    let difference = format!("of {scope:?} in {period:?}: {difference}");
                    differences.entry(name).or_default().push(difference);
                }
                let parts = found.parts.iter().filter_map(|part| part.value.ok());
                if parts.chain(found.value.ok()).any(|value| value.fraction().0 != 0) {
                    told.insert(name.to_owned());
                }
                told.extend(found.verdict.map(|verdict| format!("{name}: {}", verdict.name())));
                told.extend(found.named.map(|_| format!("{name}: names one")));
            }
        }
    }
    let first = |(name, all): (&str, Vec<String>)| format!("{name}, {} times: {}", all.len(), all[0]);
    Found { differences: differences.into_iter().map(first).collect(), told }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]
    #[test]
    fn every_kpi_is_what_its_definition_says(plan in plan(), back in 2..16_i32) {
        let Found { differences, .. } = check(&plan, back);
        prop_assert!(differences.is_empty(), "{differences:#?}");
    }
}

/// They have only what they need, and a whole view has everything.
#[test]
fn leaderboards_series_and_single_scopes_are_those_of_whole_views() {
    for seed in 0..2 {
        let plan = Plan::of(seed);
        let organisation = Organisation::new(&plan);
        let (now, slots) = (organisation.now, slots(&organisation, 3));
        let board = organisation.board(&plan, thresholds(&plan).0, &slots);
        for (&slot, view) in slots.iter().zip(board.views(&slots, now)) {
            for (scope, _) in scopes(&board) {
                let own = board.kpis(&scope, slot.period(), now);
                assert_eq!(own, view.evaluate_all(&scope), "seed {seed}: {scope:?} in {slot:?}");
            }
            for kpi in view.catalogue() {
                let what = format!("seed {seed}: {} in {slot:?}", kpi.name);
                let period = slot.period().filter(|_| !kpi.is_standing());
                for group in [Group::Reps, Group::Territories, Group::Regions, Group::Teams] {
                    let own = board.leaderboard(kpi, slot.period(), group, Order::Descending, 1_000, now);
                    assert_eq!(own, view.leaderboard(kpi, group, Order::Descending, 1_000), "{what}");
                }
                for (scope, _) in scopes(&board) {
                    let Some(period) = period else { continue };
                    let own = board.series(kpi, &scope, &[period], now);
                    assert_eq!(own, [view.evaluate_scope(kpi, &scope)], "{what} of {scope:?}");
                }
            }
        }
    }
}

#[test]
fn no_kpi_is_left_out() {
    let compared: BTreeSet<&str> = TABLE.iter().map(|&(name, _)| name).collect();
    let told: BTreeSet<&str> = CATALOGUE.iter().map(|kpi| kpi.name).collect();
    assert_eq!(compared, told);
}

/// What is never told is not compared either.
#[test]
fn every_kpi_verdict_and_name_is_told_of_some_floor() {
    let mut told = BTreeSet::new();
    for seed in 0..12 {
        let Found { differences, told: more } = check(&Plan::of(seed), 3);
        assert!(differences.is_empty(), "{differences:#?}");
        told.extend(more);
    }
    for kpi in CATALOGUE {
        assert!(told.contains(kpi.name), "{} is never told", kpi.name);
    }
    let beside: Vec<&str> = told.iter().map(String::as_str).filter(|told| told.contains(": ")).collect();
    assert_eq!(beside, TOLD_BESIDE);
}

/// Verdicts and names.
const TOLD_BESIDE: [&str; 24] = [
    "average_deal_size: flat",
    "average_deal_size: growing",
    "average_deal_size: shrinking",
    "bottleneck_score: bottleneck",
    "bottleneck_score: flowing",
    "bottleneck_score: names one",
    "goal_pace: behind_pace",
    "goal_pace: on_pace",
    "goal_pace_by_last_year: behind_pace",
    "goal_pace_by_last_year: on_pace",
    "reps_at_quota: quotas_in_range",
    "reps_at_quota: quotas_too_high",
    "reps_at_quota: quotas_too_low",
    "selling_time_share: at_benchmark",
    "selling_time_share: below_benchmark",
    "stage_amount_leakage: names one",
    "stage_leakage: names one",
    "stage_lost_amount: names one",
    "territory_balance: balanced",
    "territory_balance: overloaded",
    "territory_balance: underloaded",
    "time_sinks: names one",
    "time_sinks: no_time_sinks",
    "time_sinks: time_sinks",
];
