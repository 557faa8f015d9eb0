//! What the numbers in values stand for.

use std::sync::Arc;

use model::{Pipelines, StageIndex, TypeIndex};

/// Names of stages and of types of activities.
#[derive(Debug, Clone)]
pub struct Labels {
    pub(crate) pipelines: Arc<Pipelines>,
    pub(crate) types: Vec<Arc<str>>,
}

impl Labels {
    /// Pipeline and stage; a number where the configuration has no such stage any more.
    #[must_use]
    pub fn stage(&self, index: StageIndex) -> (String, String) {
        self.pipelines.get(index).map_or_else(
            || (String::new(), format!("#{}", index.0)),
            |(pipeline, stage)| (pipeline.name.clone(), stage.name.clone()),
        )
    }

    /// A type of activities; those beyond the ones that can be told apart are "other types".
    #[must_use]
    pub fn activity_type(&self, index: TypeIndex) -> &str {
        self.types.get(usize::from(index.0)).map_or("other types", |name| name)
    }
}
