//! Sums of every scope in one period, made in one pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use kpi::{
    Absence, Ages, Amounts, Balanced, CATALOGUE, Conversion, Input, Kpi, KpiValue, RepQuota, StageLimits,
    Sums, Thresholds,
};
use model::{
    Calendar, Currency, Day, GoalScope, Measure, Money, Period, Pipelines, Reference, StageIndex, Tally,
};

use crate::around::Around;
use crate::history::History;
use crate::organisation::Organisation;
use crate::table::PeriodSlot;

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole company.
    Company,
    /// A region: a territory and all below it.
    Region(String),
    /// A territory alone.
    Territory(String),
    /// The reps whose reference record names the team.
    Team(String),
    /// A rep.
    Rep(String),
}

/// The sums of one scope in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeTally {
    /// The sums by measure.
    pub tally: Tally,
    /// The sums of money that is converted by day, on the way to the reporting currency; what is or was open is converted
    /// when it is told.
    pub amounts: Amounts,
    /// Of what stands now: the open deals by stage and the day since when they are there.
    pub ages: Ages,
}

impl ScopeTally {
    pub(crate) fn new(reporting: Currency) -> Self {
        Self { tally: Tally::default(), amounts: Amounts::new(reporting), ages: Ages::new() }
    }

    /// Adds a sum; foreign amounts come by day, too.
    pub(crate) fn add(&mut self, measure: Measure, value: i128, reference: &Reference) {
        self.tally.add(measure, value);
        if measure.is_converted_by_day() && measure.currency() == Some(self.amounts.reporting()) {
            self.amounts.add(measure, value, None, reference);
        }
    }

    /// Adds a sum that is needed by day.
    pub(crate) fn add_by_day(&mut self, measure: Measure, value: i128, day: Day, reference: &Reference) {
        match measure {
            Measure::OpenSince(stage) => add_age(&mut self.ages, (stage, day), value),
            _ => self.amounts.add(measure, value, Some(day), reference),
        }
    }

    pub(crate) fn sums(&self) -> Sums<'_> {
        Sums { tally: &self.tally, amounts: &self.amounts }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.tally.merge(&other.tally);
        self.amounts.merge(&other.amounts);
        other.ages.iter().for_each(|(&key, &deals)| add_age(&mut self.ages, key, deals));
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tally.is_empty() && self.amounts.is_empty() && self.ages.is_empty()
    }
}

/// What is 0 is not held, so that equal ages are equal values.
fn add_age(ages: &mut Ages, key: (StageIndex, Day), deals: i128) {
    let sum = ages.entry(key).or_insert(0);
    *sum += deals;
    if *sum == 0 {
        ages.remove(&key);
    }
}

/// What a scope's KPIs need beside its sums.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    /// The sums of the period before; none for what stands now.
    pub(crate) previous: Option<Arc<ScopeTally>>,
    /// The sums that stand now; none if the view is of those itself.
    pub(crate) standing: Option<Arc<ScopeTally>>,
    pub(crate) around: Around,
    pub(crate) quotas: Vec<RepQuota>,
    pub(crate) goal: Option<Result<i128, Absence>>,
    pub(crate) balance: Option<Balanced>,
}

/// The sums of one scope in a period, in the one before and now.
#[derive(Debug, Clone)]
pub(crate) struct Related {
    pub(crate) sums: ScopeTally,
    pub(crate) previous: Option<ScopeTally>,
    pub(crate) standing: Option<ScopeTally>,
    pub(crate) around: Around,
}

impl Related {
    fn merge(&mut self, other: &Self) {
        self.sums.merge(&other.sums);
        self.around.merge(&other.around);
        for (own, other) in [(&mut self.previous, &other.previous), (&mut self.standing, &other.standing)] {
            if let (Some(own), Some(other)) = (own, other) {
                own.merge(other);
            }
        }
    }
}

/// One rep, territory, region or team of a [`View`].
#[derive(Debug, Clone)]
pub struct ViewRow {
    /// Its id.
    pub id: Arc<str>,
    /// The name to show; the id where the reference records have none.
    pub name: Arc<str>,
    /// The team of a rep.
    pub team: Option<Arc<str>>,
    /// The home territory of a rep; the territory right above a territory or region.
    pub territory: Option<Arc<str>>,
    /// Its sums.
    pub sums: ScopeTally,
    pub(crate) beside: Beside,
}

/// The sums of all scopes in one period.
///
/// Reps are listed who have numbers in the period or work here today; territories that have numbers or that the
/// reference records name and nothing below them; regions and teams all. Rows are in order of id.
#[derive(Debug)]
pub struct View {
    /// Which period.
    pub slot: PeriodSlot,
    /// The company's sums.
    pub company: ScopeTally,
    /// By region, each with all territories below it.
    pub regions: Vec<ViewRow>,
    /// By territory, alone.
    pub territories: Vec<ViewRow>,
    /// By team.
    pub teams: Vec<ViewRow>,
    /// By rep.
    pub reps: Vec<ViewRow>,
    /// Reps and territories that are not listed, but have something open, something at other times, or targets.
    pub(crate) unlisted: BTreeMap<Scope, (ScopeTally, Beside)>,
    pub(crate) company_beside: Beside,
    pub(crate) reference: Arc<Reference>,
    pub(crate) pipelines: Arc<Pipelines>,
    pub(crate) thresholds: Arc<Thresholds>,
    pub(crate) elapsed: Option<(i128, i128)>,
    pub(crate) limits: StageLimits,
    pub(crate) today: Day,
    pub(crate) valued_on: Day,
}

impl View {
    /// The KPIs that are told for the view's period, in the order of the catalogue.
    pub fn catalogue(&self) -> impl Iterator<Item = &'static Kpi> {
        let kind = self.slot.period().map(|period| period.kind);
        CATALOGUE.iter().filter(move |kpi| kpi.is_told_for(kind))
    }

    /// How many seconds of the period have passed, of how many; none for what stands now.
    #[must_use]
    pub const fn elapsed(&self) -> Option<(i128, i128)> {
        self.elapsed
    }

    /// The company's value of a KPI of [`catalogue`](Self::catalogue).
    #[must_use]
    pub fn evaluate_company(&self, kpi: &'static Kpi) -> KpiValue {
        self.evaluate_sums(kpi, &self.company, &self.company_beside)
    }

    /// The value of a KPI of [`catalogue`](Self::catalogue) for a row of this view.
    #[must_use]
    pub fn evaluate(&self, kpi: &'static Kpi, row: &ViewRow) -> KpiValue {
        self.evaluate_sums(kpi, &row.sums, &row.beside)
    }

    /// The values of all KPIs of [`catalogue`](Self::catalogue) for a scope; of an id that does not exist, those of
    /// nothing.
    #[must_use]
    pub fn evaluate_all(&self, scope: &Scope) -> Vec<KpiValue> {
        self.with_sums(scope, |sums, beside| {
            self.catalogue().map(|kpi| self.evaluate_sums(kpi, sums, beside)).collect()
        })
    }

    /// The value of a KPI of [`catalogue`](Self::catalogue) for a scope; of an id that does not exist, that of nothing.
    #[must_use]
    pub fn evaluate_scope(&self, kpi: &'static Kpi, scope: &Scope) -> KpiValue {
        self.with_sums(scope, |sums, beside| self.evaluate_sums(kpi, sums, beside))
    }

    fn with_sums<T>(&self, scope: &Scope, evaluate: impl FnOnce(&ScopeTally, &Beside) -> T) -> T {
        let (nothing, nothing_beside) =
            (ScopeTally::new(self.company.amounts.reporting()), Beside::default());
        let find = |rows: &'_ [ViewRow], id: &str| rows.iter().position(|row| *row.id == *id);
        let row = match scope {
            Scope::Company => None,
            Scope::Region(id) => find(&self.regions, id).map(|index| &self.regions[index]),
            Scope::Territory(id) => find(&self.territories, id).map(|index| &self.territories[index]),
            Scope::Team(id) => find(&self.teams, id).map(|index| &self.teams[index]),
            Scope::Rep(id) => find(&self.reps, id).map(|index| &self.reps[index]),
        };
        let (sums, beside) = match (scope, row) {
            (Scope::Company, _) => (&self.company, &self.company_beside),
            (_, Some(row)) => (&row.sums, &row.beside),
            (_, None) => {
                self.unlisted.get(scope).map_or((&nothing, &nothing_beside), |(sums, beside)| (sums, beside))
            }
        };
        evaluate(sums, beside)
    }

    pub(crate) fn evaluate_sums(&self, kpi: &'static Kpi, sums: &ScopeTally, beside: &Beside) -> KpiValue {
        kpi.evaluate(&Input {
            sums: sums.sums(),
            previous: beside.previous.as_deref().map(ScopeTally::sums),
            standing: beside.standing.as_deref().unwrap_or(sums).sums(),
            history: beside.around.history(),
            after: beside.around.after(),
            ages: &beside.standing.as_deref().unwrap_or(sums).ages,
            limits: &self.limits,
            today: self.today,
            valued_on: self.valued_on,
            last_year: beside.around.last_year(),
            quotas: &beside.quotas,
            goal: beside.goal,
            balance: beside.balance,
            elapsed: self.elapsed,
            reference: &self.reference,
            pipelines: &self.pipelines,
            thresholds: &self.thresholds,
        })
    }

    /// Fills in all scopes from the sums of territories and of reps, by their index in the organisation: the company is
    /// the sum of its territories, a region that of those inside it, a team that of its reps.
    pub(crate) fn fill(
        &mut self,
        organisation: &Organisation,
        (territories, reps): (Vec<Related>, Vec<Related>),
        nothing: &Related,
        history: &History,
        targets: &Targets<'_>,
    ) {
        let quotas = Quotas::new(organisation, &reps, targets);
        self.fill_territories(organisation, territories, nothing, history, (targets, &quotas));
        let mut teams = vec![nothing.clone(); organisation.teams.len()];
        History::give(&history.teams, &mut teams);
        for ((rep, related), quota) in organisation.reps.iter().zip(reps).zip(&quotas.by_member) {
            if let Some(team) = rep.team {
                teams[team].merge(&related);
            }
            let goal = targets.goal_of(&Scope::Rep(rep.id.to_string()), organisation);
            let is_targeted = quota.is_some() || goal.is_some();
            if rep.works_on(targets.today) || !related.sums.is_empty() || is_targeted {
                let (sums, beside) = related.beside(quota.iter().copied().collect(), goal);
                self.reps.push(ViewRow {
                    id: Arc::clone(&rep.id),
                    name: Arc::clone(&rep.name),
                    team: rep.team.map(|team| Arc::clone(&organisation.teams[team].id)),
                    territory: rep.home.clone(),
                    sums,
                    beside,
                });
            } else if !related.is_empty() {
                self.unlisted.insert(Scope::Rep(rep.id.to_string()), related.beside(Vec::new(), None));
            }
        }
        self.reps.sort_unstable_by(|left, right| left.id.cmp(&right.id));
        for (number, (team, related)) in organisation.teams.iter().zip(teams).enumerate() {
            let goal = targets.goal_of(&Scope::Team(team.id.to_string()), organisation);
            let (sums, beside) = related.beside(quotas.by_team[number].clone(), goal);
            let (id, name) = (Arc::clone(&team.id), Arc::clone(&team.name));
            self.teams.push(ViewRow { id, name, team: None, territory: None, sums, beside });
        }
    }

    fn fill_territories(
        &mut self,
        organisation: &Organisation,
        territories: Vec<Related>,
        nothing: &Related,
        history: &History,
        (targets, quotas): (&Targets<'_>, &Quotas<'_>),
    ) {
        let mut company = nothing.clone();
        company.around.history = Some(Arc::clone(&history.company));
        let mut regions = vec![nothing.clone(); organisation.regions.len()];
        History::give(&history.regions, &mut regions);
        for (territory, related) in organisation.territories.iter().zip(territories) {
            company.merge(&related);
            for &region in &territory.regions {
                regions[region].merge(&related);
            }
            let id = territory.id.to_string();
            let (at_home, goal) =
                (quotas.at_home_in(&id), targets.goal_of(&Scope::Territory(id.clone()), organisation));
            let is_targeted = !at_home.is_empty() || goal.is_some();
            let beside = |related: Related| related.beside(at_home.to_vec(), goal);
            if territory.is_leaf || !related.sums.is_empty() {
                let (sums, beside) = beside(related);
                self.territories.push(ViewRow {
                    id: Arc::clone(&territory.id),
                    name: Arc::clone(&territory.name),
                    team: None,
                    territory: territory.parent.clone(),
                    sums,
                    beside,
                });
            } else if is_targeted || !related.is_empty() {
                self.unlisted.insert(Scope::Territory(territory.id.to_string()), beside(related));
            }
        }
        self.territories.sort_unstable_by(|left, right| left.id.cmp(&right.id));
        for (number, (region, related)) in organisation.regions.iter().zip(regions).enumerate() {
            let territories = organisation.territories.iter();
            let inside = territories.filter(|territory| territory.regions.contains(&number));
            let inside = inside.flat_map(|territory| quotas.at_home_in(&territory.id)).copied().collect();
            let (sums, beside) =
                related.beside(inside, targets.goal_of(&Scope::Region(region.id.to_string()), organisation));
            self.regions.push(ViewRow {
                id: Arc::clone(&region.id),
                name: Arc::clone(&region.name),
                team: None,
                territory: region.parent.clone(),
                sums,
                beside,
            });
        }
        let goal = targets.goal_of(&Scope::Company, organisation);
        (self.company, self.company_beside) =
            company.beside(quotas.by_member.iter().flatten().copied().collect(), goal);
    }
}

impl Related {
    fn is_empty(&self) -> bool {
        let Self { sums, previous, standing, around } = self;
        let others = [previous, standing].into_iter().flatten();
        std::iter::once(sums).chain(others).chain(around.sums()).all(ScopeTally::is_empty)
    }

    fn beside(self, quotas: Vec<RepQuota>, goal: Option<Result<i128, Absence>>) -> (ScopeTally, Beside) {
        let Self { sums, previous, standing, around } = self;
        let (previous, standing) = (previous.map(Arc::new), standing.map(Arc::new));
        (sums, Beside { previous, standing, around, quotas, goal, balance: None })
    }
}

/// The quotas of the reps, once more by where they belong: no scope looks through all of them.
struct Quotas<'a> {
    by_member: Vec<Option<RepQuota>>,
    by_team: Vec<Vec<RepQuota>>,
    by_home: BTreeMap<&'a str, Vec<RepQuota>>,
}

impl<'a> Quotas<'a> {
    /// `reps` are the sums of the organisation's, by their index there.
    fn new(organisation: &'a Organisation, reps: &[Related], targets: &Targets<'_>) -> Self {
        let members = organisation.reps.iter().zip(reps);
        let mut quotas = Self {
            by_member: members.map(|(rep, related)| targets.quota(&rep.id, &related.sums)).collect(),
            by_team: vec![Vec::new(); organisation.teams.len()],
            by_home: BTreeMap::new(),
        };
        for (rep, quota) in organisation.reps.iter().zip(&quotas.by_member) {
            let Some(quota) = *quota else { continue };
            if let Some(team) = rep.team {
                quotas.by_team[team].push(quota);
            }
            if let Some(home) = &rep.home {
                quotas.by_home.entry(home).or_default().push(quota);
            }
        }
        quotas
    }

    fn at_home_in(&self, territory: &str) -> &[RepQuota] {
        self.by_home.get(territory).map_or(&[], Vec::as_slice)
    }
}

/// Quotas and goals of a period.
pub(crate) struct Targets<'a> {
    pub(crate) reference: &'a Reference,
    pub(crate) calendar: &'a Calendar,
    pub(crate) reporting: Currency,
    pub(crate) period: Option<Period>,
    pub(crate) today: Day,
}

impl Targets<'_> {
    /// The day whose quotas and rates hold: today, or the period's last day if it is over.
    fn day(&self, period: Period) -> Day {
        Day(self.calendar.days(period).end.0 - 1).min(self.today)
    }

    fn quota(&self, rep_id: &str, sums: &ScopeTally) -> Option<RepQuota> {
        Some(self.rep_quota(self.quota_amount(rep_id)?, sums))
    }

    /// A rep's quota beside what the sums say was won.
    pub(crate) fn rep_quota(&self, quota: Result<i128, Absence>, sums: &ScopeTally) -> RepQuota {
        RepQuota { won: sums.amounts.exact(Measure::WonAmount(self.reporting)), quota }
    }

    pub(crate) fn quota_amount(&self, rep_id: &str) -> Option<Result<i128, Absence>> {
        let period = self.period?;
        let day = self.day(period);
        let amounts = self.reference.quota(rep_id, period, day, self.calendar)?;
        Some(self.converted(&amounts, day))
    }

    /// Whether KPIs of quotas count the rep: one of 0 is none, one that cannot be told is one.
    pub(crate) fn has_quota(&self, rep_id: &str) -> bool {
        self.quota_amount(rep_id)
            .is_some_and(|amount| amount.is_err() || amount.is_ok_and(|amount| amount > 0))
    }

    /// The goal of a scope; none of one that does not exist.
    pub(crate) fn goal_of(
        &self,
        scope: &Scope,
        organisation: &Organisation,
    ) -> Option<Result<i128, Absence>> {
        match scope {
            Scope::Company => self.goal(&GoalScope::Company),
            Scope::Region(id) => {
                organisation.region(id).and_then(|_| self.goal(&GoalScope::Territory(id.clone())))
            }
            // A region's goal is for all that is inside it, and not for the little that is in it itself.
            Scope::Territory(id) if organisation.region(id).is_some() => None,
            Scope::Territory(id) => {
                let is_known = || organisation.territories.iter().any(|territory| *territory.id == **id);
                self.goal(&GoalScope::Territory(id.clone())).filter(|_| is_known())
            }
            Scope::Team(id) => organisation.team(id).and_then(|_| self.goal(&GoalScope::Team(id.clone()))),
            Scope::Rep(id) => self.goal(&GoalScope::Rep(id.clone())),
        }
    }

    fn goal(&self, scope: &GoalScope) -> Option<Result<i128, Absence>> {
        let period = self.period?;
        let amount = self.reference.goal(scope, &self.calendar.name(period))?;
        Some(self.converted(&[amount], self.day(period)))
    }

    fn converted(&self, amounts: &[Money], day: Day) -> Result<i128, Absence> {
        let mut sum = Conversion::new(self.reporting);
        for money in amounts {
            sum.add(money.minor.into(), money.currency, Some(day), self.reference);
        }
        sum.total()
    }
}
