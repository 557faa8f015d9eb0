//! A question, and what all definitions look up.

use std::ops::Range;

use model::{
    Calendar, Currency, Day, Period, PeriodKind, Pipelines, ReferenceRecord, StageIndex, StageKind, Timestamp,
};

use super::books::{Activity, Books, Closed, Deal, Flowed, Left, Mark, Open, Share};
use super::organisation::{Scope, covers, has_rep};

/// Where verdicts change, in percent, and the weights of balance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Thresholds {
    /// An average deal size so near to the previous period's is flat.
    pub flat_within: i128,
    /// With a smaller share of reps at quota, quotas are too high.
    pub at_quota_min: i128,
    /// With a larger one, they are too low.
    pub at_quota_max: i128,
    /// The benchmark of selling time.
    pub selling_time: i128,
    /// From which share of the time on a category can be a sink.
    pub time_sink: i128,
    /// A territory so near to the mean is balanced.
    pub balance_within: i128,
    /// The weights of open amount, open deals and activity minutes.
    pub balance_weights: [i128; 3],
}

/// The organisation, and when it is asked about.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The stages.
    pub pipelines: &'a Pipelines,
    /// Time zone and fiscal year.
    pub calendar: &'a Calendar,
    /// The reference records that hold, each key once.
    pub records: &'a [ReferenceRecord],
    /// What money is converted to.
    pub reporting: Currency,
    /// Where verdicts change.
    pub thresholds: Thresholds,
    /// What time it is.
    pub now: Timestamp,
}

/// For whom and when a KPI is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What is known.
    pub books: &'a Books,
    /// Of whom.
    pub setting: &'a Setting<'a>,
    /// For whom.
    pub scope: &'a Scope,
    /// When; none for what stands now.
    pub period: Option<Period>,
}

impl<'a> Asked<'a> {
    pub(super) fn of_period(&self, period: Option<Period>) -> Self {
        Self { period, ..*self }
    }

    pub(super) fn of_scope<'b>(&self, scope: &'b Scope) -> Asked<'b>
    where
        'a: 'b,
    {
        Asked { books: self.books, setting: self.setting, scope, period: self.period }
    }

    pub(super) fn today(&self) -> Day {
        self.setting.calendar.day_of(self.setting.now)
    }

    /// The days of the period; none where there is no period.
    pub(super) fn days(&self) -> Range<Day> {
        self.period.map_or(Day(0)..Day(0), |period| self.setting.calendar.days(period))
    }

    /// The period's last day, or today if that is earlier or there is no period.
    pub(super) fn last_day(&self) -> Day {
        match self.period {
            Some(_) => Day(self.days().end.0 - 1).min(self.today()),
            None => self.today(),
        }
    }

    pub(super) fn is_begun(&self) -> bool {
        self.days().start <= self.today()
    }

    pub(super) fn is_over(&self) -> bool {
        self.days().end <= self.today()
    }

    /// The fiscal year of the last day and the one before.
    pub(super) fn two_years(&self) -> Range<Day> {
        let calendar = self.setting.calendar;
        let year = calendar.period_of(PeriodKind::Year, self.last_day());
        calendar.days(year.previous()).start..calendar.days(year).end
    }

    /// Seconds of the period that have passed, and all of them.
    pub(super) fn elapsed(&self) -> (i128, i128) {
        let start_of = |day| self.setting.calendar.start_of(day).seconds();
        let days = self.days();
        let (start, end) = (start_of(days.start), start_of(days.end));
        let now = self.setting.now.seconds().clamp(start, end);
        (i128::from(now - start), i128::from(end - start))
    }

    pub(super) fn is_in(&self, day: Day) -> bool {
        self.days().contains(&day)
    }

    pub(super) fn covers(&self, mark: &Mark) -> bool {
        covers(self.setting.records, self.scope, &mark.rep_id, &mark.territory_id)
    }

    pub(super) fn covers_share(&self, share: &Share) -> bool {
        covers(self.setting.records, self.scope, &share.rep_id, &share.territory_id)
    }

    pub(super) fn has_rep(&self, rep_id: &str) -> bool {
        has_rep(self.setting.records, self.scope, rep_id)
    }

    pub(super) fn has(&self, mark: &Mark) -> bool {
        self.is_in(mark.day) && self.covers(mark)
    }

    pub(super) fn open_stages(&self) -> impl Iterator<Item = StageIndex> {
        let pipelines = self.setting.pipelines;
        pipelines.indices().filter(|&stage| pipelines.kind(stage) == StageKind::Open)
    }

    /// The deals created in the period.
    pub(super) fn created(&self) -> impl Iterator<Item = &'a Deal> {
        let asked = *self;
        self.books.deals.iter().filter(move |deal| asked.has(&deal.created))
    }

    /// The closed deals of everybody, at whatever time.
    pub(super) fn all_closed(&self) -> impl Iterator<Item = (&'a Deal, &'a Closed)> {
        self.books.deals.iter().filter_map(|deal| Some((deal, deal.closed.as_ref()?)))
    }

    /// The deals closed in the period.
    pub(super) fn closed(&self) -> impl Iterator<Item = &'a Closed> {
        let asked = *self;
        self.all_closed().map(|(_, closed)| closed).filter(move |closed| asked.has(&closed.mark))
    }

    pub(super) fn won(&self) -> impl Iterator<Item = &'a Closed> {
        self.closed().filter(|closed| closed.is_won)
    }

    /// The open deals of everybody.
    pub(super) fn all_open(&self) -> impl Iterator<Item = &'a Open> {
        self.books.deals.iter().filter_map(|deal| deal.open.as_ref())
    }

    /// The deals that are open now.
    pub(super) fn open(&self) -> impl Iterator<Item = &'a Open> {
        let asked = *self;
        self.all_open().filter(move |open| asked.covers(&open.mark))
    }

    /// The visits of everybody that ended at whatever time.
    pub(super) fn all_left(&self) -> impl Iterator<Item = (StageIndex, &'a Left)> {
        let visits = self.books.deals.iter().flat_map(|deal| &deal.visits);
        visits.filter_map(|visit| Some((visit.stage, visit.left.as_ref()?)))
    }

    /// The visits to a stage that ended in the period.
    pub(super) fn left(&self, stage: StageIndex) -> impl Iterator<Item = &'a Left> {
        let asked = *self;
        let of_stage = self.all_left().filter(move |(of, left)| *of == stage && asked.has(&left.mark));
        of_stage.map(|(_, left)| left)
    }

    /// The activities of the period.
    pub(super) fn activities(&self) -> impl Iterator<Item = &'a Activity> {
        let asked = *self;
        self.books.activities.iter().filter(move |activity| asked.has(&activity.mark))
    }

    /// The changes of the scope's open amount, at whatever time.
    pub(super) fn all_flows(&self) -> impl Iterator<Item = &'a Flowed> {
        let asked = *self;
        self.books.flows.iter().filter(move |flowed| asked.covers(&flowed.mark))
    }
}
