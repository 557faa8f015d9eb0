//! The unit: systemd reads it, finds it little exposed, and does not start again what only a person can mend.

use std::fs;

use tallyboard_end_to_end::{Finished, require, systemd_analyze, tallyboard_with};

use super::{configuration, read};

const UNIT: &str = "deploy/systemd/tallyboard.service";
/// Tenths, as systemd counts: 0 is a service that can do nothing, 100 one that can do everything.
const EXPOSURE_MAX: u32 = 15;

/// The unit with a program that is there.
fn unit(folder: &tempfile::TempDir) -> String {
    let program = folder.path().join("tallyboard");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let text = read(UNIT);
    assert!(text.contains("ExecStart=/usr/local/bin/tallyboard serve\n"));
    let path = folder.path().join("tallyboard.service");
    fs::write(&path, text.replace("/usr/local/bin/tallyboard", &program.display().to_string())).unwrap();
    path.display().to_string()
}

fn values(key: &str) -> Vec<String> {
    let text = read(UNIT);
    text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned).collect()
}

#[test]
fn systemd_reads_it_and_finds_it_little_exposed() {
    let folder = tempfile::tempdir().unwrap();
    let path = unit(&folder);
    let ask = || -> anyhow::Result<(Finished, Finished)> {
        let threshold = format!("--threshold={EXPOSURE_MAX}");
        Ok((
            systemd_analyze(&["verify", "--man=no", &path])?,
            systemd_analyze(&["security", "--offline=true", "--no-pager", &threshold, &path])?,
        ))
    };
    let Some((verified, security)) = require("the unit: systemd-analyze", ask) else { return };
    // It also warns of what it ignores, and ends well all the same.
    assert!(verified.status.success() && verified.stderr.is_empty(), "{}", verified.stderr);
    assert!(security.status.success(), "{}{}", security.stdout, security.stderr);
}

#[test]
fn it_is_not_started_again_where_only_a_person_can_help() {
    assert_eq!(values("Restart"), ["on-failure"]);
    assert_eq!(values("RestartPreventExitStatus"), ["2 3 5"]);
    let Some(help) = require("the unit: exit codes", || tallyboard_with(&["--help"], &[])?.success()) else {
        return;
    };
    for code in [
        "2  the command line is wrong",
        "3  the configuration is wrong",
        "5  the log or the snapshots are not",
    ] {
        assert!(help.contains(code), "{help}");
    }
    let variables: Vec<(String, String)> = values("Environment")
        .iter()
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let stores = variables.iter().filter(|(_, value)| value.starts_with("/var/lib/tallyboard/"));
    assert_eq!((stores.count(), values("StateDirectory")), (1, vec!["tallyboard".to_owned()]));
    require("the unit: its keys", || configuration("deploy/tallyboard.toml", &variables));
}
