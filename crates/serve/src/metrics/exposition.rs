//! The text formats: Prometheus 0.0.4 and OpenMetrics 1.0.
//!
//! Keeps the rules that both have: a metric's name, type and help stand once, before its series, and its series stand
//! together. At most a set number of series is written for one metric; the first ones written stay, the rest is
//! counted.

use std::fmt::{Display, Write as _};

use crate::negotiation::Format;

/// The types of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Gauge,
    Counter,
    Histogram,
    Summary,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}

/// A page being written.
#[derive(Debug)]
pub(crate) struct Exposition {
    format: Format,
    page: String,
    series_max: usize,
    /// Metrics with series that were left out, and how many.
    dropped: Vec<(String, usize)>,
}

/// The series of one metric, to be written once they are all there.
#[derive(Debug)]
pub(crate) struct Metric {
    name: String,
    kind: Kind,
    help: String,
    lines: String,
    written: usize,
    dropped: usize,
}

impl Metric {
    /// A metric without series. The name of a counter ends in `_total`.
    pub(crate) fn new(name: impl Into<String>, kind: Kind, help: impl Into<String>) -> Self {
        Self { name: name.into(), kind, help: help.into(), lines: String::new(), written: 0, dropped: 0 }
    }
}

impl Exposition {
    pub(crate) fn new(format: Format, series_max: usize) -> Self {
        Self { format, page: String::new(), series_max, dropped: Vec::new() }
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    /// Adds a series: its labels as [`label`] writes them, with commas between.
    pub(crate) fn series(&self, metric: &mut Metric, labels: &str, value: impl Display) {
        if metric.written == self.series_max {
            metric.dropped += 1;
            return;
        }
        metric.written += 1;
        sample(&mut metric.lines, &metric.name, labels, value);
    }

    /// Adds lines that belong to one series whose form is not name, labels, value.
    pub(crate) fn lines(&self, metric: &mut Metric, write: impl FnOnce(&mut String)) {
        if metric.written == self.series_max {
            metric.dropped += 1;
            return;
        }
        metric.written += 1;
        write(&mut metric.lines);
    }

    /// Puts a metric on the page; one without series is not mentioned.
    pub(crate) fn add(&mut self, metric: &Metric) {
        if metric.dropped > 0 {
            self.dropped.push((metric.name.clone(), metric.dropped));
        }
        if metric.lines.is_empty() {
            return;
        }
        let is_open = self.format == Format::OpenMetrics;
        // OpenMetrics names a counter's family without the suffix of its series.
        let family = match metric.kind {
            Kind::Counter if is_open => metric.name.strip_suffix("_total").unwrap_or(&metric.name),
            _ => &metric.name,
        };
        let _ = write!(self.page, "# HELP {family} ");
        escape(&mut self.page, &metric.help, is_open);
        let _ = write!(self.page, "\n# TYPE {family} {}\n", metric.kind.name());
        self.page.push_str(&metric.lines);
    }

    pub(crate) fn finish(mut self) -> String {
        let help = "Series of a metric that were left out because there are more than series_per_metric_max.";
        let mut metric = Metric::new("tallyboard_series_dropped", Kind::Gauge, help);
        for (name, count) in std::mem::take(&mut self.dropped) {
            let mut labels = String::new();
            label(&mut labels, "metric", &name);
            sample(&mut metric.lines, &metric.name, &labels, count);
        }
        self.add(&metric);
        if self.format == Format::OpenMetrics {
            self.page.push_str("# EOF\n");
        }
        self.page
    }
}

/// Writes one line.
pub(crate) fn sample(lines: &mut String, name: &str, labels: &str, value: impl Display) {
    // Writing to a string cannot fail.
    let _ = if labels.is_empty() {
        writeln!(lines, "{name} {value}")
    } else {
        writeln!(lines, "{name}{{{labels}}} {value}")
    };
}

/// Appends `name="value"` to labels, escaped, with a comma before it if need be.
pub(crate) fn label(labels: &mut String, name: &str, value: &str) {
    if !labels.is_empty() {
        labels.push(',');
    }
    labels.push_str(name);
    labels.push_str("=\"");
    escape(labels, value, true);
    labels.push('"');
}

fn escape(text: &mut String, value: &str, quotes: bool) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '"' if quotes => text.push_str("\\\""),
            _ => text.push(character),
        }
    }
}

/// A double as both formats read it.
pub(crate) struct Float(pub(crate) f64);

impl Display for Float {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_infinite() {
            formatter.write_str(if self.0 > 0.0 { "+Inf" } else { "-Inf" })
        } else {
            self.0.fmt(formatter)
        }
    }
}
