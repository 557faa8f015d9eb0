//! The service's own metrics: each defined once, here, with its help. KPIs are not here: they are the board's.

use engine::RESTATED_MEASURES;
use model::RejectReason;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

/// The service's own metrics.
#[derive(Debug, Clone)]
pub struct ServiceMetrics {
    /// Events by topic and outcome (`applied`, `duplicate`, `conflict`, `rejected`).
    pub events: IntCounterVec,
    /// Dead letters by reason.
    pub dead_letters: IntCounterVec,
    /// Records whose key is not the one that their topic is partitioned by.
    pub key_mismatches: IntCounterVec,
    /// Changes to months that had ended, by measure.
    pub restatements: IntCounterVec,
    /// Lag in records by topic and partition.
    pub lag_records: IntGaugeVec,
    /// Lag in seconds by topic and partition.
    pub lag_seconds: GaugeVec,
    /// Seconds from the log's receipt of an event to its being visible on the board.
    pub event_to_visible_seconds: Histogram,
    /// Seconds that publishing changed cells took.
    pub publish_duration_seconds: Histogram,
    /// Seconds since the newest snapshot by partition.
    pub snapshot_age_seconds: GaugeVec,
    /// Seconds for which changes may be in no snapshot, by partition.
    pub unsaved_seconds: GaugeVec,
    /// When the log received the newest folded record, by topic.
    pub last_received: GaugeVec,
    /// Stored bytes of the newest snapshot by partition.
    pub snapshot_size_bytes: IntGaugeVec,
    /// Seconds that writing a snapshot took.
    pub snapshot_duration_seconds: Histogram,
    /// Seconds that taking a snapshot held up the fold.
    pub snapshot_pause_seconds: Histogram,
    /// Snapshots that could not be written.
    pub snapshot_failures: IntCounter,
    /// Seconds that restoring a partition took, by source (`snapshot`, `log`).
    pub restore_duration_seconds: HistogramVec,
    /// Snapshots that were passed over when restoring, by reason (`configuration`, `topics`, `damaged`, `version`, `gone`,
    /// `unreadable`).
    pub snapshots_passed_over: IntCounterVec,
    /// Partitions that this instance folds.
    pub partitions_owned: IntGauge,
    /// Deals held by state (`held`, `final`).
    pub deals: IntGaugeVec,
    /// Activities held.
    pub activities: IntGauge,
    /// Cells held.
    pub cells: IntGauge,
    /// Bytes of the partitions' states.
    pub state_memory_bytes: IntGauge,
    /// Errors of the log by code.
    pub log_errors: IntCounterVec,
    /// Attempts to get a schema that failed because the registry did not answer or did not know it yet.
    pub schema_waits: IntCounter,
    /// Reference records that hold.
    pub reference_records: IntGauge,
    /// 1 while the service is ready.
    pub ready: Gauge,
}

/// From a millisecond to a minute.
const LATENCY_BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
/// From ten microseconds to a second.
const PAUSE_BUCKETS: [f64; 11] =
    [0.00001, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0];

impl ServiceMetrics {
    /// Makes the metrics and registers them.
    ///
    /// # Errors
    /// If one of the names is taken in the registry.
    pub fn register(registry: &Registry) -> prometheus::Result<Self> {
        let build_info = IntGaugeVec::new(
            Opts::new("tallyboard_build_info", "The version that runs; always 1."),
            &["version"],
        )?;
        build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        registry.register(Box::new(build_info))?;
        let maker = Maker { registry };
        Ok(Self {
            events: maker.counters(
                "tallyboard_events_total",
                "Events read, by topic and what became of them.",
                &["topic", "outcome"],
            )?,
            dead_letters: {
                let letters = maker.counters(
                    "tallyboard_dead_letters_total",
                    "Records sent to the dead-letter topic, by reason.",
                    &["reason"],
                )?;
                // From 0, so that the first one shows as an increase.
                RejectReason::ALL.iter().for_each(|reason| drop(letters.with_label_values(&[reason.name()])));
                letters
            },
            key_mismatches: maker.counters(
                "tallyboard_key_mismatches_total",
                "Records whose key is not the id that their topic must be partitioned by; their deal may be in two partitions.",
                &["topic"],
            )?,
            restatements: {
                let restatements = maker.counters(
                    "tallyboard_restatements_total",
                    "Changes that events made to months that had ended, by measure; see /api/v1/restatements.",
                    &["measure"],
                )?;
                // From 0, so that the first one shows as an increase.
                RESTATED_MEASURES.iter().for_each(|measure| drop(restatements.with_label_values(&[measure])));
                restatements
            },
            lag_records: maker.gauges(
                "tallyboard_lag_records",
                "Records in the log that are not folded yet.",
                &["topic", "partition"],
            )?,
            lag_seconds: maker.float_gauges(
                "tallyboard_lag_seconds",
                "Age of the last folded record while records behind it wait; 0 when none does.",
                &["topic", "partition"],
            )?,
            event_to_visible_seconds: maker.histogram(
                "tallyboard_event_to_visible_seconds",
                "From the log's receipt of an event to its being visible on the board, of events read when caught up.",
                &LATENCY_BUCKETS,
            )?,
            publish_duration_seconds: maker.histogram(
                "tallyboard_publish_duration_seconds",
                "Publishing a partition's changed cells to the board.",
                &LATENCY_BUCKETS,
            )?,
            snapshot_age_seconds: maker.float_gauges(
                "tallyboard_snapshot_age_seconds",
                "Since the state of the partition's newest snapshot was taken.",
                &["partition"],
            )?,
            unsaved_seconds: maker.float_gauges(
                "tallyboard_unsaved_seconds",
                "Since the partition's newest snapshot, or since it was taken over, if there were changes after that; else 0.",
                &["partition"],
            )?,
            last_received: maker.float_gauges(
                "tallyboard_last_received_timestamp_seconds",
                "When the log received the newest folded record of the topic; after a start, until there is one, the time of the newest event.",
                &["topic"],
            )?,
            snapshot_size_bytes: maker.gauges(
                "tallyboard_snapshot_size_bytes",
                "Stored size of the partition's newest snapshot.",
                &["partition"],
            )?,
            snapshot_duration_seconds: maker.histogram(
                "tallyboard_snapshot_duration_seconds",
                "Writing a snapshot, in the background.",
                &LATENCY_BUCKETS,
            )?,
            snapshot_pause_seconds: maker.histogram(
                "tallyboard_snapshot_pause_seconds",
                "How long taking a snapshot held up the partition's fold.",
                &PAUSE_BUCKETS,
            )?,
            snapshot_failures: maker.counter(
                "tallyboard_snapshot_failures_total",
                "Snapshots that could not be written; the next attempt follows.",
            )?,
            restore_duration_seconds: maker.histograms(
                "tallyboard_restore_duration_seconds",
                "Getting a partition's state back, by where it came from.",
                &LATENCY_BUCKETS,
                &["source"],
            )?,
            snapshots_passed_over: maker.counters(
                "tallyboard_snapshots_passed_over_total",
                "Snapshots that were not used when restoring, by reason.",
                &["reason"],
            )?,
            partitions_owned: maker.gauge("tallyboard_partitions_owned", "Partitions that this instance folds.")?,
            deals: maker.gauges("tallyboard_deals", "Deals in memory: with history, final, or unknown but for activities.", &["state"])?,
            activities: maker.gauge("tallyboard_activities", "Activities in memory, within the horizon.")?,
            cells: maker.gauge("tallyboard_cells", "Cells in memory.")?,
            state_memory_bytes: maker.gauge(
                "tallyboard_state_memory_bytes",
                "Memory of the partitions' deals, activities and cells.",
            )?,
            log_errors: maker.counters("tallyboard_log_errors_total", "Errors of the log, by code.", &["code"])?,
            schema_waits: maker.counter(
                "tallyboard_schema_waits_total",
                "Attempts to get a schema that failed because the registry did not answer or did not know it yet.",
            )?,
            reference_records: maker.gauge("tallyboard_reference_records", "Reference records that hold.")?,
            ready: {
                let ready = Gauge::new("tallyboard_ready", "1 once all owned partitions have caught up, else 0.")?;
                registry.register(Box::new(ready.clone()))?;
                ready
            },
        })
    }

    /// Forgets the series of a partition that is no longer folded here.
    pub(crate) fn forget_partition<'t>(&self, partition: &str, topics: impl Iterator<Item = &'t str>) {
        for topic in topics {
            // An error says that there was no such series, which is as well.
            let _ = self.lag_records.remove_label_values(&[topic, partition]);
            let _ = self.lag_seconds.remove_label_values(&[topic, partition]);
        }
        let _ = self.snapshot_age_seconds.remove_label_values(&[partition]);
        let _ = self.unsaved_seconds.remove_label_values(&[partition]);
        let _ = self.snapshot_size_bytes.remove_label_values(&[partition]);
    }
}

struct Maker<'r> {
    registry: &'r Registry,
}

impl Maker<'_> {
    fn add<M: prometheus::core::Collector + Clone + 'static>(&self, metric: M) -> prometheus::Result<M> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.add(IntCounter::new(name, help)?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.add(IntGauge::new(name, help)?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    fn float_gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<GaugeVec> {
        self.add(GaugeVec::new(Opts::new(name, help), labels)?)
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> prometheus::Result<Histogram> {
        self.add(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?)
    }

    fn histograms(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        labels: &[&str],
    ) -> prometheus::Result<HistogramVec> {
        self.add(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels)?)
    }
}
