//! Which activities go with winning.

use model::Category;

use super::activities::seconds_of;
use super::asked::Asked;
use super::books::Closed;
use super::{Answer, Number, Part, ratio};

/// Fewer closed deals say nothing.
const DEALS_MIN: usize = 30;
/// Of the normal distribution, for 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// Each deal closed in the period: how many activities of a category it had, and whether it was won.
fn deals(asked: &Asked<'_>, category: Category) -> Vec<(f64, bool)> {
    let touches = |closed: &Closed| closed.touches.get(&category).copied().unwrap_or(0).min(16_383);
    asked.closed().map(|closed| (f64::from(touches(closed)), closed.is_won)).collect()
}

fn by_category(of: impl Fn(Category) -> Option<Number>) -> Answer {
    let parts = Category::ALL.into_iter().map(|category| (Part::Category(category), of(category)));
    Answer { parts: parts.collect(), ..Answer::default() }
}

fn size(deals: &[(f64, bool)]) -> i128 {
    super::count(deals)
}

pub(super) fn win_lift(asked: &Asked<'_>) -> Answer {
    by_category(|category| {
        let deals = deals(asked, category);
        let closed = |with: bool| deals.iter().filter(move |(touches, _)| (*touches > 0.0) == with);
        let won = |with| closed(with).filter(|(_, is_won)| *is_won).count() as f64;
        let (won_with, with) = (won(true), closed(true).count() as f64);
        let (won_without, without) = (won(false), closed(false).count() as f64);
        if deals.len() < DEALS_MIN || with == 0.0 || without == 0.0 || won_without == 0.0 {
            return None;
        }
        let value = (won_with / with) / (won_without / without);
        let added = if won_with == 0.0 { 0.5 } else { 0.0 };
        let (won_with, with) = (won_with + added, with + added);
        let (won_without, without) = (won_without + added, without + added);
        let logarithm = ((won_with / with) / (won_without / without)).ln();
        let error = (1.0 / won_with - 1.0 / with + 1.0 / won_without - 1.0 / without).sqrt();
        let (low, high) = ((logarithm - Z * error).exp(), (logarithm + Z * error).exp());
        // The interval is around the estimate, which is 0 then.
        let low = if added > 0.0 { 0.0 } else { low };
        Some(Number::Estimate { value, low, high, count: size(&deals) })
    })
}

/// Pearson's r with Fisher's interval.
fn correlation(asked: &Asked<'_>, category: Category) -> Option<(f64, f64, f64)> {
    let deals = deals(asked, category);
    if deals.len() < DEALS_MIN {
        return None;
    }
    let n = deals.len() as f64;
    let outcome = |is_won| if is_won { 1.0 } else { 0.0 };
    let mean_touches = deals.iter().map(|(touches, _)| touches).sum::<f64>() / n;
    let mean_won = deals.iter().map(|&(_, is_won)| outcome(is_won)).sum::<f64>() / n;
    let (mut both, mut of_touches, mut of_won) = (0.0, 0.0, 0.0);
    for &(touches, is_won) in &deals {
        let (x, y) = (touches - mean_touches, outcome(is_won) - mean_won);
        both += x * y;
        of_touches += x * x;
        of_won += y * y;
    }
    // Sums of squares of what differs at all are far above this.
    if of_touches < 1e-9 || of_won < 1e-9 {
        return None;
    }
    let r = (both / (of_touches * of_won).sqrt()).clamp(-1.0, 1.0);
    let half = Z / (n - 3.0).sqrt();
    Some((r, (r.atanh() - half).tanh(), (r.atanh() + half).tanh()))
}

pub(super) fn win_correlation(asked: &Asked<'_>) -> Answer {
    by_category(|category| {
        let (value, low, high) = correlation(asked, category)?;
        Some(Number::Estimate { value, low, high, count: size(&deals(asked, category)) })
    })
}

pub(super) fn time_sinks(asked: &Asked<'_>) -> Answer {
    let all = seconds_of(asked, None);
    let has_touches = asked.closed().any(|closed| !closed.touches.is_empty());
    let (won, closed) = (asked.won().count(), asked.closed().count());
    let all_alike = won == 0 || won == closed;
    if all == 0 || closed < DEALS_MIN || all_alike || !has_touches {
        return Answer::default();
    }
    let goes_with_winning = |category| correlation(asked, category).is_some_and(|(_, low, _)| low > 0.0);
    let is_sink = |category: Category| {
        let is_unknown = correlation(asked, category).is_none();
        seconds_of(asked, Some(category)) * 100 >= asked.setting.thresholds.time_sink * all
            && !goes_with_winning(category)
            && !(is_unknown && category.is_selling())
    };
    let sinks: Vec<Category> = Category::ALL.into_iter().filter(|&category| is_sink(category)).collect();
    let sum: i128 = sinks.iter().map(|&category| seconds_of(asked, Some(category))).sum();
    let part = |category: Category| (Part::Category(category), ratio(seconds_of(asked, Some(category)), all));
    // As it is told, in millionths; of equal ones, the first.
    let with_r = |category| Some((category, (correlation(asked, category)?.0 * 1e6).round()));
    let best = Category::ALL
        .into_iter()
        .filter(|&category| goes_with_winning(category))
        .filter_map(with_r)
        .fold(None, |best: Option<(Category, f64)>, next| match best {
            Some(best) if best.1 >= next.1 => Some(best),
            _ => Some(next),
        });
    let verdict = if sinks.is_empty() { "no_time_sinks" } else { "time_sinks" };
    Answer {
        parts: sinks.into_iter().map(part).collect(),
        named: best.map(|(category, _)| Part::Category(category)),
        ..Answer::ratio(sum, all).judged(Some(verdict))
    }
}
