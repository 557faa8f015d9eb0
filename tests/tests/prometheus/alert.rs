//! An alert on its whole way: a half of a simulated company turns up in a real Kafka, whose deals are stuck in a stage. The
//! service counts them, the page names the bottleneck, Prometheus notices by the shipped rules, and Alertmanager tells sales
//! operations; and all of them say so when it is over.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tallyboard_end_to_end::{
    Alertmanager, Browser, Configuration, Exposition, GuardedProcess, Kafka, Message, Prometheus, Sender,
    Service, Topics, eventually, now_ms, require, tell,
};

use super::company::{Company, STAGE};
use super::webhook::Webhook;

const TEST: &str = "alerts: from Kafka over Prometheus and Alertmanager to a receiver, and to the page";
const BOUND: Duration = Duration::from_secs(60);
const PARTITIONS: usize = 6;
const LABELS: [(&str, &str); 2] = [("alertname", "PipelineBottleneck"), ("stage", STAGE)];

/// Everything that runs.
struct Stand {
    kafka: &'static Kafka,
    sender: Sender,
    topics: Topics,
    service: Service,
    prometheus: Prometheus,
    _alertmanager: Alertmanager,
    webhook: Webhook,
    page: GuardedProcess,
}

impl Stand {
    /// With the first half of the company in the log and counted.
    fn start(company: &mut Company) -> anyhow::Result<Stand> {
        let browser = Browser::find()?;
        let webhook = Webhook::start()?;
        let alertmanager = Alertmanager::start(webhook.port)?;
        let kafka = Kafka::shared()?;
        let mut configuration = Configuration::new(kafka, "alert", "json")?;
        configuration.set("organisation.time_zone", company.time_zone())?;
        configuration.set("organisation.reporting_currency", "EUR")?;
        configuration.set("pipelines", company.pipelines().as_slice())?;
        // A month is old enough to be judged, on whatever day this runs.
        configuration.set("alerts.judged_from_percent", 0)?;
        let topics = configuration.topics().clone();
        kafka.create_topic(&topics.deals, PARTITIONS, &[])?;
        kafka.create_topic(&topics.activities, PARTITIONS, &[])?;
        kafka.create_topic(&topics.reference, 1, &[("cleanup.policy", "compact")])?;
        let sender = kafka.sender()?;
        sender.send(&topics.reference, &company.reference())?;
        let events = company.first_half();
        sender.send(&topics.deals, &events)?;
        let options = configuration.service()?;
        let service = Service::start(&options)?;
        service.wait_folded(&topics.deals, events.len(), BOUND)?;
        // Half an hour in the shipped rules, which no test can wait for.
        let hasty = |rules: String| rules.replace("for: 30m", "for: 2s");
        let prometheus = Prometheus::start(options.port, Some(&alertmanager), hasty)?;
        let page = browser.start("bottleneck", &service.url("/"), &[])?;
        Ok(Stand { kafka, sender, topics, service, prometheus, _alertmanager: alertmanager, webhook, page })
    }

    /// By how many more deals came to the stage this month than left it, and the age of its deals against its limit.
    fn in_metrics(&self) -> anyhow::Result<(f64, f64)> {
        let metrics = Exposition::read(&self.service.get_text("/metrics")?)?;
        let sum = |name: &str, of_month: bool| {
            let month = [("stage", STAGE), ("period", "month"), ("relative", "current")];
            metrics.sum(&format!("sales_company_{name}"), &month[..if of_month { 3 } else { 1 }])
        };
        let left = ["stage_advanced_deals", "stage_moved_back_deals", "stage_lost_deals"];
        let left: f64 = left.map(|name| sum(name, true)).iter().sum();
        let age_to_limit = sum("open_age_p90_seconds", false) / sum("stage_limit_seconds", false);
        Ok((sum("stage_entered_deals", true) - left, age_to_limit))
    }

    /// Whether the alert fires in Prometheus.
    fn fires(&self) -> anyhow::Result<bool> {
        let [(_, alert), (_, stage)] = LABELS;
        let firing = format!(r#"ALERTS{{alertname="{alert}",stage="{stage}",alertstate="firing"}}"#);
        Ok(!self.prometheus.query(&firing)?.is_empty())
    }

    /// What the page shows, as soon as it does.
    fn seen(&mut self, what: &str) -> anyhow::Result<Value> {
        let words = format!(r#"{{"seen":"{what}","#);
        let rest = self.page.wait_line(&words, BOUND)?;
        Ok(serde_json::from_str(&format!("{{{rest}"))?)
    }

    /// Writes events and follows them: to the metrics, the page, Prometheus and the receiver, which is told `status`.
    fn follow(&mut self, events: &[Message], status: &str, seen: &str) -> anyhow::Result<(Value, Value)> {
        let is_stuck = status == "firing";
        let began = now_ms();
        self.sender.send(&self.topics.deals, events)?;
        let in_metrics = eventually(&format!("{status} in /metrics"), BOUND, || {
            let (more_came, age_to_limit) = self.in_metrics()?;
            let so = more_came > 0.0 && age_to_limit > 1.0;
            ensure!(so == is_stuck, "{more_came} more came than left, {age_to_limit} times the limit");
            Ok(now_ms())
        })?;
        let on_page = self.seen(seen)?;
        let in_prometheus = eventually(&format!("{status} in Prometheus"), BOUND, || {
            ensure!(self.fires()? == is_stuck, "it is not");
            Ok(now_ms())
        })?;
        let (path, alert, at_webhook) = self.webhook.next(&LABELS, status, BOUND)?;
        ensure!(path == "/sales-ops", "{path} is told");

        let log = self.kafka.read_to_end(&self.topics.deals, BOUND)?;
        let produced = log.iter().filter_map(|record| record.timestamp_ms).filter(|at| *at >= began);
        let (first, last) = (produced.clone().min().context("no record")?, produced.max().unwrap_or(began));
        let since = |at: i64| (at - first) as f64 / 1e3;
        tell(&format!(
            "alerts: {status}: {} events, the first produced at 0 s and the last at {:.2} s by Kafka's timestamps; in \
             /metrics at {:.2} s, on the page at {:.2} s, in Prometheus at {:.2} s, at the receiver at {:.2} s",
            events.len(),
            since(last),
            since(in_metrics),
            since(on_page["at"].as_i64().context("no time")?),
            since(in_prometheus),
            since(at_webhook),
        ));
        Ok((on_page, alert))
    }
}

#[test]
fn a_bottleneck_reaches_sales_operations_and_the_page_and_so_does_its_end() {
    let mut company = Company::new().unwrap();
    let Some(mut stand) = require(TEST, || Stand::start(&mut company)) else { return };

    // All is well, and would be judged if it were not.
    let judged = r#"instance_period:sales_period_elapsed:ratio{period="month"}"#;
    let of_limit = format!(r#"stage:sales_age_to_limit:ratio{{stage="{STAGE}"}} < 1"#);
    eventually("a judgement", BOUND, || {
        let found = [judged, &of_limit].map(|expr| stand.prometheus.query(expr).map(|found| found.len()));
        ensure!(matches!(found, [Ok(1), Ok(1)]), "{found:?}");
        Ok(())
    })
    .unwrap();
    assert!(stand.prometheus.query(r#"ALERTS{alertname="PipelineBottleneck"}"#).unwrap().is_empty());
    stand.seen("before").unwrap();

    let (page, alert) = stand.follow(&company.second_half(), "firing", "bottleneck").unwrap();
    assert_eq!([&page["words"], &page["stage"], &page["named"]], ["The bottleneck", STAGE, STAGE]);
    let [summary, description, runbook] =
        ["summary", "description", "runbook_url"].map(|key| alert["annotations"][key].as_str().unwrap());
    assert_eq!(summary, "Deals pile up in stage proposal of pipeline default.");
    assert!(description.contains(" times the stage's limit, and "), "{description}");
    assert!(runbook.ends_with("/PipelineBottleneck.md"), "{runbook}");
    tell(&format!("alerts: sales operations read: {description}"));

    let (page, _) = stand.follow(&company.clearing().unwrap(), "resolved", "after").unwrap();
    assert_eq!(page["words"], "No bottleneck; deals are held up most in");
    let status = stand.page.wait(BOUND).unwrap();
    assert!(status.success(), "{}", stand.page.log_tail());
}
