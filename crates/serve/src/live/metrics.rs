//! The feed's own metrics.

use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use super::frame::Event;

#[derive(Debug, Clone)]
pub(super) struct LiveMetrics {
    pub(super) clients: IntGauge,
    pub(super) messages: IntCounterVec,
    pub(super) slow_clients_dropped: IntCounter,
    pub(super) render_seconds: Histogram,
    pub(super) rounds_panicked: IntCounter,
}

/// From a tenth of a millisecond to seconds.
const RENDER_BUCKETS: [f64; 10] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1.0, 5.0];

impl LiveMetrics {
    /// Makes the metrics. A second feed over one registry, as tests have it, is not measured.
    pub(super) fn register(registry: &Registry) -> Self {
        let metrics =
            Self::new().unwrap_or_else(|error| unreachable!("names and buckets are valid: {error}"));
        let collectors: [Box<dyn Collector>; 5] = [
            Box::new(metrics.clients.clone()),
            Box::new(metrics.messages.clone()),
            Box::new(metrics.slow_clients_dropped.clone()),
            Box::new(metrics.render_seconds.clone()),
            Box::new(metrics.rounds_panicked.clone()),
        ];
        for collector in collectors {
            if let Err(error) = registry.register(collector) {
                tracing::debug!(%error, "a metric of the live feed is not registered");
            }
        }
        // From 0, so that the first one shows as an increase.
        Event::ALL.iter().for_each(|event| drop(metrics.messages.with_label_values(&[event.name()])));
        metrics
    }

    fn new() -> prometheus::Result<Self> {
        Ok(Self {
            clients: IntGauge::new("tallyboard_live_clients", "Clients of the live feed.")?,
            messages: IntCounterVec::new(
                Opts::new("tallyboard_live_messages_total", "Messages handed to clients of the live feed."),
                &["event"],
            )?,
            slow_clients_dropped: IntCounter::new(
                "tallyboard_live_slow_clients_dropped_total",
                "Clients of the live feed that were dropped because they did not read their messages.",
            )?,
            render_seconds: Histogram::with_opts(
                HistogramOpts::new(
                    "tallyboard_live_render_seconds",
                    "Writing a watched document, once for all who watch it.",
                )
                .buckets(RENDER_BUCKETS.to_vec()),
            )?,
            rounds_panicked: IntCounter::new(
                "tallyboard_live_rounds_panicked_total",
                "Rounds of the live feed that panicked; each is in the log, and the next one follows.",
            )?,
        })
    }
}
