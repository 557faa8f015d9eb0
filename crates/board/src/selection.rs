//! Which measures are read where only some are needed: a scrape must not copy whole years.

use std::ops::Range;

use model::{Currency, DurationBucket, Flow, Measure, StageIndex};

/// Some kinds of measures, as ranges of codes, in the order of which they stand in rows.
#[derive(Debug, Clone)]
pub(crate) struct Selection(Vec<Range<u32>>);

impl Selection {
    /// What [`kpi::Input::history`] has.
    pub(crate) fn history() -> Self {
        let stage = StageIndex(0);
        let dwell = Measure::DwellVisits(stage, DurationBucket::of(0));
        let ranges = [(dwell, dwell), (Measure::WonReached(stage), Measure::LostReached(stage))];
        Self(ranges.map(|(first, last)| Measure::codes_of_kinds(first, last)).to_vec())
    }

    /// The flows of the open amount, in all currencies; any will do to tell which they are.
    pub(crate) fn flows(any: Currency) -> Self {
        let of = |flow| Measure::FlowAmount(flow, any);
        Self(vec![Measure::codes_of_kinds(of(Flow::New), of(Flow::Lost))])
    }

    /// The won amounts, in all currencies.
    pub(crate) fn won_amounts(any: Currency) -> Self {
        let won = Measure::WonAmount(any);
        Self(vec![Measure::codes_of_kinds(won, won)])
    }

    pub(crate) fn ranges(&self) -> impl Iterator<Item = Range<u32>> {
        self.0.iter().cloned()
    }

    pub(crate) fn contains(&self, measure: Measure) -> bool {
        self.0.iter().any(|range| range.contains(&measure.code()))
    }
}
