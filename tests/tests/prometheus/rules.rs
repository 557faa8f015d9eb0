//! The rules of `deploy/prometheus`: Prometheus' own tool reads them and runs their tests, each alert has a firing and a
//! silent case and a page for whoever is on call.

use std::collections::BTreeSet;
use std::fs;

use tallyboard_end_to_end::{Finished, in_workspace, promtool, python_with_packages, require};

const RULES: [&str; 3] = ["judged.rules.yml", "business.alerts.yml", "service.alerts.yml"];
const RUNBOOKS: &str = "https://runbooks.example.com/tallyboard/";

fn read(path: &str) -> String {
    fs::read_to_string(in_workspace(path)).unwrap()
}

/// What stands behind a key, wherever it does.
fn values<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    text.lines()
        .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(key)?.strip_prefix(": "))
        .collect()
}

/// The alerts of a file of rules, each with its text.
fn alerts(text: &str) -> Vec<(&str, &str)> {
    text.split("- alert: ").skip(1).map(|rule| (rule.lines().next().unwrap(), rule)).collect()
}

#[test]
fn rules_are_valid_and_do_what_their_tests_say() {
    const TEST: &str = "Prometheus rules: promtool checks and tests them";
    let folder = in_workspace("deploy/prometheus");
    let run = |arguments: &[&str]| promtool(&folder, arguments);
    let Some(found) = require(TEST, || run(&["check", "config", "prometheus.yml"])) else { return };
    let found = found.success().unwrap();
    let rules: Vec<String> = RULES.iter().map(|file| format!("rules/{file}")).collect();
    for file in &rules {
        assert!(found.contains(file), "prometheus.yml does not load {file}: {found}");
    }
    let mut arguments = vec!["check", "rules", "--lint=all", "--lint-fatal"];
    arguments.extend(rules.iter().map(String::as_str));
    run(&arguments).and_then(Finished::success).unwrap();
    let tests = ["test", "rules", "tests/business.test.yml", "tests/service.test.yml"];
    run(&tests).and_then(Finished::success).unwrap();
}

#[test]
fn the_mixin_has_all_rules_and_dashboards() {
    const TEST: &str = "monitoring mixin: Jsonnet reads it, and promtool its rules";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let Some(found) = require(TEST, || python_with_packages("tests/scripts/mixin/mixin.py", &[path])) else {
        return;
    };
    let found = found.success().unwrap();
    let rules = RULES.map(|file| read(&format!("deploy/prometheus/rules/{file}"))).concat();
    let rules = rules.matches("- alert: ").count() + rules.matches("- record: ").count();
    assert_eq!(found.trim(), format!("6 dashboards, {rules} rules"));
    let Some(found) =
        require(TEST, || promtool(folder.path(), &["check", "rules", "rules.json", "alerts.json"]))
    else {
        return;
    };
    let found = found.success().unwrap();
    assert!(found.matches("SUCCESS").count() == 2, "{found}");
}

#[test]
fn each_alert_has_a_firing_and_a_silent_case() {
    for (rules, tests) in
        [("business.alerts.yml", "business.test.yml"), ("service.alerts.yml", "service.test.yml")]
    {
        let (rules, tests) = (
            read(&format!("deploy/prometheus/rules/{rules}")),
            read(&format!("deploy/prometheus/tests/{tests}")),
        );
        let is_business = rules.contains("audience: sales-ops");
        for (name, rule) in alerts(&rules) {
            assert!(
                tests.contains(&format!("alertname: {name}, exp_alerts: [] }}")),
                "{name}: no time at which it is silent"
            );
            let fires = format!("alertname: {name}\n        exp_alerts:\n          - exp_labels");
            assert!(tests.contains(&fires), "{name}: no time at which it fires");
            // It would be silent for the instances `behind` and `young` only if it asked.
            let asks = rule.contains("instance:tallyboard_complete:bool")
                || rule.contains("instance_period:sales_period_elapsed:ratio");
            assert!(asks || !is_business, "{name} fires while the service catches up");
        }
        for instance in
            if is_business { &["fires", "quiet", "behind", "young"][..] } else { &["fires", "quiet"] }
        {
            assert!(tests.contains(&format!("instance=\"{instance}\"")), "{instance}");
        }
        assert!(!tests.contains("instance: quiet") && !tests.contains("instance: behind"));
    }
}

#[test]
fn each_alert_says_what_it_is_and_has_a_page() {
    let mut pages = BTreeSet::new();
    for file in ["business.alerts.yml", "service.alerts.yml"] {
        let text = read(&format!("deploy/prometheus/rules/{file}"));
        for (name, rule) in alerts(&text) {
            for key in ["summary", "description"] {
                assert!(rule.contains(&format!("          {key}: ")), "{name} has no {key}");
            }
            assert!(rule.contains("labels: { severity: ") && rule.contains("audience: "), "{name}");
            assert_eq!(values(rule, "runbook_url"), [format!("{RUNBOOKS}{name}.md")], "{name}");
            let page = read(&format!("deploy/runbooks/{name}.md"));
            assert!(page.starts_with(&format!("# {name}\n")), "{name}");
            for section in ["\n## Look at\n", "\n## Do\n"] {
                assert!(page.contains(section), "{name}: no {section}");
            }
            pages.insert(format!("{name}.md"));
        }
    }
    let there = fs::read_dir(in_workspace("deploy/runbooks")).unwrap();
    let there: BTreeSet<String> =
        there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, pages, "pages and alerts");
}

/// A rule that holds a line of its own cannot be set by the configuration.
#[test]
fn lines_come_from_the_configuration() {
    let alerts: String = ["business", "service"]
        .map(|file| read(&format!("deploy/prometheus/rules/{file}.alerts.yml")))
        .concat();
    let told = read("crates/serve/tests/serve/snapshots/serve__exposition__metrics_text.snap");
    let rules = read("deploy/prometheus/rules/judged.rules.yml") + &alerts;
    let lines: BTreeSet<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE tallyboard_alert_")?.strip_suffix(" gauge"))
        .collect();
    assert_eq!(lines.len(), 10);
    for line in lines {
        assert!(rules.contains(&format!("tallyboard_alert_{line}")), "no rule asks for {line}");
    }
    for line in alerts.lines().filter(|line| !line.contains("tallyboard_ready") && !line.contains("printf")) {
        let compared = line.split_once(" > ").or_else(|| line.split_once(" < ")).map(|(_, right)| right);
        let number = compared.and_then(|right| right.trim().parse::<f64>().ok());
        assert!(number.is_none_or(|number| number == 0.0 || number == 1.0), "{line}");
    }
}
