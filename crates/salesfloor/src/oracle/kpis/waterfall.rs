//! The pipeline waterfall: from what was open at the start of a period to what was open at its end.

use model::Flow;

use super::asked::Asked;
use super::money::Amounts;
use super::pipeline::all_amounts;
use super::{Answer, Number, Part};

/// The steps, by name, and whether they add to what is open.
const STEPS: [(Flow, &str, bool); 9] = [
    (Flow::New, "new", true),
    (Flow::Reopened, "reopened", true),
    (Flow::MovedIn, "moved_in", true),
    (Flow::Increased, "increased", true),
    (Flow::Exchanged, "exchanged", true),
    (Flow::Decreased, "decreased", false),
    (Flow::MovedOut, "moved_out", false),
    (Flow::Won, "won", false),
    (Flow::Lost, "lost", false),
];

fn adds(flow: Flow) -> bool {
    STEPS.iter().any(|&(step, _, adds)| step == flow && adds)
}

/// The end is what is open now without what flowed since the period; the start is the end without what flowed in it. What
/// is open after each step is converted, and the step is the difference.
pub(super) fn pipeline_waterfall(asked: &Asked<'_>) -> Answer {
    if asked.is_begun() { told(asked).unwrap_or_default() } else { Answer::default() }
}

/// None if an exchange rate is missing for any step.
fn told(asked: &Asked<'_>) -> Option<Answer> {
    let valued_on = asked.last_day();
    let signed = |flow, minor: i128| if adds(flow) { minor } else { -minor };
    let mut end: Amounts = all_amounts(asked);
    for flowed in asked.all_flows().filter(|flowed| flowed.mark.day >= asked.days().end) {
        end.push((flowed.currency, valued_on, -signed(flowed.flow, flowed.minor)));
    }
    for amount in &mut end {
        amount.1 = valued_on;
    }
    let within: Vec<_> = asked.all_flows().filter(|flowed| asked.is_in(flowed.mark.day)).collect();
    let mut open = end.clone();
    for flowed in &within {
        open.push((flowed.currency, valued_on, -signed(flowed.flow, flowed.minor)));
    }
    let mut parts = vec![(Part::Named("start"), asked.converted(&open)?)];
    for (flow, name, adds) in STEPS {
        let before = asked.converted(&open)?;
        let of_step = within.iter().filter(|flowed| flowed.flow == flow);
        open.extend(of_step.map(|flowed| (flowed.currency, valued_on, signed(flow, flowed.minor))));
        let step = asked.converted(&open)? - before;
        parts.push((Part::Named(name), if adds { step } else { -step }));
    }
    parts.push((Part::Named("end"), asked.converted(&end)?));
    let parts = parts.into_iter().map(|(part, value)| (part, Some(Number::Sum(value)))).collect();
    Some(Answer { parts, ..Answer::money(asked, &end) })
}
