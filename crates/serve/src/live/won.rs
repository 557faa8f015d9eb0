//! Deals that were just won, or are so no more, as messages.

use board::{Announced, Board, Scope};
use model::{MICROS_PER_SECOND, Money, Timestamp, Win, decimal_text};
use schemars::JsonSchema;
use serde::Serialize;

use super::frame::{Body, Event};

/// A deal that became won, or is so no more.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Won")]
pub(crate) struct WonDocument<'a> {
    deal_id: &'a str,
    rep_id: &'a str,
    rep_name: String,
    territory_id: &'a str,
    territory_name: String,
    /// The deal's whole amount in its own currency; null if not known.
    amount: Option<AmountDocument>,
    #[schemars(extend("format" = "date-time"))]
    closed_at: String,
    /// On which day of the organisation's time zone that was: `won_amount` of these `days` explains it.
    #[schemars(extend("format" = "date"))]
    closed_on: String,
    /// When the log received the event.
    #[schemars(extend("format" = "date-time"))]
    known_at: String,
    position: PositionDocument<'a>,
}

/// An amount of money.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WonAmount")]
struct AmountDocument {
    currency: String,
    minor_units: i64,
    text: String,
}

/// The place of the event in the log.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WonPosition")]
struct PositionDocument<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
}

/// The message of a closing; none if it is about a deal that was closed more than so many hours ago.
pub(super) fn message(board: &Board, announced: &Announced, hours: u64, now: Timestamp) -> Option<Body> {
    let micros = i64::try_from(hours).unwrap_or(i64::MAX).saturating_mul(3_600 * MICROS_PER_SECOND);
    let is_recent = |win: &&Win| win.closed_at.micros() >= now.micros().saturating_sub(micros);
    let closing = &announced.closing;
    let before = closing.before.as_ref().filter(is_recent);
    let (event, win) = match (before, closing.after.as_ref().filter(is_recent)) {
        (None, Some(win)) => (Event::Won, win),
        (Some(win), None) => (Event::WonRetracted, win),
        // Closed at another time, which is as recent; or old news.
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let name =
        |scope: &Scope, id: &str| board.name(scope).map_or_else(|| id.to_owned(), |name| name.to_string());
    let amount = |money: Money| AmountDocument {
        currency: money.currency.code(),
        minor_units: money.minor,
        text: decimal_text(money.minor.into(), money.currency),
    };
    let document = WonDocument {
        deal_id: &closing.deal_id,
        rep_id: &win.rep_id,
        rep_name: name(&Scope::Rep(win.rep_id.clone()), &win.rep_id),
        territory_id: &win.territory_id,
        territory_name: name(&Scope::Territory(win.territory_id.clone()), &win.territory_id),
        amount: win.amount.map(amount),
        closed_at: win.closed_at.to_string(),
        closed_on: board.calendar().day_of(win.closed_at).to_string(),
        known_at: announced.known_at.to_string(),
        position: PositionDocument {
            topic: &announced.position.topic,
            partition: announced.position.partition.0,
            offset: announced.position.offset.0,
        },
    };
    Some(Body::of(event, &document))
}
