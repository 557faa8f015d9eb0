//! How the program ends: one code for each kind of end, the same in every command.

use std::process::ExitCode;

/// The text of the codes, for `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  something failed; the message says what
  2  the command line is wrong
  3  the configuration is wrong
  4  some of the input was rejected
  5  the log or the snapshots are not what was folded before: a person has to decide";

/// Why a command did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration.
    #[error("{0:#}")]
    Configuration(anyhow::Error),
    /// Some input was rejected.
    #[error("{0}")]
    Rejected(String),
    /// A person has to decide.
    #[error(transparent)]
    Decide(runtime::ServiceError),
    /// Anything else.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl Failure {
    /// The code that tells of it.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Other(_) => 1,
            Self::Configuration(_) => 3,
            Self::Rejected(_) => 4,
            Self::Decide(_) => 5,
        })
    }
}
