//! Who belongs where: reps to teams, territories to regions, and what they are called.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Day, Goal, GoalScope, Reference, ReferenceRecord};

/// A rep that the board has numbers of or that the reference records name.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
    /// Index into [`Organisation::teams`].
    pub(crate) team: Option<usize>,
    pub(crate) home: Option<Arc<str>>,
    employment: Option<(Option<Day>, Option<Day>)>,
}

impl Member {
    /// Whether the reference records have the rep at work on the day.
    pub(crate) fn works_on(&self, day: Day) -> bool {
        self.employment.is_some_and(|(first, last)| {
            first.is_none_or(|first| first <= day) && last.is_none_or(|last| day <= last)
        })
    }
}

/// A territory that the board has numbers of or that the reference records name.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
    /// The territory right above.
    pub(crate) parent: Option<Arc<str>>,
    /// Indexes into [`Organisation::regions`]: those above it and, if it is one, itself.
    pub(crate) regions: Vec<usize>,
    /// Whether the reference records name it and nothing below it.
    pub(crate) is_leaf: bool,
}

/// A region or a team.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
    /// The territory right above a region.
    pub(crate) parent: Option<Arc<str>>,
}

/// The organisation as the reference records and the names on the board have it.
#[derive(Debug)]
pub(crate) struct Organisation {
    pub(crate) reference: Arc<Reference>,
    /// By board-wide index; behind those, reps that only the reference records name.
    pub(crate) reps: Vec<Member>,
    /// By board-wide index; behind those, territories that only the reference records name.
    pub(crate) territories: Vec<Place>,
    /// By id.
    pub(crate) regions: Vec<Named>,
    /// By id.
    pub(crate) teams: Vec<Named>,
    /// How many names of reps and of territories the board had.
    pub(crate) counts: (usize, usize),
}

impl Organisation {
    pub(crate) fn new(reference: Arc<Reference>, reps: &[Arc<str>], territories: &[Arc<str>]) -> Self {
        let counts = (reps.len(), territories.len());
        let mut rep_ids: BTreeMap<Arc<str>, usize> = index(reps);
        let mut territory_ids: BTreeMap<Arc<str>, usize> = index(territories);
        let mut team_ids: BTreeMap<&str, usize> = BTreeMap::new();
        let mut region_ids: BTreeMap<&str, usize> = BTreeMap::new();
        let mut known_rep = |rep_id: &str| {
            let next = rep_ids.len();
            rep_ids.entry(rep_id.into()).or_insert(next);
        };
        for record in reference.iter() {
            match record {
                ReferenceRecord::Quota(quota) => known_rep(&quota.rep_id),
                ReferenceRecord::Goal(Goal { scope: GoalScope::Rep(rep_id), .. }) => known_rep(rep_id),
                ReferenceRecord::Rep(rep) => {
                    known_rep(&rep.rep_id);
                    team_ids.extend(rep.team_id.as_deref().map(|team| (team, 0)));
                }
                ReferenceRecord::Territory(territory) => {
                    let next = territory_ids.len();
                    territory_ids.entry(territory.territory_id.as_str().into()).or_insert(next);
                    region_ids.extend(territory.parent_id.as_deref().map(|parent| (parent, 0)));
                }
                _ => {}
            }
        }
        number(&mut team_ids);
        number(&mut region_ids);
        let reps = in_order(rep_ids).into_iter().map(|id| member(id, &reference, &team_ids)).collect();
        let territories =
            in_order(territory_ids).into_iter().map(|id| place(id, &reference, &region_ids)).collect();
        let region = |&id: &&str| {
            let (name, parent) = territory_name(id, &reference);
            Named { id: id.into(), name, parent }
        };
        let regions = region_ids.keys().map(region).collect();
        let team = |&id: &&str| Named { id: id.into(), name: id.into(), parent: None };
        let teams = team_ids.keys().map(team).collect();
        Self { reps, territories, regions, teams, counts, reference }
    }

    pub(crate) fn region(&self, id: &str) -> Option<usize> {
        self.regions.binary_search_by(|region| (*region.id).cmp(id)).ok()
    }

    pub(crate) fn team(&self, id: &str) -> Option<usize> {
        self.teams.binary_search_by(|team| (*team.id).cmp(id)).ok()
    }
}

fn index(names: &[Arc<str>]) -> BTreeMap<Arc<str>, usize> {
    names.iter().enumerate().map(|(index, name)| (Arc::clone(name), index)).collect()
}

fn in_order(ids: BTreeMap<Arc<str>, usize>) -> Vec<Arc<str>> {
    let mut ids: Vec<(usize, Arc<str>)> = ids.into_iter().map(|(id, index)| (index, id)).collect();
    ids.sort_unstable();
    ids.into_iter().map(|(_, id)| id).collect()
}

fn number(ids: &mut BTreeMap<&str, usize>) {
    for (number, index) in ids.values_mut().enumerate() {
        *index = number;
    }
}

fn member(id: Arc<str>, reference: &Reference, teams: &BTreeMap<&str, usize>) -> Member {
    match reference.rep(&id) {
        Some(rep) => Member {
            name: rep.name.as_str().into(),
            team: rep.team_id.as_deref().and_then(|team| teams.get(team).copied()),
            home: rep.territory_id.as_deref().map(Into::into),
            employment: Some((rep.started_on, rep.ended_on)),
            id,
        },
        None => Member { name: Arc::clone(&id), team: None, home: None, employment: None, id },
    }
}

fn place(id: Arc<str>, reference: &Reference, regions: &BTreeMap<&str, usize>) -> Place {
    let above = reference.regions_of(&id);
    let itself = std::iter::once(&*id);
    let (name, parent) = territory_name(&id, reference);
    Place {
        name,
        parent,
        regions: itself.chain(above).filter_map(|region| regions.get(region).copied()).collect(),
        is_leaf: reference.territory(&id).is_some() && !regions.contains_key(&*id),
        id,
    }
}

/// Name and parent.
fn territory_name(id: &str, reference: &Reference) -> (Arc<str>, Option<Arc<str>>) {
    match reference.territory(id) {
        Some(territory) => (territory.name.as_str().into(), territory.parent_id.as_deref().map(Into::into)),
        None => (id.into(), None),
    }
}
