//! The list `[[contests]]`: who has the most of a KPI between two days.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use board::Group;
use kpi::Unit;
use model::{Currency, Day, check_identifier};
use serde::{Deserialize, Serialize};

/// A contest as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contest {
    pub(crate) name: String,
    /// One of [`kpi::OF_ANY_DAYS`].
    pub(crate) kpi: String,
    /// `rep`, `team`, `territory` or `region`.
    pub(crate) group: String,
    /// Who takes part; all of the group if there are none.
    #[serde(default)]
    pub(crate) members: Vec<String>,
    /// The first day.
    pub(crate) start: String,
    /// The last day.
    pub(crate) end: String,
    /// What each is to reach, in whole units.
    pub(crate) target: Option<u64>,
}

const CONTESTS_MAX: usize = 100;
const NAME_BYTES_MAX: usize = 128;
const TARGET_MAX: u64 = 1_000_000_000_000;

const GROUPS: [(&str, Group); 4] = [
    ("rep", Group::Reps),
    ("team", Group::Teams),
    ("territory", Group::Territories),
    ("region", Group::Regions),
];

/// The contests of a configuration, checked.
pub(super) fn checked(contests: &[Contest], reporting: Currency) -> Result<Vec<board::Contest>> {
    ensure!(
        contests.len() <= CONTESTS_MAX,
        "there are {} contests; expected at most {CONTESTS_MAX}",
        contests.len()
    );
    for (number, Contest { name, .. }) in contests.iter().enumerate() {
        ensure!(
            (1..=NAME_BYTES_MAX).contains(&name.len()),
            "name is {name:?}; expected 1 to {NAME_BYTES_MAX} bytes"
        );
        let is_new = !contests[..number].iter().any(|other| other.name == *name);
        ensure!(is_new, "name {name:?} is there twice; each contest needs its own");
    }
    let checked =
        |contest: &Contest| contest.checked(reporting).with_context(|| format!("contest {:?}", contest.name));
    contests.iter().map(checked).collect()
}

impl Contest {
    /// One to show where there are none.
    pub(super) fn example() -> Self {
        Self {
            name: "Year-end sprint".to_owned(),
            kpi: "won_amount".to_owned(),
            group: "rep".to_owned(),
            members: Vec::new(),
            start: "2026-12-01".to_owned(),
            end: "2026-12-31".to_owned(),
            target: Some(50_000),
        }
    }

    fn checked(&self, reporting: Currency) -> Result<board::Contest> {
        let found = kpi::find(&self.kpi).filter(|kpi| kpi::OF_ANY_DAYS.contains(&kpi.name));
        let Some(kpi) = found else {
            bail!(
                "kpi is {:?}; expected one that can be told of any days: {}",
                self.kpi,
                kpi::OF_ANY_DAYS.join(", ")
            );
        };
        let group = GROUPS.iter().find(|(name, _)| *name == self.group);
        let names = GROUPS.map(|(name, _)| name).join(", ");
        let &(_, group) =
            group.with_context(|| format!("group is {:?}; expected one of {names}", self.group))?;
        let mut members = BTreeSet::new();
        for member in &self.members {
            check_identifier(member)
                .map_err(|error| anyhow::anyhow!("members: {member:?} {error}; expected an id"))?;
            ensure!(members.insert(member.clone()), "members: {member:?} is there twice");
        }
        let (start, end) = (day("start", &self.start)?, day("end", &self.end)?);
        ensure!(start <= end, "start {start} is behind end {end}; end is the last day of the contest");
        let (days, days_max) = (end.0 - start.0 + 1, board::Contest::DAYS_MAX);
        ensure!(days <= days_max, "from {start} to {end} are {days} days; expected at most {days_max}");
        let target = self.target.map(|target| held(kpi, target, reporting)).transpose()?;
        let days = start..Day(end.0 + 1);
        Ok(board::Contest { name: self.name.clone(), kpi, group, members, days, target })
    }
}

fn day(key: &str, text: &str) -> Result<Day> {
    let day = Day::parse(text).ok().filter(|day| day.has_timestamps());
    day.with_context(|| format!("{key} is {text:?}; expected a day such as \"2026-12-31\""))
}

/// A target in what values of the KPI are held in.
fn held(kpi: &kpi::Kpi, target: u64, reporting: Currency) -> Result<i128> {
    ensure!((1..=TARGET_MAX).contains(&target), "target is {target}; expected 1 to {TARGET_MAX}");
    match kpi.unit {
        Unit::Money => Ok(i128::from(target) * 10_i128.pow(reporting.fraction_digits())),
        Unit::Deals | Unit::Activities | Unit::Minutes => Ok(i128::from(target) * kpi.unit.held_per_unit()),
        _ => bail!("target is {target}, but {} is a share; expected no target", kpi.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd() -> Currency {
        Currency::from_code("USD").unwrap()
    }

    #[test]
    fn a_contest_is_what_its_lines_say() {
        let contest = &checked(&[Contest::example()], usd()).unwrap()[0];
        let days = Day::parse("2026-12-01").unwrap()..Day::parse("2027-01-01").unwrap();
        assert_eq!(
            (contest.kpi.name, contest.group, contest.days.clone()),
            ("won_amount", Group::Reps, days)
        );
        assert_eq!((contest.target, contest.members.len()), (Some(5_000_000), 0));
        let minutes = Contest { kpi: "activity_minutes".to_owned(), ..Contest::example() };
        assert_eq!(checked(&[minutes], usd()).unwrap()[0].target, Some(3_000_000));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        type Change = fn(&mut Contest);
        for (change, expected) in [
            ((|contest| contest.name.clear()) as Change, "name is \"\"; expected 1 to 128 bytes"),
            (
                |contest| contest.kpi = "quota_attainment".to_owned(),
                "contest \"Year-end sprint\": kpi is \"quota_attainment\"; expected one that can be told of any days: created_deals, won_deals, won_amount, ",
            ),
            (|contest| contest.kpi = "revenue".to_owned(), "kpi is \"revenue\"; expected one that"),
            (
                |contest| contest.group = "reps".to_owned(),
                "group is \"reps\"; expected one of rep, team, territory, region",
            ),
            (|contest| contest.members = vec!["a".to_owned(); 2], "members: \"a\" is there twice"),
            (|contest| contest.members = vec![String::new()], "members: \"\" "),
            (
                |contest| contest.start = "1.12.2026".to_owned(),
                "start is \"1.12.2026\"; expected a day such as",
            ),
            (
                |contest| contest.end = "2026-02-30".to_owned(),
                "end is \"2026-02-30\"; expected a day such as",
            ),
            (|contest| contest.end = "2026-11-30".to_owned(), "start 2026-12-01 is behind end 2026-11-30"),
            (|contest| contest.end = "2036-12-31".to_owned(), "days; expected at most 732"),
            (|contest| contest.target = Some(0), "target is 0; expected 1 to 1000000000000"),
            (|contest| contest.kpi = "win_rate".to_owned(), "target is 50000, but win_rate is a share"),
        ] {
            let mut contest = Contest::example();
            change(&mut contest);
            let error = format!("{:#}", checked(&[contest], usd()).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
        let error = checked(&[Contest::example(), Contest::example()], usd()).unwrap_err();
        assert!(format!("{error:#}").contains("name \"Year-end sprint\" is there twice"));
    }
}
