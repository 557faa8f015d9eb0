//! Which measures are read where only some are needed: a scrape must not copy whole years.

use std::ops::Range;

use model::{Currency, Departure, DurationBucket, Flow, Held, Measure, StageIndex};

/// Some kinds of measures, and which cells tell of them.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    /// As ranges of codes.
    measures: Vec<Range<u32>>,
    /// As ranges of codes.
    held: Vec<Range<u32>>,
}

impl Selection {
    /// What [`kpi::Input::history`] has.
    pub(crate) fn history() -> Self {
        let (stage, bucket) = (StageIndex(0), DurationBucket::of(0));
        let visits = [Departure::Advanced, Departure::MovedBack, Departure::Lost];
        let visits = visits.map(|departure| Held::Visit(stage, departure, bucket));
        let told = [Held::Won(stage, bucket), Held::Lost(stage)].into_iter().chain(visits);
        let mut selection = Self::of(&[
            Measure::DwellVisits(stage, bucket),
            Measure::WonReached(stage),
            Measure::LostReached(stage),
        ]);
        selection.held.extend(told.map(Held::codes_of_kind));
        selection
    }

    /// The flows of the open amount, in all currencies; any will do to tell which they are.
    pub(crate) fn flows(any: Currency) -> Self {
        let stage = StageIndex(0);
        let mut selection = Self::of(&Flow::ALL.map(|flow| Measure::FlowAmount(flow, any)));
        let told = [Held::WonAmount(stage, any), Held::LostAmount(stage, any)];
        selection.held.extend(told.map(Held::codes_of_kind));
        selection
    }

    /// The won amounts, in all currencies.
    pub(crate) fn won_amounts(any: Currency) -> Self {
        let mut selection = Self::of(&[Measure::WonAmount(any)]);
        selection.held.push(Held::WonAmount(StageIndex(0), any).codes_of_kind());
        selection
    }

    /// Measures that cells hold by themselves, among others.
    fn of(measures: &[Measure]) -> Self {
        let codes = |&measure: &Measure| Held::Plain(measure).codes_of_kind();
        let measures: Vec<Range<u32>> = measures.iter().map(codes).collect();
        Self { held: measures.clone(), measures }
    }

    /// The codes of what tells of the measures.
    pub(crate) fn held(&self) -> impl Iterator<Item = Range<u32>> {
        self.held.iter().cloned()
    }

    pub(crate) fn contains(&self, measure: Measure) -> bool {
        self.measures.iter().any(|range| range.contains(&measure.code()))
    }
}
