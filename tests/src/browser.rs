//! A real browser, driven by node: chromium of the system, and two packages that npm fetches once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use crate::not_run::Missing;
use crate::paths;
use crate::process::{self, GuardedProcess};
use crate::program::in_path;
use crate::wait;

/// Fetched into `target`: the repository has no dependencies of its own from npm.
const PACKAGES: [&str; 2] = ["playwright-core@1.65.1", "axe-core@4.14.1"];
const FETCH_BOUND: Duration = Duration::from_secs(180);
const CHECKS_BOUND: Duration = Duration::from_secs(900);

/// What is needed to look at a page.
#[derive(Debug)]
pub struct Browser {
    node: PathBuf,
    chromium: PathBuf,
    modules: PathBuf,
}

impl Browser {
    /// Finds node and chromium, and fetches what drives them.
    ///
    /// # Errors
    ///
    /// [`Missing`] if one of them is not installed or the packages cannot be fetched.
    pub fn find() -> anyhow::Result<Browser> {
        let find = |names: &[&str], package: &str| {
            names.iter().find_map(|name| in_path(name)).ok_or_else(|| {
                Missing::new(format!("{} is not installed; run: apt-get install -y {package}", names[0]))
            })
        };
        let node = find(&["node"], "nodejs npm")?;
        let npm = find(&["npm"], "nodejs npm")?;
        let chromium = find(&["chromium", "chromium-browser", "google-chrome"], "chromium")?;
        let modules = paths::in_workspace("target/browser");
        let targets = paths::workspace().join("target");
        let _fetching = wait::alone(&targets.join("browser.lock"), FETCH_BOUND)?;
        if !PACKAGES.iter().all(|package| is_there(&modules, package)) {
            fs::create_dir_all(&modules).with_context(|| format!("could not make {}", modules.display()))?;
            let mut command = Command::new(npm);
            command.arg("install").arg("--prefix").arg(&modules).args([
                "--no-save",
                "--no-audit",
                "--no-fund",
            ]);
            command.args(PACKAGES);
            process::run("npm", &command, FETCH_BOUND)
                .map_err(|error| Missing::new(format!("npm could not fetch {PACKAGES:?}: {error:#}")))?;
        }
        Ok(Browser { node, chromium, modules })
    }

    /// Does the checks of `tests/browser` with the page at an address; screenshots go to `target/end-to-end/screenshots`.
    ///
    /// # Errors
    ///
    /// If a check fails, with what it says.
    pub fn check(&self, page: &str) -> anyhow::Result<()> {
        process::run("browser", &self.command("run", page), CHECKS_BOUND)
    }

    /// Starts another script of `tests/browser` with the page at an address. What it says is in its log.
    ///
    /// # Errors
    ///
    /// As [`GuardedProcess::spawn`].
    pub fn start(&self, script: &str, page: &str, arguments: &[&str]) -> anyhow::Result<GuardedProcess> {
        GuardedProcess::spawn(&format!("browser-{script}"), self.command(script, page).args(arguments), None)
    }

    fn command(&self, script: &str, page: &str) -> Command {
        let mut command = Command::new(&self.node);
        command.arg(paths::in_workspace(&format!("tests/browser/{script}.mjs")));
        command.env("PAGE", page).env("BROWSER", &self.chromium).env("MODULES", &self.modules);
        command.env("SCREENSHOTS", paths::logs().join("screenshots"));
        command
    }
}

/// Whether the very version of a package was fetched.
fn is_there(modules: &Path, package: &str) -> bool {
    let (name, version) = package.split_once('@').unwrap_or((package, ""));
    let description = modules.join("node_modules").join(name).join("package.json");
    fs::read_to_string(description).is_ok_and(|text| {
        serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|found| found["version"] == version)
    })
}
