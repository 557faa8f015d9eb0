//! The generator keeps the model's rules, follows its seed, and tiny scenarios hold every exception, so that property
//! tests against the oracle are not vacuous.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use model::{
    ActivityEvent, Calendar, Category, Currency, DealEvent, Event, GoalScope, MAX_CREDITS, MAX_MINOR_UNITS,
    Measure, Pipelines, Reference, ReferenceRecord, StageIndex, StageKind, Timestamp, TypeIndex,
    WHOLE_SHARE_BASIS_POINTS, check_identifier,
};
use tallyboard_salesfloor::{Floor, Scenario, disorder, oracle};

fn events(scenario: &Scenario) -> Vec<Event<'static>> {
    Floor::new(scenario).unwrap().collect()
}

fn time(event: &Event<'_>) -> Timestamp {
    match event {
        Event::Deal(deal) => deal.occurred_at,
        Event::Activity(activity) => activity.occurred_at,
    }
}

/// A month of the believable company.
fn month() -> Scenario {
    Scenario { days: Some(30), ..Scenario::demo() }
}

#[test]
fn the_seed_decides() {
    for scenario in [Scenario::tiny(5), month()] {
        let other = Scenario { seed: scenario.seed + 1, ..scenario.clone() };
        let (first, second) = (Floor::new(&scenario).unwrap(), Floor::new(&scenario).unwrap());
        assert_eq!(first.reference(), second.reference());
        assert_ne!(first.reference(), Floor::new(&other).unwrap().reference());
        let (first, second): (Vec<_>, Vec<_>) = (first.collect(), second.collect());
        assert!(first == second, "seed {} gives two stories", scenario.seed);
        assert!(first != events(&other), "seeds give one story");
    }
}

#[test]
fn events_come_in_order_and_how_they_are_taken_does_not_matter() {
    let scenario = month();
    let expected = events(&scenario);
    assert!(expected.is_sorted_by_key(time));

    let mut floor = Floor::new(&scenario).unwrap();
    let mut taken = Vec::new();
    let middle = time(&expected[expected.len() / 2]);
    taken.extend(floor.advance(middle));
    assert!(taken.iter().all(|event| time(event) <= middle));
    assert!(floor.next_at() > Some(middle));
    taken.extend(floor.next_event());
    while let Some(next) = floor.next_at() {
        taken.extend(floor.advance(Timestamp::from_micros(next.micros() + 3_600_000_000).unwrap()));
    }
    assert!(taken == expected);
}

#[test]
fn a_scenario_without_end_begins_like_one_with() {
    let expected = events(&month());
    let endless = Scenario { days: None, ..month() };
    let begun: Vec<_> = Floor::new(&endless).unwrap().take(expected.len()).collect();
    assert!(begun == expected);
}

#[test]
fn the_believable_company_sells_about_what_it_plans() {
    let floor = Floor::new(&Scenario::demo()).unwrap();
    let pipelines = floor.pipelines().clone();
    let berlin = Calendar::new("Europe/Berlin", 1).unwrap();
    let mut reference = Reference::default();
    for record in floor.reference() {
        reference.apply(record, &berlin).unwrap();
    }
    let events: Vec<Event<'static>> = floor.collect();
    assert!((50_000..200_000).contains(&events.len()), "{} events", events.len());

    let quarter = berlin.parse("2026-Q3").unwrap();
    let sums = oracle::period(&oracle::cells(&events, &pipelines, &berlin), &berlin, quarter.kind);
    let sums = || sums.iter().filter(|((_, _, period, _), _)| *period == quarter);
    let total = |wanted: Measure| -> i128 {
        sums().filter(|((_, _, _, measure), _)| *measure == wanted).map(|(_, value)| value).sum()
    };
    let (won, lost) = (total(Measure::WonDeals), total(Measure::LostDeals));
    assert!((20..40).contains(&(won * 100 / (won + lost))), "{won} won, {lost} lost");

    let mut won_minor = 0;
    let mut currencies = BTreeSet::new();
    for ((_, _, _, measure), value) in sums() {
        if let Measure::WonAmount(currency) = measure {
            currencies.insert(currency.code());
            let rate = i128::from(reference.rate(*currency, None).unwrap());
            won_minor += value * rate / 10_i128.pow(10 + currency.fraction_digits());
        }
    }
    assert_eq!(currencies.len(), 5, "{currencies:?}");
    let goal = |record: &ReferenceRecord| match record {
        ReferenceRecord::Goal(goal) if goal.scope == GoalScope::Company && goal.period == "2026-Q3" => {
            Some(i128::from(goal.won_amount.minor))
        }
        _ => None,
    };
    let goal = reference.iter().find_map(goal).unwrap();
    assert!((60..160).contains(&(won_minor * 100 / goal)), "{won_minor} of {goal}");

    let reps: BTreeSet<&str> = sums().map(|((rep_id, ..), _)| rep_id.as_str()).collect();
    let territories: BTreeSet<&str> =
        sums().map(|((_, territory_id, ..), _)| territory_id.as_str()).collect();
    assert!(reps.len() >= 35 && territories.len() == 6, "{reps:?} {territories:?}");
    for category in Category::ALL {
        assert!(total(Measure::ActivitySeconds(category, TypeIndex(0))) > 0, "{}", category.name());
    }
}

#[test]
fn generated_events_keep_the_rules() {
    let tiny = (0..50).map(Scenario::tiny);
    for scenario in tiny.chain([month()]) {
        let floor = Floor::new(&scenario).unwrap();
        let pipelines = floor.pipelines().clone();
        let mut event_ids = BTreeSet::new();
        for event in floor {
            let event_id = match &event {
                Event::Deal(deal) => {
                    check_deal(deal, &pipelines);
                    &deal.event_id
                }
                Event::Activity(activity) => {
                    check_activity(activity);
                    &activity.event_id
                }
            };
            assert!(event_ids.insert(event_id.to_string()), "{event_id} is there twice");
        }
        assert!(event_ids.len() > 60, "seed {}: {} events", scenario.seed, event_ids.len());
    }
}

fn check_deal(deal: &DealEvent<'_>, pipelines: &Pipelines) {
    for id in [&deal.event_id, &deal.deal_id, &deal.rep_id, &deal.territory_id] {
        assert_eq!(check_identifier(id), Ok(()), "{deal:?}");
    }
    assert!(pipelines.find(&deal.pipeline, &deal.stage).is_some(), "{deal:?}");
    assert!(deal.amount.is_none_or(|amount| amount.minor.abs() <= MAX_MINOR_UNITS));
    assert!(deal.credits.len() <= MAX_CREDITS);
    let reps: BTreeSet<&str> = deal.credits.iter().map(|credit| &*credit.rep_id).collect();
    assert_eq!(reps.len(), deal.credits.len(), "no rep is credited twice: {deal:?}");
    for credit in &deal.credits {
        assert!((1..=WHOLE_SHARE_BASIS_POINTS).contains(&credit.share_basis_points), "{deal:?}");
    }
    let shares = deal.credits.iter().filter(|credit| !credit.overlay);
    let whole: u32 = shares.map(|credit| credit.share_basis_points).sum();
    assert!(deal.credits.is_empty() || whole == WHOLE_SHARE_BASIS_POINTS, "{deal:?}");
}

fn check_activity(activity: &ActivityEvent<'_>) {
    for id in [&activity.event_id, &activity.activity_id, &activity.rep_id, &activity.territory_id] {
        assert_eq!(check_identifier(id), Ok(()), "{activity:?}");
    }
    assert!(activity.deal_id.as_ref().is_none_or(|id| check_identifier(id).is_ok()));
    assert!(activity.duration_seconds <= 86_400);
}

#[test]
fn tiny_scenarios_hold_every_exception() {
    let mut seeds_with: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..50 {
        let events = events(&Scenario::tiny(seed));
        let pipelines = Scenario::tiny(seed).pipelines().unwrap();
        for exception in exceptions(&events, &pipelines) {
            *seeds_with.entry(exception).or_insert(0) += 1;
        }
    }
    let rare: Vec<_> = EXCEPTIONS
        .iter()
        .map(|exception| (exception, seeds_with.get(exception).copied().unwrap_or(0)))
        .filter(|&(_, seeds)| seeds < 5)
        .collect();
    assert!(rare.is_empty(), "in fewer than 5 of 50 seeds: {rare:?}; all: {seeds_with:?}");
    assert_eq!(seeds_with.len(), EXCEPTIONS.len(), "{seeds_with:?}");
}

/// Every exception that is looked for, by the names that `exceptions` gives.
const EXCEPTIONS: [&str; 44] = [
    "activity corrected",
    "activity corrected, later version told first",
    "activity of another rep's deal or none",
    "activity retracted",
    "activity with a deal",
    "activity without a version",
    "amount below 0",
    "amount changed",
    "amount changed after close",
    "amount known, then missing",
    "amount of 0",
    "amount unknown, then known",
    "closed and deleted",
    "closed from the start",
    "closed, deleted and back",
    "credits changed",
    "currency changed",
    "deleted",
    "deleted and back",
    "deleted within a visit",
    "equal times",
    "equal times at creation",
    "equal times without versions",
    "lost, then won at once",
    "moved back",
    "no amount at all",
    "on midnight in Berlin",
    "overlay",
    "overlay behind all others",
    "owner changed after close",
    "passed over a closed stage",
    "pipeline changed",
    "pipeline changed and back",
    "reassigned",
    "reopened",
    "skipped stage",
    "split",
    "territory changed after close",
    "territory moved",
    "visited twice",
    "with and without versions in one deal",
    "without versions",
    "won once, not now",
    "won, then lost at once",
];

fn exceptions(events: &[Event<'static>], pipelines: &Pipelines) -> BTreeSet<&'static str> {
    let berlin = Calendar::new("Europe/Berlin", 1).unwrap();
    let mut found = BTreeSet::new();
    let mut deals: BTreeMap<&str, Vec<&DealEvent<'_>>> = BTreeMap::new();
    let mut activities: BTreeMap<&str, Vec<&ActivityEvent<'_>>> = BTreeMap::new();
    for event in events {
        if berlin.start_of(berlin.day_of(time(event))) == time(event) {
            found.insert("on midnight in Berlin");
        }
        match event {
            Event::Deal(deal) => deals.entry(&deal.deal_id).or_default().push(deal),
            Event::Activity(activity) => activities.entry(&activity.activity_id).or_default().push(activity),
        }
    }
    for history in deals.values() {
        for pair in history.windows(2) {
            pair_exceptions(pair[0], pair[1], pipelines, &mut found);
        }
        history_exceptions(history, pipelines, &mut found);
        visit_exceptions(history, pipelines, &mut found);
    }
    for told in activities.values() {
        activity_exceptions(told, &deals, &mut found);
    }
    found
}

fn pair_exceptions(
    before: &DealEvent<'_>,
    after: &DealEvent<'_>,
    pipelines: &Pipelines,
    found: &mut BTreeSet<&'static str>,
) {
    let stage = |deal: &DealEvent<'_>| pipelines.find(&deal.pipeline, &deal.stage).unwrap();
    let kind = |deal: &DealEvent<'_>| pipelines.kind(stage(deal));
    let both_closed =
        kind(before).is_closed() && kind(after).is_closed() && !before.deleted && !after.deleted;
    let same_pipeline = before.pipeline == after.pipeline;
    let both_open = same_pipeline && !kind(before).is_closed() && !kind(after).is_closed();
    let minor = |deal: &DealEvent<'_>| deal.amount.map(|amount| amount.minor);
    let currency = |deal: &DealEvent<'_>| deal.amount.map(|amount| amount.currency);
    let both_known = before.amount.is_some() && after.amount.is_some();
    let mut note = |is_so: bool, exception| {
        if is_so {
            found.insert(exception);
        }
    };
    note(both_open && stage(after) < stage(before), "moved back");
    let is_between = |other: &StageIndex| *other > stage(before) && *other < stage(after);
    note(
        both_open && pipelines.open_stages_beside(stage(before)).any(|other| is_between(&other)),
        "skipped stage",
    );
    note(
        both_open
            && stage(before) < stage(after)
            && pipelines.indices().any(|other| is_between(&other) && pipelines.kind(other).is_closed()),
        "passed over a closed stage",
    );
    note(!same_pipeline, "pipeline changed");
    note(kind(before).is_closed() && !kind(after).is_closed(), "reopened");
    note(
        both_closed && kind(before) == StageKind::Won && kind(after) == StageKind::Lost,
        "won, then lost at once",
    );
    note(
        both_closed && kind(before) == StageKind::Lost && kind(after) == StageKind::Won,
        "lost, then won at once",
    );
    note(before.rep_id != after.rep_id, "reassigned");
    note(before.territory_id != after.territory_id, "territory moved");
    note(both_closed && before.rep_id != after.rep_id, "owner changed after close");
    note(both_closed && before.territory_id != after.territory_id, "territory changed after close");
    note(both_known && minor(before) != minor(after), "amount changed");
    note(both_known && currency(before) != currency(after), "currency changed");
    note(both_closed && both_known && before.amount != after.amount, "amount changed after close");
    note(before.amount.is_some() && after.amount.is_none(), "amount known, then missing");
    note(before.amount.is_none() && after.amount.is_some(), "amount unknown, then known");
    note(before.credits != after.credits && before.rep_id == after.rep_id, "credits changed");
    note(kind(after).is_closed() && after.deleted, "closed and deleted");
    note(kind(after).is_closed() && before.deleted && !after.deleted, "closed, deleted and back");
    note(before.deleted && !after.deleted, "deleted and back");
    let same_time = before.occurred_at == after.occurred_at;
    note(same_time, "equal times");
    note(same_time && before.version.is_none() && after.version.is_none(), "equal times without versions");
}

fn history_exceptions(history: &[&DealEvent<'_>], pipelines: &Pipelines, found: &mut BTreeSet<&'static str>) {
    let any = |test: &dyn Fn(&DealEvent<'_>) -> bool| history.iter().any(|deal| test(deal));
    let minor_is = |test: fn(i64) -> bool| any(&|deal| deal.amount.is_some_and(|amount| test(amount.minor)));
    let first = pipelines.find(&history[0].pipeline, &history[0].stage).unwrap();
    let mut note = |is_so: bool, exception| {
        if is_so {
            found.insert(exception);
        }
    };
    note(pipelines.kind(first).is_closed(), "closed from the start");
    note(history.last().unwrap().deleted, "deleted");
    note(minor_is(|minor| minor < 0), "amount below 0");
    note(minor_is(|minor| minor == 0), "amount of 0");
    note(!any(&|deal| deal.amount.is_some()), "no amount at all");
    let shares = |deal: &DealEvent<'_>| deal.credits.iter().filter(|credit| !credit.overlay).count();
    note(any(&|deal| shares(deal) > 1), "split");
    note(any(&|deal| shares(deal) < deal.credits.len()), "overlay");
    note(any(&|deal| deal.credits.last().is_some_and(|credit| credit.overlay)), "overlay behind all others");
    let (with, without) = (any(&|deal| deal.version.is_some()), any(&|deal| deal.version.is_none()));
    note(!with, "without versions");
    note(with && without, "with and without versions in one deal");
    note(
        history.get(1).is_some_and(|second| second.occurred_at == history[0].occurred_at),
        "equal times at creation",
    );
}

fn visit_exceptions(history: &[&DealEvent<'_>], pipelines: &Pipelines, found: &mut BTreeSet<&'static str>) {
    let stage = |deal: &&DealEvent<'_>| pipelines.find(&deal.pipeline, &deal.stage).unwrap();
    let stages: Vec<StageIndex> = history.iter().map(stage).collect();
    let visits: Vec<StageIndex> = stages.chunk_by(|one, other| one == other).map(|visit| visit[0]).collect();
    let latest = visits[visits.len() - 1];
    let is_here = |stage: StageIndex| pipelines.are_beside(stage, latest);
    let is = |stage: StageIndex, kind: StageKind| pipelines.kind(stage) == kind;
    let mut note = |is_so: bool, exception| {
        if is_so {
            found.insert(exception);
        }
    };
    let mut visited = BTreeSet::new();
    note(visits.iter().any(|&stage| !visited.insert(stage) && is(stage, StageKind::Open)), "visited twice");
    let is_one_visit = |events: &[&DealEvent<'_>]| events.iter().all(|deal| stage(deal) == stage(&events[0]));
    note(
        history.windows(3).any(|events| events[1].deleted && is_one_visit(events)),
        "deleted within a visit",
    );
    let was_won_here = visits.iter().any(|&stage| is_here(stage) && is(stage, StageKind::Won));
    note(was_won_here && !is(latest, StageKind::Won), "won once, not now");
    let was_elsewhere = visits.iter().any(|&stage| !is_here(stage));
    note(was_elsewhere && is_here(visits[0]), "pipeline changed and back");
}

fn activity_exceptions(
    told: &[&ActivityEvent<'_>],
    deals: &BTreeMap<&str, Vec<&DealEvent<'_>>>,
    found: &mut BTreeSet<&'static str>,
) {
    let first = told[0];
    let mut note = |is_so: bool, exception| {
        if is_so {
            found.insert(exception);
        }
    };
    note(first.version.is_none(), "activity without a version");
    note(told.iter().any(|activity| activity.retracted), "activity retracted");
    if let Some(second) = told.get(1).filter(|second| !second.retracted) {
        note(second.version > first.version, "activity corrected");
        note(second.version < first.version, "activity corrected, later version told first");
    }
    let deal = first.deal_id.as_deref();
    note(deal.is_some(), "activity with a deal");
    let owner = deal.and_then(|deal_id| deals.get(deal_id)).and_then(|history| history.last());
    note(owner.is_none_or(|deal| deal.rep_id != first.rep_id), "activity of another rep's deal or none");
}

#[test]
fn disorder_changes_no_number_of_the_oracle() {
    let berlin = Calendar::new("Europe/Berlin", 1).unwrap();
    for seed in 0..50 {
        let scenario = Scenario::tiny(seed);
        let pipelines = scenario.pipelines().unwrap();
        let expected_events = disorder::contradict(events(&scenario), 8, seed);
        let expected = oracle::cells(&expected_events, &pipelines, &berlin);
        assert!(expected.len() > 20, "seed {seed}: {} cells", expected.len());
        let repeated = disorder::shuffle(disorder::duplicate(&expected_events, 3), seed);
        assert_eq!(oracle::cells(&repeated, &pipelines, &berlin), expected, "seed {seed}");
        let delayed = disorder::shuffle_within(expected_events.clone(), 9, seed);
        assert_eq!(oracle::cells(&delayed, &pipelines, &berlin), expected, "seed {seed}");

        // Partitions add up, because a deal or activity is in one of them alone.
        let mut sums = oracle::OracleCells::new();
        for part in disorder::partition(repeated, 4) {
            for (key, value) in oracle::cells(&part, &pipelines, &berlin) {
                *sums.entry(key).or_insert(0) += value;
            }
        }
        sums.retain(|_, sum| *sum != 0);
        assert_eq!(sums, expected, "seed {seed}");
    }
}

#[test]
fn tiny_scenarios_have_every_measure() {
    let berlin = Calendar::new("Europe/Berlin", 1).unwrap();
    // What is measured, whatever the stage, currency, bucket or category.
    let what = |measure: Measure| measure.code() >> 25;
    let usd = u32::from(Currency::from_code("USD").unwrap().number());
    let is_measure =
        |what: u32| [0, usd].iter().any(|second| Measure::from_code(what << 25 | second).is_some());
    let mut seeds_with: BTreeMap<u32, u32> = BTreeMap::new();
    for seed in 0..50 {
        let scenario = Scenario::tiny(seed);
        let cells = oracle::cells(&events(&scenario), &scenario.pipelines().unwrap(), &berlin);
        for what in cells.keys().map(|key| what(key.measure)).collect::<BTreeSet<u32>>() {
            *seeds_with.entry(what).or_insert(0) += 1;
        }
    }
    let every = (1..128).filter(|&what| is_measure(what));
    let rare: Vec<u32> = every.filter(|what| seeds_with.get(what).is_none_or(|&seeds| seeds < 20)).collect();
    assert!(rare.is_empty(), "in fewer than 20 of 50 seeds: {rare:?}; all: {seeds_with:?}");
}

#[test]
fn contradictions_claim_the_same_event_with_other_content() {
    let events = events(&Scenario::tiny(1));
    let all = disorder::contradict(events.clone(), 3, 1);
    assert!(all.len() > events.len() * 5 / 4, "{} of {}", all.len(), events.len());
    let key = |event: &Event<'_>| match event {
        Event::Deal(deal) => (deal.event_id.to_string(), deal.occurred_at, deal.version),
        Event::Activity(activity) => (activity.event_id.to_string(), activity.occurred_at, activity.version),
    };
    for pair in all.windows(2).filter(|pair| key(&pair[0]) == key(&pair[1])) {
        assert_ne!(pair[0], pair[1]);
        assert_eq!(disorder::partition_key(&pair[0]), disorder::partition_key(&pair[1]));
    }
    assert_eq!(disorder::contradict(events.clone(), 0, 1), events);
}

#[test]
fn partitions_hold_everything_in_order() {
    let events = events(&Scenario::tiny(2));
    let parts = disorder::partition(events.clone(), 3);
    assert!(parts.iter().all(|part| part.len() > 10), "keys spread");
    assert!(parts.iter().all(|part| part.is_sorted_by_key(time)));
    assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), events.len());
    let keys = |part: &Vec<Event<'_>>| -> BTreeSet<String> {
        part.iter().map(|event| disorder::partition_key(event).to_owned()).collect()
    };
    assert!(keys(&parts[0]).is_disjoint(&keys(&parts[1])));
    assert!(keys(&parts[1]).is_disjoint(&keys(&parts[2])));
}
