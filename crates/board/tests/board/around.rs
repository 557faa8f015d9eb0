//! What views have from other times than their own: their KPIs are those of the naive sums.

use kpi::{Absence, Ages, Input, KpiValue, StageLimits, Sums, Thresholds, Value};
use model::{
    CellKey, Day, Flow, Goal, GoalScope, Measure, Money, PartitionId, Period, PeriodKind, Reference,
    ReferenceRecord, RepIndex, StageIndex, TerritoryIndex, Timestamp,
};
use tallyboard_board::{Board, PeriodSlot, Scope, ScopeTally, Stamp};

use crate::fixture::{calendar, currency, day, empty_board, rate, reference, rep};

/// The naive sums of a scope over the days and measures that a predicate takes.
pub(crate) type Naive<'a> = &'a dyn Fn(&dyn Fn(Day, Measure) -> bool) -> ScopeTally;

/// The KPIs that need more than their period, of the naive sums; `now` is the moment of the view.
pub(crate) fn expected(
    naive: Naive<'_>,
    of_company: Naive<'_>,
    ages: &Ages,
    slot: PeriodSlot,
    board: &Board,
    reference: &Reference,
    now: Timestamp,
) -> Vec<KpiValue> {
    let today = calendar().day_of(now);
    let last = slot.period().map_or(today, |period| Day(calendar().days(period).end.0 - 1).min(today));
    let year = calendar().period_of(PeriodKind::Year, last);
    let is_in = |period: Period, day: Day| calendar().days(period).contains(&day);
    let is_standing = |day: Day, _| day == model::CellKey::STANDING;
    let standing = naive(&is_standing);
    let own = match slot {
        PeriodSlot::Standing => standing.clone(),
        PeriodSlot::Period(period) => naive(&|day, _| is_in(period, day)),
    };
    let is_history = |day, measure| {
        let is_wanted =
            matches!(measure, Measure::WonReached(_) | Measure::LostReached(_) | Measure::DwellVisits(..));
        is_wanted && (is_in(year, day) || is_in(year.previous(), day))
    };
    let history = naive(&is_history);
    let limits = StageLimits::new(board.pipelines(), &of_company(&is_history).tally);
    let until = calendar().days(calendar().period_of(PeriodKind::Year, today).next()).end;
    let after = slot.period().map(|period| {
        let end = calendar().days(period).end;
        naive(&|day, measure| matches!(measure, Measure::FlowAmount(..)) && (end..until).contains(&day))
    });
    let thresholds = Thresholds::default();
    let input = Input {
        sums: sums(&own),
        previous: None,
        standing: sums(&standing),
        history: Some(sums(&history)),
        after: after.as_ref().map(sums),
        ages,
        limits: &limits,
        today,
        valued_on: slot.period().map_or(today, |_| last.min(today)),
        last_year: None,
        balance: None,
        quotas: &[],
        goal: None,
        elapsed: None,
        reference,
        pipelines: board.pipelines(),
        thresholds: &thresholds,
    };
    let kind = slot.period().map(|period| period.kind);
    let of_slot = kpi::CATALOGUE.iter().filter(|kpi| kpi.is_told_for(kind));
    let kpis = of_slot.filter(|kpi| AROUND.contains(&kpi.name));
    kpis.map(|kpi| kpi.evaluate(&input)).collect()
}

/// The KPIs that [`expected`] tells.
pub(crate) const AROUND: [&str; 5] =
    ["weighted_pipeline", "pipeline_waterfall", "open_age_p50", "stage_limit", "stalled_deals"];

const fn sums(of: &ScopeTally) -> Sums<'_> {
    Sums { tally: &of.tally, amounts: &of.amounts }
}

#[test]
fn a_waterfall_leads_from_one_period_to_what_is_open_now() {
    let board = empty_board();
    board.set_reference(reference(vec![
        rep("ann", Some("hunters"), None),
        rate("EUR", 2_000, day("2025-01-01")),
        rate("EUR", 3_000, day("2026-11-01")),
    ]));
    let now = Timestamp::parse("2026-11-24T12:00:00Z").unwrap();
    let [eur, usd] = ["EUR", "USD"].map(currency);
    let cells = [
        ("", Measure::OpenAmount(StageIndex(0), eur), 50),
        ("", Measure::OpenAmount(StageIndex(1), usd), 7),
        ("2025-12-31", Measure::FlowAmount(Flow::New, eur), 90),
        ("2026-10-31", Measure::FlowAmount(Flow::Won, eur), 10),
        ("2026-11-24", Measure::FlowAmount(Flow::Lost, eur), 30),
        ("2026-11-25", Measure::FlowAmount(Flow::New, usd), 7),
    ];
    let cells = cells.map(|(on, measure, value)| {
        let on = if on.is_empty() { CellKey::STANDING } else { day(on) };
        (CellKey { rep: RepIndex(0), territory: TerritoryIndex(0), day: on, measure }, value)
    });
    let stamp = Stamp { progress: 1, positions: Vec::new() };
    board.writer(PartitionId(0)).publish(stamp, &["ann"], &["oslo"], cells).unwrap();
    let open = |scope: &Scope| {
        let kpis = board.kpis(scope, None, now);
        kpis.into_iter().find(|kpi| kpi.kpi.name == "open_amount").unwrap().value
    };
    for scope in [Scope::Company, Scope::Team("hunters".to_owned()), Scope::Territory("oslo".to_owned())] {
        for (period, start, end) in [
            ("2025-12-31", 0, 180),
            ("2026-10", 180, 160),
            // What is said to happen tomorrow is in the week, and in what is open, but not in today.
            ("2026-11-24", 240, 150),
            ("2026-W48", 240, 157),
            ("2026", 270, 157),
        ] {
            let period = board.calendar().parse(period).unwrap();
            let kpis = board.kpis(&scope, Some(period), now);
            let found = kpis.iter().find(|kpi| kpi.kpi.name == "pipeline_waterfall").unwrap();
            let ends = [&found.parts[0], &found.parts[found.parts.len() - 1]].map(|part| part.value);
            assert_eq!(ends, [start, end].map(|minor| Ok(Value::Whole(minor))), "{scope:?} {period:?}");
        }
        let to_come = board.kpis(&scope, Some(board.calendar().parse("2027").unwrap()), now);
        let to_come = to_come.iter().find(|kpi| kpi.kpi.name == "pipeline_waterfall").unwrap();
        assert_eq!(to_come.value, Err(Absence::NotBegun));
        assert_eq!(open(&scope), Ok(Value::Whole(157)));
    }
}

#[test]
fn last_year_counts_up_to_the_same_share_of_days() {
    let board = empty_board();
    let goal = |scope, period: &str| {
        let won_amount = Money { minor: 1_000, currency: currency("USD") };
        ReferenceRecord::Goal(Goal { scope, period: period.to_owned(), won_amount })
    };
    board.set_reference(reference(vec![
        rate("EUR", 2_000, day("2023-01-01")),
        rate("EUR", 3_000, day("2023-02-15")),
        goal(GoalScope::Company, "2024-02"),
        goal(GoalScope::Company, "2024-Q1"),
        goal(GoalScope::Rep("bob".to_owned()), "2024-03"),
    ]));
    let won = |code| Measure::WonAmount(currency(code));
    let cells = [
        (0, "2023-02-01", won("USD"), 100),
        (0, "2023-02-14", won("EUR"), 50),
        (1, "2023-02-15", won("EUR"), 100),
        (0, "2023-03-01", won("USD"), 500),
        (0, "2024-02-01", won("USD"), 300),
    ];
    let cells = cells.map(|(rep, on, measure, value)| {
        (CellKey { rep: RepIndex(rep), territory: TerritoryIndex(0), day: day(on), measure }, value)
    });
    let stamp = Stamp { progress: 1, positions: Vec::new() };
    board.writer(PartitionId(0)).publish(stamp, &["ann", "bob"], &["oslo"], cells).unwrap();
    let pace = |period: &str, on: &str| {
        let now = Timestamp::parse(&format!("{on}T12:00:00Z")).unwrap();
        let period = board.calendar().parse(period).unwrap();
        let kpis = board.kpis(&Scope::Company, Some(period), now);
        kpis.into_iter().find(|kpi| kpi.kpi.name == "goal_pace_by_last_year").unwrap().value
    };
    let quotient =
        |passed: i128, all: i128| Ok(Value::Quotient { numerator: 300 * all, denominator: 1_000 * passed });
    let nothing_yet = Err(Absence::NothingToDivideBy("goal for the time that has passed"));
    for (period, on, expected) in [
        // Of 29 days in 2024 and 28 in 2023: 14 are 13.5, so 14; 15 are 14.5, so 14; 16 are 15.4, so 15.
        ("2024-02", "2024-01-31", nothing_yet),
        ("2024-02", "2024-02-01", quotient(100, 500)),
        ("2024-02", "2024-02-13", quotient(100, 500)),
        ("2024-02", "2024-02-14", quotient(200, 500)),
        ("2024-02", "2024-02-15", quotient(200, 500)),
        ("2024-02", "2024-02-16", quotient(500, 500)),
        ("2024-02", "2024-02-29", quotient(500, 500)),
        ("2024-02", "2024-07-01", quotient(500, 500)),
        ("2024-Q1", "2024-02-29", quotient(500, 1_000)),
        ("2024-Q1", "2024-03-02", quotient(1_000, 1_000)),
        ("2024-03", "2024-03-02", Err(Absence::NoGoal)),
        ("2024", "2024-03-02", Err(Absence::NoGoal)),
    ] {
        assert_eq!(pace(period, on), expected, "{period} {on}");
    }
}
