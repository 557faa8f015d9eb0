//! `tallyboard import`: see [`crate::import`].

use crate::exit::Failure;
use crate::import::{self, Arguments};

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let report = import::run(arguments, &mut std::io::stdout().lock())?;
    crate::say(report.to_string().trim_end());
    let rejected = report.rejected_rows();
    if rejected > 0 && !arguments.skip_invalid {
        return Err(Failure::Rejected(format!("{rejected} rows were rejected")));
    }
    Ok(())
}
