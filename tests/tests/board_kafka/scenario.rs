//! What the board must say of a simulated sales floor: the naive oracle's cells, added up for every scope and period.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Calendar, Category, Event, Measure, Period, PeriodKind, Pipelines, ReferenceRecord, TypeIndex,
    decimal_text,
};
use salesfloor::{Floor, Scenario, oracle};
use serde_json::Value;

use super::document::{Compared, count, integer, kpi, parts, path, quotient, seconds_of_days};

/// Not UTC and not January, so that neither is taken for granted.
pub(crate) const TIME_ZONE: &str = "Europe/Berlin";
pub(crate) const FISCAL_YEAR_FIRST_MONTH: u32 = 4;
const KINDS: [PeriodKind; 3] = [PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year];

/// A sales floor's records.
pub(crate) struct SalesFloor {
    pub(crate) pipelines: Pipelines,
    pub(crate) reference: Vec<ReferenceRecord>,
    pub(crate) events: Vec<Event<'static>>,
}

/// A scope of the API with the id that it is asked for.
type ScopeId = (&'static str, Option<String>);
type Tally = BTreeMap<Measure, i128>;

impl SalesFloor {
    /// A small company in 2025: about 55 events a day.
    pub(crate) fn new(seed: u64, days: u32) -> SalesFloor {
        let mut scenario = Scenario {
            seed,
            start_day: model::Day::parse("2025-01-06").expect("a day"),
            days: Some(days),
            reps: 12,
            teams: 3,
            deals_per_day: 6,
            ..Scenario::demo()
        };
        for plan in &mut scenario.activities {
            plan.per_day *= 0.3;
        }
        let mut floor = Floor::new(&scenario).expect("a scenario");
        SalesFloor {
            pipelines: floor.pipelines().clone(),
            reference: floor.reference(),
            events: floor.by_ref().collect(),
        }
    }

    /// Compares all documents that `ask` gives with what the oracle finds; panics at the first that differs.
    pub(crate) fn compare(&self, ask: &dyn Fn(&str) -> Value) -> Compared {
        let calendar = Calendar::new(TIME_ZONE, FISCAL_YEAR_FIRST_MONTH).expect("a calendar");
        let members = Members::of(&self.reference);
        let cells = oracle::cells(&self.events, &self.pipelines, &calendar);

        let mut standing: BTreeMap<ScopeId, Tally> = BTreeMap::new();
        for (key, value) in cells.iter().filter(|(key, _)| key.day.is_none()) {
            for scope in members.scopes(&key.rep_id, &key.territory_id) {
                *standing.entry(scope).or_default().entry(key.measure).or_default() += value;
            }
        }
        let mut dated: BTreeMap<(ScopeId, Period), Tally> = BTreeMap::new();
        for kind in KINDS {
            for ((rep_id, territory_id, period, measure), value) in oracle::period(&cells, &calendar, kind) {
                for scope in members.scopes(&rep_id, &territory_id) {
                    *dated.entry((scope, period)).or_default().entry(measure).or_default() += value;
                }
            }
        }
        // Everybody in every period, also where there is nothing.
        let periods: BTreeSet<Period> = dated.keys().map(|(_, period)| *period).collect();
        let known = dated.keys().map(|(scope, _)| scope).chain(standing.keys());
        let scopes: BTreeSet<ScopeId> = known.cloned().chain(members.everybody()).collect();
        let mut compared = Compared::default();
        for scope in &scopes {
            let open = standing.get(scope).cloned().unwrap_or_default();
            for period in &periods {
                let (name, id) = (calendar.name(*period), scope.1.as_deref());
                let document = ask(&path(scope.0, id, &name));
                let what = format!("{} {id:?} {name}", scope.0);
                let closed = dated.get(&(scope.clone(), *period)).cloned().unwrap_or_default();
                compare_dated(&closed, &document, &what, &mut compared);
                self.compare_open(&open, &document, &what, &mut compared);
                compared.rows += 1;
            }
        }
        compared
    }

    fn compare_open(&self, tally: &Tally, document: &Value, what: &str, compared: &mut Compared) {
        let mut expected = BTreeMap::new();
        for (measure, deals) in tally {
            if let (Measure::OpenDeals(stage), 1..) = (measure, deals) {
                let (_, stage) = self.pipelines.get(*stage).expect("a stage");
                expected.insert(stage.name.clone(), *deals);
            }
        }
        let found = parts(kpi(document, "open_deals"), "stage");
        let found = found.into_iter().map(|(stage, deals)| (stage, deals.as_i64().unwrap_or(-1).into()));
        compared.same(&found.collect(), &expected, &format!("{what} open deals"));
        let mut amounts = BTreeMap::new();
        for (measure, minor) in tally {
            if let Measure::OpenAmount(_, currency) = measure {
                *amounts.entry(*currency).or_insert(0) += *minor;
            }
        }
        compare_amounts(amounts, kpi(document, "open_amount"), &format!("{what} open amount"), compared);
    }
}

fn compare_dated(tally: &Tally, document: &Value, what: &str, compared: &mut Compared) {
    let of = |measure| i64::try_from(tally.get(&measure).copied().unwrap_or(0)).expect("not that many");
    let (won, lost) = (of(Measure::WonDeals), of(Measure::LostDeals));
    for (name, expected) in
        [("created_deals", of(Measure::CreatedDeals)), ("won_deals", won), ("lost_deals", lost)]
    {
        compared.same(&count(kpi(document, name)), &expected, &format!("{what} {name}"));
    }
    let rate = quotient(kpi(document, "win_rate")).map(|(won, closed)| (won.as_i64(), closed));
    compared.same(&rate, &(won + lost > 0).then_some((Some(won), won + lost)), &format!("{what} win rate"));
    let cycle = quotient(kpi(document, "sales_cycle_mean"));
    let cycle = cycle.map(|(days, deals)| (seconds_of_days(days), deals));
    let expected = (won > 0).then_some((of(Measure::CycleSeconds), won));
    compared.same(&cycle, &expected, &format!("{what} mean sales cycle"));
    let sketched = kpi(document, "sales_cycle_p50")["count"].as_i64();
    compared.same(&sketched, &(won > 0).then_some(won), &format!("{what} deals in the sketch"));

    let mut amounts = BTreeMap::new();
    for (measure, minor) in tally {
        if let Measure::WonAmount(currency) = measure {
            amounts.insert(*currency, *minor);
        }
    }
    compare_amounts(amounts, kpi(document, "won_amount"), &format!("{what} won amount"), compared);

    let of_any_type =
        |measure: fn(Category, TypeIndex) -> Measure| move |category| measure(category, TypeIndex(0));
    let by_category = |measure: &dyn Fn(Category) -> Measure| -> BTreeMap<String, i64> {
        let sums = Category::ALL.map(|category| (category.name().to_owned(), of(measure(category))));
        sums.into_iter().filter(|(_, sum)| *sum != 0).collect()
    };
    for (name, factor, measure) in [
        ("activities", 1.0, of_any_type(Measure::Activities)),
        ("activity_minutes", 60.0, of_any_type(Measure::ActivitySeconds)),
    ] {
        let found = parts(kpi(document, name), "category").into_iter();
        let found =
            found.map(|(category, sum)| (category, integer(sum.as_f64().unwrap_or(-1.0) * factor))).collect();
        compared.same(&found, &by_category(&measure), &format!("{what} {name}"));
    }
    let seconds = |category| of(Measure::ActivitySeconds(category, TypeIndex(0)));
    let selling: i64 = Category::ALL.into_iter().filter(|category| category.is_selling()).map(seconds).sum();
    let all: i64 = Category::ALL.into_iter().map(seconds).sum();
    let share = quotient(kpi(document, "selling_time_share")).map(|(part, whole)| (part.as_i64(), whole));
    compared.same(&share, &(all > 0).then_some((Some(selling), all)), &format!("{what} selling time share"));
}

/// Amounts by currency, before conversion.
fn compare_amounts(
    mut expected: BTreeMap<model::Currency, i128>,
    figure: &Value,
    what: &str,
    compared: &mut Compared,
) {
    expected.retain(|_, minor| *minor != 0);
    let expected: BTreeMap<String, String> = expected
        .into_iter()
        .map(|(currency, minor)| (currency.code(), decimal_text(minor, currency)))
        .collect();
    let amounts = figure["by_currency"].as_object().into_iter().flatten();
    let found: BTreeMap<String, String> = amounts
        .map(|(currency, amount)| (currency.clone(), amount.as_str().unwrap_or_default().to_owned()))
        .filter(|(_, amount)| amount.bytes().any(|byte| (b'1'..=b'9').contains(&byte)))
        .collect();
    compared.same(&found, &expected, what);
}

/// Who belongs where.
struct Members {
    team_of_rep: BTreeMap<String, String>,
    parent_of_territory: BTreeMap<String, String>,
    reps: BTreeSet<String>,
}

impl Members {
    fn of(reference: &[ReferenceRecord]) -> Members {
        let mut members = Members {
            team_of_rep: BTreeMap::new(),
            parent_of_territory: BTreeMap::new(),
            reps: BTreeSet::new(),
        };
        for record in reference {
            match record {
                ReferenceRecord::Rep(rep) => {
                    members.reps.insert(rep.rep_id.clone());
                    members.team_of_rep.extend(rep.team_id.clone().map(|team| (rep.rep_id.clone(), team)));
                }
                ReferenceRecord::Territory(territory) => {
                    let parent = territory.parent_id.clone();
                    members
                        .parent_of_territory
                        .extend(parent.map(|parent| (territory.territory_id.clone(), parent)));
                }
                _ => {}
            }
        }
        members
    }

    /// All scopes that a rep's number in a territory counts for.
    fn scopes(&self, rep_id: &str, territory_id: &str) -> Vec<ScopeId> {
        let mut scopes = vec![
            ("company", None),
            ("rep", Some(rep_id.to_owned())),
            ("territory", Some(territory_id.to_owned())),
        ];
        scopes.extend(self.team_of_rep.get(rep_id).map(|team| ("team", Some(team.clone()))));
        let mut below = territory_id;
        while let Some(region) = self.parent_of_territory.get(below) {
            scopes.push(("region", Some(region.clone())));
            below = region;
        }
        scopes
    }

    fn everybody(&self) -> impl Iterator<Item = ScopeId> {
        self.reps.iter().map(|rep| ("rep", Some(rep.clone())))
    }
}
