//! Ages, stalled deals and bottlenecks of fixed sums, by hand.

use model::{Day, DurationBucket, Measure, StageIndex, Tally};

use super::tests::{currency, evaluate_with, pipelines};
use crate::amounts::Amounts;
use crate::input::{Ages, Sums};
use crate::limits::StageLimits;
use crate::value::{Absence, KpiValue, PartKey, Value, Verdict};

const DAY: i128 = 86_400;
const LEAD: StageIndex = StageIndex(0);
const PROPOSAL: StageIndex = StageIndex(1);

/// As of day 100, so much of the period having passed; the limit of proposals is 3 days and a little, leads have none.
fn evaluate(name: &str, sums: &[(Measure, i128)], ages: &Ages, elapsed: (i128, i128)) -> KpiValue {
    let (mut tally, amounts) = (Tally::default(), Amounts::new(currency("USD")));
    sums.iter().for_each(|&(measure, value)| tally.add(measure, value));
    let mut history = Tally::default();
    history.add(Measure::DwellVisits(PROPOSAL, DurationBucket::of(2 * 86_400)), 5);
    let limits = StageLimits::new(&pipelines(), &history);
    evaluate_with(name, Sums { tally: &tally, amounts: &amounts }, |input| {
        (input.ages, input.limits, input.today, input.elapsed) = (ages, &limits, Day(100), Some(elapsed));
    })
}

fn part(value: &KpiValue, stage: StageIndex) -> Result<Value, Absence> {
    value.parts.iter().find(|part| part.key == PartKey::Stage(stage)).unwrap().value
}

fn rounded(value: Result<Value, Absence>) -> Option<i128> {
    value.ok().map(Value::rounded)
}

#[test]
fn open_deals_have_ages_in_whole_days() {
    let ages = Ages::from([((LEAD, Day(100)), 1), ((LEAD, Day(90)), 2), ((PROPOSAL, Day(96)), 1)]);
    let of = |name| evaluate(name, &[], &ages, (1, 1));
    let mean = of("open_age_mean");
    assert_eq!(mean.value, Ok(Value::Quotient { numerator: 24 * DAY, denominator: 4 }));
    assert_eq!(part(&mean, LEAD), Ok(Value::Quotient { numerator: 20 * DAY, denominator: 3 }));
    let p50 = of("open_age_p50");
    assert_eq!((rounded(p50.value), rounded(part(&p50, LEAD))), (Some(7 * DAY), Some(10 * DAY)));
    // Rank 2.7 of 0, 4, 10, 10.
    assert_eq!(rounded(of("open_age_p90").value), Some(10 * DAY));
    let nobody = evaluate("open_age_mean", &[], &Ages::new(), (1, 1));
    assert_eq!(nobody.value, Err(Absence::NothingToDivideBy("open deals")));
}

#[test]
fn deals_are_stalled_beyond_the_limit_of_their_stage() {
    let at = |day, deals| ((PROPOSAL, Day(day)), deals);
    let ages = Ages::from([at(90, 2), at(96, 1), at(97, 5), at(100, 7), ((LEAD, Day(0)), 9)]);
    let stalled = evaluate("stalled_deals", &[], &ages, (1, 1));
    assert_eq!(stalled.value, Ok(Value::Whole(3)));
    assert_eq!(part(&stalled, PROPOSAL), Ok(Value::Whole(3)));
    assert_eq!(part(&stalled, LEAD), Err(Absence::NothingToDivideBy("visits that ended")));
}

#[test]
fn the_stage_that_fills_up_is_the_bottleneck() {
    let dwell =
        |stage, days: u64, visits| (Measure::DwellVisits(stage, DurationBucket::of(days * 86_400)), visits);
    let flow = [
        (Measure::StageEntered(LEAD), 10),
        (Measure::StageAdvanced(LEAD), 10),
        dwell(LEAD, 6, 10),
        (Measure::StageEntered(PROPOSAL), 10),
        (Measure::StageAdvanced(PROPOSAL), 4),
        (Measure::StageLost(PROPOSAL), 1),
        dwell(PROPOSAL, 2, 5),
    ];
    let waiting = Ages::from([((PROPOSAL, Day(96)), 5)]);
    // Leads take 6 of 8 or 10 days, proposals 2 while they ended and 4 while they wait; twice as many came as went.
    for (name, ages, elapsed, named, verdict) in [
        ("waiting too long", &waiting, (1, 2), PROPOSAL, Verdict::Bottleneck),
        ("afterwards, those that ended did not take too long", &waiting, (2, 2), LEAD, Verdict::Flowing),
        ("nobody waits", &Ages::new(), (1, 2), LEAD, Verdict::Flowing),
    ] {
        let score = evaluate("bottleneck_score", &flow, ages, elapsed);
        assert_eq!((score.named, score.verdict), (Some(PartKey::Stage(named)), Some(verdict)), "{name}");
        assert_eq!(score.value, part(&score, named));
        let shares = [LEAD, PROPOSAL].map(|stage| part(&score, stage).unwrap().approximate());
        let expected = if verdict == Verdict::Bottleneck { [0.6, 2.0 * 0.4] } else { [0.75, 2.0 * 0.25] };
        let is_near = shares.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.02);
        assert!(is_near, "{name}: {shares:?}");
    }
    let nothing = evaluate("bottleneck_score", &[], &Ages::new(), (1, 2));
    assert_eq!((nothing.named, nothing.verdict), (None, None));
    assert!(nothing.value.is_err());
}

#[test]
fn littles_law_tells_how_many_there_should_be() {
    let flow = [
        (Measure::StageEntered(LEAD), 20),
        (Measure::StageAdvanced(LEAD), 4),
        (Measure::DwellSeconds(LEAD), 4 * 3 * DAY),
    ];
    // Two a day, for three days each.
    let expected = evaluate("expected_open_deals", &flow, &Ages::new(), (10 * DAY, 30 * DAY));
    assert_eq!(part(&expected, LEAD), Ok(Value::Coefficient { numerator: 6_000, denominator: 1_000 }));
    assert!(part(&expected, PROPOSAL).is_err());
}
