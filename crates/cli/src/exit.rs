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
    /// The command line, in a way that shows only when it is carried out.
    #[error("{0:#}")]
    CommandLine(anyhow::Error),
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
        ExitCode::from(self.number())
    }

    const fn number(&self) -> u8 {
        match self {
            Self::Other(_) => 1,
            Self::CommandLine(_) => 2,
            // A broker may say so long after the start.
            Self::Configuration(_) | Self::Decide(runtime::ServiceError::Configuration(_)) => 3,
            Self::Rejected(_) => 4,
            Self::Decide(_) => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventlog::LogError;
    use runtime::ServiceError;

    #[test]
    fn a_configuration_that_is_wrong_has_one_code_whenever_it_shows() {
        let wrong = LogError::Configuration { option: "kafka.x".to_owned(), problem: "is wrong".to_owned() };
        assert_eq!(Failure::Configuration(wrong.clone().into()).number(), 3);
        assert_eq!(Failure::Decide(ServiceError::Configuration(wrong.clone())).number(), 3);
        let lost = ServiceError::LostLog { source: wrong, because: None };
        assert_eq!(Failure::Decide(lost).number(), 5);
    }
}
