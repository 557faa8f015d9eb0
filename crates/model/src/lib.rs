//! What exists: events, ids, money, periods and fiscal calendars, pipelines, measures.
//!
//! This room holds values and the rules that make them valid. It must not know tokio, Kafka, the clock, the disk,
//! randomness or a logger; time comes in as an argument. Every other room speaks in these words.

mod activity;
mod calendar;
mod cell;
mod closing;
mod departure;
mod event;
mod flow;
mod held;
mod identifier;
mod measure;
mod money;
mod pipeline;
mod position;
mod reference;
mod reject;
mod tally;
mod time;
mod touches;

pub use activity::Category;
pub use calendar::{Calendar, CalendarError, Period, PeriodKind};
pub use cell::{CellKey, Contribution, DurationBucket, Measure, PackedSum};
pub use closing::{Closing, Win};
pub use departure::{Ahead, Departure};
pub use event::{ActivityEvent, Credit, DealEvent, Event, MAX_CREDITS, WHOLE_SHARE_BASIS_POINTS};
pub use flow::Flow;
pub use held::{CohortOutcome, Held, HeldKey, count_and_seconds, counted};
pub use identifier::{
    IdentifierError, MAX_IDENTIFIER_BYTES, RepIndex, TerritoryIndex, TypeIndex, check_identifier,
};
pub use money::{Currency, MAX_MINOR_UNITS, Money, MoneyError, decimal_text, parse_decimal};
pub use pipeline::{Pipeline, PipelineError, Pipelines, Stage, StageIndex, StageKind, StageRole};
pub use position::{LogPosition, Offset, PartitionId, TopicName};
pub use reference::{FxRate, Goal, GoalScope, Quota, Reference, ReferenceRecord, Rep, Territory};
pub use reject::{Reject, RejectReason};
pub use tally::Tally;
pub use time::{Day, MICROS_PER_SECOND, TimeError, Timestamp};
pub use touches::Touches;
