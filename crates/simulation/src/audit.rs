//! What must hold. The oracle judges the processes at every position, and the boards in the end.

use std::collections::{BTreeMap, BTreeSet};

use board::{Board, PeriodSlot};
use eventlog::DeadLetter;
use model::{CellKey, Event, Offset, PartitionId, PeriodKind, RejectReason, Tally, TypeIndex};
use runtime::PartitionProcess;
use salesfloor::oracle::{self, OracleCells, OracleKey};

use crate::instance::Instance;
use crate::site::{Anything, Site};
use crate::story::{Lane, Meaning, Planned};

/// A process holds exactly the records before its positions (`RUN-1`).
pub(crate) fn process(site: &Site, process: &PartitionProcess) -> Result<(), Anything> {
    let expected = expected(site, records_before(site, process));
    let found = cells(process.state());
    equal(&expected, &found, &format!("the cells of partition {} at {}", process.partition(), at(process)))
}

/// All dead letters before a process's positions are acknowledged (`RUN-2`).
pub(crate) fn letters_before(site: &Site, process: &PartitionProcess) -> Result<(), Anything> {
    let known: BTreeSet<_> = site.letters.letters().into_iter().map(|letter| letter.origin).collect();
    for (lane, offset, record) in records_before(site, process) {
        if let Meaning::Refused(reason) = &record.meaning
            && !known.contains(&lane.source.at(offset))
        {
            return Err(format!(
                "an image is taken, but {} ({}) is not among the acknowledged dead letters",
                lane.source.at(offset),
                reason.name()
            )
            .into());
        }
    }
    Ok(())
}

/// When everything is delivered and published: every partition is held once and wholly read, and the numbers are right.
pub(crate) fn end<'i>(site: &Site, instances: impl Iterator<Item = &'i Instance>) -> Result<(), Anything> {
    let instances: Vec<&Instance> = instances.collect();
    let mut owners: BTreeMap<PartitionId, &PartitionProcess> = BTreeMap::new();
    for (number, held) in instances.iter().flat_map(|instance| &instance.held) {
        if owners.insert(*number, &held.process).is_some() {
            return Err(format!("partition {number} is held twice").into());
        }
    }
    if owners.len() != site.story.partitions {
        return Err(format!("{} of {} partitions are held", owners.len(), site.story.partitions).into());
    }
    for owner in owners.values() {
        is_at_end(site, owner)?;
        process(site, owner)?;
        is_saved(site, owner)?;
    }
    letters(site)?;
    boards(site, &instances)
}

fn is_at_end(site: &Site, process: &PartitionProcess) -> Result<(), Anything> {
    for lane in lanes_of(site, process.partition()) {
        let (_, high) = site.log.offsets(&lane.source)?;
        let found = next_of(process, lane);
        if found != high || !process.has_caught_up() {
            return Err(format!("{} is read to {found} of {high}", lane.source).into());
        }
    }
    Ok(())
}

/// The newest snapshot of a partition gives what its process holds.
fn is_saved(site: &Site, process: &PartitionProcess) -> Result<(), Anything> {
    let recovered = site.recover(process.partition())?;
    let positions = process.positions().map(|(topic, position)| (topic.clone(), position)).collect();
    equal(&recovered.positions, &positions, "the positions in the newest snapshot and in memory")?;
    equal(&cells(&recovered.state), &cells(process.state()), "the cells in the newest snapshot and in memory")
}

/// Every bad record is among the dead letters as it was, and nothing else is.
fn letters(site: &Site) -> Result<(), Anything> {
    type Content = (Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>, RejectReason);
    let mut expected = BTreeMap::new();
    for lane in &site.story.lanes {
        for (offset, record) in numbered(lane) {
            if let Meaning::Refused(reason) = record.meaning {
                let millis = Some(record.received_at.micros() / 1_000);
                let content: Content = (Some(record.key.clone()), record.value.clone(), millis, reason);
                expected.insert(lane.source.at(offset), content);
            }
        }
    }
    let content = |letter: DeadLetter| {
        (letter.origin, (letter.key, letter.value, letter.appended_at_millis, letter.reason))
    };
    let found: BTreeMap<_, Content> = site.letters.letters().into_iter().map(content).collect();
    equal(&expected, &found, "the dead letters")
}

/// For whom a sum is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Company,
    Rep(String),
    Territory(String),
}

type Sums = BTreeMap<(PeriodSlot, Whose), Tally>;

/// All boards together show what the oracle says, in every period and for everybody.
fn boards(site: &Site, instances: &[&Instance]) -> Result<(), Anything> {
    let all =
        site.story.lanes.iter().flat_map(|lane| numbered(lane).map(move |(at, record)| (lane, at, record)));
    let cells = expected(site, all);
    let mut expected = Sums::new();
    let mut add = |slot, rep: &str, territory: &str, measure, value| {
        for whose in [Whose::Company, Whose::Rep(rep.to_owned()), Whose::Territory(territory.to_owned())] {
            expected.entry((slot, whose)).or_default().add(measure, value);
        }
    };
    for (key, &value) in cells.iter().filter(|(key, _)| key.day.is_none()) {
        add(PeriodSlot::Standing, &key.rep_id, &key.territory_id, key.measure, value);
    }
    for kind in PeriodKind::ALL {
        for ((rep, territory, period, measure), value) in oracle::period(&cells, &site.config.calendar, kind)
        {
            add(PeriodSlot::Period(period), &rep, &territory, measure, value);
        }
    }
    let mut found = Sums::new();
    for instance in instances {
        show(site, &instance.board, &mut found);
    }
    expected.retain(|_, tally| !tally.is_empty());
    found.retain(|_, tally| !tally.is_empty());
    equal(&expected, &found, "the sums on the boards")
}

fn show(site: &Site, board: &Board, sums: &mut Sums) {
    let periods = PeriodKind::ALL.into_iter().flat_map(|kind| board.periods(kind)).map(PeriodSlot::Period);
    for slot in periods.chain([PeriodSlot::Standing]) {
        let view = board.view(slot, site.now());
        let mut add =
            |whose, tally: &Tally| sums.entry((slot, whose)).or_default().merge(&tally.of_any_type());
        add(Whose::Company, &view.company.tally);
        for row in &view.reps {
            add(Whose::Rep(row.id.to_string()), &row.sums.tally);
        }
        for row in &view.territories {
            add(Whose::Territory(row.id.to_string()), &row.sums.tally);
        }
    }
}

/// What the oracle says of records.
fn expected<'s>(site: &Site, records: impl Iterator<Item = (&'s Lane, Offset, &'s Planned)>) -> OracleCells {
    let events: Vec<&Event<'static>> = records
        .filter_map(|(_, _, record)| match &record.meaning {
            Meaning::Counts(event) => Some(&**event),
            Meaning::Refused(_) => None,
        })
        .collect();
    oracle::cells(events, &site.config.pipelines, &site.config.calendar)
}

/// The cells of a state, as the oracle names them.
fn cells(state: &engine::PartitionState) -> OracleCells {
    let (reps, territories) = (state.reps().as_slice(), state.territories().as_slice());
    let types = state.types().as_slice();
    let named = |(key, value): (CellKey, i128)| {
        let rep_id = reps[key.rep.0 as usize].to_string();
        let territory_id = territories[key.territory.0 as usize].to_string();
        let day = (key.day != CellKey::STANDING).then_some(key.day);
        let of_type = key.measure.activity_type().map(|number| types[usize::from(number.0)].to_string());
        let measure = key.measure.with_activity_type(TypeIndex(0));
        (OracleKey { rep_id, territory_id, day, measure, activity_type: of_type }, value)
    };
    state.cells().told(state.pipelines()).into_iter().map(named).collect()
}

fn lanes_of(site: &Site, partition: PartitionId) -> impl Iterator<Item = &Lane> {
    site.story.lanes.iter().filter(move |lane| lane.source.partition == partition)
}

fn numbered(lane: &Lane) -> impl Iterator<Item = (Offset, &Planned)> {
    (0..).map(Offset).zip(&lane.records)
}

fn next_of(process: &PartitionProcess, lane: &Lane) -> Offset {
    let mut positions = process.positions();
    positions.find(|(topic, _)| **topic == lane.source.topic).map_or(Offset(0), |(_, position)| position.next)
}

fn records_before<'s>(
    site: &'s Site,
    process: &PartitionProcess,
) -> impl Iterator<Item = (&'s Lane, Offset, &'s Planned)> {
    lanes_of(site, process.partition()).flat_map(move |lane| {
        let next = next_of(process, lane);
        numbered(lane)
            .take_while(move |(offset, _)| *offset < next)
            .map(move |(offset, record)| (lane, offset, record))
    })
}

fn at(process: &PartitionProcess) -> String {
    let positions = process.positions().map(|(topic, position)| format!("{topic} {}", position.next));
    positions.collect::<Vec<_>>().join(", ")
}

/// Compares maps; the error names the first differences only, since one cause changes many numbers.
fn equal<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    expected: &BTreeMap<K, V>,
    found: &BTreeMap<K, V>,
    what: &str,
) -> Result<(), Anything> {
    let keys: BTreeSet<&K> = expected.keys().chain(found.keys()).collect();
    let differences: Vec<String> = keys
        .into_iter()
        .filter(|key| expected.get(key) != found.get(key))
        .map(|key| format!("{key:?}: expected {:?}, found {:?}", expected.get(key), found.get(key)))
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    let first: Vec<_> = differences.iter().take(3).map(String::as_str).collect();
    Err(format!("{what} differ in {} places: {}", differences.len(), first.join("; ")).into())
}
