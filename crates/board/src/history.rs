//! What happened in two fiscal years, for every scope. Views of one scrape share it: it is the largest part of some.

use std::sync::Arc;

use model::{Currency, Period};

use crate::organisation::Organisation;
use crate::table::Copied;
use crate::view::{Related, ScopeTally};

/// The sums of [`kpi::Input::history`], by the index of each scope in an organisation.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) company: Arc<ScopeTally>,
    pub(crate) regions: Vec<Arc<ScopeTally>>,
    pub(crate) territories: Vec<Arc<ScopeTally>>,
    pub(crate) teams: Vec<Arc<ScopeTally>>,
    pub(crate) reps: Vec<Arc<ScopeTally>>,
}

impl History {
    /// Gives each of some scopes its own.
    pub(crate) fn give(sums: &[Arc<ScopeTally>], scopes: &mut [Related]) {
        for (sums, scope) in sums.iter().zip(scopes) {
            scope.around.history = Some(Arc::clone(sums));
        }
    }

    /// The sums of copies whose names the organisation has.
    pub(crate) fn new(copies: &[Copied], organisation: &Organisation, reporting: Currency) -> Self {
        let nothing = |count: usize| vec![ScopeTally::new(reporting); count];
        let mut reps = nothing(organisation.reps.len());
        let mut territories = nothing(organisation.territories.len());
        for copied in copies {
            copied.each(&organisation.reference, |rep, territory, add| {
                add(&mut reps[rep.0 as usize]);
                add(&mut territories[territory.0 as usize]);
            });
        }
        let mut teams = nothing(organisation.teams.len());
        for (rep, sums) in organisation.reps.iter().zip(&reps) {
            if let Some(team) = rep.team {
                teams[team].merge(sums);
            }
        }
        let mut regions = nothing(organisation.regions.len());
        let mut company = ScopeTally::new(reporting);
        for (territory, sums) in organisation.territories.iter().zip(&territories) {
            territory.regions.iter().for_each(|&region| regions[region].merge(sums));
            company.merge(sums);
        }
        let shared = |sums: Vec<ScopeTally>| sums.into_iter().map(Arc::new).collect();
        Self {
            company: Arc::new(company),
            regions: shared(regions),
            territories: shared(territories),
            teams: shared(teams),
            reps: shared(reps),
        }
    }
}

/// The histories of a few years, for views that are made together.
#[derive(Default)]
pub(crate) struct Histories(Vec<Gathered>);

/// The history that ends with one year, as it was copied, and as it is for the latest organisation that asked.
pub(crate) struct Gathered {
    year: Period,
    copies: Vec<Copied>,
    latest: Option<(Arc<Organisation>, Arc<History>)>,
}

impl Histories {
    /// What is held of a year, copied now if it is not. The organisation is asked for behind it: names come before the
    /// cells that use them.
    pub(crate) fn of_year(&mut self, year: Period, copies: impl FnOnce() -> Vec<Copied>) -> &mut Gathered {
        let place = self.0.iter().position(|gathered| gathered.year == year).unwrap_or_else(|| {
            self.0.push(Gathered { year, copies: copies(), latest: None });
            self.0.len() - 1
        });
        &mut self.0[place]
    }
}

impl Gathered {
    pub(crate) fn history(&mut self, organisation: &Arc<Organisation>, reporting: Currency) -> Arc<History> {
        if let Some((of, history)) = &self.latest
            && Arc::ptr_eq(of, organisation)
        {
            return Arc::clone(history);
        }
        let history = Arc::new(History::new(&self.copies, organisation, reporting));
        self.latest = Some((Arc::clone(organisation), Arc::clone(&history)));
        history
    }
}
