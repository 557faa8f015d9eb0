//! One fold of a case: its lines in some order, and what the board then shows.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow};
use codec::{Carries, Decoder, Record};
use engine::Outcome;
use model::Timestamp;
use serde_json::Value;

use super::expected::{Expected, Whose};
use crate::offline::Folding;
use crate::settings::Settings;

/// A line of the events' file.
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) text: Vec<u8>,
    is_reference: bool,
}

impl Line {
    pub(super) fn new(number: u64, text: Vec<u8>) -> Self {
        let is_reference = matches!(Decoder::json(Carries::Anything).decode(&text), Ok(Record::Reference(_)));
        Self { number, text, is_reference }
    }
}

/// In which order, and how often, lines are folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrangement {
    AsWritten,
    /// Reference records stay in order: of those of one key, the latest holds.
    EventsReversed,
    EveryLineTwice,
}

impl Arrangement {
    /// In words, behind the name of a case.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::AsWritten => "in the order of the file",
            Self::EventsReversed => "with the events in reversed order",
            Self::EveryLineTwice => "with every line twice",
        }
    }

    fn arrange(self, lines: &[Line]) -> Vec<&Line> {
        match self {
            Self::AsWritten => lines.iter().collect(),
            Self::EventsReversed => {
                let (reference, events): (Vec<&Line>, Vec<&Line>) =
                    lines.iter().partition(|line| line.is_reference);
                reference.into_iter().chain(events.into_iter().rev()).collect()
            }
            Self::EveryLineTwice => lines.iter().flat_map(|line| [line, line]).collect(),
        }
    }

    /// How many lines there are for each of the file.
    pub(super) const fn repeats(self) -> u64 {
        match self {
            Self::EveryLineTwice => 2,
            Self::AsWritten | Self::EventsReversed => 1,
        }
    }
}

/// For whom, and of which period; with none, the current quarter and what stands now.
pub(super) type Question = (Whose, Option<String>);

/// What the board shows, and what became of the lines.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// The KPIs as the API shows them, or why there are none.
    pub(super) kpis: BTreeMap<Question, Result<Vec<Value>, String>>,
    /// Ranks by question and KPI.
    pub(super) ranks: BTreeMap<(Question, String), Value>,
    /// Refused lines by reason.
    pub(super) rejected: BTreeMap<&'static str, u64>,
    /// Refused lines in words.
    pub(super) rejections: Vec<String>,
    pub(super) duplicates: u64,
    pub(super) conflicts: u64,
}

impl Run {
    /// Folds the lines and asks for all that the case expects.
    pub(super) fn new(
        settings: &Settings,
        expected: &Expected,
        lines: &[Line],
        arrangement: Arrangement,
    ) -> Result<Self> {
        let mut run = Self::default();
        let mut folding = Folding::new(settings, expected.as_of)?;
        for line in arrangement.arrange(lines) {
            match folding.apply(&line.text)? {
                Outcome::Applied => {}
                Outcome::Duplicate => run.duplicates += 1,
                Outcome::Conflict => run.conflicts += 1,
                Outcome::Rejected(reject) => {
                    *run.rejected.entry(reject.reason.name()).or_default() += 1;
                    run.rejections.push(format!("line {}: {reject}", line.number));
                }
            }
        }
        let board = folding.finish()?.board;
        for expectation in &expected.expect {
            let question = (expectation.scope.clone(), expectation.period.clone());
            if expectation.rank.is_some() {
                let rank = rank(&board, &question, &expectation.kpi, expected.as_of)?;
                run.ranks.insert((question.clone(), expectation.kpi.clone()), rank);
            }
            run.kpis.entry(question).or_insert_with_key(|question| {
                serve::kpis_json(&board, &query(question), expected.as_of).map(kpis_of)
            });
        }
        Ok(run)
    }
}

fn kpis_of(mut document: Value) -> Vec<Value> {
    match document["kpis"].take() {
        Value::Array(kpis) => kpis,
        _ => Vec::new(),
    }
}

fn query((whose, period): &Question) -> String {
    let mut query = format!("scope={}", whose.scope);
    for (name, value) in [("id", &whose.id), ("period", period)] {
        if let Some(value) = value {
            query.push_str(&format!("&{name}={}", serve::encode_value(value)));
        }
    }
    query
}

fn rank(board: &board::Board, question: &Question, kpi: &str, now: Timestamp) -> Result<Value> {
    let (whose, period) = question;
    let mut query = format!("kpi={kpi}&group={}&limit={}", whose.scope, usize::MAX);
    if let Some(period) = period {
        query.push_str(&format!("&period={}", serve::encode_value(period)));
    }
    let document = serve::leaderboard_json(board, &query, now).map_err(|problem| anyhow!(problem))?;
    let rows = document["rows"].as_array().context("the leaderboard has no rows")?;
    let row = rows.iter().find(|row| row["id"].as_str() == whose.id.as_deref());
    Ok(row.map_or(Value::Null, |row| row["rank"].clone()))
}
