//! Where the harness finds and leaves its files.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Fetched servers: `TALLYBOARD_SERVERS`, or `.servers` in the workspace.
pub(crate) fn servers() -> PathBuf {
    std::env::var_os("TALLYBOARD_SERVERS").map_or_else(|| workspace().join(".servers"), PathBuf::from)
}

/// One line for each test that did not run.
pub(crate) fn not_run_list() -> PathBuf {
    workspace().join("target/not-run.txt")
}

/// Logs of servers, kept after the tests.
pub(crate) fn logs() -> PathBuf {
    workspace().join("target/end-to-end")
}

/// The folder into which cargo put the workspace's binaries: the one above `deps`, where tests lie.
pub(crate) fn binaries() -> std::io::Result<PathBuf> {
    let mut folder = std::env::current_exe()?;
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    Ok(folder)
}

/// The name of the running test binary without cargo's hash.
pub(crate) fn test_binary() -> String {
    let stem = std::env::current_exe()
        .ok()
        .and_then(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "test".to_owned());
    stem.rsplit_once('-').map(|(name, _)| name.to_owned()).unwrap_or(stem)
}
