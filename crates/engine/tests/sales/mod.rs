//! A pipeline that cases worked out by hand are told in, and a fold that lets nothing go.

use std::sync::Arc;

use model::{Calendar, Pipeline, Pipelines, Stage, StageKind};
use tallyboard_engine::{FoldConfig, RestatementRules};

pub(crate) fn config(pipelines: Pipelines, zone: &str, restatements: RestatementRules) -> Arc<FoldConfig> {
    Arc::new(FoldConfig {
        pipelines,
        calendar: Calendar::new(zone, 1).unwrap(),
        deal_retention_days: 100_000,
        activity_horizon_days: 100_000,
        future_tolerance_seconds: 0,
        restatements,
    })
}

pub(crate) fn pipelines() -> Pipelines {
    let kinds = [("lead", StageKind::Open), ("won", StageKind::Won), ("lost", StageKind::Lost)];
    let stages =
        kinds.map(|(name, kind)| Stage { name: name.to_owned(), kind, limit_days: None, role: None });
    Pipelines::new(vec![Pipeline { name: "sales".to_owned(), stages: stages.to_vec() }]).unwrap()
}
