//! From one event to the flows of the pipeline waterfall. Keeps FOLD-3.
//!
//! Flows of all days add up to what is open now, for each rep, territory and currency: a deal that moves takes its
//! amount along as it was, whatever else the same event changes.

use model::{Day, Flow, Held, Measure, Money, RepIndex, StageKind, TerritoryIndex};

use crate::change::{Change, RowKey, add, add_divided};
use crate::config::FoldConfig;
use crate::hands;
use crate::history::State;
use crate::story::Story;

/// Appends how an event of a day, behind the story before it, changes the open amount.
pub(crate) fn of_event(
    before: Option<&Story<'_>>,
    (state, day): (&State<'_>, Day),
    config: &FoldConfig,
    out: &mut Vec<Change>,
) {
    let kind = config.pipelines.kind(state.stage);
    let was_open = before.is_some_and(|story| config.pipelines.kind(story.latest.stage) == StageKind::Open);
    if !was_open && kind != StageKind::Open {
        return;
    }
    let known = before.and_then(|story| story.amount);
    let amount = state.amount.or(known);
    let mut flows = Flows { day, out };
    match before {
        Some(story) if was_open => {
            flows.moved(&story.latest, state, known);
            flows.changed(state, known, amount);
            match kind {
                StageKind::Open => {}
                StageKind::Won => flows.closed(Flow::Won, (&story.latest, state), amount),
                StageKind::Lost => flows.closed(Flow::Lost, (&story.latest, state), amount),
            }
        }
        Some(_) => flows.whole(Flow::Reopened, state, amount),
        None => flows.whole(Flow::New, state, amount),
    }
}

/// What one event changes.
struct Flows<'o> {
    day: Day,
    out: &'o mut Vec<Change>,
}

impl Flows<'_> {
    fn add(&mut self, rep: RepIndex, territory: TerritoryIndex, measure: Measure, value: i128) {
        add(self.out, RowKey { rep, territory, day: self.day }, Held::Plain(measure), value);
    }

    /// The whole amount, divided as a state has it.
    fn whole(&mut self, flow: Flow, state: &State<'_>, amount: Option<Money>) {
        if let Some(Money { minor, currency }) = amount {
            self.divided(Measure::FlowAmount(flow, currency), state, minor, 1);
        }
    }

    /// The whole amount, divided as the state has it that closes the deal, less what the end of the visit tells of it:
    /// that is divided as the state before ([`Held::WonAmount`], [`Held::LostAmount`]).
    fn closed(&mut self, flow: Flow, (from, to): (&State<'_>, &State<'_>), amount: Option<Money>) {
        let Some(Money { minor, currency }) = amount else { return };
        if !hands::are_same(from, to) {
            self.divided(Measure::FlowAmount(flow, currency), to, minor, 1);
            self.divided(Measure::FlowAmount(flow, currency), from, minor, -1);
        }
    }

    fn divided(&mut self, measure: Measure, state: &State<'_>, minor: i64, sign: i128) {
        add_divided(self.out, state, self.day, Held::Plain(measure), (minor, sign));
    }

    /// The amount as it was, out of the hands of one state into those of another: only what is not in the same ones.
    fn moved(&mut self, from: &State<'_>, to: &State<'_>, amount: Option<Money>) {
        let Some(Money { minor, currency }) = amount else { return };
        if hands::are_same(from, to) {
            return;
        }
        let mut parts = Vec::new();
        for (state, sign) in [(from, -1), (to, 1)] {
            let territory = state.territory;
            state.credits.divide(minor, state.rep, |rep, part| parts.push((rep, territory, sign * part)));
        }
        parts.sort_unstable();
        for of_one in parts.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            let (rep, territory, _) = of_one[0];
            let more: i128 = of_one.iter().map(|(_, _, part)| part).sum();
            let flow = if more > 0 { Flow::MovedIn } else { Flow::MovedOut };
            self.add(rep, territory, Measure::FlowAmount(flow, currency), more * flow.sign());
        }
    }

    /// Another amount in the hands of a state. An amount of 0 is in any currency.
    fn changed(&mut self, state: &State<'_>, before: Option<Money>, after: Option<Money>) {
        let Some(after) = after else { return };
        let before = before.unwrap_or(Money { minor: 0, ..after });
        if before.currency != after.currency && before.minor != 0 && after.minor != 0 {
            for (Money { minor, currency }, sign) in [(before, -1), (after, 1)] {
                self.divided(Measure::FlowAmount(Flow::Exchanged, currency), state, minor, sign);
            }
            return;
        }
        let currency = if after.minor == 0 { before.currency } else { after.currency };
        let flow = if after.minor > before.minor { Flow::Increased } else { Flow::Decreased };
        if after.minor != before.minor {
            let measure = Measure::FlowAmount(flow, currency);
            self.divided(measure, state, after.minor, flow.sign());
            self.divided(measure, state, before.minor, -flow.sign());
        }
    }
}
