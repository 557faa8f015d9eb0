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

/// For whom a view adds up what it needs of other times: for everybody, or for one scope that is asked about.
pub(crate) struct Focus(Option<Members>);

impl Focus {
    pub(crate) fn on(scope: Option<&Scope>, organisation: &Organisation) -> Self {
        Self(scope.map(|scope| Members::of(scope, organisation)))
    }

    /// Whether the rep's sums are asked for. A scope of reps is the sum of them.
    pub(crate) fn has_rep(&self, rep: RepIndex) -> bool {
        match &self.0 {
            None => true,
            Some(Members::Reps(inside)) => inside.get(rep.0 as usize).is_some_and(|&inside| inside),
            Some(Members::All | Members::Territories(_)) => false,
        }
    }

    /// Whether the territory's sums are asked for. All other scopes are the sum of territories.
    pub(crate) fn has_territory(&self, territory: TerritoryIndex) -> bool {
        match &self.0 {
            None | Some(Members::All) => true,
            Some(Members::Territories(inside)) => {
                inside.get(territory.0 as usize).is_some_and(|&inside| inside)
            }
            Some(Members::Reps(_)) => false,
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
        let is_inside = |rep: &Member| match &whole {
            Self::All => true,
            Self::Reps(reps) => reps.contains(&rep.id),
            Self::Territories(territories) => {
                rep.home.as_ref().is_some_and(|home| territories.contains(home))
            }
        };
        let reps = organisation.reps.iter().filter(|rep| is_inside(rep) && passes(&rep.id));
        Self::Reps(reps.map(|rep| Arc::clone(&rep.id)).collect())
    }
}
