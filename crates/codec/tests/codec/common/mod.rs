//! Generated records of every kind, and registries to read from.

pub(crate) mod writers;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Mutex;

use model::{
    ActivityEvent, Category, Credit, Currency, Day, DealEvent, Event, FxRate, Goal, GoalScope,
    MAX_MINOR_UNITS, Money, Quota, ReferenceRecord, Reject, Rep, Territory, Timestamp,
};
use proptest::prelude::*;
use tallyboard_codec::{Carries, DecodeFailure, Decoder, Record, RecordKind, SchemaAnswer, SchemaSource};

/// How versions and times are drawn.
#[derive(Clone)]
pub(crate) struct Draw {
    pub(crate) versions: RangeInclusive<i64>,
    pub(crate) micros_per_tick: i64,
}

/// All that the built-in schemas can hold.
pub(crate) const WIDEST: Draw = Draw { versions: i64::MIN..=i64::MAX, micros_per_tick: 1 };

/// What an int and milliseconds can hold.
pub(crate) const NARROW: Draw = Draw { versions: -2_147_483_648..=2_147_483_647, micros_per_tick: 1_000 };

fn identifier() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-zA-Z0-9_-]{1,12}", 1 => "\\PC{1,30}"]
}

fn text() -> impl Strategy<Value = Cow<'static, str>> {
    identifier().prop_map(Cow::Owned)
}

fn moment(draw: &Draw) -> impl Strategy<Value = Timestamp> + use<> {
    let tick = draw.micros_per_tick;
    (0..7_258_118_400_000_000 / tick).prop_map(move |ticks| Timestamp::from_micros(ticks * tick).unwrap())
}

fn day() -> impl Strategy<Value = Day> {
    (0..84_006).prop_map(|number| Day::checked(number).unwrap())
}

fn currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["USD", "EUR", "JPY", "KWD", "CLF"])
        .prop_map(|code| Currency::from_code(code).unwrap())
}

pub(crate) fn money() -> impl Strategy<Value = Money> {
    let minor = prop_oneof![-300_i64..300, 0..1_000_000_000_i64, -MAX_MINOR_UNITS..=MAX_MINOR_UNITS];
    (minor, currency()).prop_map(|(minor, currency)| Money { minor, currency })
}

fn credits() -> impl Strategy<Value = Vec<Credit<'static>>> {
    let shares = prop::collection::vec(1_u32..2_000, 0..5);
    let overlays = prop::collection::vec(1_u32..=10_000, 0..3);
    (shares, overlays).prop_map(|(mut shares, overlays)| {
        shares.push(10_000 - shares.iter().sum::<u32>());
        let own = shares.into_iter().map(|share| (share, false));
        let all = own.chain(overlays.into_iter().map(|share| (share, true)));
        let credit = |(index, (share_basis_points, overlay))| Credit {
            rep_id: Cow::Owned(format!("r{index}")),
            share_basis_points,
            overlay,
        };
        all.enumerate().map(credit).collect()
    })
}

pub(crate) fn deal(draw: &Draw) -> impl Strategy<Value = DealEvent<'static>> + use<> {
    let ids = (text(), text(), moment(draw), prop::option::of(draw.versions.clone()));
    let place = (text(), text(), text(), text());
    let state = (
        prop::option::of(money()),
        prop::option::of(day()),
        prop_oneof![2 => Just(Vec::new()), 1 => credits()],
        any::<bool>(),
    );
    (ids, place, state).prop_map(|(ids, place, state)| DealEvent {
        event_id: ids.0,
        deal_id: ids.1,
        occurred_at: ids.2,
        version: ids.3,
        pipeline: place.0,
        stage: place.1,
        rep_id: place.2,
        territory_id: place.3,
        amount: state.0,
        expected_close: state.1,
        credits: state.2,
        deleted: state.3,
    })
}

pub(crate) fn activity(draw: &Draw) -> impl Strategy<Value = ActivityEvent<'static>> + use<> {
    let ids = (text(), text(), moment(draw), prop::option::of(draw.versions.clone()));
    let place = (text(), text(), prop::option::of(text()));
    let what = (prop::sample::select(Category::ALL.to_vec()), text(), 0_u32..=2_592_000, any::<bool>());
    (ids, place, what).prop_map(|(ids, place, what)| ActivityEvent {
        event_id: ids.0,
        activity_id: ids.1,
        occurred_at: ids.2,
        version: ids.3,
        rep_id: place.0,
        territory_id: place.1,
        deal_id: place.2,
        category: what.0,
        kind: what.1,
        duration_seconds: what.2,
        retracted: what.3,
    })
}

pub(crate) fn reference() -> impl Strategy<Value = ReferenceRecord> {
    let rep = (
        identifier(),
        identifier(),
        prop::option::of(identifier()),
        prop::option::of(identifier()),
        prop::option::of(day()),
        prop::option::of(day()),
    )
        .prop_map(|(rep_id, name, team_id, territory_id, started_on, ended_on)| {
            ReferenceRecord::Rep(Rep { rep_id, name, team_id, territory_id, started_on, ended_on })
        });
    let territory = (identifier(), identifier(), prop::option::of(identifier())).prop_map(
        |(territory_id, name, parent_id)| {
            ReferenceRecord::Territory(Territory { territory_id, name, parent_id })
        },
    );
    let quota = (identifier(), identifier(), money(), prop::option::of(day())).prop_map(
        |(rep_id, period, amount, effective_from)| {
            ReferenceRecord::Quota(Quota { rep_id, period, amount, effective_from })
        },
    );
    let rate = (currency(), 1..=i64::MAX, day()).prop_map(|(currency, rate, effective_from)| {
        ReferenceRecord::FxRate(FxRate { currency, rate, effective_from })
    });
    let scope = prop_oneof![
        Just(GoalScope::Company),
        identifier().prop_map(GoalScope::Territory),
        identifier().prop_map(GoalScope::Team),
        identifier().prop_map(GoalScope::Rep),
    ];
    let goal = (scope, identifier(), money())
        .prop_map(|(scope, period, won_amount)| ReferenceRecord::Goal(Goal { scope, period, won_amount }));
    prop_oneof![rep, territory, quota, rate, goal]
}

pub(crate) fn record(draw: &Draw) -> impl Strategy<Value = Record<'static>> + use<> {
    prop_oneof![
        deal(draw).prop_map(|event| Record::Event(Event::Deal(event))),
        activity(draw).prop_map(|event| Record::Event(Event::Activity(event))),
        reference().prop_map(Record::Reference),
    ]
}

/// What a topic made for such records carries.
pub(crate) fn carries(kind: RecordKind) -> Carries {
    match kind {
        RecordKind::Deal => Carries::Deals,
        RecordKind::Activity => Carries::Activities,
        _ => Carries::Reference,
    }
}

/// The reject that a value is answered with.
pub(crate) fn reject(decoder: &mut Decoder, value: &[u8]) -> Reject {
    match decoder.decode(value) {
        Err(DecodeFailure::Reject(reject)) => reject,
        other => panic!("{other:?} for {}", String::from_utf8_lossy(value)),
    }
}

/// A registry in memory that counts what it is asked.
#[derive(Default)]
pub(crate) struct Registry {
    pub(crate) schemas: Mutex<HashMap<u32, String>>,
    pub(crate) asked: Mutex<Vec<u32>>,
    pub(crate) down: Mutex<bool>,
    /// How many times more it says that it does not have an id.
    pub(crate) unknown_for: Mutex<HashMap<u32, usize>>,
}

impl Registry {
    pub(crate) fn with(schemas: &[(u32, &str)]) -> Self {
        let schemas = schemas.iter().map(|&(id, text)| (id, text.to_owned())).collect();
        Self { schemas: Mutex::new(schemas), ..Self::default() }
    }

    pub(crate) fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl SchemaSource for Registry {
    fn schema(&self, id: u32) -> Result<SchemaAnswer, String> {
        self.asked.lock().unwrap().push(id);
        if *self.down.lock().unwrap() {
            return Err("connection refused".to_owned());
        }
        if let Some(times @ 1..) = self.unknown_for.lock().unwrap().get_mut(&id) {
            *times -= 1;
            return Ok(SchemaAnswer::Missing);
        }
        Ok(self.schemas.lock().unwrap().get(&id).cloned().into())
    }
}

/// A datum in Confluent's framing.
pub(crate) fn framed(id: u32, datum: &[u8]) -> Vec<u8> {
    let mut value = vec![0];
    value.extend_from_slice(&id.to_be_bytes());
    value.extend_from_slice(datum);
    value
}
