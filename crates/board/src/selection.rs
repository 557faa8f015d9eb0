//! Which measures are read where only some are needed: what looks at a whole year must not read all of it.

use std::ops::Range;

use model::{Currency, Departure, DurationBucket, Flow, Held, Measure, StageIndex};

/// Some kinds of measures, and which cells tell of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Selection {
    measures: Kinds,
    held: Kinds,
}

impl Selection {
    pub(crate) const ALL: Self = Self { measures: Kinds(u64::MAX), held: Kinds(u64::MAX) };

    /// What [`kpi::Input::history`] has.
    pub(crate) fn history() -> Self {
        let (stage, bucket) = (StageIndex(0), DurationBucket::of(0));
        let visits = [Departure::Advanced, Departure::MovedBack, Departure::Lost];
        let visits = visits.map(|departure| Held::Visit(stage, departure, bucket));
        let measures =
            [Measure::DwellVisits(stage, bucket), Measure::WonReached(stage), Measure::LostReached(stage)];
        Self::of(&measures).told_by([Held::Won(stage, bucket), Held::Lost(stage)]).told_by(visits)
    }

    /// The flows of the open amount, in all currencies; any will do to tell which they are.
    pub(crate) fn flows(any: Currency) -> Self {
        let stage = StageIndex(0);
        let flows = Self::of(&Flow::ALL.map(|flow| Measure::FlowAmount(flow, any)));
        flows.told_by([Held::WonAmount(stage, any), Held::LostAmount(stage, any)])
    }

    /// The won amounts, in all currencies.
    pub(crate) fn won_amounts(any: Currency) -> Self {
        Self::of(&[Measure::WonAmount(any)]).told_by([Held::WonAmount(StageIndex(0), any)])
    }

    /// Measures, which cells may hold by themselves.
    pub(crate) fn of(measures: &[Measure]) -> Self {
        let kinds = measures.iter().map(|&measure| Held::Plain(measure)).fold(Kinds(0), Kinds::with);
        Self { measures: kinds, held: kinds }
    }

    /// The same measures; what else tells of them.
    fn told_by(self, held: impl IntoIterator<Item = Held>) -> Self {
        Self { held: held.into_iter().fold(self.held, Kinds::with), ..self }
    }

    /// The codes of what tells of the measures, in as few ranges as can be.
    pub(crate) fn held(self) -> impl Iterator<Item = Range<u32>> {
        let mut kinds = self.kinds().peekable();
        std::iter::from_fn(move || {
            let mut codes = Held::codes_of_kind(kinds.next()?);
            while let Some(kind) = kinds.next_if(|&kind| Held::codes_of_kind(kind).start == codes.end) {
                codes.end = Held::codes_of_kind(kind).end;
            }
            Some(codes)
        })
    }

    /// The kinds of what tells of the measures.
    pub(crate) fn kinds(self) -> impl Iterator<Item = u8> {
        (0..Held::KINDS).filter(move |&kind| self.held.has(kind))
    }

    pub(crate) fn contains(self, measure: Measure) -> bool {
        self.measures.has(Held::Plain(measure).kind())
    }
}

/// Kinds of quantities, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Kinds(u64);

const _: () = assert!(Held::KINDS as u32 <= u64::BITS);

impl Kinds {
    fn with(self, held: Held) -> Self {
        Self(self.0 | 1 << held.kind())
    }

    const fn has(self, kind: u8) -> bool {
        self.0 >> kind & 1 == 1
    }
}
