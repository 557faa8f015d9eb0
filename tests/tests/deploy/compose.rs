//! The compose file: its schema, what it mounts is there, its services are held back, and their configuration is valid.

use std::fs;

use serde_json::Value;
use tallyboard_end_to_end::{Kafka, Registry, in_workspace, promtool, require, tallyboard_with};

use super::{check, configuration, documents, read, texts};

const FOLDER: &str = "deploy/compose";
const FILE: &str = "deploy/compose/compose.yml";

fn services(file: &Value) -> impl Iterator<Item = (&String, &Value)> {
    file["services"].as_object().unwrap().iter()
}

/// The environment variables of a service that are Tallyboard's.
fn variables(service: &Value) -> Vec<(String, String)> {
    let environment = service["environment"].as_object().unwrap();
    environment.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

#[test]
fn it_is_what_the_specification_allows() {
    let Some(found) = require("compose: the specification's schema", || check("compose", &[FILE])) else {
        return;
    };
    assert!(found.status.success(), "{}", found.stderr);
}

#[test]
fn what_is_mounted_is_there_and_services_are_held_back() {
    let Some(found) = require("compose: mounts and limits", || documents(&[FILE])) else { return };
    let file = &found[0];
    assert_eq!(services(file).count(), 7);
    for (name, service) in services(file) {
        for volume in texts(&service["volumes"]) {
            let (source, target) = volume.split_once(':').unwrap();
            if source.starts_with('.') {
                assert!(in_workspace(FOLDER).join(source).exists(), "{name} mounts {source}");
                assert!(target.ends_with(":ro"), "{name} may write to {source}");
            } else {
                assert!(file["volumes"].get(source).is_some(), "{name}: the volume {source} is not declared");
            }
        }
        for (other, depends) in service["depends_on"].as_object().into_iter().flatten() {
            let is_checked = file["services"][other]["healthcheck"]["test"].is_array();
            let waits = depends["condition"] == "service_healthy";
            assert!(is_checked || !waits, "{name} waits for the health of {other}");
        }
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name} is open to the network at {port}");
        }
        let tag = service["image"].as_str().unwrap().rsplit_once(':').map(|(_, tag)| tag);
        assert!(tag.is_some_and(|tag| tag.contains('.')), "{name}: the image has no version");
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        assert_eq!(texts(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
        for limit in ["cpus", "memory"] {
            assert!(
                service["deploy"]["resources"]["limits"][limit].is_string(),
                "{name} has no limit of {limit}"
            );
        }
        assert!(service["healthcheck"]["test"].is_array() || name == "topics", "{name} has no check");
    }
}

#[test]
fn the_services_have_configurations_that_are_valid() {
    let keys = || {
        let file = &documents(&[FILE])?[0];
        let printed = configuration("deploy/tallyboard.toml", &variables(&file["services"]["tallyboard"]))?;
        let loading = configuration("deploy/tallyboard.toml", &variables(&file["services"]["topics"]))?;
        Ok([printed, loading])
    };
    let Some([printed, loading]) = require("compose: Tallyboard's keys", keys) else { return };
    for (text, expected) in [
        (&printed, r#"bootstrap_servers = "kafka:19092""#),
        (&printed, r#"listen = "0.0.0.0:8080""#),
        (&printed, r#"objectives = ["all"]"#),
        (&loading, r#"bootstrap_servers = "kafka:19092""#),
    ] {
        assert!(text.contains(expected), "{text}");
    }

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("prometheus.yml"), read("deploy/compose/prometheus.yml")).unwrap();
    std::os::unix::fs::symlink(in_workspace("deploy/prometheus/rules"), folder.path().join("rules")).unwrap();
    let asked = || promtool(folder.path(), &["check", "config", "prometheus.yml"]);
    let Some(found) = require("compose: promtool reads the configuration", asked) else { return };
    let found = found.success().unwrap();
    assert!(found.contains("3 rule files found"), "{found}");
}

/// The files for containers differ from those for one host in addresses alone.
#[test]
fn only_addresses_differ() {
    for (here, there) in [
        ("prometheus.yml", "deploy/prometheus/prometheus.yml"),
        ("grafana-datasource.yml", "deploy/grafana/provisioning/datasources/tallyboard.yml"),
    ] {
        let without_comments = |text: String| -> String {
            text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
        };
        let mut text = without_comments(read(&format!("{FOLDER}/{here}")));
        for (name, port) in [("tallyboard", 8080), ("alertmanager", 9093), ("prometheus", 9090)] {
            text = text.replace(&format!("{name}:{port}"), &format!("127.0.0.1:{port}"));
        }
        assert_eq!(text, without_comments(read(there)), "{here}");
    }
}

/// The step that creates the topics, against a real Kafka and a real registry.
#[test]
fn topics_are_created_by_loading_nothing() {
    const TEST: &str = "compose: the topics are created";
    let load = || {
        let (kafka, registry) = (Kafka::shared()?, Registry::shared()?);
        let file = &documents(&[FILE])?[0];
        let service = &file["services"]["topics"];
        let mut variables = variables(service);
        for (name, value) in &mut variables {
            match name.as_str() {
                "TALLYBOARD_CONFIG" => *value = in_workspace("deploy/tallyboard.toml").display().to_string(),
                "TALLYBOARD__KAFKA__BOOTSTRAP_SERVERS" => *value = kafka.bootstrap(),
                "TALLYBOARD__REGISTRY__URLS" => *value = format!("[\"{}\"]", registry.url()),
                _ => {}
            }
        }
        let arguments = texts(&service["command"]);
        // Twice, as after a restart of all.
        let first = tallyboard_with(&arguments, &variables)?;
        Ok([first, tallyboard_with(&arguments, &variables)?])
    };
    let Some([first, again]) = require(TEST, load) else { return };
    for found in [first, again] {
        assert!(found.status.success(), "{}", found.stderr);
    }
}
