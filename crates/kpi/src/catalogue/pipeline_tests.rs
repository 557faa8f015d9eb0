//! The money in the pipeline of fixed sums, by hand: coverage, the weighted pipeline, the waterfall.

use model::{Day, Flow, Measure, StageIndex, Tally};

use super::tests::{currency, evaluate, evaluate_with, no_rate, outcomes, quotient_of, rep_quota};
use crate::input::Sums;
use crate::value::{Absence, PartKey, Value};

#[test]
fn coverage_is_what_is_due_against_what_quotas_still_need() {
    let [usd, eur, gbp] = ["USD", "EUR", "GBP"].map(|code| Measure::OpenDueAmount(currency(code)));
    let quota = |won, quota| rep_quota((won, "USD"), quota);
    let missed = rep_quota((1, "GBP"), 1);
    let needed = Err(Absence::NothingToDivideBy("quotas that still need something"));
    for (due, quotas, value) in [
        // 100 USD and 20 EUR at 1.5 against 100 - 40 and 50 - 60.
        (vec![(usd, 100), (eur, 20)], vec![quota(40, 100), quota(60, 50)], quotient_of(130, 50)),
        (vec![(eur, 3)], vec![quota(0, 100)], quotient_of(4, 100)),
        (vec![], vec![quota(99, 100)], quotient_of(0, 1)),
        (vec![(usd, 100)], vec![quota(40, 100), quota(110, 50)], needed),
        (vec![(usd, 100)], vec![quota(9, 0)], Err(Absence::NothingToDivideBy("quotas"))),
        (vec![(usd, 100)], vec![], Err(Absence::NothingToDivideBy("quotas"))),
        (vec![(gbp, 100)], vec![quota(1, 2)], no_rate("GBP", Some(Day(0)))),
        (vec![(usd, 100)], vec![quota(1, 2), missed], no_rate("GBP", Some(Day(0)))),
        // 1 EUR is 1.5 USD: two of them are 3, and not 2 and 2.
        (vec![(usd, 100)], vec![rep_quota((1, "EUR"), 10), rep_quota((1, "EUR"), 10)], quotient_of(100, 17)),
    ] {
        let (tally, amounts) = outcomes(0, 0, &due);
        let sums = Sums { tally: &tally, amounts: &amounts };
        let found = evaluate_with("pipeline_coverage", sums, |input| input.quotas = &quotas);
        assert_eq!(found.value, value, "{due:?} {quotas:?}");
    }
    let due = evaluate("open_amount_due", &[(usd, 100), (eur, 3)]);
    assert_eq!(
        (due.value, due.by_currency),
        (Ok(Value::Whole(104)), vec![(currency("EUR"), 3), (currency("USD"), 100)])
    );
}

#[test]
fn the_pipeline_is_weighted_by_what_was_won_from_its_stages() {
    let [lead, proposal, gone] = [0, 1, 40].map(StageIndex);
    let open = |stage, code| Measure::OpenAmount(stage, currency(code));
    let [won, lost] = [Measure::WonReached, Measure::LostReached];
    let unknown = Err(Absence::NothingToDivideBy("closed deals that had reached the stage"));
    let whole = |value| Ok(Value::Whole(value));
    for (sums, history, total, parts) in [
        // 100 at 1 of 3, and 10 USD + 20 EUR at 2 of 3.
        (
            vec![(open(lead, "USD"), 100), (open(proposal, "USD"), 10), (open(proposal, "EUR"), 20)],
            vec![(won(lead), 1), (lost(lead), 2), (won(proposal), 2), (lost(proposal), 1)],
            whole(33 + 27),
            vec![whole(33), whole(27)],
        ),
        // 3 EUR are 4.5, of which a third is 1.5: it is rounded after that.
        (
            vec![(open(lead, "EUR"), 3)],
            vec![(won(lead), 1), (lost(lead), 2)],
            whole(2),
            vec![whole(2), unknown],
        ),
        (vec![(open(lead, "USD"), 9)], vec![(won(lead), 7)], whole(9), vec![whole(9), unknown]),
        (vec![(open(lead, "USD"), 9)], vec![(won(proposal), 7)], unknown, vec![unknown, whole(0)]),
        (vec![], vec![], whole(0), vec![unknown, unknown]),
        (
            vec![(open(lead, "GBP"), 9), (open(gone, "USD"), 4)],
            vec![(won(lead), 7), (lost(gone), 1)],
            no_rate("GBP", Some(Day(0))),
            vec![no_rate("GBP", Some(Day(0))), unknown, whole(0)],
        ),
    ] {
        let (tally, amounts) = outcomes(0, 0, &sums);
        let history = outcomes(0, 0, &history);
        let found = evaluate_with("weighted_pipeline", Sums { tally: &tally, amounts: &amounts }, |input| {
            input.history = Some(Sums { tally: &history.0, amounts: &history.1 });
        });
        let found_parts: Vec<_> = found.parts.iter().map(|part| part.value).collect();
        assert_eq!((found.value, found_parts), (total, parts), "{sums:?} {history:?}");
    }
    assert_eq!(evaluate("weighted_pipeline", &[(open(lead, "USD"), 100)]).value, unknown);
}

#[test]
fn a_waterfall_balances_to_the_minor_unit() {
    let open = |code| Measure::OpenAmount(StageIndex(1), currency(code));
    let flow = |flow, code| Measure::FlowAmount(flow, currency(code));
    let (standing, _) = outcomes(0, 0, &[(open("USD"), 1_000), (open("EUR"), 7)]);
    // Won since: so much more was open at the end.
    let (after, _) = outcomes(0, 0, &[(flow(Flow::Won, "EUR"), 4), (flow(Flow::New, "USD"), 300)]);
    let flows = [
        (flow(Flow::New, "EUR"), 3),
        (flow(Flow::New, "USD"), 100),
        (flow(Flow::Reopened, "EUR"), 1),
        (flow(Flow::MovedIn, "EUR"), 1),
        (flow(Flow::Increased, "EUR"), 5),
        (flow(Flow::Exchanged, "EUR"), -9),
        (flow(Flow::Exchanged, "USD"), 10),
        (flow(Flow::Decreased, "EUR"), 1),
        (flow(Flow::MovedOut, "USD"), 20),
        (flow(Flow::Won, "EUR"), 5),
        (flow(Flow::Lost, "EUR"), 1),
    ];
    let (tally, amounts) = outcomes(0, 0, &flows);
    let evaluate = |valued_on, tally: &Tally| {
        let sums = Sums { tally, amounts: &amounts };
        evaluate_with("pipeline_waterfall", sums, |input| {
            input.standing = Sums { tally: &standing, amounts: &amounts };
            input.after = Some(Sums { tally: &after, amounts: &amounts });
            input.valued_on = valued_on;
        })
    };
    let waterfall = evaluate(Day(0), &tally);
    let parts: Vec<(&str, i128)> = waterfall
        .parts
        .iter()
        .map(|part| match (part.key, part.value) {
            (PartKey::Flow(step), Ok(value)) => (step.name(), value.rounded()),
            other => unreachable!("{other:?}"),
        })
        .collect();
    // End: 700 USD and 11 EUR; start: 610 USD and 17 EUR, at 1.5 each, half to even.
    let expected = [
        ("start", 636),
        ("new", 104),
        ("reopened", 2),
        ("moved_in", 1),
        ("increased", 7),
        ("exchanged", -3),
        ("decreased", 1),
        ("moved_out", 20),
        ("won", 8),
        ("lost", 2),
        ("end", 716),
    ];
    assert_eq!(parts, expected);
    let signs = std::iter::once(1).chain(Flow::ALL.map(Flow::sign));
    let balance: i128 = parts.iter().zip(signs).map(|((_, minor), sign)| sign * minor).sum();
    assert_eq!((balance, waterfall.value), (716, Ok(Value::Whole(716))));
    assert_eq!(waterfall.by_currency, [(currency("EUR"), 11), (currency("USD"), 700)]);

    let missing = evaluate(Day(-1), &tally);
    assert_eq!((missing.value, missing.parts.len()), (no_rate("EUR", Some(Day(-1))), 0));
}
