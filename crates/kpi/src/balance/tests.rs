//! Balances by hand, and the laws that all of them keep.

use super::*;
use model::Currency;
use proptest::prelude::*;

const fn load(reps: u32, open_amount: i128, open_deals: i128, activity_seconds: i128) -> Load {
    Load { reps, open_amount: Ok(open_amount), open_deals, activity_seconds }
}

fn balance(loads: &[Load]) -> Balance {
    Balance::new(loads.to_vec(), BalanceWeights::default(), 15)
}

fn no_rate() -> Absence {
    let [currency, reporting] = ["EUR", "USD"].map(|code| Currency::from_code(code).unwrap());
    Absence::MissingRate { currency, day: None, reporting }
}

/// Work in millionths of a rep over so many reps.
fn index(millionths: i128, reps: i128) -> Result<Value, Absence> {
    Ok(Value::Quotient { numerator: millionths, denominator: reps * 1_000_000 })
}

const fn coefficient(numerator: i128, denominator: i128) -> Value {
    Value::Coefficient { numerator, denominator }
}

/// Means by rep: 200, 2 and 30. North has 1.5, 1.5 and 1 of them, south 0.5, 0.5 and 1, west 1 of each.
const COMPANY: [Load; 4] =
    [load(2, 600, 6, 60), load(2, 200, 2, 60), load(4, 800, 8, 120), load(0, 9_999, 99, 9_999)];

#[test]
fn a_small_company_by_hand() {
    let company = balance(&COMPANY);
    for (place, expected, verdict) in [
        (0, index(2_666_667, 2), Some(Verdict::Overloaded)),
        (1, index(1_333_333, 2), Some(Verdict::Underloaded)),
        (2, index(4_000_000, 4), Some(Verdict::Balanced)),
        (3, Err(Absence::NoReps), None),
    ] {
        let found = company.of_territory(place);
        assert_eq!((found.index, found.verdict), (expected, verdict), "{place}");
        assert_eq!(found.dispersion, Err(Absence::NotToldHere("the company and of regions")));
    }
    for (component, expected) in [
        (Component::OpenAmount, index(3_000_000, 2)),
        (Component::OpenDeals, index(3_000_000, 2)),
        (Component::ActivityMinutes, index(2_000_000, 2)),
    ] {
        assert_eq!(company.component(0, component), expected, "{component:?}");
    }
    // Of 2/3, 1 and 4/3: 8/3 over all pairs, by 2 x 3 x 3.
    assert_eq!(company.of_company().dispersion, Ok(coefficient(4, 27)));
    // North and south are even as one region, though not among each other: 4/3 by 2 x 2 x 2.
    let region = company.of_region(&[0, 1, 3]);
    assert_eq!((region.index, region.verdict), (index(4_000_000, 4), Some(Verdict::Balanced)));
    assert_eq!(region.dispersion, Ok(coefficient(1, 6)));
    assert_eq!(company.of_region(&[3]).dispersion, Err(Absence::NoReps));
    assert_eq!(company.of_region(&[3]).index, Err(Absence::NoReps));
}

#[test]
fn a_rep_moves_or_deals_do() {
    let company = balance(&COMPANY);
    // One rep less has all of south's 4/3, three share the 8/3 of north. Of 8/9, 1 and 4/3: 16/9 by 2 x 3 x 29/9.
    let rep = Move {
        change: Change::Rep,
        from: 1,
        to: 0,
        before: [index(1_333_333, 2), index(2_666_667, 2)],
        after: [index(1_333_333, 1), index(2_666_667, 3)],
        dispersion_before: coefficient(4, 27),
        dispersion_after: coefficient(8, 87),
    };
    assert_eq!(company.rep_moves(), [rep]);
    // A deal of 100 is a sixth of an index here and there.
    let deals = Move {
        change: Change::Deals { count: 2, amount: Ok(200) },
        from: 0,
        to: 1,
        before: [index(2_666_667, 2), index(1_333_333, 2)],
        after: [index(2_000_000, 2), index(2_000_000, 2)],
        dispersion_before: coefficient(4, 27),
        dispersion_after: coefficient(0, 1),
    };
    assert_eq!(company.deal_moves(), [deals]);
}

#[test]
fn nobody_is_the_last_to_leave() {
    let company = balance(&[load(1, 0, 1, 0), load(1, 0, 9, 0)]);
    assert_eq!(company.rep_moves(), []);
    assert_eq!(company.deal_moves().len(), 1);
    // Seven territories with nobody to spare hide no eighth that has.
    let mut loads = vec![load(1, 0, 1, 0); 7];
    loads.extend([load(3, 0, 6, 0), load(2, 0, 30, 0)]);
    let moved: Vec<_> = balance(&loads).rep_moves().iter().map(|one| (one.from, one.to)).collect();
    assert_eq!(moved.first(), Some(&(7, 8)));
}

#[test]
fn what_is_not_known_or_not_there_is_left_out() {
    let unknown = |load: Load| Load { open_amount: Err(no_rate()), ..load };
    let weights = |open_amount, open_deals, activity_minutes| BalanceWeights {
        open_amount,
        open_deals,
        activity_minutes,
    };
    let nothing = |what| Absence::NothingToDivideBy(what);
    let (amount, deals, minutes) = (Component::OpenAmount, Component::OpenDeals, Component::ActivityMinutes);
    for (loads, weights, first, left_out) in [
        // Amounts of 1.5 and 0.5, deals of 0.5 and 1.5, three times as much: 0.75.
        (
            vec![load(1, 3, 1, 0), load(1, 1, 3, 0)],
            weights(1, 3, 1),
            index(750_000, 1),
            vec![(minutes, nothing("tracked minutes"))],
        ),
        (
            vec![unknown(load(1, 0, 1, 1)), load(1, 1, 3, 3)],
            weights(1, 1, 1),
            index(500_000, 1),
            vec![(amount, no_rate())],
        ),
        // What nobody works on may be unknown; what has no weight is not missed.
        (
            vec![load(1, 3, 0, 0), load(1, 1, 0, 0), unknown(load(0, 0, 0, 0))],
            weights(1, 0, 0),
            index(1_500_000, 1),
            vec![],
        ),
        (vec![load(1, -5, 1, 0), load(1, 1, 1, 0)], weights(1, 0, 0), index(0, 1), vec![]),
        (
            vec![unknown(load(1, 0, 0, 0)), load(1, 1, 0, 0)],
            weights(1, 1, 1),
            Err(no_rate()),
            vec![(amount, no_rate()), (deals, nothing("open deals")), (minutes, nothing("tracked minutes"))],
        ),
        (vec![load(1, 0, 0, 0)], weights(0, 1, 0), Err(nothing(WORK)), vec![(deals, nothing("open deals"))]),
        (vec![load(0, 1, 1, 1)], weights(1, 1, 1), Err(Absence::NoReps), vec![]),
        (vec![], weights(1, 1, 1), Err(Absence::NoReps), vec![]),
        (
            vec![load(1, i128::MAX, 0, 0), load(1, i128::MAX - 1, 0, 0)],
            weights(1, 0, 0),
            Err(Absence::OutOfRange),
            vec![(amount, Absence::OutOfRange)],
        ),
        (
            vec![load(1, i128::MAX / 2, 1, 0), load(1, 1, 1, 0)],
            weights(1, 1, 0),
            Err(Absence::OutOfRange),
            vec![],
        ),
    ] {
        let found = Balance::new(loads.clone(), weights, 15);
        let of_first =
            if loads.is_empty() { found.of_company().dispersion } else { found.of_territory(0).index };
        assert_eq!((of_first, found.left_out()), (first, &left_out[..]), "{loads:?}");
        if first.is_err() {
            assert_eq!(found.of_company().dispersion, first, "{loads:?}");
            assert_eq!((found.rep_moves(), found.deal_moves()), (vec![], vec![]));
        }
    }
    assert_eq!(balance(&[load(2, 1, 1, 1), load(0, 5, 5, 5)]).of_company().dispersion, Ok(coefficient(0, 1)));
    let idle = balance(&[load(2, 0, 0, 0), load(1, 5, 5, 5)]);
    assert_eq!(idle.of_region(&[0]).dispersion, Err(nothing(WORK)));
}

#[test]
fn exactly_at_the_tolerance_is_balanced() {
    for (deals, within, expected) in [
        ([115, 85], 15, [Verdict::Balanced, Verdict::Balanced]),
        ([1_151, 849], 15, [Verdict::Overloaded, Verdict::Underloaded]),
        ([103, 97], 0, [Verdict::Overloaded, Verdict::Underloaded]),
    ] {
        let loads = deals.map(|deals| load(1, 0, deals, 0)).to_vec();
        let found = Balance::new(loads, BalanceWeights::default(), within);
        assert_eq!([0, 1].map(|place| found.of_territory(place).verdict), expected.map(Some), "{deals:?}");
        // As long as nobody is flagged, nothing has to move, though it would be more even.
        assert_eq!(found.deal_moves().is_empty(), expected[0] == Verdict::Balanced, "{deals:?}");
    }
}

#[test]
fn weights_have_bounds() {
    let with = |open_amount, open_deals| BalanceWeights { open_amount, open_deals, activity_minutes: 0 };
    for (weights, expected) in [
        (BalanceWeights::default(), Ok(())),
        (with(100, 0), Ok(())),
        (with(0, 101), Err("balance_weights.open_deals is 101; expected 0 to 100")),
        (with(0, 0), Err("balance_weights are all 0; expected at least one above 0")),
    ] {
        assert_eq!(weights.check(), expected.map_err(str::to_owned));
    }
}

/// A thousand reps in two hundred territories of up to nine, ten billion open, in odd cents and seconds.
#[test]
fn a_large_company_fits() {
    let loads: Vec<Load> = (0..200_u32)
        .map(|reps| {
            let number = i128::from(reps);
            let odd = number * number + 1;
            load(1 + reps % 9, 4_999_999_999 + odd * 7, 100 + number, 3_600_000 + odd)
        })
        .collect();
    let large = balance(&loads);
    assert!(large.of_company().dispersion.is_ok(), "{:?}", large.of_company());
    assert!(!large.rep_moves().is_empty() && !large.deal_moves().is_empty());
}

fn loads() -> impl Strategy<Value = Vec<Load>> {
    let one = (0..6_u32, -9..90_000_i128, 0..60_i128, 0..90_000_i128);
    let one = one.prop_map(|(reps, amount, deals, seconds)| load(reps, amount, deals, seconds));
    prop::collection::vec(one, 1..9)
}

fn weights() -> impl Strategy<Value = BalanceWeights> {
    (0..4_u32, 0..4_u32, 0..4_u32).prop_map(|(open_amount, open_deals, activity_minutes)| BalanceWeights {
        open_amount,
        open_deals,
        activity_minutes,
    })
}

/// The index as the formula has it, in doubles.
fn naive(loads: &[Load], weights: BalanceWeights, place: usize) -> Option<f64> {
    let (mut index, mut all_weights) = (0.0, 0.0);
    let served: Vec<&Load> = loads.iter().filter(|load| load.reps > 0).collect();
    let reps: u32 = served.iter().map(|load| load.reps).sum();
    type Of = fn(&Load) -> i128;
    let parts: [(u32, Of); 3] = [
        (weights.open_amount, |load| load.open_amount.unwrap().max(0)),
        (weights.open_deals, |load| load.open_deals),
        (weights.activity_minutes, |load| load.activity_seconds),
    ];
    for (weight, of) in parts {
        let all: i128 = served.iter().map(|load| of(load)).sum();
        if all > 0 {
            let mean = all as f64 / f64::from(reps);
            index += f64::from(weight) * (of(&loads[place]) as f64 / f64::from(loads[place].reps)) / mean;
            all_weights += f64::from(weight);
        }
    }
    (all_weights > 0.0 && loads[place].reps > 0).then_some(index / all_weights)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn indexes_are_as_the_formula_has_them(loads in loads(), weights in weights()) {
        let found = Balance::new(loads.clone(), weights, 15);
        let (mut work, mut reps) = (0, 0);
        for place in 0..loads.len() {
            let index = found.of_territory(place).index;
            let expected = naive(&loads, weights, place);
            prop_assert_eq!(index.ok().is_some(), expected.is_some());
            if let (Ok(index), Some(expected)) = (index, expected) {
                prop_assert!((index.approximate() - expected).abs() < 1e-5, "{:?} {}", index, expected);
                work += index.fraction().0;
                reps += index.fraction().1;
            }
        }
        // Weighted by reps, their mean is 1: to the half of a millionth that each was rounded by.
        prop_assert!((work - reps).abs() * 2 <= loads.len() as i128, "{} {}", work, reps);
    }

    #[test]
    fn the_order_of_territories_does_not_matter(
        (loads, order) in loads().prop_flat_map(|loads| {
            let order: Vec<usize> = (0..loads.len()).collect();
            (Just(loads), Just(order).prop_shuffle())
        }),
        weights in weights(),
    ) {
        let one = Balance::new(loads.clone(), weights, 15);
        let other = Balance::new(order.iter().map(|&place| loads[place]).collect(), weights, 15);
        prop_assert_eq!(one.of_company(), other.of_company());
        for (number, &place) in order.iter().enumerate() {
            prop_assert_eq!(one.of_territory(place), other.of_territory(number));
        }
    }

    #[test]
    fn the_dispersion_is_that_of_the_indexes(loads in loads(), weights in weights()) {
        let found = Balance::new(loads.clone(), weights, 15);
        let indexes: Vec<f64> = (0..loads.len()).filter_map(|place| naive(&loads, weights, place)).collect();
        let Ok(dispersion) = found.of_company().dispersion else {
            prop_assert!(indexes.is_empty());
            return Ok(());
        };
        let pairs: f64 = indexes.iter().flat_map(|one| indexes.iter().map(move |other| (one - other).abs())).sum();
        let expected = pairs / (2.0 * indexes.len() as f64 * indexes.iter().sum::<f64>());
        prop_assert!((dispersion.approximate() - expected).abs() < 1e-9);
        let (numerator, denominator) = dispersion.fraction();
        prop_assert!((0..denominator).contains(&numerator));
    }

    #[test]
    fn moves_give_what_they_promise(loads in loads(), weights in weights()) {
        let served = loads.iter().filter(|load| load.reps > 0).count();
        let start = Balance::new(loads, weights, 15);
        for moves in [start.rep_moves(), start.deal_moves()] {
            prop_assert!(moves.len() <= 3);
            // Nobody is sent on, and nobody is sent for one who goes.
            prop_assert!(moves.iter().all(|one| moves.iter().all(|other| one.from != other.to)));
            let mut changed = start.loads().to_vec();
            let mut dispersion = start.of_company().dispersion;
            for step in moves {
                let before = Balance::new(changed.clone(), weights, 15);
                match step.change {
                    Change::Rep => {
                        changed[step.from].reps -= 1;
                        changed[step.to].reps += 1;
                    }
                    Change::Deals { count, amount } => {
                        for (place, sign) in [(step.from, -1), (step.to, 1)] {
                            changed[place].open_deals += sign * count;
                            changed[place].open_amount = Ok(changed[place].open_amount.unwrap() + sign * amount.unwrap());
                        }
                        prop_assert!(count > 0);
                    }
                }
                prop_assert!(changed.iter().all(|load| load.open_deals >= 0));
                prop_assert!(changed[step.from].reps > 0 && changed[step.to].reps > 0);
                let after = Balance::new(changed.clone(), weights, 15);
                prop_assert_eq!(dispersion, Ok(step.dispersion_before));
                dispersion = after.of_company().dispersion;
                prop_assert_eq!(dispersion, Ok(step.dispersion_after));
                let [was, is] = [step.dispersion_before, step.dispersion_after].map(Value::approximate);
                prop_assert!(is <= was - 0.02 / served as f64 + 1e-12, "{} {}", was, is);
                for (balance, told) in [(before, step.before), (after, step.after)] {
                    prop_assert_eq!([step.from, step.to].map(|place| balance.of_territory(place).index), told);
                }
            }
        }
    }

    #[test]
    fn an_even_company_has_nothing_to_move(one in (0..900_i128, 1..60_i128, 0..900_i128), reps in prop::collection::vec(1..9_u32, 1..9)) {
        let (amount, deals, seconds) = one;
        let of = |reps: u32| load(reps, amount * i128::from(reps), deals * i128::from(reps), seconds * i128::from(reps));
        let even = balance(&reps.into_iter().map(of).collect::<Vec<_>>());
        prop_assert_eq!(even.of_company().dispersion, Ok(coefficient(0, 1)));
        prop_assert_eq!((even.rep_moves(), even.deal_moves()), (vec![], vec![]));
    }
}
