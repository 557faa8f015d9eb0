//! How the open amount changes: the steps of the pipeline waterfall.

/// One way in which the open amount of a rep and territory grows or shrinks.
///
/// An event moves its deal first, then changes its amount, then its stage, so that a deal is won with the amount and by
/// the reps that the event tells. Of an event on the way it does not matter whether it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Flow {
    /// A deal that is open from its first event on.
    New = 0,
    /// A deal that was closed, or told for the first time when it was, and is open again.
    Reopened = 1,
    /// What a rep and territory have of a deal after it changed hands or credits, above what they had before.
    MovedIn = 2,
    /// An amount that grew, or became known.
    Increased = 3,
    /// An amount in another currency than before: negative in the old one, positive in the new one.
    Exchanged = 4,
    /// An amount that shrank.
    Decreased = 5,
    /// What a rep and territory no longer have of a deal after it changed hands or credits.
    MovedOut = 6,
    /// A deal that was won.
    Won = 7,
    /// A deal that was lost.
    Lost = 8,
}

impl Flow {
    /// All flows, in the order in which a waterfall shows them.
    pub const ALL: [Self; 9] = [
        Self::New,
        Self::Reopened,
        Self::MovedIn,
        Self::Increased,
        Self::Exchanged,
        Self::Decreased,
        Self::MovedOut,
        Self::Won,
        Self::Lost,
    ];

    /// The name used in the API and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reopened => "reopened",
            Self::MovedIn => "moved_in",
            Self::Increased => "increased",
            Self::Exchanged => "exchanged",
            Self::Decreased => "decreased",
            Self::MovedOut => "moved_out",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// The name of its measure.
    pub(crate) const fn measure_name(self) -> &'static str {
        match self {
            Self::New => "flow_new",
            Self::Reopened => "flow_reopened",
            Self::MovedIn => "flow_moved_in",
            Self::Increased => "flow_increased",
            Self::Exchanged => "flow_exchanged",
            Self::Decreased => "flow_decreased",
            Self::MovedOut => "flow_moved_out",
            Self::Won => "flow_won",
            Self::Lost => "flow_lost",
        }
    }

    /// 1 if what flows is added to the open amount, -1 if it is taken from it.
    #[must_use]
    pub const fn sign(self) -> i128 {
        match self {
            Self::New | Self::Reopened | Self::MovedIn | Self::Increased | Self::Exchanged => 1,
            Self::Decreased | Self::MovedOut | Self::Won | Self::Lost => -1,
        }
    }
}
