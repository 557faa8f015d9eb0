//! Quotas and goals.

use std::collections::BTreeSet;

use model::{Day, GoalScope, Money, Period, PeriodKind, ReferenceRecord};

use super::asked::Asked;
use super::money::{PARTS, rounded};
use super::organisation::{Scope, is_region};
use super::outcomes::won_amounts;
use super::pipeline::due_amount;
use super::{Answer, Number, Part, count, ratio};

/// What a rep has won, and was to win.
struct Target {
    won: i128,
    /// Before it was rounded.
    won_exactly: i128,
    quota: i128,
}

/// The quota that is in force on a day for the very period.
fn quota_in_force(asked: &Asked<'_>, rep_id: &str, period: Period, day: Day) -> Option<Money> {
    let name = asked.setting.calendar.name(period);
    let quotas = asked.setting.records.iter().filter_map(|record| match record {
        ReferenceRecord::Quota(quota) if quota.rep_id == rep_id && quota.period == name => Some(quota),
        _ => None,
    });
    let in_force = quotas.filter(|quota| quota.effective_from.is_none_or(|from| from <= day));
    in_force.max_by_key(|quota| quota.effective_from).map(|quota| quota.amount)
}

/// The shorter periods of a kind that a period consists of.
fn parts(asked: &Asked<'_>, period: Period, kind: PeriodKind) -> Vec<Period> {
    let calendar = asked.setting.calendar;
    let days = calendar.days(period);
    let first = calendar.period_of(kind, days.start);
    let all = std::iter::successors(Some(first), |part| Some(part.next()));
    all.take_while(|&part| calendar.days(part).start < days.end).collect()
}

fn quota(asked: &Asked<'_>, rep_id: &str, period: Period, day: Day) -> Option<Vec<Money>> {
    let kinds: &[PeriodKind] = match period.kind {
        PeriodKind::Year => &[PeriodKind::Year, PeriodKind::Quarter, PeriodKind::Month],
        PeriodKind::Quarter => &[PeriodKind::Quarter, PeriodKind::Month],
        PeriodKind::Month => &[PeriodKind::Month],
        PeriodKind::Week => &[PeriodKind::Week],
        PeriodKind::Day => &[PeriodKind::Day],
    };
    kinds.iter().find_map(|&kind| {
        let parts = parts(asked, period, kind).into_iter();
        parts.map(|part| quota_in_force(asked, rep_id, part, day)).collect()
    })
}

fn money(asked: &Asked<'_>, amounts: &[Money], day: Day) -> Option<i128> {
    asked.converted(&amounts.iter().map(|money| (money.currency, day, money.minor.into())).collect())
}

/// The reps of the scope who have a quota; none if an exchange rate is missing.
fn targets(asked: &Asked<'_>) -> Option<Vec<Target>> {
    let period = asked.period?;
    let day = asked.last_day();
    let reps: BTreeSet<&str> = asked
        .setting
        .records
        .iter()
        .filter_map(|record| match record {
            ReferenceRecord::Quota(quota) => Some(quota.rep_id.as_str()),
            _ => None,
        })
        .collect();
    let mut targets = Vec::new();
    for rep_id in reps.into_iter().filter(|rep_id| asked.has_rep(rep_id)) {
        if let Some(amounts) = quota(asked, rep_id, period, day) {
            let scope = Scope::Rep(rep_id.to_owned());
            let of_rep = asked.of_scope(&scope);
            let won_exactly = of_rep.converted_exactly(&won_amounts(&of_rep))?;
            let won = rounded(won_exactly, PARTS);
            let quota = money(asked, &amounts, day)?;
            // A quota of 0 is none.
            if quota > 0 {
                targets.push(Target { won, won_exactly, quota });
            }
        }
    }
    Some(targets)
}

/// The sums of what was won, rounded once, and was to be won.
fn sums(targets: &[Target]) -> (i128, i128) {
    let won_exactly = targets.iter().map(|target| target.won_exactly).sum();
    (rounded(won_exactly, PARTS), targets.iter().map(|target| target.quota).sum())
}

pub(super) fn quota_attainment(asked: &Asked<'_>) -> Answer {
    let (won, quota) = targets(asked).as_deref().map(sums).unwrap_or_default();
    Answer::ratio(won, quota)
}

pub(super) fn reps_at_quota(asked: &Asked<'_>) -> Answer {
    let targets = targets(asked).unwrap_or_default();
    let (at_quota, reps) =
        (count(targets.iter().filter(|target| target.won >= target.quota)), count(&targets));
    let thresholds = &asked.setting.thresholds;
    let verdict = (reps > 0 && asked.is_over()).then(|| {
        if at_quota * 100 < thresholds.at_quota_min * reps {
            "quotas_too_high"
        } else if at_quota * 100 > thresholds.at_quota_max * reps {
            "quotas_too_low"
        } else {
            "quotas_in_range"
        }
    });
    Answer::ratio(at_quota, reps).judged(verdict)
}

pub(super) fn reps_by_attainment(asked: &Asked<'_>) -> Answer {
    let Some(targets) = targets(asked) else { return Answer::default() };
    let is_between = |target: &&Target, from: i128, to: i128| {
        let won = target.won * 100;
        from * target.quota <= won && won < to * target.quota
    };
    let within = |from, to| count(targets.iter().filter(|target| is_between(target, from, to)));
    let above = count(targets.iter().filter(|target| target.won * 100 > 120 * target.quota));
    let below = count(targets.iter().filter(|target| target.won * 100 < 50 * target.quota));
    let (from_50, from_80) = (within(50, 80), within(80, 100));
    let rest = count(&targets) - below - from_50 - from_80 - above;
    let parts = [
        ("below_50", below),
        ("50_to_80", from_50),
        ("80_to_100", from_80),
        ("100_to_120", rest),
        ("above_120", above),
    ];
    let parts = parts.map(|(name, reps)| (Part::Named(name), Some(Number::Sum(reps))));
    Answer { parts: parts.into(), ..Answer::sum(count(&targets)) }
}

pub(super) fn pipeline_coverage(asked: &Asked<'_>) -> Answer {
    let remaining = targets(asked).map(|targets| sums(&targets)).map(|(won, quota)| quota - won);
    let due = asked.converted(&due_amount(asked));
    let coverage = due.zip(remaining.filter(|&remaining| remaining > 0));
    Answer::of(coverage.and_then(|(due, remaining)| ratio(due, remaining)))
}

/// What is to be won, if somebody has said so.
fn goal(asked: &Asked<'_>) -> Option<i128> {
    let name = asked.setting.calendar.name(asked.period?);
    let scope = match asked.scope {
        // The goal is for all that is inside it.
        Scope::Territory(id) if is_region(asked.setting.records, id) => return None,
        Scope::Company => GoalScope::Company,
        Scope::Region(id) | Scope::Territory(id) => GoalScope::Territory(id.clone()),
        Scope::Team(id) => GoalScope::Team(id.clone()),
        Scope::Rep(id) => GoalScope::Rep(id.clone()),
    };
    let goal = asked.setting.records.iter().find_map(|record| match record {
        ReferenceRecord::Goal(goal) if goal.scope == scope && goal.period == name => Some(goal.won_amount),
        _ => None,
    })?;
    money(asked, &[goal], asked.last_day())
}

/// Goal and won amount.
fn goal_and_won(asked: &Asked<'_>) -> Option<(i128, i128)> {
    Some((goal(asked)?, asked.converted(&won_amounts(asked))?))
}

pub(super) fn goal_attainment(asked: &Asked<'_>) -> Answer {
    Answer::of(goal_and_won(asked).and_then(|(goal, won)| ratio(won, goal)))
}

/// A won amount against what should have been won.
fn pace(won: i128, of: i128, expected: i128) -> Answer {
    if expected <= 0 {
        return Answer::default();
    }
    let verdict = if won * of >= expected { "on_pace" } else { "behind_pace" };
    Answer::of(Some(Number::Exact(won * of, expected))).judged(Some(verdict))
}

pub(super) fn goal_pace(asked: &Asked<'_>) -> Answer {
    let (elapsed, all) = asked.elapsed();
    goal_and_won(asked).map(|(goal, won)| pace(won, all, goal * elapsed)).unwrap_or_default()
}

pub(super) fn goal_pace_by_last_year(asked: &Asked<'_>) -> Answer {
    let by_last_year = || {
        let (goal, won) = goal_and_won(asked)?;
        let (days, last_days) = (asked.days(), asked.of_period(asked.period?.year_before()).days());
        let length = |days: &std::ops::Range<Day>| i64::from(days.end.0) - i64::from(days.start.0);
        let begun = (i64::from(asked.today().0) - i64::from(days.start.0) + 1).clamp(0, length(&days));
        // To the nearest day, a half upwards.
        let as_large = (2 * begun * length(&last_days) + length(&days)) / (2 * length(&days));
        let last_year = asked.of_period(asked.period?.year_before());
        let whole = won_amounts(&last_year);
        let is_by_then =
            |&(_, day, _): &(_, Day, i128)| i64::from(day.0) - i64::from(last_days.start.0) < as_large;
        let by_then = whole.iter().copied().filter(is_by_then).collect();
        let (whole, by_then) = (asked.converted(&whole)?, asked.converted(&by_then)?);
        (whole > 0 && begun > 0).then(|| pace(won, whole, goal * by_then))
    };
    by_last_year().unwrap_or_default()
}

pub(super) fn required_deals(asked: &Asked<'_>) -> Answer {
    Answer::of(required(asked).map(Number::Sum))
}

fn ceil(numerator: i128, denominator: i128) -> i128 {
    -(-numerator).div_euclid(denominator)
}

/// How many deals; 0 once the goal is met.
fn required(asked: &Asked<'_>) -> Option<i128> {
    let (goal, won) = goal_and_won(asked)?;
    if won >= goal {
        return Some(0);
    }
    let before = asked.of_period(asked.period.map(Period::previous));
    let amount = won + asked.converted(&won_amounts(&before))?;
    let deals = count(asked.won()) + count(before.won());
    (deals > 0 && amount > 0).then(|| ceil((goal - won) * deals, amount))
}

pub(super) fn required_leads(asked: &Asked<'_>) -> Answer {
    let leads = || {
        let deals = required(asked)?;
        if deals == 0 {
            return Some(0);
        }
        let before = asked.of_period(asked.period.map(Period::previous));
        let is_won = |deal: &&super::books::Deal| deal.closed.as_ref().is_some_and(|closed| closed.is_won);
        let (created, won) = (count(before.created()), count(before.created().filter(is_won)));
        (won > 0).then(|| ceil(deals * created, won))
    };
    Answer::of(leads().map(Number::Sum))
}
