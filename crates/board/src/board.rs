//! The board: tables of sums by period, what turns them into answers, and what is known of the partitions.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use kpi::{Kpi, StageLimits, Thresholds, When, Whose};
use model::{
    Calendar, CellKey, Currency, Day, Offset, PartitionId, Period, PeriodKind, Pipelines, Reference,
    RepIndex, TerritoryIndex, Timestamp, TopicName, TypeIndex,
};
use parking_lot::{Mutex, RwLock};

use crate::closings::Closings;
use crate::kept::Kept;
use crate::labels::Labels;
use crate::leaderboard::{Group, Leaderboard, Order};
use crate::members::Membership;
use crate::names::Names;
use crate::organisation::Organisation;
use crate::partition::{Partition, PartitionWriter, Partitions};
use crate::status::{Readiness, Status, Statuses};
use crate::table::{PeriodSlot, Table};
use crate::view::Scope;

/// The read side of the service; shared by its workers, who write, and by everybody who asks.
#[derive(Debug)]
pub struct Board {
    pub(crate) pipelines: Arc<Pipelines>,
    pub(crate) thresholds: Arc<Thresholds>,
    /// In place of those that follow from what is published.
    pub(crate) limits: Option<StageLimits>,
    calendar: Calendar,
    reporting: Currency,
    /// Of the periods that somebody has asked for; see [`Board::table`].
    pub(crate) tables: DashMap<PeriodSlot, Arc<RwLock<Table>>>,
    pub(crate) kept: Kept,
    reps: RwLock<Names>,
    territories: RwLock<Names>,
    /// Types of activities.
    types: RwLock<Names>,
    pub(crate) partitions: RwLock<Partitions>,
    statuses: Mutex<Statuses>,
    pub(crate) closings: Mutex<Closings>,
    reference: RwLock<Option<Arc<Reference>>>,
    /// The latest organisation that was asked for; made anew when the reference or the names are others.
    organisation: Mutex<Option<Arc<Organisation>>>,
    pub(crate) generation: AtomicU64,
    ignored: AtomicU64,
}

impl Board {
    /// An empty board. Money is converted to the reporting currency.
    #[must_use]
    pub fn new(pipelines: Pipelines, calendar: Calendar, reporting: Currency) -> Self {
        Self {
            pipelines: Arc::new(pipelines),
            thresholds: Arc::default(),
            limits: None,
            calendar,
            reporting,
            tables: DashMap::new(),
            kept: Kept::default(),
            reps: RwLock::default(),
            territories: RwLock::default(),
            types: RwLock::default(),
            partitions: RwLock::default(),
            statuses: Mutex::default(),
            closings: Mutex::default(),
            reference: RwLock::default(),
            organisation: Mutex::default(),
            generation: AtomicU64::new(0),
            ignored: AtomicU64::new(0),
        }
    }

    /// The same board with other thresholds for verdicts than the usual ones.
    #[must_use]
    pub fn with_thresholds(self, thresholds: Thresholds) -> Self {
        Self { thresholds: Arc::new(thresholds), ..self }
    }

    /// The stages.
    #[must_use]
    pub fn pipelines(&self) -> &Pipelines {
        &self.pipelines
    }

    /// The calendar.
    #[must_use]
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The currency that money is converted to.
    #[must_use]
    pub const fn reporting_currency(&self) -> Currency {
        self.reporting
    }

    /// Where verdicts change.
    #[must_use]
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// A way onto the board for the worker of a partition. Earlier writers of the partition are not heard any more.
    #[must_use]
    pub fn writer(self: &Arc<Self>, partition: PartitionId) -> PartitionWriter {
        let partition = Arc::clone(self.partitions.write().entry(partition).or_default());
        PartitionWriter::new(Arc::clone(self), partition)
    }

    /// Lets reference records hold in place of all earlier ones. They are used on reading alone.
    pub fn set_reference(&self, reference: Arc<Reference>) {
        *self.reference.write() = Some(reference);
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// The reference records, once they are loaded.
    #[must_use]
    pub fn reference(&self) -> Option<Arc<Reference>> {
        self.reference.read().clone()
    }

    /// Tells how far the worker of a partition is.
    pub fn set_status(&self, partition: PartitionId, status: Status) {
        self.statuses.lock().set(partition, status);
    }

    /// Tells which partitions are this instance's; what was known of others is forgotten.
    pub fn set_assignment(&self, partitions: &[PartitionId]) {
        self.statuses.lock().assign(partitions);
    }

    /// Whether the numbers are whole, and if not, why.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let has_reference = self.reference.read().is_some();
        self.statuses.lock().readiness(has_reference)
    }

    /// A number that grows whenever a number on the board may have changed.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// How many publishes and retractions came too late and were ignored.
    #[must_use]
    pub fn ignored_publishes(&self) -> u64 {
        self.ignored.load(Ordering::Relaxed)
    }

    /// How far each partition's published numbers go: the next offset of each topic.
    #[must_use]
    pub fn positions(&self) -> Vec<(PartitionId, TopicName, Offset)> {
        let mut positions = Vec::new();
        for (&number, partition) in &*self.partitions.read() {
            let stamp = partition.stamp().map(|stamp| stamp.positions).unwrap_or_default();
            positions.extend(stamp.into_iter().map(|(topic, offset)| (number, topic, offset)));
        }
        positions
    }

    /// How many cells the partitions have published, and how many sums the tables hold. Cost: waits for publishes.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let partitions: Vec<Arc<Partition>> = self.partitions.read().values().map(Arc::clone).collect();
        let cells = partitions.iter().map(|partition| partition.len()).sum();
        let sums = self.all_tables().iter().map(|table| table.read().len()).sum();
        (cells, sums)
    }

    /// The ids of all reps that have or had numbers or that the reference records name, in order.
    #[must_use]
    pub fn reps(&self) -> Vec<Arc<str>> {
        sorted(self.organisation().reps.iter().map(|rep| &rep.id))
    }

    /// The ids of all territories that have or had numbers or that the reference records name, in order.
    #[must_use]
    pub fn territories(&self) -> Vec<Arc<str>> {
        sorted(self.organisation().territories.iter().map(|territory| &territory.id))
    }

    /// The ids of all territories that others name as their parent, in order.
    #[must_use]
    pub fn regions(&self) -> Vec<Arc<str>> {
        sorted(self.organisation().regions.iter().map(|region| &region.id))
    }

    /// The ids of all teams that reps name, in order.
    #[must_use]
    pub fn teams(&self) -> Vec<Arc<str>> {
        sorted(self.organisation().teams.iter().map(|team| &team.id))
    }

    /// The name to show for a scope; none for the company's, and for an id that does not exist.
    #[must_use]
    pub fn name(&self, scope: &Scope) -> Option<Arc<str>> {
        let organisation = self.organisation();
        match scope {
            Scope::Company => None,
            Scope::Region(id) => organisation.region(id).map(|index| &organisation.regions[index].name),
            Scope::Team(id) => organisation.team(id).map(|index| &organisation.teams[index].name),
            Scope::Territory(id) => {
                let mut territories = organisation.territories.iter();
                territories.find(|territory| *territory.id == **id).map(|territory| &territory.name)
            }
            Scope::Rep(id) => organisation.reps.iter().find(|rep| *rep.id == **id).map(|rep| &rep.name),
        }
        .map(Arc::clone)
    }

    /// Whose sums are a scope's; nobody's for an id that does not exist.
    #[must_use]
    pub fn membership(&self, scope: &Scope) -> Membership {
        Membership::of(scope, &self.organisation())
    }

    /// Whose sums a KPI of a scope is made from, for a period or for now.
    #[must_use]
    pub fn membership_of(
        &self,
        whose: Whose,
        scope: &Scope,
        period: Option<Period>,
        now: Timestamp,
    ) -> Membership {
        match whose {
            Whose::Scope => self.membership(scope),
            Whose::RepsWithQuota => {
                let organisation = self.organisation();
                let targets = self.targets(&organisation, period, self.calendar.day_of(now));
                Membership::of_reps(scope, &organisation, &|rep_id| targets.has_quota(rep_id))
            }
            Whose::Company => Membership::All,
        }
    }

    /// The days whose cells are of a time, in relation to a period, or to now.
    #[must_use]
    pub fn days_of(&self, when: When, period: Option<Period>, now: Timestamp) -> Option<Range<Day>> {
        let today = self.calendar.day_of(now);
        let year = |day| self.calendar.period_of(PeriodKind::Year, day);
        let days = |period| self.calendar.days(period);
        match when {
            When::Period => period.map(days),
            When::Previous => period.map(|period| days(period.previous())),
            When::Standing => Some(CellKey::STANDING..Day(CellKey::STANDING.0 + 1)),
            When::History => {
                let year = year(self.day_in_question(period, today));
                Some(days(year.previous()).start..days(year).end)
            }
            When::After => period.map(|period| days(period).end..days(year(today).next()).end),
            When::LastYear => Some(days(period?.year_before()?)),
            // Those of a stage that are stalled are up to the limit.
            When::Since | When::Stalled => Some(Day(CellKey::STANDING.0 + 1)..Day(today.0.saturating_add(2))),
            When::TwoMonths => {
                let month = self.calendar.period_of(PeriodKind::Month, today);
                Some(days(month.previous()).start..days(month).end)
            }
        }
    }

    /// A board of the same configuration and reference records, and with these limits, on which nothing is published. It
    /// numbers types of activities as this one does.
    #[must_use]
    pub fn without_cells(&self, limits: StageLimits) -> Self {
        let board = Self::new((*self.pipelines).clone(), self.calendar.clone(), self.reporting);
        *board.reference.write() = self.reference();
        board.types.write().clone_from(&self.types.read());
        Self { thresholds: Arc::clone(&self.thresholds), limits: Some(limits), ..board }
    }

    /// What stands for stages and types of activities in values.
    #[must_use]
    pub fn labels(&self) -> Labels {
        Labels { pipelines: Arc::clone(&self.pipelines), types: self.types.read().as_slice().to_vec() }
    }

    /// The periods of a kind that have numbers, in order.
    #[must_use]
    pub fn periods(&self, kind: PeriodKind) -> Vec<Period> {
        let partitions: Vec<Arc<Partition>> = self.partitions.read().values().map(Arc::clone).collect();
        let days = partitions.iter().flat_map(|partition| partition.days());
        let dated = days.filter(|&day| day != CellKey::STANDING);
        let periods: BTreeSet<Period> = dated.map(|day| self.calendar.period_of(kind, day)).collect();
        periods.into_iter().collect()
    }

    /// Ranks scopes of one kind by a KPI; none if the KPI is not told for the period. See [`View::leaderboard`]. Cost: less
    /// than a [`view`](Self::view), since it has only what the KPI is made of.
    #[must_use]
    pub fn leaderboard(
        &self,
        kpi: &'static Kpi,
        period: Option<Period>,
        group: Group,
        order: Order,
        limit: usize,
        now: Timestamp,
    ) -> Option<Leaderboard> {
        self.view_for(kpi, period.into(), now).leaderboard(kpi, group, order, limit)
    }

    pub(crate) fn organisation(&self) -> Arc<Organisation> {
        let reference = self.reference().unwrap_or_default();
        let (reps, territories) = (self.reps.read(), self.territories.read());
        let counts = (reps.as_slice().len(), territories.as_slice().len());
        let mut latest = self.organisation.lock();
        if let Some(organisation) = &*latest
            && organisation.counts == counts
            && (Arc::ptr_eq(&organisation.reference, &reference)
                || (organisation.reference.is_empty() && reference.is_empty()))
        {
            return Arc::clone(organisation);
        }
        let organisation = Arc::new(Organisation::new(reference, reps.as_slice(), territories.as_slice()));
        *latest = Some(Arc::clone(&organisation));
        organisation
    }

    pub(crate) fn intern_reps<N: AsRef<str>>(&self, names: &[N]) -> Vec<RepIndex> {
        intern(&self.reps, names).into_iter().map(RepIndex).collect()
    }

    pub(crate) fn intern_territories<N: AsRef<str>>(&self, names: &[N]) -> Vec<TerritoryIndex> {
        intern(&self.territories, names).into_iter().map(TerritoryIndex).collect()
    }

    /// Types beyond those that can be told apart are one.
    pub(crate) fn intern_types<N: AsRef<str>>(&self, names: &[N]) -> Vec<TypeIndex> {
        let mut types = self.types.write();
        let last = u32::from(TypeIndex::END - 1);
        let number = |name: &N| {
            let is_full = types.as_slice().len() >= usize::from(TypeIndex::END - 1);
            let number =
                if is_full { types.find(name.as_ref()).unwrap_or(last) } else { types.intern(name.as_ref()) };
            TypeIndex(u16::try_from(number).unwrap_or(TypeIndex::END - 1))
        };
        names.iter().map(number).collect()
    }

    pub(crate) fn count_ignored(&self) {
        self.ignored.fetch_add(1, Ordering::Relaxed);
    }
}

fn intern<N: AsRef<str>>(names: &RwLock<Names>, new: &[N]) -> Vec<u32> {
    if new.is_empty() {
        return Vec::new();
    }
    let mut names = names.write();
    new.iter().map(|name| names.intern(name.as_ref())).collect()
}

fn sorted<'a>(ids: impl Iterator<Item = &'a Arc<str>>) -> Vec<Arc<str>> {
    let mut ids: Vec<Arc<str>> = ids.map(Arc::clone).collect();
    ids.sort_unstable();
    ids
}
