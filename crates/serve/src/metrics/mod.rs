//! `/metrics`: the chosen KPIs of the board and the service's own metrics, as text.
//!
//! Text is written directly, without a registry of series: with tens of thousands of series that is several times
//! faster and smaller than a collector.

mod exposition;
mod judging;
mod sales;
mod service;

use exposition::Exposition;
use model::Timestamp;

use crate::negotiation::Format;
use crate::router::ServeState;

/// The whole page.
pub(crate) fn page(state: &ServeState, now: Timestamp, format: Format) -> String {
    // Before the numbers, which take longer: what the page says was counted is never later than they are.
    let families = state.registry.gather();
    let mut exposition = Exposition::new(format, state.options.series_per_metric_max);
    let slots = sales::slots(&state.board, now);
    sales::write(&mut exposition, &state.board, &slots, state.choice.kpis());
    judging::write(&mut exposition, &state.board, &slots, &state.alerts);
    service::write(&mut exposition, &families);
    exposition.finish()
}
