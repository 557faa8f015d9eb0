//! The parameters that several documents have.

use board::{Group, Order};
use model::{MAX_IDENTIFIER_BYTES, PeriodKind};
use serde_json::json;

use super::definition::{OneOf, PeriodName, Text};
use crate::openapi::words::{KpiName, reference};

pub(crate) static KIND: OneOf<PeriodKind> = OneOf {
    name: "kind",
    about: "What kind of period; with a period that is named, the kind that it has to be of.",
    choices: || PeriodKind::ALL.map(|kind| (kind.name(), kind)).to_vec(),
    default: PeriodKind::Quarter,
    example: "quarter",
};

pub(crate) static PERIOD: PeriodName = PeriodName {
    name: "period",
    about: "A period of the organisation's time zone and fiscal calendar: current, previous, or its name, such as 2026-11-02, \
            2026-W45, 2026-11, 2026-Q4 or 2026.",
    forms: PERIOD_FORMS,
    expected: PERIOD_EXPECTED,
    default: Some("current"),
};

pub(crate) const PERIOD_EXPECTED: &str =
    "current, previous, or a name such as 2026-11-02, 2026-W45, 2026-11, 2026-Q4 or 2026";

/// A name of each form.
pub(crate) const PERIOD_FORMS: &[&str] =
    &["2026-11-02", "2026-W45", "2026-11", "2026-Q4", "FY2026-Q4", "2026", "FY2026"];

pub(crate) static KPI: Text = Text {
    name: "kpi",
    about: "The KPI.",
    is_required: true,
    schema: || reference::<KpiName>(),
    example: Some("won_amount"),
};

pub(crate) static SCOPE: OneOf<Within> = OneOf {
    name: "scope",
    about: "Whose numbers. All but the company are named by id.",
    choices: || Within::ALL.map(|within| (within.name(), within)).to_vec(),
    default: Within::Company,
    example: "company",
};

pub(crate) static ID: Text = Text {
    name: "id",
    about: "The id of the region, territory, team or rep: needed for these, and not there for the company. At most 128 bytes of \
            UTF-8.",
    is_required: false,
    schema: || json!({ "type": "string", "minLength": 1, "maxLength": MAX_IDENTIFIER_BYTES, "pattern": NO_CONTROL }),
    example: None,
};
/// Of identifiers, as a regular expression.
const NO_CONTROL: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";

pub(crate) static GROUP: OneOf<Group> = OneOf {
    name: "group",
    about: "Who is ranked.",
    choices: || GROUPS.map(|group| (group_name(group), group)).to_vec(),
    default: Group::Reps,
    example: "rep",
};
pub(crate) const GROUPS: [Group; 4] = [Group::Reps, Group::Territories, Group::Regions, Group::Teams];

pub(crate) const fn group_name(group: Group) -> &'static str {
    match group {
        Group::Reps => "rep",
        Group::Territories => "territory",
        Group::Regions => "region",
        Group::Teams => "team",
    }
}

pub(crate) static ORDER: OneOf<Order> = OneOf {
    name: "order",
    about: "Which end is first: the largest values, or the smallest.",
    choices: || vec![("desc", Order::Descending), ("asc", Order::Ascending)],
    default: Order::Descending,
    example: "desc",
};

/// What a scope is, without the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    Company,
    Region,
    Territory,
    Team,
    Rep,
}

impl Within {
    pub(crate) const ALL: [Self; 5] = [Self::Company, Self::Region, Self::Territory, Self::Team, Self::Rep];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Region => "region",
            Self::Territory => "territory",
            Self::Team => "team",
            Self::Rep => "rep",
        }
    }
}
