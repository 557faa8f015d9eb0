//! `tallyboard import`: any CRM's CSV tables become Tallyboard's records as JSON lines, driven by a mapping file.
//!
//! | module | what it does |
//! | --- | --- |
//! | `mapping` | the mapping file's form |
//! | `table` | CSV rows, bounded |
//! | `binder` | expressions of the mapping to fields of a table |
//! | `field`, `lookup`, `words` | what a row gives for a field: templates, fallbacks, lookups, words |
//! | `dates`, `values` | dates and amounts, exactly as they are said to be written |
//! | `rule` with `deals`, `activities`, `reference` | rules: rows to records |
//! | `output` | records to lines, each once, all or none |
//! | `problem`, `report` | what is wrong with rows, and what was done |
//!
//! Nothing is guessed: what the mapping does not say is a rejected row. The same tables and mapping give the same
//! lines, event ids included, so that a second import repeats events and does not count anything twice. Must not know
//! Kafka or the configuration of a service: whether a stage exists there shows when events are folded, in `tallyboard
//! report` as rejected lines and in the service as dead letters, each with the reason `unknown_stage`.

mod activities;
mod binder;
mod dates;
mod deals;
mod field;
mod lookup;
mod mapping;
mod output;
mod problem;
mod reference;
mod report;
mod rule;
mod table;
#[cfg(test)]
mod tests;
mod values;
mod words;

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use binder::Binder;
use field::Row;
use lookup::Lookups;
use mapping::Mapping;
use output::{Kept, Origin, Spool};
pub(crate) use output::{Order, write_whole};
use problem::{Problem, ProblemKind};
pub(crate) use report::ImportReport;
use rule::Rule;
use table::{RawRow, Table};

/// Every how many rows the progress bar moves.
const ROWS_PER_TICK: u64 = 1_024;

/// Turn a CRM's CSV tables into events, as JSON lines.
///
/// Where a row is rejected, nothing is written and the command ends with code 4, unless it is told to skip such rows. The
/// report goes to standard error. Example mappings are in examples/import.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  tallyboard import --mapping crm.toml --output events.jsonl
  tallyboard import --mapping crm.toml --input opportunities=export.csv --dry-run
  tallyboard import --mapping crm.toml | tallyboard load -")]
pub(crate) struct Arguments {
    /// The mapping file: which tables there are and how their rows become events
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: PathBuf,

    /// A table of the mapping and its file, in place of the path in the mapping; may be repeated
    #[arg(long = "input", value_name = "NAME=PATH", value_parser = input)]
    pub(crate) inputs: Vec<(String, PathBuf)>,

    /// Where the lines go; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,

    /// The order of events; reference records come first
    #[arg(long, value_enum, default_value_t = Order::Time)]
    pub(crate) order: Order,

    /// Read and check everything, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write what is right and end with code 0 even where rows are rejected
    #[arg(long)]
    pub(crate) skip_invalid: bool,

    /// How many rejected rows the report shows
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit_errors: usize,
}

fn input(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), PathBuf::from(path)))
        }
        _ => Err(format!("{text:?} is not of the form name=path")),
    }
}

/// Runs an import; lines go to `standard_output` where the arguments name no file.
///
/// # Errors
/// A mapping, table or output that cannot be used as a whole. Rows that are rejected are in the report.
pub(crate) fn run(arguments: &Arguments, standard_output: &mut dyn Write) -> anyhow::Result<ImportReport> {
    let mapping = Mapping::read(&arguments.mapping, &arguments.inputs)?;
    let mut import = Import {
        report: ImportReport::new(arguments.limit_errors),
        spool: Spool::new(arguments.dry_run)?,
        files: Vec::new(),
    };
    import.read(&mapping, &arguments.mapping)?;
    let Import { mut report, spool, .. } = import;
    if arguments.dry_run {
        report.nothing_written = Some("dry run");
    } else if report.rejected_rows() > 0 && !arguments.skip_invalid {
        report.nothing_written =
            Some("rows were rejected; correct them or the mapping, or use --skip-invalid");
    } else if arguments.output.as_os_str() == "-" {
        match spool.write(arguments.order, standard_output) {
            // A reader that went away (`| head`) is no failure.
            Err(error) if !is_broken_pipe(&error) => return Err(error),
            _ => report.written_to = Some("standard output".to_owned()),
        }
    } else {
        write_whole(&arguments.output, |file| spool.write(arguments.order, file))?;
        report.written_to = Some(arguments.output.display().to_string());
    }
    Ok(report)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        (cause.downcast_ref::<std::io::Error>())
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

/// An import under way.
struct Import {
    report: ImportReport,
    spool: Spool,
    /// The files of the rules' sources, by number.
    files: Vec<String>,
}

impl Import {
    fn read(&mut self, mapping: &Mapping, mapping_path: &std::path::Path) -> anyhow::Result<()> {
        let label = || format!("mapping {}", mapping_path.display());
        let mut binder = Binder::new(mapping).with_context(label)?;
        let mut bound = Vec::new();
        for name in mapping.rule_sources() {
            let table = Table::open(name, mapping.source(name)?)?;
            let rules = Rule::of_source(name, &table.head, &mut binder).with_context(label)?;
            bound.push((table, rules));
        }
        let mut lookups = binder.lookups;
        for (table, _) in &bound {
            let source = &table.head.source;
            ensure!(
                table.size_bytes.is_some() || !lookups.reads(source),
                "source {source:?} ({}) is read by rules and by lookups, and is no regular file; expected one that can \
                 be read twice",
                table.head.file
            );
        }
        let read_by_rules = mapping.rule_sources();
        lookups.load(mapping, &mut |head, row, problem| {
            // The rows of a table that rules read, too, are judged there.
            if !read_by_rules.contains(&head.source.as_str()) {
                self.report.count_problem(head, row, problem);
                self.report.count_rejected_row();
            }
        })?;
        let progress = progress(bound.iter().map(|(table, _)| table.size_bytes).sum());
        let mut finished_bytes = 0;
        for (mut table, rules) in bound {
            self.read_table(&mut table, &rules, &lookups, &progress, finished_bytes)?;
            finished_bytes += table.position_bytes();
        }
        progress.finish_and_clear();
        Ok(())
    }

    fn read_table(
        &mut self,
        table: &mut Table,
        rules: &[Rule],
        lookups: &Lookups,
        progress: &ProgressBar,
        finished_bytes: u64,
    ) -> anyhow::Result<()> {
        let source = u32::try_from(self.files.len())?;
        self.files.push(table.head.file.clone());
        let mut raw = RawRow::default();
        let mut rows = 0;
        while table.next(&mut raw)? {
            rows += 1;
            if rows % ROWS_PER_TICK == 0 {
                progress.set_position(finished_bytes + table.position_bytes());
            }
            if let Err(problem) = raw.check(&table.head) {
                self.report.count_problem(&table.head, raw.number, problem);
                self.report.count_rejected_row();
                continue;
            }
            let row = Row { head: &table.head, raw: &raw, lookups };
            let mut rejected = false;
            for rule in rules {
                if let Err(problem) = self.apply(rule, &row, Origin { source, row: raw.number })? {
                    self.report.count_problem(&table.head, raw.number, problem);
                    rejected = true;
                }
            }
            if rejected {
                self.report.count_rejected_row();
            }
        }
        self.report.count_rows(&table.head.file, rows);
        Ok(())
    }

    /// Applies a rule to a row; the outer error ends the import, the inner one rejects the row.
    fn apply(&mut self, rule: &Rule, row: &Row<'_>, origin: Origin) -> anyhow::Result<Result<(), Problem>> {
        let records = match rule.records(row, &mut self.report.notes) {
            Ok(Some(records)) => records,
            Ok(None) => {
                self.report.count_left_out(rule.path());
                return Ok(Ok(()));
            }
            Err(problem) => return Ok(Err(problem)),
        };
        match self.spool.keep(&records, origin)? {
            Kept::All { fresh, repeated } => {
                self.report.count_records(fresh, repeated);
                Ok(Ok(()))
            }
            Kept::Conflict { identity, earlier } => {
                let file = self.files.get(earlier.source as usize).map_or("", String::as_str);
                Ok(Err(Problem {
                    kind: ProblemKind::Conflict,
                    field: rule.path().to_owned(),
                    columns: Vec::new(),
                    detail: format!(
                        "found {identity}, which {file} row {} gave with other content; expected one content for each \
                         key: are the columns that make it the right ones?",
                        earlier.row
                    ),
                }))
            }
        }
    }
}

/// A bar on standard error where that is a terminal, over bytes where the sizes of all tables are known.
fn progress(size_bytes: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    let bar = ProgressBar::with_draw_target(size_bytes, ProgressDrawTarget::stderr());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
