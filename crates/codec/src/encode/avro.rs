//! Records as Avro data of the built-in schemas, written field by field in the schema's order.
//!
//! Invariant: apache-avro reads with the schema text what this writes; a test holds it.

use model::{
    ActivityEvent, Currency, Day, DealEvent, Event, FxRate, Goal, GoalScope, Money, Quota, ReferenceRecord,
    Rep, Territory,
};

use super::json::scope_of;
use crate::record::{Carries, Record, RecordKind};

/// Fraction digits of an amount in the built-in schemas.
const AMOUNT_SCALE: u32 = 4;

/// Writes records as Avro.
#[derive(Debug, Clone, Copy)]
pub struct Avro;

impl Avro {
    /// A record as on a topic of plain Avro that carries its kind: a deal or an activity as it is, a reference record
    /// as a branch of the union of [`Carries::Reference`].
    #[must_use]
    pub fn plain(record: &Record<'_>) -> Vec<u8> {
        let mut datum = Datum::default();
        if let Record::Reference(_) = record {
            datum.branch(Carries::Reference, record.kind());
        }
        datum.record(record);
        datum.0
    }

    /// A record as on a topic of plain Avro that carries [`Carries::Anything`]: a branch of the union of all kinds.
    #[must_use]
    pub fn plain_of_anything(record: &Record<'_>) -> Vec<u8> {
        let mut datum = Datum::default();
        datum.branch(Carries::Anything, record.kind());
        datum.record(record);
        datum.0
    }

    /// A record in Confluent's framing; `schema_id` is the id under which [`schema_text`](crate::schema_text) of the
    /// record's kind is registered.
    #[must_use]
    pub fn confluent(schema_id: u32, record: &Record<'_>) -> Vec<u8> {
        let mut datum = Datum::default();
        datum.0.push(0);
        datum.0.extend_from_slice(&schema_id.to_be_bytes());
        datum.record(record);
        datum.0
    }
}

#[derive(Default)]
struct Datum(Vec<u8>);

impl Datum {
    fn record(&mut self, record: &Record<'_>) {
        match record {
            Record::Event(Event::Deal(deal)) => self.deal(deal),
            Record::Event(Event::Activity(activity)) => self.activity(activity),
            Record::Reference(ReferenceRecord::Rep(rep)) => self.rep(rep),
            Record::Reference(ReferenceRecord::Territory(territory)) => self.territory(territory),
            Record::Reference(ReferenceRecord::Quota(quota)) => self.quota(quota),
            Record::Reference(ReferenceRecord::FxRate(rate)) => self.rate(rate),
            Record::Reference(ReferenceRecord::Goal(goal)) => self.goal(goal),
        }
    }

    fn deal(&mut self, deal: &DealEvent<'_>) {
        self.text(&deal.event_id);
        self.text(&deal.deal_id);
        self.long(deal.occurred_at.micros());
        self.optional(deal.version, Self::long);
        self.text(&deal.pipeline);
        self.text(&deal.stage);
        self.text(&deal.rep_id);
        self.text(&deal.territory_id);
        self.optional(deal.amount, Self::amount);
        self.optional(deal.amount.map(|amount| amount.currency), Self::currency);
        self.optional(deal.expected_close, Self::day);
        self.none(); // lead_source
        self.none(); // loss_reason
        if !deal.credits.is_empty() {
            self.length(deal.credits.len());
            for credit in &deal.credits {
                self.text(&credit.rep_id);
                self.long(i64::from(credit.share_basis_points));
                self.boolean(credit.overlay);
            }
        }
        self.length(0); // the end of the credits
        self.boolean(deal.deleted);
    }

    fn activity(&mut self, activity: &ActivityEvent<'_>) {
        self.text(&activity.event_id);
        self.text(&activity.activity_id);
        self.long(activity.occurred_at.micros());
        self.optional(activity.version, Self::long);
        self.text(&activity.rep_id);
        self.text(&activity.territory_id);
        self.optional(activity.deal_id.as_deref(), Self::text);
        self.none(); // account_id
        self.long(i64::from(activity.category as u8));
        self.text(&activity.kind);
        self.long(i64::from(activity.duration_seconds));
        self.none(); // outcome
        self.boolean(activity.retracted);
    }

    fn rep(&mut self, rep: &Rep) {
        self.text(&rep.rep_id);
        self.text(&rep.name);
        self.optional(rep.team_id.as_deref(), Self::text);
        self.optional(rep.territory_id.as_deref(), Self::text);
        self.optional(rep.started_on, Self::day);
        self.optional(rep.ended_on, Self::day);
    }

    fn territory(&mut self, territory: &Territory) {
        self.text(&territory.territory_id);
        self.text(&territory.name);
        self.optional(territory.parent_id.as_deref(), Self::text);
    }

    fn quota(&mut self, quota: &Quota) {
        self.text(&quota.rep_id);
        self.text(&quota.period);
        self.amount(quota.amount);
        self.currency(quota.amount.currency);
        self.optional(quota.effective_from, Self::day);
    }

    fn rate(&mut self, rate: &FxRate) {
        self.currency(rate.currency);
        self.decimal(i128::from(rate.rate));
        self.day(rate.effective_from);
    }

    fn goal(&mut self, goal: &Goal) {
        let symbol = match goal.scope {
            GoalScope::Company => 0,
            GoalScope::Territory(_) => 1,
            GoalScope::Team(_) => 2,
            GoalScope::Rep(_) => 3,
        };
        self.long(symbol);
        self.optional(scope_of(&goal.scope).1, Self::text);
        self.text(&goal.period);
        self.amount(goal.won_amount);
        self.currency(goal.won_amount.currency);
    }

    /// Which branch of a topic's union follows.
    fn branch(&mut self, carries: Carries, kind: RecordKind) {
        let index = carries.kinds().iter().position(|&carried| carried == kind);
        self.length(index.unwrap_or(0));
    }

    fn none(&mut self) {
        self.0.push(0);
    }

    /// A value of a union of null and another type.
    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            None => self.none(),
            Some(value) => {
                self.long(1);
                write(self, value);
            }
        }
    }

    #[expect(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "the zigzag code is defined on bits"
    )]
    fn long(&mut self, number: i64) {
        let mut bits = (number << 1 ^ number >> 63) as u64;
        while bits >= 0x80 {
            self.0.push(bits as u8 | 0x80);
            bits >>= 7;
        }
        self.0.push(bits as u8);
    }

    fn length(&mut self, length: usize) {
        self.long(i64::try_from(length).unwrap_or(i64::MAX));
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn boolean(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    fn day(&mut self, day: Day) {
        self.long(i64::from(day.0));
    }

    fn currency(&mut self, currency: Currency) {
        self.text(&currency.code());
    }

    fn amount(&mut self, money: Money) {
        let factor = 10_i128.pow(AMOUNT_SCALE - money.currency.fraction_digits());
        self.decimal(i128::from(money.minor) * factor);
    }

    /// The unscaled number, as the shortest big-endian two's complement.
    fn decimal(&mut self, unscaled: i128) {
        let bytes = unscaled.to_be_bytes();
        let redundant = |&index: &usize| {
            let sign_of_next = bytes[index + 1] & 0x80 != 0;
            bytes[index] == if sign_of_next { 0xff } else { 0 }
        };
        let start = (0..bytes.len() - 1).take_while(redundant).count();
        self.length(bytes.len() - start);
        self.0.extend_from_slice(&bytes[start..]);
    }
}
