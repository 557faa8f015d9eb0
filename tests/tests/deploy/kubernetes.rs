//! The manifests: their schemas, that they name each other rightly, and that the pod may do little.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use tallyboard_end_to_end::{in_workspace, python, require};

use super::{check, configuration, documents, read, texts};

const FOLDER: &str = "deploy/kubernetes";

fn manifests() -> Vec<String> {
    let files = fs::read_dir(in_workspace(FOLDER)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".yml")).map(|name| format!("{FOLDER}/{name}")).collect()
}

fn all() -> anyhow::Result<Vec<Value>> {
    let files = manifests();
    documents(&files.iter().map(String::as_str).collect::<Vec<_>>())
}

fn of_kind<'d>(documents: &'d [Value], kind: &str) -> Vec<&'d Value> {
    documents.iter().filter(|document| document["kind"] == kind).collect()
}

#[test]
fn they_are_what_kubernetes_and_the_operator_read() {
    let files = manifests();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let Some(found) = require("kubernetes: schemas", || check("kubernetes", &files)) else { return };
    assert!(found.status.success(), "{}", found.stderr);
    assert_eq!(found.stdout.trim(), format!("{} files", files.len()));
}

#[test]
fn the_rules_are_those_of_prometheus() {
    const TEST: &str = "kubernetes: the rules";
    let written = || python("deploy/kubernetes/rules.py", &["--check"]);
    let Some(found) = require(TEST, written) else { return };
    assert!(found.status.success(), "{}", found.stderr);
    let both = || {
        let files = ["judged.rules", "business.alerts", "service.alerts"]
            .map(|file| format!("deploy/prometheus/rules/{file}.yml"));
        Ok((documents(&files.each_ref().map(String::as_str))?, documents(&["deploy/kubernetes/rules.yml"])?))
    };
    let Some((files, resource)) = require(TEST, both) else { return };
    let groups = files.iter().flat_map(|file| file["groups"].as_array().unwrap());
    assert_eq!(resource[0]["spec"]["groups"], groups.cloned().collect::<Value>());
}

#[test]
fn they_belong_together() {
    let Some(all) = require("kubernetes: names and selectors", all) else { return };
    let kustomization = of_kind(&all, "Kustomization")[0];
    let listed: BTreeSet<String> =
        texts(&kustomization["resources"]).iter().map(|name| format!("{FOLDER}/{name}")).collect();
    let mut there: BTreeSet<String> = manifests().into_iter().collect();
    there.remove(&format!("{FOLDER}/kustomization.yml"));
    assert_eq!(listed, there);

    let set = of_kind(&all, "StatefulSet")[0];
    let template = &set["spec"]["template"];
    let labels = &template["metadata"]["labels"];
    let chosen = |selector: &Value, labels: &Value| {
        let pairs = selector.as_object().unwrap();
        !pairs.is_empty() && pairs.iter().all(|(name, value)| labels[name] == *value)
    };
    let container = &template["spec"]["containers"][0];
    let port = &container["ports"][0];
    let services = of_kind(&all, "Service");
    assert_eq!(services.len(), 2);
    for service in &services {
        assert!(chosen(&service["spec"]["selector"], labels), "{service}");
        assert_eq!(service["spec"]["ports"][0]["targetPort"], port["name"]);
    }
    let headless: Vec<_> = services.iter().filter(|service| service["spec"]["clusterIP"] == "None").collect();
    assert_eq!(headless.len(), 1);
    assert_eq!(set["spec"]["serviceName"], headless[0]["metadata"]["name"]);
    for (kind, place) in [
        ("StatefulSet", "/spec/selector/matchLabels"),
        ("PodDisruptionBudget", "/spec/selector/matchLabels"),
        ("NetworkPolicy", "/spec/podSelector/matchLabels"),
    ] {
        assert!(chosen(of_kind(&all, kind)[0].pointer(place).unwrap(), labels), "{kind}");
    }
    let monitor = &of_kind(&all, "ServiceMonitor")[0]["spec"];
    let scraped =
        services.iter().filter(|one| chosen(&monitor["selector"]["matchLabels"], &one["metadata"]["labels"]));
    assert_eq!(scraped.count(), 1, "the pod is scraped once");
    assert_eq!(monitor["endpoints"][0]["port"], headless[0]["spec"]["ports"][0]["name"]);
    // The rules ask for this job.
    assert_eq!(headless[0]["metadata"]["labels"][monitor["jobLabel"].as_str().unwrap()], "tallyboard");
    let allowed = &of_kind(&all, "NetworkPolicy")[0]["spec"]["ingress"];
    assert_eq!(allowed[0]["ports"][0]["port"], port["containerPort"]);

    let generated = &kustomization["configMapGenerator"][0];
    let volume = &template["spec"]["volumes"][0];
    assert_eq!(volume["configMap"]["name"], generated["name"]);
    let claim = &set["spec"]["volumeClaimTemplates"][0]["metadata"]["name"];
    let mounted: Vec<&Value> =
        container["volumeMounts"].as_array().unwrap().iter().map(|mount| &mount["name"]).collect();
    assert_eq!(mounted, [&volume["name"], claim]);
    assert_eq!(kustomization["images"][0]["name"], container["image"]);
}

#[test]
fn there_is_one_pod_that_may_do_little() {
    let Some(all) = require("kubernetes: the pod", all) else { return };
    let set = of_kind(&all, "StatefulSet")[0];
    assert_eq!(set["spec"]["replicas"], 1, "instances do not share their numbers");
    let pod = &set["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(pod["automountServiceAccountToken"], false);
    // What the namespace enforces: the profile `restricted`.
    let namespace = of_kind(&all, "Namespace")[0];
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(
        container["securityContext"],
        json!({
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] },
        })
    );
    let user =
        format!("USER {}:{}\n", pod["securityContext"]["runAsUser"], pod["securityContext"]["fsGroup"]);
    assert!(read("deploy/Dockerfile").contains(&user), "the image has another user");
    for (probe, path) in
        [("readinessProbe", "/readyz"), ("startupProbe", "/healthz"), ("livenessProbe", "/healthz")]
    {
        assert_eq!(container[probe]["httpGet"], json!({ "path": path, "port": "http" }), "{probe}");
    }
    assert!(container["resources"]["limits"]["memory"].is_string());
}

#[test]
fn the_configuration_and_every_variable_are_valid() {
    let ask = || {
        let all = all()?;
        let container = &of_kind(&all, "StatefulSet")[0]["spec"]["template"]["spec"]["containers"][0];
        let mut variables: Vec<(String, String)> = Vec::new();
        for variable in container["env"].as_array().unwrap() {
            let text = |key: &str| variable[key].as_str().unwrap().to_owned();
            variables.push((text("name"), text("value")));
        }
        assert_eq!(variables.len(), 3, "{variables:?}");
        // Those of the Secret stand in a comment.
        let text = read("deploy/kubernetes/statefulset.yml");
        let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || "_…".contains(letter)));
        let secrets = words.filter(|word| {
            word.starts_with("TALLYBOARD__") && !variables.iter().any(|(name, _)| name == word)
        });
        let secrets: Vec<String> = secrets.map(|word| word.replace('…', "SESSION_TIMEOUT_MS")).collect();
        assert_eq!(secrets.len(), 5, "{secrets:?}");
        let with_secrets = secrets.into_iter().map(|name| (name, "10000".to_owned()));
        let with_secrets: Vec<_> = variables.iter().cloned().chain(with_secrets).collect();
        configuration("deploy/kubernetes/tallyboard.toml", &with_secrets)?;
        configuration("deploy/kubernetes/tallyboard.toml", &variables)
    };
    let Some(printed) = require("kubernetes: Tallyboard's keys", ask) else { return };
    assert!(printed.contains(r#"listen = "0.0.0.0:8080""#), "{printed}");
}
