//! Fetches a server once and keeps it under `.servers`.
//!
//! What is fetched is written in a `pom.xml` under `tests/servers`. The folder's name carries a digest of that file, so
//! a changed version is fetched anew, and the folder appears by one rename: it is whole or not there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use super::java;
use crate::not_run::Missing;
use crate::{paths, process, wait};

/// For a fetch over a slow line; ours takes about ten seconds.
const FETCH_BOUND: Duration = Duration::from_secs(600);

/// One server that Maven can fetch.
pub(super) struct Distribution {
    pub(super) name: &'static str,
    pub(super) pom: &'static str,
    pub(super) contents: Contents,
}

/// What the pom names.
pub(super) enum Contents {
    /// Dependencies, copied side by side.
    Libraries,
    /// One archive, unpacked.
    Archive,
}

impl Distribution {
    /// The folder with the server, fetched if it is not there.
    ///
    /// `record_classes` is called once, after the fetch, to start and stop the server with [`java::Classes::Record`].
    pub(super) fn folder(
        &self,
        record_classes: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let servers = paths::servers();
        let folder = servers.join(format!("{}-{:016x}", self.name, digest(self.pom.as_bytes())));
        if folder.is_dir() {
            return Ok(folder);
        }
        // Before anything is made, so that a machine without Java says just that.
        let maven = java::maven()?;
        fs::create_dir_all(&servers).with_context(|| format!("could not make {}", servers.display()))?;
        let _lock = wait::alone(&servers.join(format!("{}.lock", self.name)), FETCH_BOUND)?;
        if !folder.is_dir() {
            self.fetch(maven, &servers, &folder)?;
            // Without the archive a start is slower, no more. A server that cannot start will say so to the test.
            drop(record_classes(&folder));
        }
        Ok(folder)
    }

    fn fetch(&self, mut maven: Command, servers: &Path, folder: &Path) -> anyhow::Result<()> {
        let workshop = tempfile::Builder::new().prefix("fetching-").tempdir_in(servers)?;
        let pom = workshop.path().join("pom.xml");
        fs::write(&pom, self.pom)?;
        let fetched = workshop.path().join("server");
        fs::create_dir(&fetched)?;
        maven.arg("-f").arg(&pom);
        let archive = workshop.path().join("archive.tar.gz");
        match self.contents {
            Contents::Libraries => {
                maven.arg("dependency:copy-dependencies");
                maven.arg(format!("-DoutputDirectory={}", fetched.display()));
            }
            Contents::Archive => {
                maven.arg("dependency:get").arg(format!("-Ddest={}", archive.display()));
            }
        }
        let name = format!("fetch-{}", self.name);
        process::run(&name, &maven, FETCH_BOUND)
            .map_err(|error| Missing::new(format!("{} could not be fetched: {error:#}", self.name)))?;
        if matches!(self.contents, Contents::Archive) {
            let mut unpack = Command::new("tar");
            unpack.arg("-xzf").arg(&archive).arg("-C").arg(&fetched);
            process::run(&format!("unpack-{}", self.name), &unpack, FETCH_BOUND)?;
        }
        fs::rename(&fetched, folder).with_context(|| format!("could not make {}", folder.display()))
    }
}

/// FNV-1a: a name for a text, the same on every machine and in every release of Rust.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
