//! What a KPI says it is made from is what moves it.

use model::{Day, Measure, StageIndex, Tally};

use super::CATALOGUE;
use super::tests::{currency, evaluate_with, pipelines, reference};
use crate::amounts::Amounts;
use crate::conversion::Conversion;
use crate::ingredient::{When, Whose};
use crate::input::{Ages, LastYear, RepQuota, Sums};
use crate::limits::StageLimits;

/// Every kind of measure once.
fn measures() -> Vec<Measure> {
    let usd = u32::from(currency("USD").number());
    let of_kind =
        |what: u32| [5, usd, 0].into_iter().find_map(|second| Measure::from_code(what << 25 | second));
    (1..128).filter_map(of_kind).collect()
}

#[test]
fn what_changes_a_kpi_is_among_its_ingredients() {
    let reference = reference();
    let sums_with = |more: Option<Measure>| {
        let (mut tally, mut amounts) = (Tally::default(), Amounts::new(currency("USD")));
        for (number, measure) in (0..).zip(measures()) {
            let value = 1_000 + 37 * number + if more == Some(measure) { 500_000 } else { 0 };
            tally.add(measure, value);
            amounts.add(measure, value, None, &reference);
        }
        (tally, amounts)
    };
    const ALL: [When; 6] =
        [When::Period, When::Previous, When::Standing, When::History, When::After, When::LastYear];
    let usual = sums_with(None);
    let ages = Ages::from([((StageIndex(0), Day(-3)), 2)]);
    let limits = StageLimits::new(&pipelines(), &usual.0);
    for kpi in CATALOGUE {
        // With other sums at one time, other ages, or other targets.
        let value_with = |other: Option<(When, &(Tally, Amounts))>, ages: &Ages, target: i128| {
            let sums = |when| {
                let (tally, amounts) = other.filter(|(at, _)| *at == when).map_or(&usual, |(_, sums)| sums);
                Sums { tally, amounts }
            };
            let quotas = [RepQuota { won: Conversion::new(currency("USD")), quota: Ok(target) }];
            let own = sums(if kpi.is_standing() { When::Standing } else { When::Period });
            let value = evaluate_with(kpi.name, own, |input| {
                input.previous = (!kpi.is_standing()).then_some(sums(When::Previous));
                input.standing = sums(When::Standing);
                input.history = Some(sums(When::History));
                input.after = (!kpi.is_standing()).then_some(sums(When::After));
                input.last_year = (!kpi.is_standing()).then_some(LastYear {
                    whole: sums(When::LastYear),
                    to_date: Sums { tally: &usual.0, amounts: &usual.1 },
                });
                input.quotas = &quotas;
                input.goal = Some(Ok(target));
                input.elapsed = Some((1, 3));
                input.ages = ages;
                input.limits = &limits;
            });
            (value.value, value.parts, value.named, value.verdict)
        };
        let value_of =
            |other: Option<(When, &(Tally, Amounts))>, ages: &Ages| value_with(other, ages, 9_000_000);
        let before = value_of(None, &ages);
        if kpi.follows_from_sums() {
            assert_eq!(value_with(None, &ages, 500), before, "{} has targets", kpi.name);
        }
        let mut moving: Vec<(When, Measure)> = Vec::new();
        for measure in measures() {
            let more = sums_with(Some(measure));
            let moved = ALL.into_iter().filter(|&when| value_of(Some((when, &more)), &ages) != before);
            moving.extend(moved.map(|when| (when, measure)));
        }
        let older = Ages::from([((StageIndex(0), Day(-500)), 3)]);
        let ages_matter = value_of(None, &older) != before;
        let is_of_ages = |when| matches!(when, When::Since | When::Stalled);
        assert_eq!(ages_matter, kpi.made_of.iter().any(|of| is_of_ages(of.when)), "{}", kpi.name);
        for (when, measure) in &moving {
            let is_told = kpi.made_of.iter().any(|of| of.when == *when && (of.is)(*measure));
            assert!(is_told, "{} changes with {measure:?} of {when:?}", kpi.name);
        }
        assert!(!kpi.made_of.is_empty(), "{}", kpi.name);
        let of_scope = kpi.made_of.iter().filter(|of| of.whose == Whose::Scope && !is_of_ages(of.when));
        for of in of_scope {
            let matters = moving.iter().any(|(when, measure)| of.when == *when && (of.is)(*measure));
            assert!(matters, "{} does not change with {of:?}", kpi.name);
        }
    }
}
