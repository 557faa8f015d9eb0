//! `tallyboard check-config`: is the configuration right, and what is it with every default?

use anyhow::Context as _;
use clap::Args;

use crate::exit::Failure;
use crate::settings::Settings;
use crate::show;

/// Checks the configuration and prints it with every default, as TOML.
///
/// Nothing is connected to. Passwords are not shown. Without a configuration file, the defaults alone are printed: a
/// file to start from.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard check-config                                   all defaults, or ./tallyboard.toml
  tallyboard check-config --config /etc/tallyboard.toml --quiet && systemctl restart tallyboard
  TALLYBOARD__SERVE__LISTEN=0.0.0.0:80 tallyboard check-config")]
pub(crate) struct CheckConfigArguments {
    /// Print nothing if all is well.
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(arguments: &CheckConfigArguments, settings: &Settings) -> Result<(), Failure> {
    if !arguments.quiet {
        let text = toml::to_string_pretty(settings).context("the configuration cannot be printed")?;
        show(&text)?;
    }
    Ok(())
}
