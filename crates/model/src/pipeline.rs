//! Pipelines and their stages, as the organisation configures them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::identifier::{IdentifierError, check_identifier};

/// What being in a stage means for a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// Being worked on.
    Open,
    /// Closed, won.
    Won,
    /// Closed, lost.
    Lost,
}

impl StageKind {
    /// Whether the deal is closed.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        !matches!(self, Self::Open)
    }
}

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name, as events carry it.
    pub name: String,
    /// What being in it means.
    pub kind: StageKind,
    /// Days after which an open deal in this stage is stalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_days: Option<u32>,
    /// Whether it is one of the two stages between which leads are told from opportunities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<StageRole>,
}

/// What reaching a stage says of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageRole {
    /// Marketing finds it worth a salesperson's time: a marketing qualified lead.
    Mql,
    /// Sales finds it worth pursuing: a sales qualified lead.
    Sql,
}

/// A pipeline: its stages in the order in which deals pass them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Its name, as events carry it.
    pub name: String,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
}

/// A stage of any pipeline: its number over all pipelines in configured order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageIndex(pub u16);

/// Why a set of pipelines is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PipelineError {
    /// There is none.
    #[error("no pipeline is configured; at least one is needed")]
    None,
    /// A name is not an identifier.
    #[error("pipeline or stage name {name:?} {error}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        error: IdentifierError,
    },
    /// Two of a name.
    #[error("{0:?} is there twice; names of pipelines, and of stages within one, must differ")]
    Twice(String),
    /// A pipeline without an open or without a won stage.
    #[error("pipeline {pipeline:?} has no stage of kind {kind:?}; it needs at least one")]
    MissingKind {
        /// The pipeline.
        pipeline: String,
        /// The kind that no stage has.
        kind: StageKind,
    },
    /// A role that two stages have, that a closed stage has, or roles out of order.
    #[error(
        "pipeline {0:?} has roles that do not go together; expected at most one open stage of role mql and, behind it, \
         at most one open stage of role sql"
    )]
    BadRoles(String),
    /// More stages than [`Pipelines::MAX_STAGES`].
    #[error("there are more than {max} stages in all", max = Pipelines::MAX_STAGES)]
    TooMany,
}

/// All pipelines, checked, with lookups by name.
#[derive(Debug, Clone)]
pub struct Pipelines {
    pipelines: Vec<Pipeline>,
    /// Pipeline and kind of each stage, by [`StageIndex`].
    stages: Vec<(usize, StageKind)>,
    /// Trees, not hash tables: few entries, looked up once per event, and a tree needs no keyed hash to be safe.
    by_name: BTreeMap<String, BTreeMap<String, StageIndex>>,
    /// The stages with the roles, by pipeline and role.
    roles: Vec<[Option<StageIndex>; 2]>,
}

impl Pipelines {
    /// The most stages over all pipelines.
    pub const MAX_STAGES: usize = 1_000;

    /// Checks pipelines and numbers their stages.
    ///
    /// # Errors
    /// The first rule that they break.
    pub fn new(pipelines: Vec<Pipeline>) -> Result<Self, PipelineError> {
        if pipelines.is_empty() {
            return Err(PipelineError::None);
        }
        let mut stages = Vec::new();
        let mut by_name = BTreeMap::new();
        let mut roles = Vec::new();
        for (number, pipeline) in pipelines.iter().enumerate() {
            check_name(&pipeline.name)?;
            let mut names = BTreeMap::new();
            let mut with_role = [None; 2];
            for stage in &pipeline.stages {
                check_name(&stage.name)?;
                let index = u16::try_from(stages.len()).map_err(|_| PipelineError::TooMany)?;
                if names.insert(stage.name.clone(), StageIndex(index)).is_some() {
                    return Err(PipelineError::Twice(stage.name.clone()));
                }
                stages.push((number, stage.kind));
                if let Some(role) = stage.role {
                    with_role[role as usize] = Some(StageIndex(index));
                }
            }
            roles.push(with_role);
            for kind in [StageKind::Open, StageKind::Won] {
                if !pipeline.stages.iter().any(|stage| stage.kind == kind) {
                    return Err(PipelineError::MissingKind { pipeline: pipeline.name.clone(), kind });
                }
            }
            check_roles(pipeline)?;
            if by_name.insert(pipeline.name.clone(), names).is_some() {
                return Err(PipelineError::Twice(pipeline.name.clone()));
            }
        }
        if stages.len() > Self::MAX_STAGES {
            return Err(PipelineError::TooMany);
        }
        Ok(Self { pipelines, stages, by_name, roles })
    }

    /// The pipelines as configured.
    #[must_use]
    pub fn as_slice(&self) -> &[Pipeline] {
        &self.pipelines
    }

    /// The stage of this name in the pipeline of this name.
    #[must_use]
    pub fn find(&self, pipeline: &str, stage: &str) -> Option<StageIndex> {
        self.by_name.get(pipeline)?.get(stage).copied()
    }

    /// Whether there is a pipeline of this name.
    #[must_use]
    pub fn has_pipeline(&self, pipeline: &str) -> bool {
        self.by_name.contains_key(pipeline)
    }

    /// What being in a stage means.
    ///
    /// # Panics
    /// If the index is not of these pipelines.
    #[must_use]
    pub fn kind(&self, stage: StageIndex) -> StageKind {
        self.stages[usize::from(stage.0)].1
    }

    /// The pipeline and the stage of an index; none if it is not of these pipelines.
    #[must_use]
    pub fn get(&self, stage: StageIndex) -> Option<(&Pipeline, &Stage)> {
        let &(number, _) = self.stages.get(usize::from(stage.0))?;
        let pipeline = &self.pipelines[number];
        let before =
            self.stages[..usize::from(stage.0)].iter().filter(|&&(other, _)| other == number).count();
        Some((pipeline, &pipeline.stages[before]))
    }

    /// The open stages of the pipeline that a stage is of, in order.
    ///
    /// # Panics
    /// If the index is not of these pipelines.
    pub fn open_stages_beside(&self, stage: StageIndex) -> impl DoubleEndedIterator<Item = StageIndex> {
        let (number, _) = self.stages[usize::from(stage.0)];
        let end = self.stages.partition_point(|&(other, _)| other <= number);
        let start = self.stages.partition_point(|&(other, _)| other < number);
        let open = move |&index: &usize| self.stages[index].1 == StageKind::Open;
        (start..end).filter(open).filter_map(|index| u16::try_from(index).ok()).map(StageIndex)
    }

    /// Whether two stages are of one pipeline.
    ///
    /// # Panics
    /// If an index is not of these pipelines.
    #[must_use]
    pub fn are_beside(&self, one: StageIndex, other: StageIndex) -> bool {
        self.stages[usize::from(one.0)].0 == self.stages[usize::from(other.0)].0
    }

    /// The stage that has a role in the pipeline that a stage is of.
    ///
    /// # Panics
    /// If the index is not of these pipelines.
    #[must_use]
    pub fn with_role(&self, role: StageRole, beside: StageIndex) -> Option<StageIndex> {
        self.roles[self.stages[usize::from(beside.0)].0][role as usize]
    }

    /// All stages in order.
    pub fn indices(&self) -> impl Iterator<Item = StageIndex> {
        (0..self.stages.len()).filter_map(|index| u16::try_from(index).ok()).map(StageIndex)
    }
}

fn check_roles(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let with_role = pipeline.stages.iter().filter(|stage| stage.role.is_some());
    let is_right = with_role.clone().all(|stage| stage.kind == StageKind::Open)
        && with_role.map(|stage| stage.role).is_sorted_by(|one, other| one < other);
    if is_right { Ok(()) } else { Err(PipelineError::BadRoles(pipeline.name.clone())) }
}

fn check_name(name: &str) -> Result<(), PipelineError> {
    check_identifier(name).map_err(|error| PipelineError::BadName { name: name.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline(name: &str, stages: &[(&str, StageKind)]) -> Pipeline {
        let stage = |&(name, kind): &(&str, StageKind)| Stage {
            name: name.to_owned(),
            kind,
            limit_days: None,
            role: None,
        };
        Pipeline { name: name.to_owned(), stages: stages.iter().map(stage).collect() }
    }

    fn with_roles(mut pipeline: Pipeline, roles: &[Option<StageRole>]) -> Pipeline {
        for (stage, role) in pipeline.stages.iter_mut().zip(roles) {
            stage.role = *role;
        }
        pipeline
    }

    #[test]
    fn stages_are_known_by_role_and_pipeline() {
        let stages = [
            ("mql", StageKind::Open),
            ("lost", StageKind::Lost),
            ("sql", StageKind::Open),
            ("won", StageKind::Won),
        ];
        let second =
            with_roles(pipeline("two", &stages), &[Some(StageRole::Mql), None, Some(StageRole::Sql)]);
        let pipelines = Pipelines::new(vec![pipeline("one", &stages), second]).unwrap();
        assert_eq!(pipelines.with_role(StageRole::Mql, StageIndex(3)), None);
        assert_eq!(pipelines.with_role(StageRole::Mql, StageIndex(7)), Some(StageIndex(4)));
        assert_eq!(pipelines.with_role(StageRole::Sql, StageIndex(4)), Some(StageIndex(6)));
        assert!(pipelines.open_stages_beside(StageIndex(1)).eq([StageIndex(0), StageIndex(2)]));
        assert!(pipelines.open_stages_beside(StageIndex(7)).eq([StageIndex(4), StageIndex(6)]));
        assert!(pipelines.are_beside(StageIndex(4), StageIndex(7)));
        assert!(!pipelines.are_beside(StageIndex(4), StageIndex(3)));
    }

    #[test]
    fn stages_are_found_by_name() {
        let usual = [("lead", StageKind::Open), ("won", StageKind::Won), ("lost", StageKind::Lost)];
        let pipelines =
            Pipelines::new(vec![pipeline("default", &usual), pipeline("renewal", &usual)]).unwrap();
        let index = pipelines.find("renewal", "won").unwrap();
        assert_eq!(index, StageIndex(4));
        assert_eq!(pipelines.kind(index), StageKind::Won);
        let (pipeline, stage) = pipelines.get(index).unwrap();
        assert_eq!((pipeline.name.as_str(), stage.name.as_str()), ("renewal", "won"));
        assert_eq!(pipelines.find("renewal", "demo"), None);
        assert_eq!(pipelines.find("other", "won"), None);
        assert!(pipelines.get(StageIndex(6)).is_none());
    }

    #[test]
    fn wrong_pipelines_are_refused() {
        let open = ("lead", StageKind::Open);
        let won = ("won", StageKind::Won);
        for (pipelines, expected) in [
            (vec![], PipelineError::None),
            (vec![pipeline("p", &[open, won, open])], PipelineError::Twice("lead".to_owned())),
            (
                vec![pipeline("p", &[open, won]), pipeline("p", &[open, won])],
                PipelineError::Twice("p".to_owned()),
            ),
            (
                vec![pipeline("p", &[open])],
                PipelineError::MissingKind { pipeline: "p".to_owned(), kind: StageKind::Won },
            ),
            (
                vec![with_roles(pipeline("p", &[open, won]), &[None, Some(StageRole::Sql)])],
                PipelineError::BadRoles("p".to_owned()),
            ),
            (
                vec![with_roles(
                    pipeline("p", &[open, ("mql", StageKind::Open), won]),
                    &[Some(StageRole::Sql), Some(StageRole::Mql)],
                )],
                PipelineError::BadRoles("p".to_owned()),
            ),
            (
                vec![pipeline("", &[open, won])],
                PipelineError::BadName { name: String::new(), error: IdentifierError::Empty },
            ),
        ] {
            assert_eq!(Pipelines::new(pipelines).err(), Some(expected));
        }
    }
}
