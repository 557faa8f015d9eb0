//! Which sums are a scope's.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{RepIndex, TerritoryIndex};

use crate::organisation::{Member, Organisation};
use crate::view::Scope;

/// Whose sums are a scope's, by index.
pub(crate) enum Members {
    All,
    Reps(Vec<bool>),
    Territories(Vec<bool>),
}

impl Members {
    /// The members of a scope; none for an id that does not exist.
    pub(crate) fn of(scope: &Scope, organisation: &Organisation) -> Self {
        let reps = organisation.reps.iter();
        let territories = organisation.territories.iter();
        match scope {
            Scope::Company => Self::All,
            Scope::Rep(id) => Self::Reps(reps.map(|rep| *rep.id == **id).collect()),
            Scope::Team(id) => {
                let team = organisation.team(id);
                Self::Reps(reps.map(|rep| team.is_some() && rep.team == team).collect())
            }
            Scope::Territory(id) => {
                Self::Territories(territories.map(|territory| *territory.id == **id).collect())
            }
            Scope::Region(id) => {
                let region = organisation.region(id);
                let is_inside = |regions: &[usize]| region.is_some_and(|region| regions.contains(&region));
                Self::Territories(territories.map(|territory| is_inside(&territory.regions)).collect())
            }
        }
    }

    pub(crate) fn contain(&self, rep: RepIndex, territory: TerritoryIndex) -> bool {
        match self {
            Self::All => true,
            Self::Reps(inside) => inside.get(rep.0 as usize).is_some_and(|&inside| inside),
            Self::Territories(inside) => inside.get(territory.0 as usize).is_some_and(|&inside| inside),
        }
    }
}

/// Whose sums are a scope's, by id: for those who number reps and territories in their own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// Everybody's.
    All,
    /// Those of these reps, in any territory.
    Reps(BTreeSet<Arc<str>>),
    /// Those in these territories, of any rep.
    Territories(BTreeSet<Arc<str>>),
}

impl Membership {
    /// Of a scope.
    pub(crate) fn of(scope: &Scope, organisation: &Organisation) -> Self {
        let chosen = |inside: Vec<bool>, ids: &mut dyn Iterator<Item = &Arc<str>>| {
            let ids = inside.into_iter().zip(ids).filter(|(inside, _)| *inside);
            ids.map(|(_, id)| Arc::clone(id)).collect()
        };
        match Members::of(scope, organisation) {
            Members::All => Self::All,
            Members::Reps(inside) => {
                Self::Reps(chosen(inside, &mut organisation.reps.iter().map(|rep| &rep.id)))
            }
            Members::Territories(inside) => {
                let mut ids = organisation.territories.iter().map(|territory| &territory.id);
                Self::Territories(chosen(inside, &mut ids))
            }
        }
    }

    /// Of those of a scope's reps whose id passes: of a place, the reps whose home is in it.
    pub(crate) fn of_reps(scope: &Scope, organisation: &Organisation, passes: &dyn Fn(&str) -> bool) -> Self {
        let whole = Self::of(scope, organisation);
        let reps = organisation.reps.iter().filter(|rep| whole.is_home_of(rep) && passes(&rep.id));
        Self::Reps(reps.map(|rep| Arc::clone(&rep.id)).collect())
    }

    /// Whether the rep is one of them, or at home there.
    pub(crate) fn is_home_of(&self, rep: &Member) -> bool {
        match self {
            Self::All => true,
            Self::Reps(reps) => reps.contains(&rep.id),
            Self::Territories(territories) => {
                rep.home.as_ref().is_some_and(|home| territories.contains(home))
            }
        }
    }
}
