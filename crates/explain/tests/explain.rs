//! Explanations against the board and against the events: the parts are those of the number, all of them, once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use board::{Board, Contest, Group, Scope, Stamp};
use engine::{FoldConfig, Origin, PartitionState};
use kpi::{CATALOGUE, OF_ANY_DAYS, Value};
use model::{
    Calendar, Currency, Day, Event, Money, Offset, PartitionId, Period, PeriodKind, Quota, Reference,
    ReferenceRecord, Timestamp,
};
use salesfloor::{Floor, Scenario, disorder};
use tallyboard_explain::{Cursor, Evidence, ExplainError, Explanation, PartEntry, Question, Time, explain};

struct Site {
    board: Arc<Board>,
    config: Arc<FoldConfig>,
    evidence: Vec<Evidence>,
    /// By partition, in the order of their offsets.
    events: Vec<Vec<Event<'static>>>,
    now: Timestamp,
}

/// The currency that the floors' quotas, goals and rates are in.
fn eur() -> Currency {
    Currency::from_code("EUR").unwrap()
}

fn site(seed: u64, retention_days: u32, horizon_days: u32) -> Site {
    let mut floor = Floor::new(&Scenario::tiny(seed)).unwrap();
    let events: Vec<Event<'static>> = std::iter::from_fn(|| floor.next_event()).collect();
    let calendar = Calendar::new("Europe/Berlin", 4).unwrap();
    let config = Arc::new(FoldConfig {
        pipelines: floor.pipelines().clone(),
        calendar: calendar.clone(),
        deal_retention_days: retention_days,
        activity_horizon_days: horizon_days,
        future_tolerance_seconds: 0,
        restatements: engine::RestatementRules::default(),
    });
    let board = Arc::new(Board::new(floor.pipelines().clone(), calendar.clone(), eur()));
    let mut reference = Reference::default();
    for record in floor.reference() {
        reference.apply(record, &calendar).unwrap();
    }
    board.set_reference(Arc::new(reference));
    // As one does that has been there for longer than what it is explained from.
    board.writer(PartitionId(9)).name_types(&["of a partition that has gone"]);
    let events: Vec<_> = disorder::partition(events, 2).into_iter().collect();
    let mut evidence = Vec::new();
    let mut newest = None;
    for (number, events) in (0..).zip(&events) {
        let mut state = PartitionState::new(config.clone());
        for (event, offset) in events.iter().zip(0..) {
            state.apply(event, Offset(offset), None);
        }
        newest = newest.max(state.newest());
        evidence.push(Evidence {
            partition: PartitionId(number),
            deals: "deals".into(),
            activities: "activities".into(),
            positions: Vec::new(),
            frozen: state.freeze(),
        });
        let cells = state.take_changes();
        let stamp = Stamp { progress: 1, positions: Vec::new() };
        let mut writer = board.writer(PartitionId(number));
        writer.name_types(state.types().as_slice());
        writer.publish(stamp, state.reps().as_slice(), state.territories().as_slice(), cells).unwrap();
    }
    Site { board, config, evidence, events, now: newest.unwrap() }
}

impl Site {
    fn explain(
        &self,
        kpi: &'static kpi::Kpi,
        scope: &Scope,
        of: impl Into<Time>,
        limit: usize,
        after: Option<Cursor>,
    ) -> Explanation {
        let question = Question { kpi, scope: scope.clone(), of: of.into(), limit, after };
        explain(&self.board, &self.config, &self.evidence, &question, self.now, &|| true).unwrap()
    }

    fn scopes(&self) -> Vec<Scope> {
        let board = &self.board;
        let mut scopes = vec![Scope::Company];
        scopes.extend(board.reps().iter().take(3).map(|id| Scope::Rep(id.to_string())));
        scopes.extend(board.territories().iter().take(2).map(|id| Scope::Territory(id.to_string())));
        scopes.extend(board.regions().iter().map(|id| Scope::Region(id.to_string())));
        scopes.extend(board.teams().iter().take(2).map(|id| Scope::Team(id.to_string())));
        scopes
    }

    /// Every KPI with a period of each kind that it is told for.
    fn questions(&self) -> Vec<(&'static kpi::Kpi, Option<Period>)> {
        let today = self.board.calendar().day_of(self.now);
        let period = |kind| self.board.calendar().period_of(kind, today);
        let kinds = [None, Some(PeriodKind::Week), Some(PeriodKind::Quarter), Some(PeriodKind::Year)];
        let told = kinds.into_iter().flat_map(|kind| {
            CATALOGUE.iter().filter(move |kpi| kpi.is_told_for(kind)).map(move |kpi| (kpi, kind))
        });
        told.map(|(kpi, kind)| (kpi, kind.map(period))).collect()
    }
}

#[test]
fn every_number_is_the_sum_of_its_parts() {
    let mut explained = 0;
    for seed in 0..4 {
        let site = site(seed, 100_000, 100_000);
        for scope in site.scopes() {
            for (kpi, period) in site.questions() {
                let explanation = site.explain(kpi, &scope, period, 5, None);
                let shown = site.board.kpis(&scope, period, site.now);
                let shown = shown.into_iter().find(|value| value.kpi == kpi).unwrap();
                assert_eq!(explanation.value, shown, "{scope:?} {period:?}");
                for (quantity, sum) in &explanation.sums {
                    assert_eq!(sum.total, sum.explained, "{} {quantity:?}", kpi.name);
                    explained += sum.causes;
                }
            }
        }
    }
    assert!(explained > 1_000, "{explained}");
}

const CENT: i128 = 10_i128.pow(16);

fn in_parts_of_cents(part: &PartEntry) -> i128 {
    let digits = part.measure.currency().unwrap().fraction_digits();
    let rate = part.rate.map_or(10_i128.pow(12), i128::from);
    part.value * rate * 10_i128.pow(6 - digits)
}

/// Each standing of a contest, of everybody in each group, is the value that its days are explained by; the parts are of
/// these days, add up, and make the value where it is a count.
#[test]
fn every_standing_of_a_contest_is_the_sum_of_its_parts() {
    let (mut standings, mut parts_seen, mut counted) = (0, 0, 0);
    for seed in 0..3 {
        let site = site(seed, 100_000, 100_000);
        let today = site.board.calendar().day_of(site.now);
        // Across months and a year's end, of one day, and of days that are yet to come.
        for (back, ahead) in [(0, 0), (9, -3), (47, 20), (400, 1)] {
            let days = Day(today.0 - back)..Day(today.0 + ahead + 1);
            for (kpi, group) in
                OF_ANY_DAYS.iter().zip(GROUPS.into_iter().cycle().skip(seed.try_into().unwrap()))
            {
                let contest = Contest {
                    name: "Sprint".to_owned(),
                    kpi: kpi::find(kpi).unwrap(),
                    group: group.0,
                    members: BTreeSet::new(),
                    days: days.clone(),
                    target: None,
                };
                for row in site.board.standing_of(&contest, site.now).rows {
                    let scope = group.1(row.id.to_string());
                    let of = Time::Days(days.clone());
                    let explanation = site.explain(contest.kpi, &scope, of, usize::MAX, None);
                    assert_eq!(explanation.value, row.value, "{kpi} {scope:?} {days:?}");
                    for (quantity, sum) in &explanation.sums {
                        assert_eq!(sum.total, sum.explained, "{kpi} {scope:?} {quantity:?}");
                    }
                    let parts: Vec<_> = explanation.causes.iter().flat_map(|cause| &cause.parts).collect();
                    assert!(parts.iter().all(|part| days.contains(&part.day.unwrap())), "{kpi} {scope:?}");
                    let all: i128 = parts.iter().map(|part| part.value).sum();
                    if ["won_deals", "created_deals", "mql_deals", "activities"].contains(kpi) {
                        assert_eq!(row.value.value, Ok(Value::Whole(all)), "{kpi} {scope:?} {days:?}");
                        counted += all;
                    }
                    standings += 1;
                    parts_seen += parts.len();
                }
            }
        }
    }
    assert!(standings > 300 && parts_seen > 1_000 && counted > 300, "{standings} {parts_seen} {counted}");
}

/// The scope of an id.
type ScopeOf = fn(String) -> Scope;

const GROUPS: [(Group, ScopeOf); 4] = [
    (Group::Reps, Scope::Rep),
    (Group::Territories, Scope::Territory),
    (Group::Regions, Scope::Region),
    (Group::Teams, Scope::Team),
];

/// A period's days are explained as the period is.
#[test]
fn the_days_of_a_period_are_explained_as_it_is() {
    let site = site(4, 100_000, 100_000);
    let calendar = site.board.calendar();
    let today = calendar.day_of(site.now);
    for kind in PeriodKind::ALL {
        let period = calendar.period_of(kind, today);
        for kpi in OF_ANY_DAYS.map(|name| kpi::find(name).unwrap()) {
            for scope in site.scopes() {
                let of_period = site.explain(kpi, &scope, Some(period), 10, None);
                let of_days = site.explain(kpi, &scope, Time::Days(calendar.days(period)), 10, None);
                assert_eq!(of_days.value, of_period.value, "{} {scope:?} {kind:?}", kpi.name);
                assert_eq!((of_days.sums, of_days.causes), (of_period.sums, of_period.causes));
            }
        }
    }
}

/// Whoever has no quota has no part in what was made of the quotas.
#[test]
fn attainment_is_made_of_reps_with_a_quota() {
    let by_name = |name| CATALOGUE.iter().find(|kpi| kpi.name == name).unwrap();
    let (mut added_up, mut of_others, mut foreign) = (0, 0, 0);
    for seed in 0..10 {
        let site = site(seed, 100_000, 100_000);
        let calendar = site.board.calendar();
        let year = calendar.period_of(PeriodKind::Year, calendar.day_of(site.now));
        let reps = site.board.reps();
        let with_quota: BTreeSet<&Arc<str>> = reps.iter().step_by(2).collect();
        let mut reference = Reference::clone(&site.board.reference().unwrap());
        for rep in &reps {
            let minor = if with_quota.contains(rep) { 1_000_000 } else { 0 };
            let quota = Quota {
                rep_id: rep.to_string(),
                period: calendar.name(year),
                amount: Money { minor, currency: eur() },
                effective_from: None,
            };
            reference.apply(ReferenceRecord::Quota(quota), calendar).unwrap();
        }
        site.board.set_reference(Arc::new(reference));
        for scope in site.scopes() {
            let parts = |name| {
                let explanation = site.explain(by_name(name), &scope, Some(year), usize::MAX, None);
                let parts = explanation.causes.into_iter().flat_map(|cause| cause.parts);
                (explanation.value.value, parts.collect::<Vec<_>>())
            };
            let (attainment, parts_of_it) = parts("quota_attainment");
            assert!(parts_of_it.iter().all(|part| with_quota.contains(&part.rep)), "{scope:?}");
            of_others += parts("won_amount").1.iter().filter(|part| !with_quota.contains(&part.rep)).count();
            if let Ok(Value::Quotient { numerator, .. }) = attainment {
                // In 10^-16 cents, whatever the currencies: rounded once, and to the nearest cent.
                let exactly: i128 = parts_of_it.iter().map(in_parts_of_cents).sum();
                assert!((exactly - numerator * CENT).abs() * 2 <= CENT, "{scope:?}: {exactly}, {numerator}");
                added_up += usize::from(numerator > 0);
                foreign += parts_of_it.iter().filter(|part| part.rate.is_some()).count();
            }
        }
    }
    assert!(added_up > 0 && of_others > 0 && foreign > 0, "{added_up} {of_others} {foreign}");
}

#[test]
fn what_is_final_is_told_as_the_rest() {
    let mut finals = 0;
    for seed in 0..10 {
        let site = site(seed, 2, 2);
        for (kpi, period) in site.questions() {
            let explanation = site.explain(kpi, &Scope::Company, period, 1, None);
            let shown = site.board.kpis(&Scope::Company, period, site.now);
            assert!(shown.contains(&explanation.value), "{} {period:?}", kpi.name);
            finals += explanation.sums.values().filter(|sum| sum.total > sum.explained).count();
        }
    }
    assert!(finals > 0);
}

#[test]
fn pages_bring_every_cause_once_the_largest_first() {
    let site = site(5, 100_000, 100_000);
    let today = site.board.calendar().day_of(site.now);
    let year = Some(site.board.calendar().period_of(PeriodKind::Year, today));
    let kpi = kpi::find("won_amount").unwrap();
    let (mut seen, mut amounts, mut after) = (BTreeSet::new(), Vec::new(), None);
    loop {
        let page = site.explain(kpi, &Scope::Company, year, 2, after);
        for cause in &page.causes {
            assert!(seen.insert(cause.id.clone()), "{} is there twice", cause.id);
            amounts.push(cause.parts.iter().map(|part| part.value.unsigned_abs()).max().unwrap());
        }
        after = page.next;
        if after.is_none() {
            assert_eq!(seen.len(), page.causes_total);
            break;
        }
    }
    assert!(seen.len() > 4 && amounts.is_sorted_by(|one, next| one >= next), "{amounts:?}");
}

/// The events of a cause are those of its deal or activity, and the ones that decide are those without which it would be
/// another one.
#[test]
fn events_are_found_at_their_offsets_and_the_deciding_ones_decide() {
    let site = site(7, 100_000, 100_000);
    let today = site.board.calendar().day_of(site.now);
    let year = Some(site.board.calendar().period_of(PeriodKind::Year, today));
    let (mut deciding, mut others) = (0, 0);
    for kpi in ["won_amount", "created_deals", "stage_entered", "activity_minutes"].map(kpi::find) {
        let explanation = site.explain(kpi.unwrap(), &Scope::Company, year, 10_000, None);
        assert_eq!(explanation.causes.len(), explanation.causes_total);
        for cause in &explanation.causes {
            let partition = usize::try_from(cause.partition.0).unwrap();
            let log = &site.events[partition];
            let is_of_cause = |event: &Event<'_>| match (event, cause.origin) {
                (Event::Deal(deal), Origin::Deal) => deal.deal_id == cause.id,
                (Event::Activity(activity), Origin::Activity) => activity.activity_id == cause.id,
                _ => false,
            };
            for (told, _) in &cause.events {
                let event = &log[usize::try_from(told.offset.0).unwrap()];
                assert!(is_of_cause(event), "{told:?}");
                let (id, occurred_at) = match event {
                    Event::Deal(deal) => (&deal.event_id, deal.occurred_at),
                    Event::Activity(activity) => (&activity.event_id, activity.occurred_at),
                };
                assert_eq!((&*told.event_id, told.occurred_at), (&**id, occurred_at));
                if cause.origin == Origin::Deal {
                    let without = |left_out: Option<Offset>| -> BTreeMap<_, _> {
                        let mut state = PartitionState::new(site.config.clone());
                        for (event, offset) in log.iter().zip(0..) {
                            if is_of_cause(event) && left_out != Some(Offset(offset)) {
                                state.apply(event, Offset(offset), None);
                            }
                        }
                        let names = |number: model::RepIndex| state.reps().name(number.0).to_owned();
                        let places =
                            |number: model::TerritoryIndex| state.territories().name(number.0).to_owned();
                        let days = site.board.days_of(kpi::When::Period, year, site.now).unwrap();
                        let is_wanted = |key: &model::CellKey| {
                            days.contains(&key.day)
                                && explanation.value.kpi.made_of.iter().any(|of| (of.is)(key.measure))
                        };
                        let cells = state.cells().told(state.pipelines());
                        let cells = cells.into_iter().filter(|(key, _)| is_wanted(key));
                        cells
                            .map(|(key, value)| {
                                ((names(key.rep), places(key.territory), key.day, key.measure), value)
                            })
                            .collect()
                    };
                    assert_eq!(told.decides, without(Some(told.offset)) != without(None), "{told:?}");
                    *(if told.decides { &mut deciding } else { &mut others }) += 1;
                }
            }
        }
    }
    assert!(deciding > 50 && others > 10, "{deciding} {others}");
}

#[test]
fn what_takes_too_long_is_given_up() {
    let site = site(1, 100_000, 100_000);
    let kpi = kpi::find("open_deals").unwrap();
    let question = Question { kpi, scope: Scope::Company, of: Time::Now, limit: 1, after: None };
    let error = explain(&site.board, &site.config, &site.evidence, &question, site.now, &|| false);
    assert!(matches!(error, Err(ExplainError::GivenUp)));
    let today = site.board.calendar().day_of(site.now);
    let month = Time::Period(site.board.calendar().period_of(PeriodKind::Month, today));
    let question = Question { of: month, ..question };
    let error = explain(&site.board, &site.config, &site.evidence, &question, site.now, &|| true);
    assert!(matches!(error, Err(ExplainError::NotTold("open_deals"))));
    let question = Question { of: Time::Days(today..Day(today.0 + 1)), ..question };
    let error = explain(&site.board, &site.config, &site.evidence, &question, site.now, &|| true);
    assert!(matches!(error, Err(ExplainError::NotOfAnyDays("open_deals"))));
}

/// Day by day, as deals come to be stalled: the list is as long as their number says.
#[test]
fn the_list_of_stalled_deals_is_that_of_their_number() {
    let kpi = kpi::find("stalled_deals").unwrap();
    let mut site = site(3, 100_000, 100_000);
    let mut numbers = BTreeSet::new();
    for _ in 0..40 {
        let shown = site.board.kpis(&Scope::Company, None, site.now);
        let shown = shown.into_iter().find(|value| value.kpi == kpi).unwrap();
        let explanation = site.explain(kpi, &Scope::Company, None, 10_000, None);
        assert_eq!(explanation.value, shown, "{}", site.now);
        let stalled = shown.value.unwrap().rounded();
        assert_eq!(explanation.causes_total, usize::try_from(stalled).unwrap(), "{}", site.now);
        numbers.insert(stalled);
        site.now = Timestamp::from_micros(site.now.micros() + 86_400_000_000).unwrap();
    }
    assert!(numbers.len() > 2, "{numbers:?}");
}
