//! `/metrics`: the KPIs of the board and the service's own metrics, as text.
//!
//! Text is written directly, without a registry of series: with tens of thousands of series that is several times
//! faster and smaller than a collector.

mod exposition;
mod sales;
mod service;

use exposition::Exposition;
use model::Timestamp;

use crate::negotiation::Format;

/// The whole page.
pub(crate) fn page(
    board: &board::Board,
    registry: &prometheus::Registry,
    series_per_metric_max: usize,
    now: Timestamp,
    format: Format,
) -> String {
    let mut exposition = Exposition::new(format, series_per_metric_max);
    sales::write(&mut exposition, board, now);
    service::write(&mut exposition, &registry.gather());
    exposition.finish()
}
