//! The KPIs of fixed tallies, by hand.

use std::sync::LazyLock;

use super::*;
use crate::amounts::Amounts;
use crate::conversion::Conversion;
use crate::input::{Ages, LastYear, RepQuota, Sums, Thresholds};
use crate::limits::StageLimits;
use crate::value::Attainment;
use model::{
    Calendar, Category, Day, DurationBucket, FxRate, Pipeline, Pipelines, Reference, ReferenceRecord, Stage,
    Tally, Touches, TypeIndex,
};

pub(super) fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap()
}

pub(super) fn pipelines() -> Pipelines {
    let stage =
        |(name, kind): (&str, StageKind)| Stage { name: name.to_owned(), kind, limit_days: None, role: None };
    let stages = [
        ("lead", StageKind::Open),
        ("proposal", StageKind::Open),
        ("won", StageKind::Won),
        ("lost", StageKind::Lost),
    ];
    Pipelines::new(vec![Pipeline { name: "default".to_owned(), stages: stages.map(stage).into() }]).unwrap()
}

pub(super) fn reference() -> Reference {
    let mut reference = Reference::default();
    let rate = FxRate { currency: currency("EUR"), rate: 1_500_000_000_000, effective_from: Day(0) };
    let calendar = Calendar::new("UTC", 1).unwrap();
    reference.apply(ReferenceRecord::FxRate(rate), &calendar).unwrap();
    reference
}

/// Evaluates a KPI over sums; amounts are converted as of day 0.
pub(super) fn evaluate(name: &str, sums: &[(Measure, i128)]) -> KpiValue {
    let reference = reference();
    let mut tally = Tally::default();
    let mut amounts = Amounts::new(currency("USD"));
    for &(measure, value) in sums {
        tally.add(measure, value);
        amounts.add(measure, value, Some(Day(0)), &reference);
    }
    let sums = Sums { tally: &tally, amounts: &amounts };
    evaluate_with(name, sums, |_| ())
}

/// Evaluates a KPI over sums, as far as the caller does not say more.
pub(super) fn evaluate_with<'a>(name: &str, sums: Sums<'a>, with: impl FnOnce(&mut Input<'a>)) -> KpiValue {
    static PIPELINES: LazyLock<Pipelines> = LazyLock::new(pipelines);
    static REFERENCE: LazyLock<Reference> = LazyLock::new(reference);
    static THRESHOLDS: LazyLock<Thresholds> = LazyLock::new(Thresholds::default);
    static AGES: LazyLock<Ages> = LazyLock::new(Ages::new);
    static LIMITS: LazyLock<StageLimits> = LazyLock::new(StageLimits::default);
    let mut input = Input {
        ages: &AGES,
        limits: &LIMITS,
        sums,
        previous: None,
        standing: sums,
        history: None,
        after: None,
        today: Day(0),
        valued_on: Day(0),
        last_year: None,
        quotas: &[],
        goal: None,
        balance: None,
        elapsed: None,
        reference: &REFERENCE,
        pipelines: &PIPELINES,
        thresholds: &THRESHOLDS,
    };
    with(&mut input);
    find(name).unwrap().evaluate(&input)
}

/// Won deals of so much each, beside others.
pub(super) fn outcomes(won: i128, minor_each: i128, other: &[(Measure, i128)]) -> (Tally, Amounts) {
    let usd = Measure::WonAmount(currency("USD"));
    let (mut tally, mut amounts) = (Tally::default(), Amounts::new(currency("USD")));
    for &(measure, value) in [(Measure::WonDeals, won), (usd, won * minor_each)].iter().chain(other) {
        tally.add(measure, value);
        amounts.add(measure, value, None, &reference());
    }
    (tally, amounts)
}

pub(super) const fn quotient_of(numerator: i128, denominator: i128) -> Result<Value, Absence> {
    Ok(Value::Quotient { numerator, denominator })
}

pub(super) fn no_rate(code: &str, day: Option<Day>) -> Result<Value, Absence> {
    Err(Absence::MissingRate { currency: currency(code), day, reporting: currency("USD") })
}

#[test]
fn values_are_exact_or_absent() {
    use Category::{Admin, DigitalClientCommunication as Digital, InPersonClientCommunication as InPerson};
    let [usd, eur, gbp] = ["USD", "EUR", "GBP"].map(|code| Measure::WonAmount(currency(code)));
    let open = |stage, code| Measure::OpenAmount(StageIndex(stage), currency(code));
    let cycle = |seconds| Measure::CycleDeals(DurationBucket::of(seconds));
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
        ("open_amount", vec![(open(0, "USD"), 2), (open(1, "GBP"), 1)], no_rate("GBP", Some(Day(0)))),
        (
            "activities",
            vec![
                (Measure::Activities(Admin, TypeIndex(0)), 2),
                (Measure::Activities(Digital, TypeIndex(0)), 3),
            ],
            Ok(Value::Whole(5)),
        ),
        ("activity_minutes", vec![(Measure::ActivitySeconds(Admin, TypeIndex(0)), 90)], Ok(Value::Whole(90))),
        (
            "selling_time_share",
            vec![
                (Measure::ActivitySeconds(Digital, TypeIndex(0)), 1),
                (Measure::ActivitySeconds(InPerson, TypeIndex(0)), 2),
                (Measure::ActivitySeconds(Admin, TypeIndex(0)), 7),
            ],
            quotient_of(3, 10),
        ),
        (
            "selling_time_share",
            vec![(Measure::Activities(Admin, TypeIndex(0)), 7)],
            nothing("tracked minutes"),
        ),
    ] {
        assert_eq!(evaluate(name, &sums).value, expected, "{name} of {sums:?}");
    }
}

#[test]
fn stages_are_told_by_what_moved_through_them() {
    let usd = currency("USD");
    let [lead, proposal] = [StageIndex(0), StageIndex(1)];
    let sums = [
        (Measure::StageEntered(lead), 5),
        (Measure::StageEntered(proposal), 2),
        (Measure::StageAdvanced(lead), 2),
        (Measure::StageAdvanced(proposal), 1),
        (Measure::StageMovedBack(proposal), 2),
        (Measure::StageLost(lead), 1),
        (Measure::StageLost(proposal), 1),
        (Measure::StageLeftAmount(lead, usd), 100),
        (Measure::StageLeftAmount(proposal, usd), 60),
        (Measure::StageLeftAmount(proposal, currency("EUR")), 20),
        (Measure::StageLostAmount(proposal, currency("EUR")), 20),
        (Measure::DwellSeconds(lead), 90),
        (Measure::DwellVisits(lead, DurationBucket::of(10)), 1),
        (Measure::DwellVisits(lead, DurationBucket::of(40)), 2),
        (Measure::DwellVisits(proposal, DurationBucket::of(0)), 4),
        (Measure::CreatedDeals, 5),
        (Measure::Reached(lead), 5),
        (Measure::Reached(proposal), 3),
        (Measure::CohortWon, 2),
        (Measure::Mql, 4),
        (Measure::MqlToSql, 1),
        (Measure::MqlDropped, 2),
    ];
    let whole = |value| Ok(Value::Whole(value));
    let quantile = |numerator, denominator, count| Ok(Value::Quantile { numerator, denominator, count });
    let proposal_named = Some(PartKey::Stage(proposal));
    for (name, total, of_lead, of_proposal, named) in [
        ("stage_entered", whole(7), whole(5), whole(2), None),
        ("stage_advanced", whole(3), whole(2), whole(1), None),
        ("stage_moved_back", whole(2), whole(0), whole(2), None),
        ("stage_lost", whole(2), whole(1), whole(1), None),
        ("stage_conversion", quotient_of(3, 7), quotient_of(2, 5), quotient_of(1, 2), None),
        (
            "stage_leakage",
            quotient_of(2, 7),
            quotient_of(1, 3),
            quotient_of(1, 4),
            Some(PartKey::Stage(lead)),
        ),
        ("stage_lost_amount", whole(30), whole(0), whole(30), proposal_named),
        (
            "stage_amount_leakage",
            quotient_of(30, 190),
            quotient_of(0, 100),
            quotient_of(30, 90),
            proposal_named,
        ),
        ("reached_deals", whole(5), whole(5), whole(3), None),
        ("dwell_mean", quotient_of(90, 7), quotient_of(90, 3), quotient_of(0, 4), None),
        ("dwell_p50", quantile(0, 4, 7), quantile(160, 4, 3), quantile(0, 4, 4), None),
        ("dwell_p90", quantile(800, 20, 7), quantile(800, 20, 3), quantile(0, 20, 4), None),
    ] {
        let found = evaluate(name, &sums);
        let parts = [(lead, of_lead), (proposal, of_proposal)];
        let parts = parts.map(|(stage, value)| Part { key: PartKey::Stage(stage), value });
        assert_eq!((found.value, &found.parts[..], found.named), (total, &parts[..], named), "{name}");
    }
    assert_eq!(evaluate("cohort_conversion", &sums).value, quotient_of(2, 5));
    assert_eq!(evaluate("mql_deals", &sums).value, whole(4));
    assert_eq!(evaluate("mql_to_sql_drop_off", &sums).value, quotient_of(2, 3));
    let nothing = evaluate("stage_leakage", &[(Measure::StageEntered(lead), 5)]);
    assert_eq!((nothing.value.is_err(), nothing.named), (true, None));
}

pub(super) fn rep_quota((minor, code): (i128, &str), quota: i128) -> RepQuota {
    let mut won = Conversion::new(currency("USD"));
    won.add(minor, currency(code), Some(Day(0)), &reference());
    RepQuota { won, quota: Ok(quota) }
}

#[test]
fn quotas_are_judged_rep_by_rep() {
    let (tally, amounts) = outcomes(0, 0, &[]);
    let sums = Sums { tally: &tally, amounts: &amounts };
    let quota = |won, quota| rep_quota((won, "USD"), quota);
    let quotas = [
        quota(49, 100),
        quota(50, 100),
        quota(99, 100),
        quota(100, 100),
        quota(120, 100),
        quota(9, 0),
        quota(121, 100),
    ];
    for (name, quotas, is_over, value, verdict) in [
        ("quota_attainment", &quotas[..], true, quotient_of(539, 600), None),
        ("reps_at_quota", &quotas[..], false, quotient_of(3, 6), None),
        ("reps_at_quota", &quotas[..], true, quotient_of(3, 6), Some(Verdict::QuotasInRange)),
        ("reps_at_quota", &quotas[..4], true, quotient_of(1, 4), Some(Verdict::QuotasTooHigh)),
        ("reps_at_quota", &quotas[3..5], true, quotient_of(2, 2), Some(Verdict::QuotasTooLow)),
        ("reps_at_quota", &quotas[5..6], true, Err(Absence::NothingToDivideBy("reps with a quota")), None),
        ("quota_attainment", &[], true, Err(Absence::NothingToDivideBy("quotas")), None),
        ("reps_by_attainment", &quotas[..], true, Ok(Value::Whole(6)), None),
    ] {
        let found = evaluate_with(name, sums, |input| {
            input.quotas = quotas;
            input.elapsed = Some((if is_over { 90 } else { 89 }, 90));
        });
        assert_eq!((found.value, found.verdict), (value, verdict), "{name} {quotas:?}");
    }
    let ranges = evaluate_with("reps_by_attainment", sums, |input| input.quotas = &quotas);
    let counts: Vec<_> = ranges.parts.iter().map(|part| (part.key, part.value)).collect();
    let expected = Attainment::ALL.into_iter().zip([1, 1, 1, 2, 1]);
    assert!(
        counts
            .into_iter()
            .eq(expected.map(|(range, count)| (PartKey::Attainment(range), Ok(Value::Whole(count)))))
    );
}

#[test]
fn goals_tell_what_is_missing() {
    let (tally, amounts) = outcomes(2, 500, &[(Measure::CreatedDeals, 9)]);
    let before = outcomes(1, 800, &[(Measure::CreatedDeals, 10), (Measure::CohortWon, 3)]);
    let nothing = outcomes(0, 0, &[]);
    let sums = Sums { tally: &tally, amounts: &amounts };
    let no_goal = Err(Absence::NoGoal);
    for (name, goal, previous, value, verdict) in [
        ("goal_attainment", Some(4_000), &before, quotient_of(1_000, 4_000), None),
        ("goal_attainment", None, &before, no_goal, None),
        ("goal_pace", Some(4_000), &before, quotient_of(1_000 * 90, 4_000 * 30), Some(Verdict::BehindPace)),
        ("goal_pace", Some(3_000), &before, quotient_of(1_000 * 90, 3_000 * 30), Some(Verdict::OnPace)),
        // 3 000 to go at 600 a deal (1 800 for 3), then 10 new deals for each 3 won ones.
        ("required_deals", Some(4_000), &before, Ok(Value::Whole(5)), None),
        ("required_deals", Some(4_001), &before, Ok(Value::Whole(6)), None),
        ("required_leads", Some(4_000), &before, Ok(Value::Whole(17)), None),
        ("required_deals", Some(1_000), &before, Ok(Value::Whole(0)), None),
        ("required_leads", Some(999), &nothing, Ok(Value::Whole(0)), None),
        ("required_deals", Some(4_000), &nothing, Ok(Value::Whole(6)), None),
        (
            "required_leads",
            Some(4_000),
            &nothing,
            Err(Absence::NothingToDivideBy("won deals of the previous cohort")),
            None,
        ),
        ("required_leads", None, &before, no_goal, None),
    ] {
        let found = evaluate_with(name, sums, |input| {
            input.goal = goal.map(Ok);
            input.previous = Some(Sums { tally: &previous.0, amounts: &previous.1 });
            input.elapsed = Some((30, 90));
        });
        assert_eq!((found.value, found.verdict), (value, verdict), "{name} {goal:?}");
    }
}

/// Who is credited with others' deals and has none has no deal size.
#[test]
fn nobody_needs_no_deals_for_want_of_a_deal_size() {
    let credited = outcomes(0, 0, &[(Measure::WonAmount(currency("USD")), 400)]);
    let sums = Sums { tally: &credited.0, amounts: &credited.1 };
    for name in ["required_deals", "required_leads"] {
        let found = evaluate_with(name, sums, |input| input.goal = Some(Ok(1_000)));
        assert_eq!(found.value, Err(Absence::NothingToDivideBy("won deals")), "{name}");
    }
}

#[test]
fn pace_goes_as_last_year_did() {
    let (tally, amounts) = outcomes(2, 300, &[]);
    let nothing = Err(Absence::NothingToDivideBy("won amounts of last year's period"));
    let not_yet = Err(Absence::NothingToDivideBy("goal for the time that has passed"));
    // 600 of 2 000, where a quarter or a third of last year's had been won by now.
    for (goal, last_year, value, verdict) in [
        (Some(2_000), Some((400, 100)), quotient_of(600 * 400, 2_000 * 100), Some(Verdict::OnPace)),
        (Some(2_000), Some((300, 100)), quotient_of(600 * 300, 2_000 * 100), Some(Verdict::BehindPace)),
        (Some(2_000), Some((400, 120)), quotient_of(600 * 400, 2_000 * 120), Some(Verdict::OnPace)),
        (Some(2_000), Some((400, 0)), not_yet, None),
        (Some(2_000), Some((0, 0)), nothing, None),
        (Some(2_000), Some((-5, 5)), nothing, None),
        (Some(2_000), None, nothing, None),
        (Some(0), Some((400, 100)), not_yet, None),
        (None, Some((400, 100)), Err(Absence::NoGoal), None),
    ] {
        let (whole, to_date) = last_year.unwrap_or_default();
        let (whole, to_date) = (outcomes(1, whole, &[]), outcomes(1, to_date, &[]));
        let found =
            evaluate_with("goal_pace_by_last_year", Sums { tally: &tally, amounts: &amounts }, |input| {
                input.goal = goal.map(Ok);
                input.last_year = last_year.map(|_| LastYear {
                    whole: Sums { tally: &whole.0, amounts: &whole.1 },
                    to_date: Sums { tally: &to_date.0, amounts: &to_date.1 },
                });
            });
        assert_eq!((found.value, found.verdict), (value, verdict), "{goal:?} {last_year:?}");
    }
}

#[test]
fn trends_and_velocity() {
    let before = outcomes(10, 1_000, &[]);
    for (minor_each, expected) in
        [(1_051, Verdict::Growing), (1_050, Verdict::Flat), (950, Verdict::Flat), (949, Verdict::Shrinking)]
    {
        let (tally, amounts) = outcomes(3, minor_each, &[]);
        let size = evaluate_with("average_deal_size", Sums { tally: &tally, amounts: &amounts }, |input| {
            input.previous = Some(Sums { tally: &before.0, amounts: &before.1 });
        });
        assert_eq!(size.verdict, Some(expected), "{minor_each}");
    }
    // 7 open deals x 500 x 2/3 won / 10 days on average.
    let (tally, amounts) = outcomes(2, 500, &[(Measure::LostDeals, 1), (Measure::CycleSeconds, 20 * 86_400)]);
    let (open, none) =
        outcomes(0, 0, &[(Measure::OpenDeals(StageIndex(0)), 4), (Measure::OpenDeals(StageIndex(1)), 3)]);
    let velocity = evaluate_with("sales_velocity", Sums { tally: &tally, amounts: &amounts }, |input| {
        input.standing = Sums { tally: &open, amounts: &none };
    });
    assert_eq!(velocity.value, Ok(Value::Whole(233)));
    assert_eq!(velocity.currency, Some(currency("USD")));
    let share = |selling| {
        let sums = [(Category::DigitalClientCommunication, selling), (Category::Admin, 100 - selling)];
        evaluate(
            "selling_time_share",
            &sums.map(|(category, value)| (Measure::ActivitySeconds(category, TypeIndex(0)), value)),
        )
    };
    assert_eq!(share(39).verdict, Some(Verdict::AtBenchmark));
    assert_eq!(share(38).verdict, Some(Verdict::BelowBenchmark));
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
        (1, no_rate("GBP", Some(Day(0)))),
        (2, Ok(Value::Whole(9))),
        (40, Ok(Value::Whole(1))),
    ];
    let expected = expected.map(|(stage, value)| Part { key: PartKey::Stage(StageIndex(stage)), value });
    assert_eq!(amounts.parts, expected);
    assert_eq!(amounts.currency, Some(currency("USD")));
    assert_eq!(amounts.by_currency, [(currency("EUR"), 1), (currency("GBP"), 4), (currency("USD"), 10)]);

    let minutes =
        evaluate("activity_minutes", &[(Measure::ActivitySeconds(Category::Travel, TypeIndex(0)), 60)]);
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

#[test]
fn time_sinks_are_what_takes_time_and_does_not_go_with_winning() {
    use Category::{Admin, InPersonClientCommunication as InPerson, Travel};
    let seconds = |category, seconds| (Measure::ActivitySeconds(category, TypeIndex(1)), seconds);
    let touched = |category, is_won, deals| (Measure::ClosedWith(category, Touches::new(1, is_won)), deals);
    let closed = [(Measure::WonDeals, 20), (Measure::LostDeals, 20)];
    let activities = [
        touched(InPerson, true, 15),
        touched(InPerson, false, 5),
        touched(Travel, true, 6),
        touched(Travel, false, 5),
        seconds(InPerson, 500),
        seconds(Travel, 300),
        seconds(Admin, 150),
        seconds(Category::Training, 50),
    ];
    let found = evaluate("time_sinks", &[&closed[..], &activities[..]].concat());
    let keys: Vec<PartKey> = found.parts.iter().map(|part| part.key).collect();
    assert_eq!(found.value, quotient_of(450, 1_000));
    assert_eq!(keys, [PartKey::Category(Admin), PartKey::Category(Travel)]);
    assert_eq!((found.named, found.verdict), (Some(PartKey::Category(InPerson)), Some(Verdict::TimeSinks)));
    // Nothing is known where all ended alike, or where no activity is known to be for a deal.
    let all_won = [&[(Measure::WonDeals, 40)][..], &activities[..]].concat();
    assert_eq!(evaluate("time_sinks", &all_won).value, Err(Absence::NoDifference("how they ended")));
    let unlinked = [&closed[..], &activities[4..]].concat();
    assert_eq!(evaluate("time_sinks", &unlinked).value, Err(Absence::NoDifference("activities")));
    // Nor where it is so of what is done with clients alone.
    let travel_alone = evaluate("time_sinks", &[&closed[..], &activities[2..]].concat());
    assert!(!travel_alone.parts.iter().any(|part| part.key == PartKey::Category(InPerson)));
    let few = evaluate("time_sinks", &[&[(Measure::WonDeals, 29)][..], &activities[..]].concat());
    assert_eq!(few.value, Err(Absence::TooFew { found: 29, needed: 30 }));
}
