//! `tallyboard explain`: what a number is made of, from files or from a running service.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use reqwest::Url;
use serde_json::Value;

use crate::exit::Failure;
use crate::files::Rejections;
use crate::moment::{Moment, View, moment};
use crate::offline::fold;
use crate::remote::{Remote, address};
use crate::settings::Settings;
use crate::{Format, show, show_json};

/// The most causes that a service tells at once.
const PAGE_MAX: usize = 1_000;
/// How often pages are read from the start, if the number changes while they are read.
const READINGS_MAX: usize = 3;

/// Opens a KPI into the deals and activities behind it, down to the events that decided it.
///
/// The number comes first, with its formula and the sums that it is made from; then the deals and activities, the largest
/// part first, each with its parts and its events. The parts of all add up to the sums exactly, but for what is final: of
/// deals and activities beyond the horizons of [fold], whose events are gone. Events without which the parts would be
/// others are marked.
///
/// Files are folded as by `tallyboard report`. The offset of an event is then the number of its line, counted from 0 over
/// all files in their order, blank lines too: offset 41 of one file is its line 42. Of a service, it is the offset in the
/// topic and partition that are told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard explain events.jsonl --kpi won_amount                the company, current quarter
  tallyboard explain events.jsonl --kpi win_rate --scope rep --id r17 --period 2026-Q4
  tallyboard explain events.jsonl --kpi open_amount --limit 3     the three largest open deals
  tallyboard explain events.jsonl --kpi won_amount --days 2026-12-01/2026-12-24    any days, as of a contest
  tallyboard explain events.jsonl --kpi lost_deals --kind month --all --format json > lost.json
  tallyboard explain --server http://127.0.0.1:8080 --kpi quota_attainment --scope team --id t2")]
pub(crate) struct ExplainArguments {
    /// Files of JSON lines; - for standard input.
    #[arg(value_name = "FILE", required_unless_present = "server", conflicts_with = "server")]
    files: Vec<PathBuf>,
    /// The address of a running service to ask instead.
    #[arg(long, value_name = "URL", value_parser = address)]
    server: Option<Url>,
    /// Which KPI; `tallyboard kpis` has all.
    #[arg(long, value_name = "KPI")]
    kpi: String,
    /// For whom: company, region, territory, team or rep.
    #[arg(long, default_value = "company")]
    scope: String,
    /// The id of the region, territory, team or rep.
    #[arg(long)]
    id: Option<String>,
    /// Which kind of period: day, week, month, quarter or year. The quarter if not given.
    #[arg(long)]
    kind: Option<String>,
    /// Which period: current, previous, or a name such as 2026-Q4, 2026-11, 2026-W45. The current one if not given.
    ///
    /// None for a KPI that tells what stands now.
    #[arg(long)]
    period: Option<String>,
    /// Any days in place of a period: the first and the last one, such as 2026-12-01/2026-12-24.
    ///
    /// Of a KPI that follows from the events of its days alone: created_deals, won_deals, won_amount, win_rate, mql_deals,
    /// activities, activity_minutes, selling_time_share. At most 732 days.
    #[arg(long, value_name = "FIRST/LAST", conflicts_with_all = ["period", "kind"])]
    days: Option<String>,
    /// When the board of the files is looked at: a time, or a date for its end; see `tallyboard report --help`.
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "server")]
    as_of: Option<Moment>,
    /// How many deals and activities are told at most.
    #[arg(long, value_name = "N", default_value = "10", value_parser = at_least_one)]
    limit: usize,
    /// Tell all deals and activities.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Go on behind the deals and activities that were told before: the cursor at their end.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// How the result is printed; json is the document of the HTTP API.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How many rejected lines are told, each with its reason.
    #[arg(long, default_value_t = 10, value_name = "N", conflicts_with = "server")]
    show_rejected: u64,
    /// How long to wait for an answer of the service.
    #[arg(long, default_value_t = 60, value_name = "N", requires = "server")]
    timeout_seconds: u64,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&number| number > 0).ok_or_else(|| "expected a whole number from 1".to_owned())
}

/// `settings` are read for files alone.
pub(crate) fn run(
    arguments: &ExplainArguments,
    settings: impl FnOnce() -> Result<Settings, Failure>,
) -> Result<(), Failure> {
    let mut rejections = Rejections::new(arguments.show_rejected);
    let document = match &arguments.server {
        Some(server) => of_service(arguments, server)?,
        None => of_files(arguments, &settings()?, &mut rejections)?,
    };
    match arguments.format {
        Format::Table => show(&crate::explanation::text(&document))?,
        Format::Json => show_json(&document)?,
    }
    rejections.told()
}

fn of_files(arguments: &ExplainArguments, settings: &Settings, rejections: &mut Rejections) -> Result<Value> {
    let view = View::new(arguments.as_of, settings)?;
    let folded = fold(&arguments.files, settings, view.received_at, rejections)?;
    let query = arguments.query(arguments.wanted(), arguments.after.as_deref());
    let now = view.now(folded.newest);
    serve::explanation_json(&folded.board, &folded.explainer, &query, now).map_err(|problem| anyhow!(problem))
}

fn of_service(arguments: &ExplainArguments, server: &Url) -> Result<Value> {
    let remote = Remote::new(server, Duration::from_secs(arguments.timeout_seconds))?;
    gather(arguments.wanted(), arguments.after.as_deref(), &|limit, after| {
        remote.document(&["api", "v1", "explain"], &arguments.query(limit, after))
    })
}

impl ExplainArguments {
    fn wanted(&self) -> usize {
        if self.all { usize::MAX } else { self.limit }
    }

    fn query(&self, limit: usize, after: Option<&str>) -> String {
        let limit = limit.to_string();
        let pairs = [
            ("kpi", Some(self.kpi.as_str())),
            ("scope", Some(&self.scope)),
            ("id", self.id.as_deref()),
            ("kind", self.kind.as_deref()),
            ("period", self.period.as_deref()),
            ("days", self.days.as_deref()),
            ("limit", Some(&limit)),
            ("after", after),
        ];
        let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let text: Vec<String> =
            given.map(|(name, value)| format!("{name}={}", serve::encode_value(value))).collect();
        text.join("&")
    }
}

/// One document with as many causes as are wanted, from the pages that `ask` gives for a limit and a cursor.
fn gather(
    wanted: usize,
    after: Option<&str>,
    ask: &dyn Fn(usize, Option<&str>) -> Result<Value>,
) -> Result<Value> {
    'reading: for _ in 0..READINGS_MAX {
        let mut whole = ask(wanted.min(PAGE_MAX), after)?;
        loop {
            let Some(have) = whole["causes"].as_array().map(Vec::len) else {
                bail!("the answer is no explanation: it has no causes; check the address");
            };
            let Some(next) = whole["next"].as_str().filter(|_| have < wanted) else { return Ok(whole) };
            let mut page = ask((wanted - have).min(PAGE_MAX), Some(next))?;
            // Pages of different numbers do not make one.
            if ["sums", "causes_total"].iter().any(|field| page[field] != whole[field]) {
                continue 'reading;
            }
            let (Some(causes), Value::Array(more)) = (whole["causes"].as_array_mut(), page["causes"].take())
            else {
                continue 'reading;
            };
            if more.is_empty() {
                bail!("the answer says that there is more, and there is not; check the address");
            }
            causes.extend(more);
            whole["next"] = page["next"].take();
        }
    }
    bail!(
        "the number changed {READINGS_MAX} times while it was read page by page; ask for a period that is over, a smaller \
         scope, or at most {PAGE_MAX} causes"
    )
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use serde_json::json;

    /// Page by page of five, whose number changes with each of the first questions.
    fn ask(calls: &Cell<usize>, changes: usize, limit: usize, after: Option<&str>) -> Value {
        calls.set(calls.get() + 1);
        let begin: usize = after.map_or(0, |text| text.parse().unwrap());
        let end = (begin + limit.min(2)).min(5);
        json!({
            "sums": [calls.get().min(changes)],
            "causes_total": 5,
            "causes": (begin..end).collect::<Vec<_>>(),
            "next": (end < 5).then(|| end.to_string()),
        })
    }

    #[test]
    fn pages_make_one_document() {
        for (wanted, after, expected, next) in [
            (usize::MAX, None, vec![0, 1, 2, 3, 4], Value::Null),
            (3, None, vec![0, 1, 2], json!("3")),
            (2, Some("1"), vec![1, 2], json!("3")),
            (5, Some("3"), vec![3, 4], Value::Null),
        ] {
            let calls = Cell::new(0);
            let whole = gather(wanted, after, &|limit, after| Ok(ask(&calls, 0, limit, after))).unwrap();
            assert_eq!((&whole["causes"], &whole["next"]), (&json!(expected), &next), "{wanted} {after:?}");
        }
    }

    #[test]
    fn pages_of_different_numbers_are_read_again() {
        for (changes, expected) in [(2, Ok(5)), (9, Err("the number changed 3 times"))] {
            let calls = Cell::new(0);
            let whole = gather(usize::MAX, None, &|limit, after| Ok(ask(&calls, changes, limit, after)));
            let found = whole.map(|whole| whole["causes"].as_array().unwrap().len());
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(found), Err(expected)) => assert!(found.to_string().contains(expected), "{found}"),
                (found, _) => panic!("{changes}: {found:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_explanation_is_told() {
        for (document, expected) in [
            (json!({"status": "ok"}), "no causes"),
            (json!({"causes": [], "next": "7"}), "says that there is more"),
        ] {
            let error = gather(5, None, &|_, _| Ok(document.clone())).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
