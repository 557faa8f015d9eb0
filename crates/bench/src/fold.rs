//! The engine alone: time and memory by the number of deals held.
//!
//! Each size has a process of its own, so that memory which an earlier one gave back does not show as free.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use engine::{FoldConfig, Outcome, PartitionState};
use model::{Event, Offset};
use salesfloor::Floor;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::consume::scenario;
use crate::process::{resident_bytes, thread_time};
use crate::report::{Section, grouped, nanoseconds_each, progress};
use crate::workload::{self, Ids, Step, Workload};

/// Events that are made, and then folded, at once: as many as a delivery of the log.
const BATCH: usize = 4_096;
/// After so many batches the changed cells are taken out, as the service does every 100 ms.
const BATCHES_PER_PUBLISH: u64 = 24;
/// A small state is built again and again until so many events were folded.
const EVENTS_LEAST: u64 = 2_000_000;

/// What is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    Deals,
    Activities,
    /// The events of a sales floor in the order in which they happen; held are so many of them.
    SalesFloor,
}

impl Subject {
    const fn argument(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Activities => "activities",
            Self::SalesFloor => "sales-floor",
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Activities => "activities",
            Self::SalesFloor => "events of a sales floor, in order",
        }
    }
}

/// What one size costs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cost {
    subject: Subject,
    held: u64,
    events: u64,
    cells: usize,
    /// Nanoseconds per event while the state is built up.
    build_up_ns: f64,
    /// Nanoseconds per event for further events of random deals, where there are any.
    further_ns: Option<f64>,
    /// Bytes per deal as the state counts them.
    counted_bytes: f64,
    /// Bytes per deal as the system counts them.
    resident_bytes: f64,
}

/// Measures one size in this process.
pub(crate) fn measure(subject: Subject, held: u64) -> Result<Cost> {
    let floor = Floor::new(&scenario())?;
    let config = match subject {
        Subject::SalesFloor => {
            FoldConfig { pipelines: floor.pipelines().clone(), ..workload::fold_config()? }
        }
        Subject::Deals | Subject::Activities => workload::fold_config()?,
    };
    let (config, workload) = (Arc::new(config), Workload::new()?);
    let before = resident_bytes()?;
    let (mut build_up, mut further) = (Folding::default(), Folding::default());
    loop {
        let mut state = PartitionState::new(config.clone());
        match subject {
            Subject::Deals => build_up.fold(&mut state, &workload, subject, workload::build_up(held))?,
            Subject::Activities => {
                build_up.fold(&mut state, &workload, subject, workload::activities(held))?;
            }
            Subject::SalesFloor => build_up.fold_floor(&mut state, Floor::new(&scenario())?, held)?,
        }
        let counts = state.counts();
        let resident = resident_bytes()?.saturating_sub(before);
        match subject {
            Subject::Deals => further.fold(&mut state, &workload, subject, workload::further(held))?,
            Subject::Activities => {
                further.fold(&mut state, &workload, subject, workload::corrections(held))?;
            }
            Subject::SalesFloor => {}
        }
        if build_up.events + further.events < EVENTS_LEAST {
            continue;
        }
        let records = counts.deals + counts.deals_final + counts.activities;
        let each = |bytes: u64| bytes as f64 / records as f64;
        return Ok(Cost {
            subject,
            held,
            events: build_up.events + further.events,
            cells: counts.cells,
            build_up_ns: nanoseconds_each(build_up.time, build_up.events),
            further_ns: (further.events > 0).then(|| nanoseconds_each(further.time, further.events)),
            counted_bytes: each(counts.memory_bytes as u64),
            resident_bytes: each(resident),
        });
    }
}

/// Events that were folded, and how long that took.
#[derive(Debug, Default)]
struct Folding {
    events: u64,
    batches: u64,
    time: Duration,
}

impl Folding {
    fn fold(
        &mut self,
        state: &mut PartitionState,
        workload: &Workload,
        subject: Subject,
        steps: impl Iterator<Item = Step>,
    ) -> Result<()> {
        let mut steps = steps.peekable();
        let mut batch = Vec::with_capacity(BATCH);
        let mut ids = Ids::default();
        while steps.peek().is_some() {
            batch.clear();
            batch.extend(steps.by_ref().take(BATCH));
            ids.fill(&batch)?;
            let events = match subject {
                Subject::Activities => workload.activities(&batch, &ids)?,
                Subject::Deals | Subject::SalesFloor => workload.deals(&batch, &ids)?,
            };
            self.fold_batch(state, &events)?;
        }
        Ok(())
    }

    fn fold_floor(&mut self, state: &mut PartitionState, mut floor: Floor, count: u64) -> Result<()> {
        let mut left = usize::try_from(count)?;
        while left > 0 {
            let events: Vec<Event<'_>> =
                std::iter::from_fn(|| floor.next_event()).take(left.min(BATCH)).collect();
            left -= events.len();
            self.fold_batch(state, &events)?;
        }
        Ok(())
    }

    fn fold_batch(&mut self, state: &mut PartitionState, events: &[Event<'_>]) -> Result<()> {
        let mut rejected = None;
        let start = thread_time()?;
        for (place, event) in events.iter().enumerate() {
            if place.is_multiple_of(PartitionState::EXPECTED_DEALS) {
                state.expect_deals(events[place..].iter().filter_map(deal_id));
            }
            let offset = self.events.cast_signed() + i64::try_from(place)?;
            if let Outcome::Rejected(reject) = state.apply(event, Offset(offset), None) {
                rejected = Some(reject);
            }
        }
        self.batches += 1;
        if self.batches.is_multiple_of(BATCHES_PER_PUBLISH) {
            std::hint::black_box(state.take_changes());
        }
        self.time += thread_time()?.saturating_sub(start);
        self.events += events.len() as u64;
        match rejected {
            Some(reject) => bail!("an event was rejected, expected none: {reject}"),
            None => Ok(()),
        }
    }
}

/// The key of a deal event's record, as the service sees it before it decodes the record.
fn deal_id<'e>(event: &'e Event<'_>) -> Option<&'e [u8]> {
    match event {
        Event::Deal(deal) => Some(deal.deal_id.as_bytes()),
        Event::Activity(_) => None,
    }
}

/// Measures all sizes, each in a process of its own.
pub(crate) fn run(quick: bool) -> Result<Section> {
    let deals: &[u64] = if quick { &[10_000, 200_000] } else { &[10_000, 1_000_000, 5_000_000] };
    let (activities, floor) = if quick { (200_000, 400_000) } else { (1_000_000, 2_000_000) };
    let sizes = deals
        .iter()
        .map(|&held| (Subject::Deals, held))
        .chain([(Subject::Activities, activities), (Subject::SalesFloor, floor)]);
    let mut costs = Vec::new();
    for (subject, held) in sizes {
        progress(&format!("fold: {} {}", grouped(held), subject.noun()));
        let held = held.to_string();
        let arguments = ["measure-fold", "--subject", subject.argument(), "--held", &held];
        costs.push(crate::in_own_process::<Cost>(&arguments)?);
    }
    Ok(section(&costs))
}

fn section(costs: &[Cost]) -> Section {
    let row = |cost: &Cost| {
        vec![
            format!("{} {}", grouped(cost.held), cost.subject.noun()),
            grouped(cost.cells as u64),
            format!("{:.0}", cost.build_up_ns),
            cost.further_ns.map_or_else(String::new, |time| format!("{time:.0}")),
            format!("{:.0}", cost.counted_bytes),
            format!("{:.0}", cost.resident_bytes),
        ]
    };
    let deals: Vec<&Cost> = costs.iter().filter(|cost| cost.subject == Subject::Deals).collect();
    let mut conclusions = Vec::new();
    if let [smallest, .., largest] = deals[..] {
        conclusions.push(format!(
            "From {} to {} deals, an event costs {:.2} times as much while building up, {:.2} times for further events (aim: 2 at most).",
            grouped(smallest.held),
            grouped(largest.held),
            largest.build_up_ns / smallest.build_up_ns,
            largest.further_ns.unwrap_or(0.0) / smallest.further_ns.unwrap_or(0.0),
        ));
    }
    Section {
        name: "fold",
        title: "The fold alone, processor time of one thread; where not in order, every event on a random deal (3 or 4 events a deal, then 1 more for every second one)".to_owned(),
        header: vec!["held", "cells", "build-up ns/event", "further ns/event", "bytes each, counted", "bytes each, resident"],
        rows: costs.iter().map(row).collect(),
        conclusions,
        data: json!(costs),
    }
}
