//! A deal that became won, or is so no more: what people celebrate as it happens. It is not a number.

use crate::{Money, Offset, Timestamp};

/// How a deal was won.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Win {
    /// Who closed it.
    pub rep_id: String,
    /// Where.
    pub territory_id: String,
    /// The deal's whole amount, if known.
    pub amount: Option<Money>,
    /// When it was closed.
    pub closed_at: Timestamp,
}

/// A deal that was won before an event or is so after it, at another time or only one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The deal.
    pub deal_id: String,
    /// How it was won before the event.
    pub before: Option<Win>,
    /// How it is won with the event.
    pub after: Option<Win>,
    /// Where the deal's topic has the event.
    pub offset: Offset,
    /// When the log received the event, if known.
    pub appended_at: Option<Timestamp>,
}
