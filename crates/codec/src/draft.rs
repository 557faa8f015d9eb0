//! A record's fields by name, as they were read, before any rule.
//!
//! The meeting point of the wire forms: each fills a [`Draft`], and the rules know nothing else. It holds one slot for
//! every field of every kind of record, so that JSON can be read before its `type` is known. Must not know how bytes
//! are laid out, nor what makes a value valid.

use std::borrow::Cow;

use crate::record::RecordKind;

/// What a field may be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Moment,
    Day,
    Integer,
    /// An integer that only has an order, so that a time of any unit serves.
    Version,
    Decimal,
    Boolean,
    Credits,
}

impl Shape {
    /// What is expected, for messages.
    pub(crate) const fn expected(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Moment => "an RFC 3339 time as text, or an Avro timestamp with its logical type",
            Self::Day => "a date such as 2026-11-02 as text, or an Avro date with its logical type",
            Self::Integer | Self::Version => "an integer",
            Self::Decimal => {
                "a decimal number as text such as \"1250.00\", or an Avro decimal with its logical type"
            }
            Self::Boolean => "true or false",
            Self::Credits => "an array of credits",
        }
    }
}

macro_rules! fields {
    ($($variant:ident $name:literal $shape:ident,)*) => {
        /// A field of some record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Field { $($variant),* }

        impl Field {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];
            const NAMES: &'static [&'static str] = &[$($name),*];

            pub(crate) const fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape),* }
            }
        }
    };
}

fields! {
    Type "type" Text,
    EventId "event_id" Text,
    DealId "deal_id" Text,
    ActivityId "activity_id" Text,
    OccurredAt "occurred_at" Moment,
    Version "version" Version,
    Pipeline "pipeline" Text,
    Stage "stage" Text,
    RepId "rep_id" Text,
    TerritoryId "territory_id" Text,
    Amount "amount" Decimal,
    Currency "currency" Text,
    ExpectedClose "expected_close" Day,
    LeadSource "lead_source" Text,
    LossReason "loss_reason" Text,
    Credits "credits" Credits,
    Deleted "deleted" Boolean,
    AccountId "account_id" Text,
    Category "category" Text,
    Kind "kind" Text,
    DurationSeconds "duration_seconds" Integer,
    Outcome "outcome" Text,
    Retracted "retracted" Boolean,
    Name "name" Text,
    TeamId "team_id" Text,
    StartedOn "started_on" Day,
    EndedOn "ended_on" Day,
    ParentId "parent_id" Text,
    Period "period" Text,
    EffectiveFrom "effective_from" Day,
    Rate "rate" Decimal,
    Scope "scope" Text,
    ScopeId "scope_id" Text,
    WonAmount "won_amount" Decimal,
    ShareBasisPoints "share_basis_points" Integer,
    Overlay "overlay" Boolean,
}

/// A name's place in [`PLACES`]; distinct for all fields, which is checked when this is compiled.
const fn place(name: &[u8]) -> usize {
    let length = name.len();
    if length < 2 {
        return 0;
    }
    (name[0] as usize + name[length - 1] as usize + name[length - 2] as usize * 3 + length * 21) & 0xff
}

const FREE: u8 = u8::MAX;

/// Which field's name has a place, as its index in [`Field::ALL`]: one comparison finds a field.
static PLACES: [u8; 256] = places();

#[expect(clippy::cast_possible_truncation, reason = "there are fewer than 255 fields")]
const fn places() -> [u8; 256] {
    let mut places = [FREE; 256];
    let mut index = 0;
    while index < Field::NAMES.len() {
        let place = place(Field::NAMES[index].as_bytes());
        assert!(places[place] == FREE, "two names of fields have one place: change the factors");
        places[place] = index as u8;
        index += 1;
    }
    places
}

impl Field {
    pub(crate) const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let field = *Self::ALL.get(usize::from(PLACES[place(name.as_bytes())]))?;
        (field.name() == name).then_some(field)
    }

    /// The fields of a kind of record, in the order of its schema.
    pub(crate) const fn of(kind: RecordKind) -> &'static [Self] {
        match kind {
            RecordKind::Deal => &[
                Self::EventId,
                Self::DealId,
                Self::OccurredAt,
                Self::Version,
                Self::Pipeline,
                Self::Stage,
                Self::RepId,
                Self::TerritoryId,
                Self::Amount,
                Self::Currency,
                Self::ExpectedClose,
                Self::LeadSource,
                Self::LossReason,
                Self::Credits,
                Self::Deleted,
            ],
            RecordKind::Activity => &[
                Self::EventId,
                Self::ActivityId,
                Self::OccurredAt,
                Self::Version,
                Self::RepId,
                Self::TerritoryId,
                Self::DealId,
                Self::AccountId,
                Self::Category,
                Self::Kind,
                Self::DurationSeconds,
                Self::Outcome,
                Self::Retracted,
            ],
            RecordKind::Rep => {
                &[Self::RepId, Self::Name, Self::TeamId, Self::TerritoryId, Self::StartedOn, Self::EndedOn]
            }
            RecordKind::Territory => &[Self::TerritoryId, Self::Name, Self::ParentId],
            RecordKind::Quota => {
                &[Self::RepId, Self::Period, Self::Amount, Self::Currency, Self::EffectiveFrom]
            }
            RecordKind::FxRate => &[Self::Currency, Self::Rate, Self::EffectiveFrom],
            RecordKind::Goal => &[Self::Scope, Self::ScopeId, Self::Period, Self::WonAmount, Self::Currency],
        }
    }

    /// The fields of one credit.
    pub(crate) const OF_CREDIT: &'static [Self] = &[Self::RepId, Self::ShareBasisPoints, Self::Overlay];
}

/// A field's value as read: from the record's bytes (`'a`) or from the plan that reads them (`'p`). It is copied and
/// never dropped, which is a fifth of the time that a record takes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Value<'a, 'p> {
    /// The field was not there.
    #[default]
    Absent,
    Null,
    Text(&'a str),
    /// A text that does not stand in the bytes as it is (it had escapes); its index among the draft's.
    Escaped(usize),
    /// The symbol of an Avro enum.
    Symbol(&'p str),
    Integer(i64),
    Boolean(bool),
    /// Microseconds since 1970.
    Micros(i64),
    /// Days since 1970.
    Day(i32),
    /// Big-endian two's complement, times 10^-`scale`.
    Decimal {
        unscaled: &'a [u8],
        scale: u32,
    },
    /// The draft's credits.
    Credits,
    /// Of a form that no field has; in words.
    Unfit(&'static str),
}

/// One credit's fields, as read.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct CreditDraft<'a, 'p> {
    pub(crate) rep_id: Value<'a, 'p>,
    pub(crate) share_basis_points: Value<'a, 'p>,
    pub(crate) overlay: Value<'a, 'p>,
}

impl<'a, 'p> CreditDraft<'a, 'p> {
    /// The place of a field, if it is one of a credit.
    pub(crate) fn slot(&mut self, field: Field) -> Option<&mut Value<'a, 'p>> {
        match field {
            Field::RepId => Some(&mut self.rep_id),
            Field::ShareBasisPoints => Some(&mut self.share_basis_points),
            Field::Overlay => Some(&mut self.overlay),
            _ => None,
        }
    }
}

/// All fields of one record, as read.
#[derive(Debug)]
pub(crate) struct Draft<'a, 'p> {
    slots: [Value<'a, 'p>; Field::ALL.len()],
    /// What [`Value::Credits`] stands for.
    pub(crate) credits: Vec<CreditDraft<'a, 'p>>,
    escaped: Vec<String>,
}

impl<'a, 'p> Draft<'a, 'p> {
    pub(crate) const fn new() -> Self {
        Self { slots: [Value::Absent; Field::ALL.len()], credits: Vec::new(), escaped: Vec::new() }
    }

    /// The place of a field.
    pub(crate) const fn slot(&mut self, field: Field) -> &mut Value<'a, 'p> {
        &mut self.slots[field as usize]
    }

    /// A field's value.
    pub(crate) const fn get(&self, field: Field) -> Value<'a, 'p> {
        self.slots[field as usize]
    }

    /// Keeps a text that had escapes.
    pub(crate) fn escaped(&mut self, text: String) -> Value<'a, 'p> {
        self.escaped.push(text);
        Value::Escaped(self.escaped.len() - 1)
    }

    /// The text that a value is, if it is one.
    pub(crate) fn text<'d>(&'d self, value: Value<'a, 'd>) -> Option<&'d str>
    where
        'a: 'd,
        'p: 'd,
    {
        match value {
            Value::Text(text) => Some(text),
            Value::Symbol(symbol) => Some(symbol),
            Value::Escaped(index) => self.escaped.get(index).map(String::as_str),
            _ => None,
        }
    }

    /// The text that a value is, to keep: borrowed from the record's bytes where it stands there.
    pub(crate) fn take_text(&mut self, value: Value<'a, 'p>) -> Option<Cow<'a, str>> {
        match value {
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Symbol(symbol) => Some(Cow::Owned(symbol.to_owned())),
            Value::Escaped(index) => self.escaped.get_mut(index).map(|text| Cow::Owned(std::mem::take(text))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for &field in Field::ALL {
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
        for name in ["", "t", "stagE", "unknown", "deal_id ", "xeal_id"] {
            assert_eq!(Field::from_name(name), None, "{name:?}");
        }
    }
}
