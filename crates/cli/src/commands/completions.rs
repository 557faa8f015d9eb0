//! `tallyboard completions`: completion scripts for shells.

use clap::Args;
use clap_complete::Shell;

use crate::exit::Failure;
use crate::show;

/// Prints a script that completes tallyboard's commands and options in a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tallyboard completions bash > /etc/bash_completion.d/tallyboard
  tallyboard completions zsh > ~/.zfunc/_tallyboard
  tallyboard completions fish > ~/.config/fish/completions/tallyboard.fish")]
pub(crate) struct CompletionsArguments {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(arguments: &CompletionsArguments, command: &mut clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "tallyboard", &mut script);
    Ok(show(&String::from_utf8_lossy(&script))?)
}
