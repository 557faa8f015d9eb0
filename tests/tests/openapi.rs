//! The description of the API, held against the real binary by Schemathesis: requests that follow it and requests that break
//! it, and whether each answer is one that it describes.

use std::fs;

use serde_json::Value;
use tallyboard_end_to_end::{Service, ServiceOptions, free_ports, require, schemathesis, tallyboard, tell};

/// A stream without an end has no body to wait for. What it sends is tested in `crates/serve/tests/serve/live.rs`.
const ENDLESS: &str = "/api/v1/live";

#[test]
fn answers_are_as_described() {
    const TEST: &str = "openapi: Schemathesis against a running service";
    let start = || {
        // Before the service is started, so that it does not wait for packages.
        schemathesis(&std::env::temp_dir(), &["--version"])?.success()?;
        let [port] = free_ports()?;
        let mut options = ServiceOptions::serve("unused".as_ref(), port);
        let listen = format!("127.0.0.1:{port}");
        options.arguments = ["demo", "--objectives", "all", "--listen", &listen].map(str::to_owned).into();
        Ok((Service::start(&options)?, format!("http://127.0.0.1:{port}")))
    };
    let Some((service, url)) = require(TEST, start) else { return };
    let folder = tempfile::tempdir().unwrap();
    let description = service.get_text("/api/v1/openapi.json").unwrap();
    let paths = serde_json::from_str::<Value>(&description).unwrap()["paths"].as_object().unwrap().len();
    assert!(paths >= 14, "{description}");
    fs::write(folder.path().join("openapi.json"), description).unwrap();

    let arguments = ["run", "openapi.json", "--url", &url, "--exclude-path", ENDLESS];
    let found = schemathesis(folder.path(), &arguments).unwrap();
    assert!(found.status.success(), "{}{}", found.stdout, found.stderr);
    // A tool that asked nothing would have found nothing.
    let tested = format!("Tested: {}\n", paths - 1);
    assert!(found.stdout.contains(&tested), "expected {tested}{}", found.stdout);
    let generated = found.stdout.lines().find(|line| line.contains(" generated, ")).unwrap();
    tell(&format!("openapi: {} of {paths} paths, {}", paths - 1, generated.trim()));
}

#[test]
fn the_command_line_has_the_same_description() {
    const TEST: &str = "openapi: the description that the program prints";
    let Some(printed) = require(TEST, || tallyboard(&["openapi"])?.success()) else { return };
    let document: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/api/v1/kpis"]["get"]["responses"]["200"].is_object(), "{printed}");
}
