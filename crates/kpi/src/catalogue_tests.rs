//! The KPIs of fixed tallies, by hand.

use super::*;
use model::{Calendar, CycleBucket, Day, FxRate, Pipeline, ReferenceRecord, Stage};

fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap()
}

fn pipelines() -> Pipelines {
    let stage = |(name, kind): (&str, StageKind)| Stage { name: name.to_owned(), kind, limit_days: None };
    let stages = [
        ("lead", StageKind::Open),
        ("proposal", StageKind::Open),
        ("won", StageKind::Won),
        ("lost", StageKind::Lost),
    ];
    Pipelines::new(vec![Pipeline { name: "default".to_owned(), stages: stages.map(stage).into() }]).unwrap()
}

fn reference() -> Reference {
    let mut reference = Reference::default();
    let rate = FxRate { currency: currency("EUR"), rate: 1_500_000_000_000, effective_from: Day(0) };
    let calendar = Calendar::new("UTC", 1).unwrap();
    reference.apply(ReferenceRecord::FxRate(rate), &calendar).unwrap();
    reference
}

/// Evaluates a KPI over sums; won amounts are converted as of day 0.
fn evaluate(name: &str, sums: &[(Measure, i128)]) -> KpiValue {
    let (pipelines, reference) = (pipelines(), reference());
    let mut tally = Tally::default();
    let mut won_amount = Conversion::new(currency("USD"));
    for &(measure, value) in sums {
        tally.add(measure, value);
        if let Measure::WonAmount(currency) = measure {
            won_amount.add(value, currency, Some(Day(0)), &reference);
        }
    }
    let input =
        Input { tally: &tally, won_amount: &won_amount, reference: &reference, pipelines: &pipelines };
    find(name).unwrap().evaluate(&input)
}

const fn quotient_of(numerator: i128, denominator: i128) -> Result<Value, Absence> {
    Ok(Value::Quotient { numerator, denominator })
}

fn no_rate(code: &str, day: Option<Day>) -> Result<Value, Absence> {
    Err(Absence::MissingRate { currency: currency(code), day, reporting: currency("USD") })
}

#[test]
fn values_are_exact_or_absent() {
    use Category::{Admin, DigitalClientCommunication as Digital, InPersonClientCommunication as InPerson};
    let [usd, eur, gbp] = ["USD", "EUR", "GBP"].map(|code| Measure::WonAmount(currency(code)));
    let open = |stage, code| Measure::OpenAmount(StageIndex(stage), currency(code));
    let cycle = |seconds| Measure::CycleDeals(CycleBucket::of(seconds));
    let nothing = |what| Err(Absence::NothingToDivideBy(what));
    for (name, sums, expected) in [
        ("created_deals", vec![(Measure::CreatedDeals, 3)], Ok(Value::Whole(3))),
        ("created_deals", vec![], Ok(Value::Whole(0))),
        ("won_deals", vec![(Measure::WonDeals, 2), (Measure::LostDeals, 9)], Ok(Value::Whole(2))),
        ("lost_deals", vec![(Measure::WonDeals, 2), (Measure::LostDeals, 9)], Ok(Value::Whole(9))),
        ("won_amount", vec![(usd, 100), (eur, 3)], Ok(Value::Whole(104))),
        ("won_amount", vec![(usd, 100), (gbp, 3)], no_rate("GBP", Some(Day(0)))),
        ("win_rate", vec![(Measure::WonDeals, 2), (Measure::LostDeals, 6)], quotient_of(2, 8)),
        ("win_rate", vec![(Measure::LostDeals, 6)], quotient_of(0, 6)),
        ("win_rate", vec![(Measure::CreatedDeals, 6)], nothing("closed deals")),
        (
            "average_deal_size",
            vec![(usd, 1000), (Measure::WonDeals, 3), (Measure::LostDeals, 6)],
            quotient_of(1000, 3),
        ),
        ("average_deal_size", vec![(usd, 1000)], nothing("won deals")),
        ("average_deal_size", vec![(gbp, 1), (Measure::WonDeals, 3)], no_rate("GBP", Some(Day(0)))),
        ("sales_cycle_mean", vec![(Measure::CycleSeconds, 90), (Measure::WonDeals, 4)], quotient_of(90, 4)),
        ("sales_cycle_mean", vec![], nothing("won deals")),
        (
            "sales_cycle_p50",
            vec![(cycle(10), 1), (cycle(20), 1)],
            Ok(Value::Quantile { numerator: 60, denominator: 4, count: 2 }),
        ),
        ("sales_cycle_p90", vec![(Measure::WonDeals, 1)], nothing("won deals")),
        (
            "open_deals",
            vec![(Measure::OpenDeals(StageIndex(0)), 2), (Measure::OpenDeals(StageIndex(1)), 3)],
            Ok(Value::Whole(5)),
        ),
        (
            "open_amount",
            vec![(open(0, "USD"), 2), (open(0, "EUR"), 1), (open(1, "EUR"), 1)],
            Ok(Value::Whole(5)),
        ),
        ("open_amount", vec![(open(0, "USD"), 2), (open(1, "GBP"), 1)], no_rate("GBP", None)),
        (
            "activities",
            vec![(Measure::Activities(Admin), 2), (Measure::Activities(Digital), 3)],
            Ok(Value::Whole(5)),
        ),
        ("activity_minutes", vec![(Measure::ActivitySeconds(Admin), 90)], Ok(Value::Whole(90))),
        (
            "selling_time_share",
            vec![
                (Measure::ActivitySeconds(Digital), 1),
                (Measure::ActivitySeconds(InPerson), 2),
                (Measure::ActivitySeconds(Admin), 7),
            ],
            quotient_of(3, 10),
        ),
        ("selling_time_share", vec![(Measure::Activities(Admin), 7)], nothing("tracked minutes")),
    ] {
        assert_eq!(evaluate(name, &sums).value, expected, "{name} of {sums:?}");
    }
}

#[test]
fn parts_are_told_by_stage_and_category() {
    let open = |stage, code| Measure::OpenAmount(StageIndex(stage), currency(code));
    let amounts = evaluate(
        "open_amount",
        &[(open(1, "EUR"), 1), (open(1, "GBP"), 4), (open(2, "USD"), 9), (open(40, "USD"), 1)],
    );
    let expected = [
        (0, Ok(Value::Whole(0))),
        (1, no_rate("GBP", None)),
        (2, Ok(Value::Whole(9))),
        (40, Ok(Value::Whole(1))),
    ];
    let expected = expected.map(|(stage, value)| Part { key: PartKey::Stage(StageIndex(stage)), value });
    assert_eq!(amounts.parts, expected);
    assert_eq!(amounts.currency, Some(currency("USD")));
    assert_eq!(amounts.by_currency, [(currency("EUR"), 1), (currency("GBP"), 4), (currency("USD"), 10)]);

    let minutes = evaluate("activity_minutes", &[(Measure::ActivitySeconds(Category::Travel), 60)]);
    assert_eq!(minutes.parts.len(), Category::ALL.len());
    assert_eq!(
        minutes.parts[Category::Travel as usize],
        Part { key: PartKey::Category(Category::Travel), value: Ok(Value::Whole(60)) }
    );
    assert_eq!(minutes.currency, None);
}

#[test]
fn definitions_are_whole_and_of_one_form() {
    let mut names = std::collections::BTreeSet::new();
    for kpi in CATALOGUE {
        for name in [kpi.name, kpi.metric] {
            assert!(
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
                "{name}"
            );
        }
        assert!(
            names.insert(kpi.name) && names.insert(kpi.metric) != (kpi.name == kpi.metric),
            "{} twice",
            kpi.name
        );
        assert!(kpi.help.ends_with('.') && !kpi.help.contains('\n'), "{}", kpi.name);
        for text in [kpi.formula, kpi.edge_cases, kpi.source] {
            assert!(!text.is_empty(), "{}", kpi.name);
        }
        let held_in_seconds = kpi.unit.held_per_unit() != 1;
        assert_eq!(held_in_seconds, kpi.metric.ends_with("_seconds"), "{}", kpi.name);
        assert_eq!(find(kpi.name), Some(kpi));
    }
    assert!(find("luck").is_none());
}
