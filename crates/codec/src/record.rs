//! What comes out of bytes: a record of one of seven kinds; and which kinds a topic carries.
//!
//! Knows the model's types alone, and nothing of any wire form.

use std::borrow::Cow;

use model::{ActivityEvent, Credit, DealEvent, Event, ReferenceRecord};

/// One decoded record; it borrows from the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record<'a> {
    /// An event to fold.
    Event(Event<'a>),
    /// A reference record to apply.
    Reference(ReferenceRecord),
}

impl Record<'_> {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::Event(Event::Deal(_)) => RecordKind::Deal,
            Self::Event(Event::Activity(_)) => RecordKind::Activity,
            Self::Reference(ReferenceRecord::Rep(_)) => RecordKind::Rep,
            Self::Reference(ReferenceRecord::Territory(_)) => RecordKind::Territory,
            Self::Reference(ReferenceRecord::Quota(_)) => RecordKind::Quota,
            Self::Reference(ReferenceRecord::FxRate(_)) => RecordKind::FxRate,
            Self::Reference(ReferenceRecord::Goal(_)) => RecordKind::Goal,
        }
    }

    /// The message key that the contract with producers asks for: a deal's `deal_id`; an activity's `deal_id` if it
    /// has one, else its `rep_id`; a reference record's [`ReferenceRecord::key`].
    #[must_use]
    pub fn message_key(&self) -> Cow<'_, str> {
        match self {
            Self::Event(Event::Deal(deal)) => Cow::Borrowed(&*deal.deal_id),
            Self::Event(Event::Activity(activity)) => {
                Cow::Borrowed(&**activity.deal_id.as_ref().unwrap_or(&activity.rep_id))
            }
            Self::Reference(record) => Cow::Owned(record.key()),
        }
    }

    /// The same record, free of the bytes it was read from; allocates each text.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        match self {
            Self::Event(Event::Deal(deal)) => Record::Event(Event::Deal(owned_deal(deal))),
            Self::Event(Event::Activity(activity)) => {
                Record::Event(Event::Activity(owned_activity(activity)))
            }
            Self::Reference(record) => Record::Reference(record),
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

fn owned_deal(deal: DealEvent<'_>) -> DealEvent<'static> {
    DealEvent {
        event_id: owned(deal.event_id),
        deal_id: owned(deal.deal_id),
        occurred_at: deal.occurred_at,
        version: deal.version,
        pipeline: owned(deal.pipeline),
        stage: owned(deal.stage),
        rep_id: owned(deal.rep_id),
        territory_id: owned(deal.territory_id),
        amount: deal.amount,
        expected_close: deal.expected_close,
        credits: deal.credits.into_iter().map(owned_credit).collect(),
        deleted: deal.deleted,
    }
}

fn owned_credit(credit: Credit<'_>) -> Credit<'static> {
    Credit {
        rep_id: owned(credit.rep_id),
        share_basis_points: credit.share_basis_points,
        overlay: credit.overlay,
    }
}

fn owned_activity(activity: ActivityEvent<'_>) -> ActivityEvent<'static> {
    ActivityEvent {
        event_id: owned(activity.event_id),
        activity_id: owned(activity.activity_id),
        occurred_at: activity.occurred_at,
        version: activity.version,
        rep_id: owned(activity.rep_id),
        territory_id: owned(activity.territory_id),
        deal_id: activity.deal_id.map(owned),
        category: activity.category,
        kind: owned(activity.kind),
        duration_seconds: activity.duration_seconds,
        retracted: activity.retracted,
    }
}

/// The seven kinds of records, in the order of their branches in a union.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKind {
    /// A deal's state.
    Deal,
    /// An activity.
    Activity,
    /// A salesperson.
    Rep,
    /// A territory.
    Territory,
    /// A quota.
    Quota,
    /// An exchange rate.
    FxRate,
    /// A goal.
    Goal,
}

impl RecordKind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Deal, Self::Activity, Self::Rep, Self::Territory, Self::Quota, Self::FxRate, Self::Goal];

    /// The value of `type` in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deal => "deal",
            Self::Activity => "activity",
            Self::Rep => "rep",
            Self::Territory => "territory",
            Self::Quota => "quota",
            Self::FxRate => "fx_rate",
            Self::Goal => "goal",
        }
    }

    /// The kind of a name as [`name`](Self::name) gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name of the Avro record, in namespace `tallyboard`.
    #[must_use]
    pub const fn schema_name(self) -> &'static str {
        match self {
            Self::Deal => "DealEvent",
            Self::Activity => "ActivityEvent",
            Self::Rep => "Rep",
            Self::Territory => "Territory",
            Self::Quota => "Quota",
            Self::FxRate => "FxRate",
            Self::Goal => "Goal",
        }
    }

    /// The kind of an Avro record of this name, whatever its namespace.
    #[must_use]
    pub fn from_schema_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.schema_name() == name)
    }
}

/// What a topic carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carries {
    /// Deal events alone.
    Deals,
    /// Activity events alone.
    Activities,
    /// Reference records of every kind.
    Reference,
    /// Records of every kind.
    Anything,
}

impl Carries {
    /// The kinds of records on such a topic; in plain Avro the branches of its union, in this order, where there is
    /// more than one.
    #[must_use]
    pub const fn kinds(self) -> &'static [RecordKind] {
        match self {
            Self::Deals => &[RecordKind::Deal],
            Self::Activities => &[RecordKind::Activity],
            Self::Reference => &[
                RecordKind::Rep,
                RecordKind::Territory,
                RecordKind::Quota,
                RecordKind::FxRate,
                RecordKind::Goal,
            ],
            Self::Anything => &RecordKind::ALL,
        }
    }

    /// What is on such a topic, in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Activities => "activities",
            Self::Reference => "reference records",
            Self::Anything => "records",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for kind in RecordKind::ALL {
            assert_eq!(RecordKind::from_name(kind.name()), Some(kind));
            assert_eq!(RecordKind::from_schema_name(kind.schema_name()), Some(kind));
        }
        assert_eq!(RecordKind::from_name("DealEvent"), None);
        assert_eq!(RecordKind::from_schema_name("deal"), None);
    }
}
