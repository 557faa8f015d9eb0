//! Sums of every scope in one period, made in one pass.

use std::sync::Arc;

use kpi::{CATALOGUE, Conversion, Input, Kpi, KpiValue};
use model::{Currency, Day, Measure, Pipelines, Reference, Tally};

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
    /// The won amounts on the way to the reporting currency, each at the rate of its day.
    pub won_amount: Conversion,
}

impl ScopeTally {
    pub(crate) fn new(reporting: Currency) -> Self {
        Self { tally: Tally::default(), won_amount: Conversion::new(reporting) }
    }

    /// Adds a sum; foreign won amounts come by day, too.
    pub(crate) fn add(&mut self, measure: Measure, value: i128, reference: &Reference) {
        self.tally.add(measure, value);
        let reporting = self.won_amount.reporting();
        if measure == Measure::WonAmount(reporting) {
            self.won_amount.add(value, reporting, None, reference);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.tally.merge(&other.tally);
        self.won_amount.merge(&other.won_amount);
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tally.is_empty() && self.won_amount == Conversion::new(self.won_amount.reporting())
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
    pub(crate) reference: Arc<Reference>,
    pub(crate) pipelines: Arc<Pipelines>,
}

impl View {
    /// The KPIs that are told for the view's period, in the order of the catalogue.
    pub fn catalogue(&self) -> impl Iterator<Item = &'static Kpi> {
        let kind = self.slot.period().map(|period| period.kind);
        CATALOGUE.iter().filter(move |kpi| kpi.is_told_for(kind))
    }

    /// The value of a KPI of [`catalogue`](Self::catalogue) for sums of this view.
    #[must_use]
    pub fn evaluate(&self, kpi: &'static Kpi, sums: &ScopeTally) -> KpiValue {
        evaluate(kpi, sums, &self.reference, &self.pipelines)
    }

    /// The company is the sum of its territories, a region that of those inside it.
    pub(crate) fn fill_territories(&mut self, organisation: &Organisation, sums: Vec<ScopeTally>) {
        let mut regions =
            vec![ScopeTally::new(self.company.won_amount.reporting()); organisation.regions.len()];
        for (territory, sums) in organisation.territories.iter().zip(sums) {
            self.company.merge(&sums);
            for &region in &territory.regions {
                regions[region].merge(&sums);
            }
            if territory.is_leaf || !sums.is_empty() {
                self.territories.push(ViewRow {
                    id: Arc::clone(&territory.id),
                    name: Arc::clone(&territory.name),
                    team: None,
                    territory: territory.parent.clone(),
                    sums,
                });
            }
        }
        self.territories.sort_unstable_by(|left, right| left.id.cmp(&right.id));
        self.regions.extend(organisation.regions.iter().zip(regions).map(|(region, sums)| ViewRow {
            id: Arc::clone(&region.id),
            name: Arc::clone(&region.name),
            team: None,
            territory: region.parent.clone(),
            sums,
        }));
    }

    /// A team is the sum of its reps.
    pub(crate) fn fill_reps(&mut self, organisation: &Organisation, sums: Vec<ScopeTally>, today: Day) {
        let mut teams = vec![ScopeTally::new(self.company.won_amount.reporting()); organisation.teams.len()];
        for (rep, sums) in organisation.reps.iter().zip(sums) {
            if let Some(team) = rep.team {
                teams[team].merge(&sums);
            }
            if rep.works_on(today) || !sums.is_empty() {
                self.reps.push(ViewRow {
                    id: Arc::clone(&rep.id),
                    name: Arc::clone(&rep.name),
                    team: rep.team.map(|team| Arc::clone(&organisation.teams[team].id)),
                    territory: rep.home.clone(),
                    sums,
                });
            }
        }
        self.reps.sort_unstable_by(|left, right| left.id.cmp(&right.id));
        self.teams.extend(organisation.teams.iter().zip(teams).map(|(team, sums)| ViewRow {
            id: Arc::clone(&team.id),
            name: Arc::clone(&team.name),
            team: None,
            territory: None,
            sums,
        }));
    }
}

pub(crate) fn evaluate(
    kpi: &'static Kpi,
    sums: &ScopeTally,
    reference: &Reference,
    pipelines: &Pipelines,
) -> KpiValue {
    kpi.evaluate(&Input { tally: &sums.tally, won_amount: &sums.won_amount, reference, pipelines })
}
