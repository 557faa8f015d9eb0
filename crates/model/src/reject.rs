//! Why a record is not counted. A reject is an outcome, not an error: consumption goes on.

/// The kind of a reject; the label of the dead-letter metric and header, so the set is small and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RejectReason {
    /// The bytes are not a record in the topic's format.
    Undecodable,
    /// The schema id is not in the registry, or its schema cannot be read as one of ours.
    UnknownSchema,
    /// A required field is missing.
    MissingField,
    /// A field has a value that its rule forbids.
    InvalidField,
    /// The record is of another type than its topic carries.
    UnexpectedType,
    /// The pipeline or stage is not configured.
    UnknownStage,
    /// The event's time is too far ahead of the log's.
    InFuture,
    /// The event is older than the horizon within which it could still be folded.
    Late,
    /// A limit on distinct names or on a history's length is reached.
    LimitReached,
}

impl RejectReason {
    /// All reasons.
    pub const ALL: [Self; 9] = [
        Self::Undecodable,
        Self::UnknownSchema,
        Self::MissingField,
        Self::InvalidField,
        Self::UnexpectedType,
        Self::UnknownStage,
        Self::InFuture,
        Self::Late,
        Self::LimitReached,
    ];

    /// The name used in headers and metric labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::UnknownSchema => "unknown_schema",
            Self::MissingField => "missing_field",
            Self::InvalidField => "invalid_field",
            Self::UnexpectedType => "unexpected_type",
            Self::UnknownStage => "unknown_stage",
            Self::InFuture => "in_future",
            Self::Late => "late",
            Self::LimitReached => "limit_reached",
        }
    }
}

/// A record that is not counted, and why, in words for the person who reads the dead-letter topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The kind.
    pub reason: RejectReason,
    /// What was found and what was expected, lower case, naming the field.
    pub detail: String,
}

impl Reject {
    /// A reject of this kind with these words.
    pub fn new(reason: RejectReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

impl std::fmt::Display for Reject {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.reason.name(), self.detail)
    }
}
