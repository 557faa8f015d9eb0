//! The company that a scenario describes: its territories, reps and currencies, with what distinguishes them.

use std::collections::BTreeMap;

use model::{Currency, Day, MICROS_PER_SECOND, Money};

use crate::dice::{Chance, Dice, MICROS_PER_DAY, SECONDS_PER_DAY};
use crate::names::{PLACES, Place, TEAMS};
use crate::scenario::{Scenario, ScenarioError};

/// The stream of chance from which the company is drawn, so that it stays the same when its sales change.
const STAFF_STREAM: u64 = 1;
const HOUR_SECONDS: i64 = 3_600;
const OFFICE_OPENS: i64 = 8 * HOUR_SECONDS;
const OFFICE_CLOSES: i64 = 18 * HOUR_SECONDS;

pub(crate) struct TerritoryProfile {
    pub(crate) territory_id: String,
    pub(crate) name: String,
    pub(crate) region_id: &'static str,
    /// Index into [`Company::currencies`].
    currency: usize,
    offset_seconds: i64,
    /// How many of 1000 deals that are offered to it come about: territories differ in potential.
    potential_permille: u32,
}

pub(crate) struct RepProfile {
    pub(crate) rep_id: String,
    pub(crate) name: String,
    pub(crate) team_id: String,
    /// Index into [`Company::territories`].
    pub(crate) territory: u32,
    pub(crate) started_on: Option<Day>,
    pub(crate) ended_on: Option<Day>,
    /// How likely a rep loses a deal against what is usual, in permille; below 1000 is better.
    pub(crate) loss_permille: u64,
}

pub(crate) struct Company {
    pub(crate) territories: Vec<TerritoryProfile>,
    pub(crate) reps: Vec<RepProfile>,
    /// With their rates at the start; the reporting currency first.
    pub(crate) currencies: Vec<(Currency, i64)>,
    office_hours: bool,
    weekend: Chance,
    grid_micros: i64,
}

impl Company {
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, ScenarioError> {
        let mut dice = Dice::new(scenario.seed, STAFF_STREAM);
        let currencies = scenario.currency_rates()?;
        let territories: Vec<TerritoryProfile> = (0..scenario.territories)
            .map(|number| territory(number as usize, &currencies, &mut dice))
            .collect();
        let turnover = Chance::of(scenario.rates.rep_turnover);
        let mut named = BTreeMap::new();
        let reps =
            (0..scenario.reps).map(|number| rep(number, scenario, turnover, &mut named, &mut dice)).collect();
        Ok(Self {
            territories,
            reps,
            currencies,
            office_hours: scenario.office_hours,
            weekend: Chance::of(scenario.rates.weekend),
            grid_micros: i64::from(scenario.time_grid_seconds) * MICROS_PER_SECOND,
        })
    }

    /// A rep for a new deal at this time, by the potential of territories; one who is not there only if nobody else
    /// is found quickly.
    pub(crate) fn rep_for_deal(&self, at_micros: i64, dice: &mut Dice) -> u32 {
        let mut rep = self.any_rep(dice);
        for _ in 0..8 {
            let potential = self.territories[self.reps[rep as usize].territory as usize].potential_permille;
            if self.works_at(rep, at_micros) && dice.below(1_000) < potential {
                break;
            }
            rep = self.any_rep(dice);
        }
        rep
    }

    /// Another rep than this one, if there is one, preferably of the same territory and still there.
    pub(crate) fn successor(&self, of: u32, at_micros: i64, dice: &mut Dice) -> u32 {
        let mut found = self.any_rep(dice);
        for _ in 0..12 {
            let near = self.reps[found as usize].territory == self.reps[of as usize].territory;
            if found != of && self.works_at(found, at_micros) && (near || dice.below(4) == 0) {
                return found;
            }
            found = self.any_rep(dice);
        }
        if found == of { (of + 1) % self.rep_count() } else { found }
    }

    pub(crate) fn any_rep(&self, dice: &mut Dice) -> u32 {
        dice.below(self.rep_count())
    }

    fn rep_count(&self) -> u32 {
        u32::try_from(self.reps.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn any_territory(&self, dice: &mut Dice) -> u32 {
        dice.below(u32::try_from(self.territories.len()).unwrap_or(u32::MAX))
    }

    pub(crate) fn works_at(&self, rep: u32, at_micros: i64) -> bool {
        let rep = &self.reps[rep as usize];
        rep.started_on.is_none_or(|day| start_micros(day) <= at_micros) && !self.has_left(rep, at_micros)
    }

    pub(crate) fn has_left(&self, rep: &RepProfile, at_micros: i64) -> bool {
        rep.ended_on.is_some_and(|day| start_micros(day) + MICROS_PER_DAY <= at_micros)
    }

    pub(crate) fn currency_of(&self, territory: u32) -> Currency {
        self.currencies[self.territories[territory as usize].currency].0
    }

    /// An amount of the reporting currency in another one, at the starting rate.
    pub(crate) fn exchanged(&self, reporting_minor: i64, currency: Currency) -> Money {
        let (reporting, one) = self.currencies[0];
        let rate = self.currencies.iter().find(|(known, _)| *known == currency);
        let rate = rate.map_or(one, |&(_, rate)| rate);
        let numerator =
            i128::from(reporting_minor) * i128::from(one) * 10_i128.pow(currency.fraction_digits());
        let denominator = i128::from(rate) * 10_i128.pow(reporting.fraction_digits());
        let most = i128::from(model::MAX_MINOR_UNITS);
        let minor = (numerator / denominator).clamp(-most, most);
        Money { minor: i64::try_from(minor).unwrap_or(0), currency }
    }

    /// The first moment from `at_micros` on at which something happens in a territory: in its office hours, and on
    /// the grid of times, but never before `now_micros`.
    pub(crate) fn working_time(
        &self,
        at_micros: i64,
        now_micros: i64,
        territory: u32,
        dice: &mut Dice,
    ) -> i64 {
        let mut at = at_micros;
        if self.office_hours {
            at = self.in_office_hours(at, self.territories[territory as usize].offset_seconds, dice);
        }
        if self.grid_micros > 0 {
            at -= at % self.grid_micros;
        }
        at.max(now_micros)
    }

    fn in_office_hours(&self, at_micros: i64, offset_seconds: i64, dice: &mut Dice) -> i64 {
        let local_seconds = at_micros.div_euclid(MICROS_PER_SECOND) + offset_seconds;
        let mut day = local_seconds.div_euclid(SECONDS_PER_DAY);
        let second_of_day = local_seconds.rem_euclid(SECONDS_PER_DAY);
        if second_of_day >= OFFICE_CLOSES {
            day += 1;
        }
        // 1970-01-01 was a Thursday: 2 and 3 are Saturday and Sunday.
        let day_of_week = day.rem_euclid(7);
        let at_weekend = day_of_week == 2 || day_of_week == 3;
        let stays = !at_weekend || dice.happens(self.weekend);
        if stays && (OFFICE_OPENS..OFFICE_CLOSES).contains(&second_of_day) {
            return at_micros;
        }
        if !stays {
            day += 4 - day_of_week;
        }
        let second = dice.between(OFFICE_OPENS, OFFICE_CLOSES - 1);
        let millisecond = dice.between(0, 999);
        (day * SECONDS_PER_DAY + second - offset_seconds) * MICROS_PER_SECOND + millisecond * 1_000
    }
}

/// When a day begins, in UTC.
pub(crate) fn start_micros(day: Day) -> i64 {
    i64::from(day.0) * MICROS_PER_DAY
}

/// The place of the territory of this number; places come round again.
fn place_of(territory: usize) -> &'static Place {
    &PLACES[territory % PLACES.len()]
}

fn territory(number: usize, currencies: &[(Currency, i64)], dice: &mut Dice) -> TerritoryProfile {
    let (place, round) = (place_of(number), number / PLACES.len());
    let suffix = |between: &str| match round {
        0 => String::new(),
        _ => format!("{between}{}", round + 1),
    };
    let currency = currencies.iter().position(|(currency, _)| currency.code() == place.currency);
    TerritoryProfile {
        territory_id: format!("{}{}", place.id, suffix("-")),
        name: format!("{}{}", place.name, suffix(" ")),
        region_id: place.region_id,
        currency: currency.unwrap_or(0),
        offset_seconds: place.utc_offset_minutes * 60,
        potential_permille: 450 + dice.below(551),
    }
}

/// The rep of this number; `named` counts the names given in each language.
fn rep(
    number: u32,
    scenario: &Scenario,
    turnover: Chance,
    named: &mut BTreeMap<&'static str, usize>,
    dice: &mut Dice,
) -> RepProfile {
    let territory = number % scenario.territories;
    let people = place_of(territory as usize).people;
    let number_in_language = named.entry(people.language).or_insert(0);
    let name = people.name(*number_in_language);
    *number_in_language += 1;
    let (mut started_on, mut ended_on) = (None, None);
    if dice.happens(turnover) {
        let longest = i64::from(scenario.turnover_within_days);
        let after = i32::try_from(dice.between(longest / 6, longest)).unwrap_or(0);
        let day = Some(Day(scenario.start_day.0.saturating_add(after)));
        if dice.below(2) == 0 {
            started_on = day;
        } else {
            ended_on = day;
        }
    }
    let started_before = i32::try_from(dice.between(30, 2_500)).unwrap_or(0);
    let team = dice.below(scenario.teams) as usize;
    RepProfile {
        rep_id: format!("r{number:03}"),
        name,
        team_id: team_id(team),
        territory,
        started_on: started_on.or(Day::checked(scenario.start_day.0 - started_before).ok()),
        ended_on,
        loss_permille: u64::from(550 + dice.below(450) + dice.below(450)),
    }
}

/// The id of a team; teams have no record of their own, so it is what people see.
pub(crate) fn team_id(number: usize) -> String {
    let (name, round) = (TEAMS[number % TEAMS.len()], number / TEAMS.len());
    match round {
        0 => name.to_owned(),
        _ => format!("{name}-{}", round + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_and_names_are_unique() {
        let scenario = Scenario { reps: 900, territories: 60, teams: 20, ..Scenario::demo() };
        let company = Company::new(&scenario).unwrap();
        let rep_ids: BTreeSet<&str> = company.reps.iter().map(|rep| rep.rep_id.as_str()).collect();
        let names: BTreeSet<&str> = company.reps.iter().map(|rep| rep.name.as_str()).collect();
        let territory_ids: BTreeSet<&str> =
            company.territories.iter().map(|territory| territory.territory_id.as_str()).collect();
        let team_ids: BTreeSet<&str> = company.reps.iter().map(|rep| rep.team_id.as_str()).collect();
        assert_eq!((rep_ids.len(), territory_ids.len(), team_ids.len()), (900, 60, 20));
        assert_eq!(names.len(), 900);
    }

    #[test]
    fn amounts_are_exchanged_with_the_digits_of_each_currency() {
        let company = Company::new(&Scenario::demo()).unwrap();
        for (code, expected) in [("EUR", 100_000), ("USD", 116_279), ("JPY", 177_935), ("SEK", 1_104_972)] {
            let currency = Currency::from_code(code).unwrap();
            assert_eq!(company.exchanged(100_000, currency).minor, expected, "{code}");
        }
    }

    #[test]
    fn offices_open_on_working_days() {
        let mut scenario = Scenario::demo();
        scenario.rates.weekend = 0.0;
        let company = Company::new(&scenario).unwrap();
        let mut dice = Dice::new(5, 0);
        for hour in 0..24 * 14 {
            let at = start_micros(scenario.start_day) + hour * 3_600_000_000;
            for territory in 0..6 {
                let moment = company.working_time(at, at, territory, &mut dice);
                let offset = company.territories[territory as usize].offset_seconds;
                let local = moment / MICROS_PER_SECOND + offset;
                assert!(moment >= at && moment < at + 4 * MICROS_PER_DAY);
                assert!((8 * 3600..18 * 3600).contains(&local.rem_euclid(86_400)), "{local}");
                assert!(![2, 3].contains(&local.div_euclid(86_400).rem_euclid(7)), "{local}");
            }
        }
    }
}
