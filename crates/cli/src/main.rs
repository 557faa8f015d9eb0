//! The binary `tallyboard`: the command line, and the wiring of rooms into a service.

mod balance;
mod cases;
mod commands;
mod exit;
mod explanation;
mod files;
mod import;
mod leaderboard;
mod logging;
mod moment;
mod offline;
mod remote;
mod settings;
mod wiring;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::exit::{EXIT_CODES, Failure};
use crate::logging::{LogFormat, start_logging};
use crate::settings::Settings;

/// Real-time sales tracking: activity and deal-stage events from Kafka, live KPIs as Prometheus metrics and over HTTP.
#[derive(Debug, Parser)]
#[command(name = "tallyboard", version, after_help = EXIT_CODES, propagate_version = true)]
struct Arguments {
    /// The configuration file; without it, tallyboard.toml in the working folder if it is there.
    ///
    /// Every key can also be set by an environment variable, TALLYBOARD__SECTION__KEY, for example
    /// TALLYBOARD__KAFKA__BOOTSTRAP_SERVERS=kafka:9092. Texts are taken as they are, lists and tables are written as in the
    /// file. In the names of Kafka's properties an underscore stands for a dot:
    /// TALLYBOARD__KAFKA__PROPERTIES__SESSION_TIMEOUT_MS=10000.
    #[arg(long, short, global = true, value_name = "FILE", env = "TALLYBOARD_CONFIG")]
    config: Option<PathBuf>,
    /// What is logged: error, warn, info, debug, trace, or directives such as tallyboard_runtime=debug.
    #[arg(long, global = true, value_name = "FILTER", env = "TALLYBOARD_LOG")]
    log: Option<String>,
    /// How log lines are written to standard error.
    #[arg(long, global = true, value_enum, default_value_t)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(commands::init::InitArguments),
    Serve(commands::serve::ServeArguments),
    Demo(commands::demo::DemoArguments),
    Report(commands::report::ReportArguments),
    Explain(commands::explain::ExplainArguments),
    Health(commands::health::HealthArguments),
    VerifyCases(commands::verify_cases::VerifyCasesArguments),
    Load(commands::load::LoadArguments),
    Import(import::Arguments),
    CheckConfig(commands::check_config::CheckConfigArguments),
    Kpis(commands::kpis::KpisArguments),
    Openapi(commands::openapi::OpenapiArguments),
    Completions(commands::completions::CompletionsArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let quiet = matches!(arguments.command, Command::Demo(_));
    start_logging(arguments.log.as_deref(), if quiet { "error" } else { "info" }, arguments.log_format);
    let settings = || Settings::load(arguments.config.as_deref()).map_err(Failure::Configuration);
    let result = match arguments.command {
        Command::Init(init) => commands::init::run(&init),
        Command::Serve(serve) => settings().and_then(|settings| commands::serve::run(&serve, &settings)),
        Command::Demo(demo) => commands::demo::run(&demo),
        Command::Report(report) => settings().and_then(|settings| commands::report::run(&report, &settings)),
        Command::Explain(explain) => commands::explain::run(&explain, settings),
        Command::Health(health) => commands::health::run(&health),
        Command::VerifyCases(verify) => commands::verify_cases::run(&verify),
        Command::Load(load) => settings().and_then(|settings| commands::load::run(&load, &settings)),
        Command::Import(import) => commands::import::run(&import),
        Command::CheckConfig(check) => {
            settings().and_then(|settings| commands::check_config::run(&check, &settings))
        }
        Command::Kpis(kpis) => commands::kpis::run(&kpis),
        Command::Openapi(_) => settings().and_then(|settings| commands::openapi::run(&settings)),
        Command::Completions(completions) => {
            commands::completions::run(&completions, &mut Arguments::command())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("tallyboard: {failure}"));
            failure.code()
        }
    }
}

/// A line for the person at the terminal; on standard error, so that standard output is only ever the result.
#[expect(clippy::print_stderr, reason = "this is where the command line speaks")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
}

/// A document as the result of a command.
fn show_json(document: &serde_json::Value) -> anyhow::Result<()> {
    show(&(serde_json::to_string_pretty(document)? + "\n"))
}

/// The result of a command. A reader that went away (`| head`) is no failure.
fn show(text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}
