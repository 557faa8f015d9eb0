//! Which sums are a scope's.

use model::{RepIndex, TerritoryIndex};

use crate::organisation::Organisation;
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
