//! Random organisations: a simulated floor, stretched over years, and what becomes of its events.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use engine::{FoldConfig, PartitionState};
use model::{
    ActivityEvent, Calendar, Category, Currency, Event, Offset, PartitionId, Pipelines, Reference,
    ReferenceRecord, Timestamp,
};
use proptest::prelude::*;
use salesfloor::{Floor, Scenario, disorder};
use tallyboard_board::{Board, PeriodSlot, Stamp};

use crate::records::{World, put_quotas_at_the_bounds};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Longer than any floor: nothing is late.
const FOR_EVER: u32 = 100_000;

/// What decides an organisation, its events and how they come in.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    seed: u64,
    deals_per_day: u32,
    contradictions: u32,
    calendar: usize,
    pub(crate) records: u32,
    shuffled: u64,
    times: usize,
    partitions: usize,
    /// Since the floor began.
    now_hours: i64,
    pub(crate) weights: [u32; 3],
}

impl Plan {
    /// One of a few that are always the same.
    pub(crate) fn of(seed: u64) -> Self {
        let number = |name: &str, below: u64| u32::try_from(chance(name, seed) % below).unwrap();
        Self {
            seed,
            deals_per_day: 15 + number("deals", 15),
            contradictions: number("contradictions", 20),
            calendar: usize::try_from(seed).unwrap() % CALENDARS.len(),
            records: number("records", 1_000_000),
            shuffled: seed,
            times: 1,
            partitions: 2,
            now_hours: 24 * (4 + i64::from(number("now", 60))),
            weights: [1, number("deals weigh", 3), 1],
        }
    }
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let floor = (0..10_000_u64, 2..30_u32, 0..20_u32, 0..CALENDARS.len(), any::<u32>());
    let way = (any::<u64>(), 1..3_usize, 1..4_usize, 24 * 4..24 * 70_i64, [0..3_u32, 0..3_u32, 1..3_u32]);
    (floor, way).prop_map(|((seed, deals_per_day, contradictions, calendar, records), way)| {
        let (shuffled, times, partitions, now_hours, weights) = way;
        Plan {
            seed,
            deals_per_day,
            contradictions,
            calendar,
            records,
            shuffled,
            times,
            partitions,
            now_hours,
            weights,
        }
    })
}

/// A few for all, because a calendar is costly to make.
static CALENDARS: LazyLock<[Calendar; 3]> = LazyLock::new(|| {
    [("UTC", 1), ("America/New_York", 2), ("Asia/Kolkata", 4)]
        .map(|(zone, first_month)| Calendar::new(zone, first_month).unwrap())
});

/// An organisation and its events, in order.
pub(crate) struct Organisation {
    pub(crate) pipelines: Pipelines,
    pub(crate) calendar: Calendar,
    pub(crate) records: Vec<ReferenceRecord>,
    pub(crate) events: Vec<Event<'static>>,
    pub(crate) now: Timestamp,
    pub(crate) reporting: Currency,
}

/// A number that follows from a name, and differs between seeds.
pub(crate) fn chance(name: &str, seed: u64) -> u64 {
    let bytes = name.bytes().chain(seed.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash >> 24
}

/// Each deal, with its activities, began days or a year earlier than told, and goes on for up to 12 times as long.
fn stretched(mut event: Event<'static>, start: i64, seed: u64) -> Event<'static> {
    let chance = chance(disorder::partition_key(&event), seed);
    let earlier = [0, 0, 2, 9, 33, 95, 364, 365, 371, 430][usize::try_from(chance % 10).unwrap()];
    let times = i64::try_from(chance / 10 % 12 + 1).unwrap();
    let stretch = |at: Timestamp| {
        let micros = start - earlier * MICROS_PER_DAY + (at.micros() - start) * times;
        Timestamp::from_micros(micros).unwrap()
    };
    match &mut event {
        Event::Deal(deal) => deal.occurred_at = stretch(deal.occurred_at),
        Event::Activity(activity) => activity.occurred_at = stretch(activity.occurred_at),
    }
    event
}

/// With one plan in three, clients are called about deals that are won, and not about others; with one, nothing else is
/// done at all.
fn with_what_wins(mut events: Vec<Event<'static>>, plan: &Plan) -> Vec<Event<'static>> {
    let won: BTreeSet<Cow<'_, str>> = events
        .iter()
        .filter_map(|event| match event {
            Event::Deal(deal) if deal.stage == "won" => Some(deal.deal_id.clone()),
            _ => None,
        })
        .collect();
    let is_about_won =
        |activity: &ActivityEvent<'_>| activity.deal_id.as_ref().is_some_and(|id| won.contains(id));
    let wins = Category::DigitalClientCommunication;
    events.retain(|event| match (event, plan.seed % 3) {
        (Event::Activity(activity), 1) => activity.category != wins || is_about_won(activity),
        (Event::Activity(activity), 2) => activity.category == wins && is_about_won(activity),
        _ => true,
    });
    events
}

/// The region that a territory is in, for one in twelve of the names; with every other plan for none.
pub(crate) fn region_instead<'r>(
    records: &'r [ReferenceRecord],
    id: &str,
    name: &str,
    plan: &Plan,
) -> Option<&'r str> {
    let is_meant = plan.records.is_multiple_of(2) && chance(name, plan.seed).is_multiple_of(12);
    let mut parents = records.iter().filter_map(|record| match record {
        ReferenceRecord::Territory(territory) if territory.territory_id == id => {
            territory.parent_id.as_deref()
        }
        _ => None,
    });
    parents.next().filter(|_| is_meant)
}

/// Some deals and activities are in a region itself.
fn in_region(mut event: Event<'static>, records: &[ReferenceRecord], plan: &Plan) -> Event<'static> {
    let name = format!("in region {}", disorder::partition_key(&event));
    let territory_id = match &mut event {
        Event::Deal(deal) => &mut deal.territory_id,
        Event::Activity(activity) => &mut activity.territory_id,
    };
    if let Some(region) = region_instead(records, territory_id, &name, plan) {
        *territory_id = region.to_owned().into();
    }
    event
}

impl Organisation {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut scenario = Scenario::tiny(plan.seed);
        scenario.deals_per_day = plan.deals_per_day;
        if !plan.seed.is_multiple_of(3) {
            scenario.activities[0].per_day = 12.0;
        }
        let mut floor = Floor::new(&scenario).unwrap();
        let events: Vec<Event<'_>> = std::iter::from_fn(|| floor.next_event()).collect();
        let events = with_what_wins(events, plan);
        let events = disorder::contradict(events, plan.contradictions, plan.seed);
        let start = i64::from(scenario.start_day.0) * MICROS_PER_DAY;
        let reference = floor.reference();
        let events = events.into_iter().map(|event| stretched(event, start, plan.seed));
        let events = events.map(|event| in_region(event, &reference, plan)).collect();
        let calendar = CALENDARS[plan.calendar].clone();
        let now = Timestamp::from_micros(start + plan.now_hours * 3_600_000_000 + 1_234_567).unwrap();
        let reporting = Currency::from_code(&scenario.reporting_currency).unwrap();
        let world = World { plan, calendar: &calendar, today: calendar.day_of(now), reporting };
        let records = world.records(reference);
        let pipelines = floor.pipelines().clone();
        let mut organisation = Self { pipelines, calendar, records, events, now, reporting };
        put_quotas_at_the_bounds(&mut organisation);
        organisation
    }

    /// Folded in any order, with repetitions, over some partitions, and published in two pieces each, while the periods are
    /// asked for.
    pub(crate) fn board(&self, plan: &Plan, thresholds: kpi::Thresholds, asked: &[PeriodSlot]) -> Arc<Board> {
        let board = Board::new(self.pipelines.clone(), self.calendar.clone(), self.reporting);
        let board = Arc::new(board.with_thresholds(thresholds));
        let mut reference = Reference::default();
        for record in &self.records {
            reference.apply(record.clone(), &self.calendar).unwrap();
        }
        board.set_reference(Arc::new(reference));
        let config = Arc::new(FoldConfig {
            pipelines: self.pipelines.clone(),
            calendar: self.calendar.clone(),
            deal_retention_days: FOR_EVER,
            activity_horizon_days: FOR_EVER,
            future_tolerance_seconds: 0,
            restatements: engine::RestatementRules::default(),
        });
        let events = disorder::shuffle(disorder::duplicate(&self.events, plan.times), plan.shuffled);
        for (events, number) in disorder::partition(events, plan.partitions).into_iter().zip(0..) {
            let mut state = PartitionState::new(Arc::clone(&config));
            let mut writer = board.writer(PartitionId(number));
            let mut named = [0; 3];
            let half = events.len() / 2;
            for (piece, progress) in [(0..half, 1), (half..events.len(), 2)] {
                for (event, offset) in events[piece.clone()].iter().zip(piece.start.try_into().unwrap()..) {
                    let outcome = state.apply(event, Offset(offset), None);
                    assert!(!matches!(outcome, engine::Outcome::Rejected(_)), "{outcome:?}");
                }
                let changes = state.take_changes();
                let names = [state.reps(), state.territories(), state.types()].map(engine::Names::as_slice);
                let [reps, territories, types] = [0, 1, 2].map(|kind| &names[kind][named[kind]..]);
                writer.name_types(types);
                let stamp = Stamp { progress, positions: Vec::new() };
                writer.publish(stamp, reps, territories, changes).unwrap();
                named = names.map(<[_]>::len);
                // From now on the tables of these are kept up to date by what is published.
                drop(board.views(asked, self.now));
            }
        }
        board
    }
}
