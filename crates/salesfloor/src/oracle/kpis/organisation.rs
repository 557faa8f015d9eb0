//! Who belongs to which scope, from the reference records.

use std::collections::BTreeSet;

use model::{Day, ReferenceRecord, Rep};

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The whole company.
    Company,
    /// A territory and all below it.
    Region(String),
    /// A territory alone.
    Territory(String),
    /// The reps whose record names the team.
    Team(String),
    /// A rep.
    Rep(String),
}

pub(super) fn rep<'r>(records: &'r [ReferenceRecord], rep_id: &str) -> Option<&'r Rep> {
    records.iter().find_map(|record| match record {
        ReferenceRecord::Rep(rep) if rep.rep_id == rep_id => Some(rep),
        _ => None,
    })
}

pub(super) fn works_on(rep: &Rep, day: Day) -> bool {
    rep.started_on.is_none_or(|first| first <= day) && rep.ended_on.is_none_or(|last| day <= last)
}

/// Whether others name the territory as the one that they are inside.
pub(super) fn is_region(records: &[ReferenceRecord], territory_id: &str) -> bool {
    records.iter().any(|record| match record {
        ReferenceRecord::Territory(territory) => territory.parent_id.as_deref() == Some(territory_id),
        _ => false,
    })
}

/// The territory itself and all above it.
pub(super) fn with_those_above<'r>(
    records: &'r [ReferenceRecord],
    territory_id: &'r str,
) -> BTreeSet<&'r str> {
    let mut all = BTreeSet::from([territory_id]);
    let parent_of = |id: &str| {
        records.iter().find_map(|record| match record {
            ReferenceRecord::Territory(territory) if territory.territory_id == id => {
                territory.parent_id.as_deref()
            }
            _ => None,
        })
    };
    let mut current = territory_id;
    while let Some(parent) = parent_of(current) {
        if !all.insert(parent) {
            break;
        }
        current = parent;
    }
    all
}

/// Whether what a rep has in a territory is the scope's.
pub(super) fn covers(records: &[ReferenceRecord], scope: &Scope, rep_id: &str, territory_id: &str) -> bool {
    match scope {
        Scope::Company => true,
        Scope::Region(id) => with_those_above(records, territory_id).contains(id.as_str()),
        Scope::Territory(id) => id == territory_id,
        Scope::Team(id) => rep(records, rep_id).is_some_and(|rep| rep.team_id.as_ref() == Some(id)),
        Scope::Rep(id) => id == rep_id,
    }
}

/// Whether a rep belongs to the scope: to territories those who are at home there.
pub(super) fn has_rep(records: &[ReferenceRecord], scope: &Scope, rep_id: &str) -> bool {
    let home = || rep(records, rep_id)?.territory_id.as_deref();
    match scope {
        Scope::Territory(_) | Scope::Region(_) => {
            home().is_some_and(|home| covers(records, scope, rep_id, home))
        }
        _ => covers(records, scope, rep_id, ""),
    }
}
