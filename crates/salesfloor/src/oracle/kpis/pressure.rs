//! How long deals stay in stages: dwell time, age, what is stalled, and where they pile up.

use std::cmp::Ordering;

use model::StageIndex;

use super::asked::Asked;
use super::books::Left;
use super::funnel::{entered, ratio_by_stage};
use super::money::rounded;
use super::outcomes::SECONDS_PER_DAY;
use super::{Answer, Number, Part, count, quantiles};

fn dwell_seconds<'l>(left: impl Iterator<Item = &'l Left>) -> i128 {
    left.map(|left| i128::from(left.seconds)).sum()
}

pub(super) fn dwell_mean(asked: &Asked<'_>) -> Answer {
    ratio_by_stage(asked, |stage| (dwell_seconds(asked.left(stage)), count(asked.left(stage))))
}

pub(super) fn dwell(asked: &Asked<'_>, tenths: usize) -> Answer {
    let of = |stage| asked.left(stage).map(|left| left.seconds);
    let part = |stage| (Part::Stage(stage), quantiles::of_seconds(of(stage), tenths));
    let parts = asked.open_stages().map(part).collect();
    Answer { parts, ..Answer::of(quantiles::of_seconds(asked.open_stages().flat_map(of), tenths)) }
}

/// The ages of the scope's open deals in a stage; in whole days, but told in seconds. Who came after today is 0 days old.
fn ages(asked: &Asked<'_>, stage: StageIndex) -> Vec<i128> {
    let open = asked.open().filter(|open| open.stage == stage);
    let days = open.map(|open| i128::from(asked.today().0) - i128::from(open.mark.day.0));
    days.map(|days| days.max(0) * SECONDS_PER_DAY).collect()
}

pub(super) fn open_age_mean(asked: &Asked<'_>) -> Answer {
    ratio_by_stage(asked, |stage| (ages(asked, stage).iter().sum(), count(ages(asked, stage))))
}

pub(super) fn open_age(asked: &Asked<'_>, tenths: usize) -> Answer {
    let quantile =
        |ages| quantiles::quantile_times_ten(ages, tenths).map(|times_ten| Number::Exact(times_ten, 10));
    let part = |stage| (Part::Stage(stage), quantile(ages(asked, stage)));
    let value = quantile(asked.open_stages().flat_map(|stage| ages(asked, stage)).collect());
    Answer { parts: asked.open_stages().map(part).collect(), ..Answer::of(value) }
}

/// What the company's visits to a stage took that ended in the two years.
fn visits_of_two_years(asked: &Asked<'_>, stage: StageIndex) -> impl Iterator<Item = u64> {
    let two_years = asked.two_years();
    let visits =
        asked.all_left().filter(move |(of, left)| *of == stage && two_years.contains(&left.mark.day));
    visits.map(|(_, left)| left.seconds)
}

fn configured_limit(asked: &Asked<'_>, stage: StageIndex) -> Option<i128> {
    let (_, stage) = asked.setting.pipelines.get(stage)?;
    Some(i128::from(stage.limit_days?) * SECONDS_PER_DAY)
}

/// In whole seconds.
fn limit_as_known(asked: &Asked<'_>, stage: StageIndex) -> Option<i128> {
    configured_limit(asked, stage).or_else(|| {
        let median = quantiles::twentieths_as_known(visits_of_two_years(asked, stage), 5)?;
        Some((median * 3).div_euclid(40))
    })
}

pub(super) fn stage_limit(asked: &Asked<'_>) -> Answer {
    let limit = |stage| {
        configured_limit(asked, stage).map(Number::Sum).or_else(|| {
            match quantiles::of_seconds(visits_of_two_years(asked, stage), 5)? {
                Number::Quantile(median) => Some(Number::Quantile(median * 1.5)),
                _ => None,
            }
        })
    };
    let parts = asked.open_stages().map(|stage| (Part::Stage(stage), limit(stage)));
    Answer { parts: parts.collect(), ..Answer::default() }
}

pub(super) fn stalled_deals(asked: &Asked<'_>) -> Answer {
    let stalled = |stage| {
        let limit = limit_as_known(asked, stage)?;
        Some(count(ages(asked, stage).into_iter().filter(|&age| age > limit)))
    };
    let by_stage: Vec<(StageIndex, Option<i128>)> =
        asked.open_stages().map(|stage| (stage, stalled(stage))).collect();
    let has_limit = by_stage.iter().any(|(_, stalled)| stalled.is_some());
    let value: i128 = by_stage.iter().filter_map(|(_, stalled)| *stalled).sum();
    let parts = by_stage.into_iter().map(|(stage, stalled)| (Part::Stage(stage), stalled.map(Number::Sum)));
    Answer { parts: parts.collect(), ..Answer::of(has_limit.then_some(Number::Sum(value))) }
}

/// A stage in the ranking of bottlenecks.
struct Ranked {
    stage: StageIndex,
    is_bottleneck: bool,
    numerator: i128,
    denominator: i128,
}

/// How long the stage takes, in whole seconds.
fn time(asked: &Asked<'_>, stage: StageIndex) -> Option<i128> {
    let dwell = quantiles::twentieths_as_known(asked.left(stage).map(|left| left.seconds), 9);
    let is_on = asked.is_in(asked.today());
    let age = quantiles::quantile_times_ten(ages(asked, stage), 9).filter(|_| is_on);
    dwell.map(|twentieths| rounded(twentieths, 20)).max(age.map(|times_ten| rounded(times_ten, 10)))
}

pub(super) fn bottleneck_score(asked: &Asked<'_>) -> Answer {
    if !asked.is_begun() {
        return Answer::default();
    }
    let all_time: i128 = asked.open_stages().filter_map(|stage| time(asked, stage)).sum();
    let ranked = |stage| {
        let (time, entered, left) = (time(asked, stage)?, entered(asked, stage), count(asked.left(stage)));
        let is_too_long = limit_as_known(asked, stage).is_some_and(|limit| time > limit);
        (all_time > 0).then_some(Ranked {
            stage,
            is_bottleneck: entered > left && is_too_long,
            numerator: entered * time,
            denominator: left.max(1) * all_time,
        })
    };
    let ranking: Vec<Ranked> = asked.open_stages().filter_map(ranked).collect();
    let is_before = |one: &Ranked, other: &Ranked| {
        let by_score = (one.numerator * other.denominator).cmp(&(other.numerator * one.denominator));
        one.is_bottleneck.cmp(&other.is_bottleneck).then(by_score) == Ordering::Greater
    };
    let mut first: Option<&Ranked> = None;
    for stage in &ranking {
        if first.is_none_or(|first| is_before(stage, first)) {
            first = Some(stage);
        }
    }
    let score = |ranked: &Ranked| Number::Exact(ranked.numerator, ranked.denominator);
    let verdict = |ranked: &Ranked| if ranked.is_bottleneck { "bottleneck" } else { "flowing" };
    Answer {
        parts: ranking.iter().map(|ranked| (Part::Stage(ranked.stage), Some(score(ranked)))).collect(),
        named: first.map(|first| Part::Stage(first.stage)),
        ..Answer::of(first.map(score)).judged(first.map(verdict))
    }
}

/// Entered / seconds that have passed x mean seconds, rounded down to a thousandth.
pub(super) fn expected_open_deals(asked: &Asked<'_>) -> Answer {
    let (elapsed, _) = asked.elapsed();
    let expected = |stage| {
        let below = elapsed * count(asked.left(stage));
        let above = entered(asked, stage) * dwell_seconds(asked.left(stage));
        (below > 0).then(|| Number::Exact((above * 1_000).div_euclid(below), 1_000))
    };
    let parts = asked.open_stages().map(|stage| (Part::Stage(stage), expected(stage)));
    Answer { parts: parts.collect(), ..Answer::default() }
}
