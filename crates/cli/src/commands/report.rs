//! `tallyboard report`: KPIs from files, without a broker: the same fold and the same board as the service's.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use board::Board;
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::exit::Failure;
use crate::files::Rejections;
use crate::moment::{Moment, View, moment};
use crate::offline::{Folded, fold};
use crate::settings::Settings;
use crate::{Format, show, show_json};

/// Folds files of events and prints KPIs. No broker is needed.
///
/// Files hold JSON lines of deals, activities and reference records, as `tallyboard import` writes them. The numbers are
/// those that the service would serve after reading the same events in the same order from one partition, in the same form
/// as of its HTTP API. Events count as received now, or at --as-of: those of later times are rejected as in_future, but for
/// the tolerance of the configuration's [fold].
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard report events.jsonl                                  the company, current quarter
  tallyboard report events.jsonl --period 2026-Q4 --scope rep --id r17
  tallyboard report events.jsonl --kind month --each rep --format json > reps.json
  tallyboard report events.jsonl --leaderboard won_amount --group territory
  tallyboard report events.jsonl --balance                        how evenly the work lies on the territories
  zcat events.jsonl.gz | tallyboard report -")]
pub(crate) struct ReportArguments {
    /// Files of JSON lines; - for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// For whom: company, region, territory, team or rep.
    #[arg(long, default_value = "company")]
    scope: String,
    /// The id of the region, territory, team or rep.
    #[arg(long)]
    id: Option<String>,
    /// Every scope of a kind, one after the other, instead of one.
    #[arg(long, value_enum, conflicts_with_all = ["scope", "id"], value_name = "KIND")]
    each: Option<Each>,
    /// Which kind of period: day, week, month, quarter or year.
    #[arg(long, default_value = "quarter")]
    kind: String,
    /// Which period: current, previous, all that have numbers, or a name such as 2026-Q4, 2026-11, 2026-W45.
    #[arg(long, default_value = "current")]
    period: String,
    /// Print a leaderboard by this KPI instead.
    #[arg(long, value_name = "KPI", conflicts_with_all = ["scope", "id", "each"])]
    leaderboard: Option<String>,
    /// What the leaderboard ranks: rep, territory, region or team.
    #[arg(long, default_value = "rep", requires = "leaderboard")]
    group: String,
    /// Print how evenly the work lies on the territories instead, and which moves would even it out.
    #[arg(long, conflicts_with_all = ["scope", "id", "each", "kind", "period", "leaderboard"])]
    balance: bool,
    /// When the report is made: a time, or a date for its end.
    ///
    /// Events of later times are rejected as in_future, periods are current and deals have their age at that time. Without
    /// it, events may lie up to now, and the time of the newest one decides what is current.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    as_of: Option<Moment>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How many rejected lines are told, each with its reason.
    #[arg(long, default_value_t = 10, value_name = "N")]
    show_rejected: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Each {
    Region,
    Territory,
    Team,
    Rep,
}

pub(crate) fn run(arguments: &ReportArguments, settings: &Settings) -> Result<(), Failure> {
    let mut rejections = Rejections::new(arguments.show_rejected);
    let view = View::new(arguments.as_of, settings)?;
    let Folded { board, newest, .. } = fold(&arguments.files, settings, view.received_at, &mut rejections)?;
    let now = view.now(newest);
    if arguments.balance {
        let document = serve::balance_json(&board, now).map_err(|problem| anyhow!(problem))?;
        match arguments.format {
            Format::Table => show(&crate::balance::text(&document))?,
            Format::Json => show_json(&document)?,
        }
        return rejections.told();
    }
    let mut documents = Vec::new();
    for period in periods(arguments, &board)? {
        for query in queries(arguments, &board, &period) {
            let document = if arguments.leaderboard.is_some() {
                serve::leaderboard_json(&board, &query, now)
            } else {
                serve::kpis_json(&board, &query, now)
            };
            documents.push(document.map_err(|problem| anyhow!(problem))?);
        }
    }
    match arguments.format {
        Format::Table => {
            for document in &documents {
                show(&crate::leaderboard::table(document))?;
            }
        }
        Format::Json => {
            let is_one = documents.len() == 1 && arguments.each.is_none() && arguments.period != "all";
            let whole = if is_one { documents.remove(0) } else { json!(documents) };
            show_json(&whole)?;
        }
    }
    rejections.told()
}

/// The periods that are asked for, by name.
fn periods(arguments: &ReportArguments, board: &Board) -> anyhow::Result<Vec<String>> {
    if arguments.period != "all" {
        return Ok(vec![arguments.period.clone()]);
    }
    let kind = model::PeriodKind::from_name(&arguments.kind).with_context(|| {
        format!("--kind {:?}: expected day, week, month, quarter or year", arguments.kind)
    })?;
    Ok(board.periods(kind).into_iter().map(|period| board.calendar().name(period)).collect())
}

fn queries(arguments: &ReportArguments, board: &Board, period: &str) -> Vec<String> {
    // The kind goes without saying for a period with a name.
    let kind =
        if matches!(period, "current" | "previous") { Some(("kind", arguments.kind.as_str())) } else { None };
    let query = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().copied().chain([("period", period)]).chain(kind);
        let text: Vec<String> =
            pairs.map(|(name, value)| format!("{name}={}", serve::encode_value(value))).collect();
        text.join("&")
    };
    if let Some(kpi) = &arguments.leaderboard {
        return vec![query(&[("kpi", kpi), ("group", &arguments.group)])];
    }
    let (scope, ids) = match arguments.each {
        None => {
            let scope = ("scope", arguments.scope.as_str());
            return vec![match &arguments.id {
                Some(id) => query(&[scope, ("id", id)]),
                None => query(&[scope]),
            }];
        }
        Some(Each::Region) => ("region", board.regions()),
        Some(Each::Territory) => ("territory", board.territories()),
        Some(Each::Team) => ("team", board.teams()),
        Some(Each::Rep) => ("rep", board.reps()),
    };
    ids.iter().map(|id| query(&[("scope", scope), ("id", id)])).collect()
}
