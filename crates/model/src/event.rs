//! The two kinds of events that are folded. They borrow from the bytes they were read from.

use std::borrow::Cow;

use crate::activity::Category;
use crate::money::Money;
use crate::time::{Day, Timestamp};

/// The whole of something, in basis points; the shares of a deal's credits add up to it.
pub const WHOLE_SHARE_BASIS_POINTS: u32 = 10_000;

/// The most credits that one deal may carry.
pub const MAX_CREDITS: usize = 20;

/// A rep's share in a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit<'a> {
    /// Who is credited.
    pub rep_id: Cow<'a, str>,
    /// How much, in basis points; 1 to 10 000.
    pub share_basis_points: u32,
    /// Whether the credit is on top of the whole (a specialist's, say); such credit never enters totals.
    pub overlay: bool,
}

/// A deal's tracked state as of a time, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DealEvent<'a> {
    /// Identifies the event; a repetition carries the same one.
    pub event_id: Cow<'a, str>,
    /// The deal.
    pub deal_id: Cow<'a, str>,
    /// Since when the deal is in this state.
    pub occurred_at: Timestamp,
    /// The source's version, which decides between states of the same time; none is below all.
    pub version: Option<i64>,
    /// The pipeline's name.
    pub pipeline: Cow<'a, str>,
    /// The stage's name within the pipeline.
    pub stage: Cow<'a, str>,
    /// Who owns the deal.
    pub rep_id: Cow<'a, str>,
    /// Where.
    pub territory_id: Cow<'a, str>,
    /// The amount, if known.
    pub amount: Option<Money>,
    /// When it is expected to close.
    pub expected_close: Option<Day>,
    /// How the amount is divided over reps; empty: all to the owner. The shares of those that are not overlays add up
    /// to [`WHOLE_SHARE_BASIS_POINTS`]; no rep is there twice; at most [`MAX_CREDITS`].
    pub credits: Vec<Credit<'a>>,
    /// Whether the deal was deleted in the source.
    pub deleted: bool,
}

/// What a rep did, when and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityEvent<'a> {
    /// Identifies the event; a repetition carries the same one.
    pub event_id: Cow<'a, str>,
    /// The activity; of its events the highest version counts.
    pub activity_id: Cow<'a, str>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The source's version; none is below all.
    pub version: Option<i64>,
    /// Who did it.
    pub rep_id: Cow<'a, str>,
    /// Where.
    pub territory_id: Cow<'a, str>,
    /// For which deal, if for one.
    pub deal_id: Option<Cow<'a, str>>,
    /// What it was, of the seven categories.
    pub category: Category,
    /// What it was, in the source's own word (`email`, `call`).
    pub kind: Cow<'a, str>,
    /// How long it took.
    pub duration_seconds: u32,
    /// Whether the source took the activity back.
    pub retracted: bool,
}

/// An event of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A deal's state.
    Deal(DealEvent<'a>),
    /// An activity.
    Activity(ActivityEvent<'a>),
}
