//! Files of JSON lines, read line by line within bounds; and files that are not written over.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::exit::Failure;

/// A line is at most as long as a value that is decoded; what is longer is cut and will not decode.
const LINE_BYTES_MAX: u64 = codec::MAX_VALUE_BYTES as u64 + 2;

/// One file, or standard input for `-`.
pub(crate) struct Lines {
    name: PathBuf,
    input: Box<dyn BufRead>,
    number: u64,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let input: Box<dyn BufRead> = if path == Path::new("-") {
            Box::new(BufReader::new(std::io::stdin()))
        } else {
            let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
            Box::new(BufReader::with_capacity(1 << 18, file))
        };
        Ok(Self { name: path.to_path_buf(), input, number: 0 })
    }

    /// Reads the next line that is not blank into `line`, without its end; its number from 1, none at the end.
    pub(crate) fn next(&mut self, line: &mut Vec<u8>) -> Result<Option<u64>> {
        loop {
            line.clear();
            let read = (&mut self.input).take(LINE_BYTES_MAX).read_until(b'\n', line);
            if read.with_context(|| format!("cannot read {}", self.name.display()))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if line.len() as u64 == LINE_BYTES_MAX && line.last() != Some(&b'\n') {
                self.skip_rest()?;
            }
            while line.last().is_some_and(u8::is_ascii_whitespace) {
                line.pop();
            }
            if !line.is_empty() {
                return Ok(Some(self.number));
            }
        }
    }

    /// How many lines were read so far, blank ones too.
    pub(crate) const fn count(&self) -> u64 {
        self.number
    }

    /// How the place of a line is told.
    pub(crate) fn place(&self, number: u64) -> String {
        format!("{}:{number}", self.name.display())
    }

    fn skip_rest(&mut self) -> Result<()> {
        loop {
            let buffer =
                self.input.fill_buf().with_context(|| format!("cannot read {}", self.name.display()))?;
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let (used, done) = end.map_or((buffer.len(), buffer.is_empty()), |at| (at + 1, true));
            self.input.consume(used);
            if done {
                return Ok(());
            }
        }
    }
}

/// Refuses a file that is there already, unless it may be written over.
pub(crate) fn check_new(file: &Path, force: bool) -> Result<()> {
    anyhow::ensure!(
        force || file.symlink_metadata().is_err(),
        "output {} is there already; name another file, or use --force to write over it",
        file.display()
    );
    Ok(())
}

/// Writes a text into a file, whole or not at all.
pub(crate) fn write_new(file: &Path, text: &str, force: bool) -> Result<()> {
    check_new(file, force)?;
    crate::import::write_whole(file, |output| Ok(output.write_all(text.as_bytes())?))
}

/// Rejected lines: how many by reason, and the first few in words.
#[derive(Debug, Default)]
pub(crate) struct Rejections {
    by_reason: std::collections::BTreeMap<&'static str, u64>,
    told: u64,
    told_max: u64,
}

impl Rejections {
    pub(crate) fn new(told_max: u64) -> Self {
        Self { told_max, ..Self::default() }
    }

    pub(crate) fn add(&mut self, place: &str, reject: &model::Reject) {
        *self.by_reason.entry(reject.reason.name()).or_default() += 1;
        if self.told < self.told_max {
            self.told += 1;
            crate::say(&format!("{place}: {reject}"));
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.by_reason.values().sum()
    }

    /// How a command ends that has read all it could: whether anything was left out.
    pub(crate) fn told(&self) -> Result<(), Failure> {
        self.summary().map_or(Ok(()), |summary| Err(Failure::Rejected(summary)))
    }

    /// All reasons with their counts; none if nothing was rejected.
    pub(crate) fn summary(&self) -> Option<String> {
        let reasons: Vec<String> =
            self.by_reason.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        (!reasons.is_empty()).then(|| format!("{} lines were rejected: {}", self.count(), reasons.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn lines_are_numbered_and_bounded() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let long = "x".repeat(usize::try_from(LINE_BYTES_MAX).unwrap() * 2);
        write!(file, "one\r\n\n  \n{long}\nlast").unwrap();
        let mut lines = Lines::open(file.path()).unwrap();
        let mut line = Vec::new();
        let mut read = Vec::new();
        while let Some(number) = lines.next(&mut line).unwrap() {
            read.push((number, line.len()));
        }
        assert_eq!(lines.count(), 5);
        assert_eq!(read, [(1, 3), (4, usize::try_from(LINE_BYTES_MAX).unwrap()), (5, 4)]);
    }
}
