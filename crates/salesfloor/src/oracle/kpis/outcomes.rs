//! Created, won and lost; how much, how often, how fast.

use super::asked::Asked;
use super::money::{Amounts, rounded};
use super::{Answer, Number, count, quantiles, ratio};

pub(super) const SECONDS_PER_DAY: i128 = 86_400;

pub(super) fn created_deals(asked: &Asked<'_>) -> Answer {
    Answer::sum(count(asked.created()))
}

pub(super) fn won_deals(asked: &Asked<'_>) -> Answer {
    Answer::sum(count(asked.won()))
}

pub(super) fn lost_deals(asked: &Asked<'_>) -> Answer {
    Answer::sum(count(asked.closed().filter(|closed| !closed.is_won)))
}

/// What the scope has of the deals that anybody won in the period, each at the rate of its closed day.
pub(super) fn won_amounts(asked: &Asked<'_>) -> Amounts {
    let won = asked.all_closed().map(|(_, closed)| closed);
    let won = won.filter(|closed| closed.is_won && asked.is_in(closed.mark.day));
    won.flat_map(|closed| asked.own(&closed.shares, closed.mark.day)).collect()
}

pub(super) fn won_amount(asked: &Asked<'_>) -> Answer {
    Answer::money(asked, &won_amounts(asked))
}

pub(super) fn win_rate(asked: &Asked<'_>) -> Answer {
    Answer::ratio(count(asked.won()), count(asked.closed()))
}

pub(super) fn average_deal_size(asked: &Asked<'_>) -> Answer {
    let average = |asked: &Asked<'_>| {
        let (amount, deals) = (asked.converted(&won_amounts(asked))?, count(asked.won()));
        (deals > 0).then_some((amount, deals))
    };
    let now = average(asked);
    let before = asked.period.and_then(|period| average(&asked.of_period(Some(period.previous()))));
    // Against less than nothing there is no trend.
    let before = before.filter(|&(amount, _)| amount > 0);
    let trend = now.zip(before).map(|((amount, deals), (amount_before, deals_before))| {
        let (size, size_before) = (amount * deals_before, amount_before * deals);
        let is_flat =
            (size - size_before).abs() * 100 <= asked.setting.thresholds.flat_within * size_before.abs();
        match size - size_before {
            _ if is_flat => "flat",
            1.. => "growing",
            _ => "shrinking",
        }
    });
    Answer::of(now.and_then(|(amount, deals)| ratio(amount, deals))).judged(trend)
}

fn cycle_seconds(asked: &Asked<'_>) -> i128 {
    asked.won().map(|won| i128::from(won.cycle_seconds)).sum()
}

pub(super) fn sales_cycle_mean(asked: &Asked<'_>) -> Answer {
    Answer::ratio(cycle_seconds(asked), count(asked.won()))
}

pub(super) fn sales_cycle(asked: &Asked<'_>, tenths: usize) -> Answer {
    Answer::of(quantiles::of_seconds(asked.won().map(|won| won.cycle_seconds), tenths))
}

/// Open deals x (amount / won) x (won / closed) / (seconds / won / seconds per day), rounded once.
pub(super) fn sales_velocity(asked: &Asked<'_>) -> Answer {
    let (won, closed, seconds) = (count(asked.won()), count(asked.closed()), cycle_seconds(asked));
    let velocity = |amount| {
        let numerator = count(asked.open()) * amount * won * SECONDS_PER_DAY;
        (closed * seconds > 0).then(|| Number::Sum(rounded(numerator, closed * seconds)))
    };
    Answer::of(asked.converted(&won_amounts(asked)).and_then(velocity))
}
