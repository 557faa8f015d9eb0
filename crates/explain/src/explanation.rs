//! An explanation, made from frozen states.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use board::{Board, Labels, PublishError, Scope, Stamp};
use engine::{CauseEvent, CausePlace, FoldConfig, Frozen, Origin};
use kpi::{Kpi, KpiValue, OF_ANY_DAYS, StageLimits, When};
use model::{
    Category, CellKey, Contribution, Currency, Day, Measure, Offset, PartitionId, Period, StageIndex,
    Timestamp, TopicName,
};
use thiserror::Error;

use crate::filter::{Evidence, Filter};
use crate::page::{Cursor, Page};

/// Of what time a number is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Time {
    /// What stands now.
    Now,
    /// A period.
    Period(Period),
    /// Any days, `[from, to)`, of a KPI that is [told of those](OF_ANY_DAYS).
    Days(Range<Day>),
}

impl Time {
    /// The period, if it is one.
    #[must_use]
    pub const fn period(&self) -> Option<Period> {
        match *self {
            Self::Period(period) => Some(period),
            Self::Now | Self::Days(_) => None,
        }
    }
}

impl From<Option<Period>> for Time {
    fn from(period: Option<Period>) -> Self {
        period.map_or(Self::Now, Self::Period)
    }
}

/// What is to be explained.
#[derive(Debug, Clone)]
pub struct Question {
    /// Which KPI.
    pub kpi: &'static Kpi,
    /// For whom.
    pub scope: Scope,
    /// Of what time.
    pub of: Time,
    /// How many causes at most; above 0.
    pub limit: usize,
    /// Behind which cause the page begins.
    pub after: Option<Cursor>,
}

/// Why there is no explanation.
#[derive(Debug, Error)]
pub enum ExplainError {
    /// It took too long.
    #[error("the explanation was given up, as it took too long; ask for a smaller scope or allow more time")]
    GivenUp,
    /// The states of the partitions are not to be had now.
    #[error("the numbers cannot be explained now: {0}")]
    NoEvidence(String),
    /// The KPI is not told for the kind of period.
    #[error("{name} is not told for this kind of period, but for {kinds}", name = .0, kinds = kpi::find(.0).map(Kpi::told_for).unwrap_or_default())]
    NotTold(&'static str),
    /// The KPI is told of periods alone.
    #[error("{0} is not told of any days; those that are: {list}", list = OF_ANY_DAYS.join(", "))]
    NotOfAnyDays(&'static str),
    /// The cells are not such as a board takes.
    #[error("the cells cannot be shown: {0}")]
    Cells(#[from] PublishError),
}

/// A kind of thing that sums are of: a measure without its ranges, of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    /// Of what time.
    pub when: When,
    /// What is measured.
    pub name: &'static str,
    /// In which stage.
    pub stage: Option<StageIndex>,
    /// In which currency, in minor units.
    pub currency: Option<Currency>,
    /// Of which category.
    pub category: Option<Category>,
}

impl Quantity {
    const fn of(measure: Measure, when: When) -> Self {
        Self {
            when,
            name: measure.name(),
            stage: measure.stage(),
            currency: measure.currency(),
            category: measure.category(),
        }
    }
}

/// What a quantity adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuantitySum {
    /// All of it: what entered the value.
    pub total: i128,
    /// The parts of the causes that are held; the rest is final, its causes are gone.
    pub explained: i128,
    /// How many deals or activities have a part in it.
    pub causes: usize,
}

/// What a deal or activity adds to one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartEntry {
    /// Of what time.
    pub when: When,
    /// Of which measure.
    pub measure: Measure,
    /// For which rep.
    pub rep: Arc<str>,
    /// In which territory.
    pub territory: Arc<str>,
    /// On which day; none for what stands now.
    pub day: Option<Day>,
    /// Of which type of activities, for what is measured by type.
    pub activity_type: Option<Arc<str>>,
    /// How much, in the measure's unit.
    pub value: i128,
    /// For money in a foreign currency: the rate that it is converted at, times 10^12; none if it is missing.
    pub rate: Option<i64>,
}

/// A deal or an activity behind a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseEntry {
    /// Which of the two.
    pub origin: Origin,
    /// Its id.
    pub id: String,
    /// Its partition.
    pub partition: PartitionId,
    /// The topic of its events.
    pub topic: TopicName,
    /// What it adds.
    pub parts: Vec<PartEntry>,
    /// The events that told of it, in their order, with the names of the reps they are of.
    pub events: Vec<(CauseEvent, Option<Arc<str>>)>,
}

/// What a number is made of.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The number, from the sums that are explained.
    pub value: KpiValue,
    /// What stands for stages and types of activities in it.
    pub labels: Labels,
    /// The sums.
    pub sums: BTreeMap<Quantity, QuantitySum>,
    /// How many deals and activities there are in all.
    pub causes_total: usize,
    /// Those of this page.
    pub causes: Vec<CauseEntry>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// How far the log was folded.
    pub positions: Vec<(PartitionId, TopicName, Offset)>,
}

/// A cause on the page.
struct Found {
    evidence: usize,
    place: CausePlace,
    origin: Origin,
    id: String,
    parts: Vec<Contribution>,
}

/// Explains a KPI. `board` is asked for definitions, reference records and who belongs where, `evidence` for all numbers;
/// `may_go_on` is asked now and then.
///
/// # Errors
/// If it may not go on, or the KPI has no value for the time.
pub fn explain(
    board: &Board,
    config: &FoldConfig,
    evidence: &[Evidence],
    question: &Question,
    now: Timestamp,
    may_go_on: &dyn Fn() -> bool,
) -> Result<Explanation, ExplainError> {
    let limits = match question.of {
        Time::Days(_) if !OF_ANY_DAYS.contains(&question.kpi.name) => {
            return Err(ExplainError::NotOfAnyDays(question.kpi.name));
        }
        // They have no part in it.
        Time::Days(_) => StageLimits::default(),
        Time::Now | Time::Period(_) => board.stage_limits(question.of.period(), now),
    };
    let filter = |frozen: &Frozen| Filter::new(board, question, now, &limits, frozen);
    let filters: Vec<Filter> = evidence.iter().map(|evidence| filter(&evidence.frozen)).collect();
    let mut sums: BTreeMap<Quantity, QuantitySum> = BTreeMap::new();
    let shown = Arc::new(board.without_cells(limits.clone()));
    let mut page = Page::new(question.limit, question.after.clone());
    let mut causes_total = 0;
    for (number, (evidence, filter)) in evidence.iter().zip(&filters).enumerate() {
        add_cells(board, evidence, filter, &shown, &mut sums)?;
        let wanted = |key: &CellKey| filter.ingredient(key).is_some();
        let end = evidence.frozen.causes(config, &wanted, may_go_on, &mut |cause| {
            causes_total += 1;
            let mut seen: Vec<Quantity> = Vec::new();
            let mut place = (usize::MAX, 0_u128);
            for part in cause.parts {
                let Some((ingredient, when)) = filter.ingredient(&part.key) else { continue };
                let quantity = Quantity::of(part.key.measure, when);
                let sum = sums.entry(quantity).or_default();
                sum.explained += part.value;
                if !seen.contains(&quantity) {
                    seen.push(quantity);
                    sum.causes += 1;
                }
                if (ingredient, u128::MAX - part.value.unsigned_abs()) < (place.0, u128::MAX - place.1) {
                    place = (ingredient, part.value.unsigned_abs());
                }
            }
            let cursor = Cursor {
                ingredient: place.0,
                size: std::cmp::Reverse(place.1),
                origin: cause.origin,
                id: cause.id.to_owned(),
                partition: evidence.partition.0,
            };
            page.offer(cursor, || Found {
                evidence: number,
                place: cause.place,
                origin: cause.origin,
                id: cause.id.to_owned(),
                parts: cause.parts.to_vec(),
            });
        });
        if end.is_break() || !may_go_on() {
            return Err(ExplainError::GivenUp);
        }
    }
    let value = value(&shown, question, now).ok_or(ExplainError::NotTold(question.kpi.name))?;
    let (found, next) = page.finish();
    let today = board.calendar().day_of(now);
    let days = (today, board.day_in_question(question.of.period(), today));
    let entry = |found: Found| {
        // A page of long histories is the costliest part.
        if !may_go_on() {
            return Err(ExplainError::GivenUp);
        }
        let (evidence, filter) = (&evidence[found.evidence], &filters[found.evidence]);
        Ok(entry(board, config, evidence, filter, days, found))
    };
    let positions = evidence.iter().flat_map(|evidence| {
        evidence.positions.iter().map(|(topic, next)| (evidence.partition, topic.clone(), *next))
    });
    Ok(Explanation {
        value,
        labels: shown.labels(),
        sums,
        causes_total,
        causes: found.into_iter().map(entry).collect::<Result<_, ExplainError>>()?,
        next,
        positions: positions.collect(),
    })
}

/// The value that a board has for a question.
fn value(board: &Board, question: &Question, now: Timestamp) -> Option<KpiValue> {
    let Question { kpi, scope, of, .. } = question;
    if let Time::Days(days) = of {
        return Some(board.view_of_days(days.clone(), now).evaluate_scope(kpi, scope));
    }
    board.kpis(scope, of.period(), now).into_iter().find(|value| value.kpi == *kpi)
}

/// Shows the cells that the KPI is made from on a board of their own, and adds them up.
fn add_cells(
    board: &Board,
    evidence: &Evidence,
    filter: &Filter,
    shown: &Arc<Board>,
    sums: &mut BTreeMap<Quantity, QuantitySum>,
) -> Result<(), ExplainError> {
    let frozen = &evidence.frozen;
    let mut cells: BTreeMap<CellKey, i128> = BTreeMap::new();
    frozen.cells().tell(board.pipelines(), &mut |key, value| {
        if let Some((_, when)) = filter.ingredient(&key) {
            sums.entry(Quantity::of(key.measure, when)).or_default().total += value;
            *cells.entry(key).or_default() += value;
        }
    });
    let stamp = Stamp { progress: 0, positions: Vec::new() };
    let (reps, territories) = (frozen.reps().as_slice(), frozen.territories().as_slice());
    let mut writer = shown.writer(evidence.partition);
    writer.name_types(frozen.types().as_slice());
    writer.publish(stamp, reps, territories, cells)?;
    Ok(())
}

fn entry(
    board: &Board,
    config: &FoldConfig,
    evidence: &Evidence,
    filter: &Filter,
    days: (Day, Day),
    found: Found,
) -> CauseEntry {
    let frozen = &evidence.frozen;
    let name = |names: &engine::Names, number: u32| names.as_slice()[number as usize].clone();
    let reference = board.reference().unwrap_or_default();
    // As the KPIs do: what is open at the rates of now, what flowed at those of the day that the waterfall is valued on.
    let rate_day = |key: CellKey| match key.measure {
        Measure::OpenAmount(..) | Measure::OpenDueAmount(_) => days.0,
        Measure::FlowAmount(..) => days.1,
        _ => key.day,
    };
    let part = |part: &Contribution| {
        let key = part.key;
        let (_, when) = filter.ingredient(&key)?;
        let day = (key.day != CellKey::STANDING).then_some(key.day);
        let foreign = key.measure.currency().filter(|&currency| currency != board.reporting_currency());
        Some(PartEntry {
            when,
            measure: key.measure,
            rep: name(frozen.reps(), key.rep.0),
            territory: name(frozen.territories(), key.territory.0),
            day,
            activity_type: key.measure.activity_type().map(|of| name(frozen.types(), of.0.into())),
            value: part.value,
            rate: foreign.and_then(|currency| reference.rate(currency, Some(rate_day(key)))),
        })
    };
    let events = frozen.events(found.place, config, &|key| filter.ingredient(key).is_some());
    let with_rep = |event: CauseEvent| {
        let rep = event.deal.map(|deal| name(frozen.reps(), deal.rep.0));
        (event, rep)
    };
    CauseEntry {
        origin: found.origin,
        id: found.id,
        partition: evidence.partition,
        topic: match found.origin {
            Origin::Deal => evidence.deals.clone(),
            Origin::Activity => evidence.activities.clone(),
        },
        parts: found.parts.iter().filter_map(part).collect(),
        events: events.into_iter().map(with_rep).collect(),
    }
}
