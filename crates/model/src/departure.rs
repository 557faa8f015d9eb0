//! How visits to stages end, and where they lead.

use crate::cell::Measure;
use crate::pipeline::StageIndex;

/// How a visit to a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Departure {
    /// With a later stage, or a won one.
    Advanced,
    /// With an open stage that is so far ahead, entered on the same day for the same rep and territory: tells of that, too.
    AdvancedTo(Ahead),
    /// With an earlier stage, or another pipeline.
    MovedBack,
    /// With the deal lost.
    Lost,
}

impl Departure {
    /// One kind of code for each way to end; where that leads is beside the bucket.
    pub(crate) const fn kind_and_ahead(self) -> (u32, u16) {
        match self {
            Self::Advanced => (44, 0),
            Self::AdvancedTo(Ahead(ahead)) => (44, ahead),
            Self::MovedBack => (45, 0),
            Self::Lost => (46, 0),
        }
    }

    pub(crate) const fn measure(self, stage: StageIndex) -> Measure {
        match self {
            Self::Advanced | Self::AdvancedTo(_) => Measure::StageAdvanced(stage),
            Self::MovedBack => Measure::StageMovedBack(stage),
            Self::Lost => Measure::StageLost(stage),
        }
    }
}

/// By how much the number of a stage is greater than that of an earlier one: 1 to 7, as far as there is room in a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ahead(u16);

impl Ahead {
    pub(crate) const BITS: u32 = 3;

    /// None if the stage is not behind the other, or too far.
    #[must_use]
    pub fn between(stage: StageIndex, next: StageIndex) -> Option<Self> {
        next.0.checked_sub(stage.0).and_then(Self::from_number)
    }

    /// The stage that is so far ahead.
    #[must_use]
    pub const fn of(self, stage: StageIndex) -> StageIndex {
        StageIndex(stage.0 + self.0)
    }

    pub(crate) const fn from_number(number: u16) -> Option<Self> {
        if number > 0 && number >> Self::BITS == 0 { Some(Self(number)) } else { None }
    }
}
