//! The service's own metrics, from the families that a registry gathers.

use prometheus::proto::{Metric as Gathered, MetricFamily, MetricType};

use super::exposition::{Exposition, Float, Kind, Metric, label, sample};
use crate::negotiation::Format;

/// Writes gathered families in their order.
pub(crate) fn write(exposition: &mut Exposition, families: &[MetricFamily]) {
    for family in families {
        let kind = match family.get_field_type() {
            MetricType::COUNTER => Kind::Counter,
            MetricType::GAUGE => Kind::Gauge,
            MetricType::HISTOGRAM => Kind::Histogram,
            MetricType::SUMMARY => Kind::Summary,
            // No collector makes these.
            MetricType::UNTYPED => continue,
        };
        let is_open = exposition.format() == Format::OpenMetrics;
        let mut name = family.name().to_owned();
        if is_open && kind == Kind::Counter && !name.ends_with("_total") {
            name.push_str("_total");
        }
        let mut metric = Metric::new(name.clone(), kind, family.help());
        for gathered in family.get_metric() {
            let mut labels = String::new();
            for pair in gathered.get_label() {
                label(&mut labels, pair.name(), pair.value());
            }
            let single = match kind {
                Kind::Counter => gathered.get_counter().get_value(),
                Kind::Gauge => gathered.get_gauge().get_value(),
                Kind::Histogram => {
                    exposition
                        .lines(&mut metric, |lines| histogram(lines, &name, &labels, gathered, is_open));
                    continue;
                }
                Kind::Summary => {
                    exposition.lines(&mut metric, |lines| summary(lines, &name, &labels, gathered, is_open));
                    continue;
                }
            };
            exposition.series(&mut metric, &labels, Float(single));
        }
        exposition.add(&metric);
    }
}

fn histogram(lines: &mut String, name: &str, labels: &str, gathered: &Gathered, is_open: bool) {
    let histogram = gathered.get_histogram();
    let bucket_name = format!("{name}_bucket");
    let mut has_infinite = false;
    for bucket in histogram.get_bucket() {
        has_infinite |= bucket.upper_bound().is_infinite();
        let labels = with_bound(labels, "le", bucket.upper_bound(), is_open);
        sample(lines, &bucket_name, &labels, bucket.cumulative_count());
    }
    let count = histogram.get_sample_count();
    if !has_infinite {
        sample(lines, &bucket_name, &with_bound(labels, "le", f64::INFINITY, is_open), count);
    }
    sample(lines, &format!("{name}_sum"), labels, Float(histogram.get_sample_sum()));
    sample(lines, &format!("{name}_count"), labels, count);
}

fn summary(lines: &mut String, name: &str, labels: &str, gathered: &Gathered, is_open: bool) {
    let summary = gathered.get_summary();
    for quantile in summary.get_quantile() {
        let labels = with_bound(labels, "quantile", quantile.quantile(), is_open);
        sample(lines, name, &labels, Float(quantile.value()));
    }
    sample(lines, &format!("{name}_sum"), labels, Float(summary.sample_sum()));
    sample(lines, &format!("{name}_count"), labels, summary.sample_count());
}

/// Labels with a bound behind them; OpenMetrics wants bounds to look like floats, as `1.0`.
fn with_bound(labels: &str, name: &str, bound: f64, is_open: bool) -> String {
    let mut text = Float(bound).to_string();
    if is_open && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        text.push_str(".0");
    }
    let mut labels = labels.to_owned();
    label(&mut labels, name, &text);
    labels
}
