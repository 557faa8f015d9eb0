//! What views have from other times than their own: their KPIs are those of the naive sums.

use kpi::{Input, KpiValue, Sums, Thresholds};
use model::{Day, Measure, Period, PeriodKind, Reference, Timestamp};
use tallyboard_board::{Board, PeriodSlot, ScopeTally};

use crate::fixture::calendar;

/// The naive sums of a scope over the days and measures that a predicate takes.
pub(crate) type Naive<'a> = &'a dyn Fn(&dyn Fn(Day, Measure) -> bool) -> ScopeTally;

/// The KPIs that need more than their period, of the naive sums; `now` is the moment of the view.
pub(crate) fn expected(
    naive: Naive<'_>,
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
    let history = naive(&|day, measure| {
        let is_wanted =
            matches!(measure, Measure::WonReached(_) | Measure::LostReached(_) | Measure::DwellVisits(..));
        is_wanted && (is_in(year, day) || is_in(year.previous(), day))
    });
    let thresholds = Thresholds::default();
    let input = Input {
        sums: sums(&own),
        previous: None,
        standing: sums(&standing),
        history: Some(sums(&history)),
        quotas: &[],
        goal: None,
        elapsed: None,
        reference,
        pipelines: board.pipelines(),
        thresholds: &thresholds,
    };
    let kind = slot.period().map(|period| period.kind);
    let kpis = AROUND.iter().filter_map(|name| kpi::find(name)).filter(|kpi| kpi.is_told_for(kind));
    kpis.map(|kpi| kpi.evaluate(&input)).collect()
}

/// The KPIs that [`expected`] tells.
pub(crate) const AROUND: [&str; 1] = ["weighted_pipeline"];

const fn sums(of: &ScopeTally) -> Sums<'_> {
    Sums { tally: &of.tally, amounts: &of.amounts }
}
