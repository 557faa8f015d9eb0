//! Explanations on demand: where the states come from, and for how long an answer is worked on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use board::Board;
use engine::FoldConfig;
use model::Timestamp;

use crate::explanation::{ExplainError, Explanation, Question, explain};
use crate::filter::Evidence;
use crate::restatements::{RestatementPage, RestatementQuestion, restatements};

/// Brings the states of all partitions of this instance until a moment, or says why not.
pub type Source = Box<dyn Fn(Instant) -> Result<Vec<Evidence>, String> + Send + Sync>;

/// Answers questions about numbers.
pub struct Explainer {
    config: Arc<FoldConfig>,
    source: Source,
}

impl std::fmt::Debug for Explainer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Explainer").finish_non_exhaustive()
    }
}

impl Explainer {
    /// Of states that are folded under a configuration.
    #[must_use]
    pub fn new(config: Arc<FoldConfig>, source: Source) -> Self {
        Self { config, source }
    }

    /// See [`explain`].
    ///
    /// # Errors
    /// If there are no states to be had now, or there is no answer within the time.
    pub fn explain(
        &self,
        board: &Board,
        question: &Question,
        now: Timestamp,
        within: Duration,
    ) -> Result<Explanation, ExplainError> {
        let until = Instant::now() + within;
        let evidence = (self.source)(until).map_err(ExplainError::NoEvidence)?;
        explain(board, &self.config, &evidence, question, now, &|| Instant::now() < until)
    }

    /// See [`restatements`].
    ///
    /// # Errors
    /// As [`explain`](Self::explain).
    pub fn restatements(
        &self,
        board: &Board,
        question: &RestatementQuestion,
        within: Duration,
    ) -> Result<RestatementPage, ExplainError> {
        let until = Instant::now() + within;
        let evidence = (self.source)(until).map_err(ExplainError::NoEvidence)?;
        restatements(board, &evidence, question, &|| Instant::now() < until)
    }
}
