//! Where the harness finds and leaves its files.

use std::path::{Path, PathBuf};

use crate::not_run::Missing;

/// A file or folder of the workspace, by its path from the workspace's root.
pub fn in_workspace(path: &str) -> PathBuf {
    workspace().join(path)
}

/// A folder of the data with known answers, which lies beside the workspace and does not belong to it.
///
/// # Errors
///
/// [`Missing`] if it is not there.
pub fn shared_data(folder: &str) -> anyhow::Result<PathBuf> {
    let path = workspace().join("../shared/data").join(folder);
    if path.is_dir() {
        return Ok(path);
    }
    Err(Missing::new(format!("there is no data at {}", path.display())).into())
}

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Fetched servers: `TALLYBOARD_SERVERS` (relative to the workspace), or `.servers` in the workspace.
pub(crate) fn servers() -> PathBuf {
    let named = std::env::var_os("TALLYBOARD_SERVERS").filter(|folder| !folder.is_empty());
    workspace().join(named.unwrap_or_else(|| ".servers".into()))
}

/// One line for each test that did not run.
pub(crate) fn not_run_list() -> PathBuf {
    workspace().join("target/not-run.txt")
}

/// Packages that a Python script or tool of the workspace needs, by the folder of their list.
pub(crate) fn python_environments() -> PathBuf {
    workspace().join("target/python-environments")
}

/// Logs of servers, kept after the tests.
pub(crate) fn logs() -> PathBuf {
    workspace().join("target/end-to-end")
}

/// The folder into which cargo put the workspace's binaries: the one above `deps`, where tests lie.
fn binaries() -> std::io::Result<PathBuf> {
    let mut folder = std::env::current_exe()?;
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    Ok(folder)
}

/// The binary `tallyboard` that cargo built beside the running test.
pub(crate) fn tallyboard() -> anyhow::Result<PathBuf> {
    let binary = binaries()?.join("tallyboard");
    if binary.is_file() {
        return Ok(binary);
    }
    let reason = format!("{} is not built; run: cargo build -p tallyboard-cli", binary.display());
    Err(Missing::new(reason).into())
}

/// The name of the running test binary without cargo's hash.
pub(crate) fn test_binary() -> String {
    let stem = std::env::current_exe()
        .ok()
        .and_then(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "test".to_owned());
    stem.rsplit_once('-').map(|(name, _)| name.to_owned()).unwrap_or(stem)
}
