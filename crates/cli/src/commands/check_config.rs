//! `tallyboard check-config`: is the configuration right, and what is it with every default?

use std::path::PathBuf;

use clap::Args;

use crate::commands::kpis;
use crate::exit::Failure;
use crate::files::write_new;
use crate::settings::Settings;
use crate::{say, show};

/// Checks the configuration and prints it with every key, as TOML.
///
/// Nothing is connected to. What is printed is a configuration file that gives the same settings; keys without a value are
/// comments, and so are passwords, which are never shown. Without a configuration file, the defaults alone are printed;
/// `tallyboard init` writes a file to start from. Which KPIs are exported as metrics, and why, is told on standard error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard check-config                                   all defaults, or ./tallyboard.toml
  tallyboard check-config --output tallyboard.toml          the same, into a file
  tallyboard check-config --config /etc/tallyboard.toml --quiet && systemctl restart tallyboard
  TALLYBOARD__SERVE__LISTEN=0.0.0.0:80 tallyboard check-config")]
pub(crate) struct CheckConfigArguments {
    /// Print nothing if all is well.
    #[arg(long, short)]
    quiet: bool,
    /// Write a file instead of printing; one that is there already is left alone.
    #[arg(long, short, value_name = "FILE", conflicts_with = "quiet")]
    output: Option<PathBuf>,
    /// Write the file even if it is there already. Comments and passwords in it are lost.
    #[arg(long, requires = "output")]
    force: bool,
}

pub(crate) fn run(arguments: &CheckConfigArguments, settings: &Settings) -> Result<(), Failure> {
    if arguments.quiet {
        return Ok(());
    }
    let text = settings.text()?;
    match &arguments.output {
        Some(file) => {
            write_new(file, &text, arguments.force)?;
            say(&format!("written to {}", file.display()));
        }
        None => show(&text)?,
    }
    say(&kpis::in_words(&settings.choice()?));
    Ok(())
}
