//! `tallyboard check-config`: is the configuration right, and what is it with every default?

use std::path::{Path, PathBuf};

use clap::Args;

use crate::exit::Failure;
use crate::settings::Settings;
use crate::{import, say, show};

/// Checks the configuration and prints it with every key, as TOML.
///
/// Nothing is connected to. What is printed is a configuration file that gives the same settings; keys without a value are
/// comments, and so are passwords, which are never shown. Without a configuration file, the defaults alone are printed: a
/// file to start from.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard check-config                                   all defaults, or ./tallyboard.toml
  tallyboard check-config --output tallyboard.toml          a file to start from
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
        Some(file) => write(file, &text, arguments.force)?,
        None => show(&text)?,
    }
    Ok(())
}

fn write(file: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        force || file.symlink_metadata().is_err(),
        "output {} is there already; name another file, or use --force to write over it",
        file.display()
    );
    import::write_whole(file, |output| Ok(output.write_all(text.as_bytes())?))?;
    say(&format!("written to {}", file.display()));
    Ok(())
}
