//! A small organisation for the tests of the board.

use std::sync::{Arc, LazyLock};

use model::{
    Calendar, Currency, Day, FxRate, Pipeline, Pipelines, Reference, ReferenceRecord, Rep, Stage, StageKind,
    Territory,
};
use tallyboard_board::Board;

pub(crate) fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap()
}

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// One for all, because a calendar is costly to make.
static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| Calendar::new("UTC", 1).unwrap());

pub(crate) fn calendar() -> &'static Calendar {
    &CALENDAR
}

/// A board without reference records, reporting in USD.
pub(crate) fn empty_board() -> Arc<Board> {
    let stage =
        |(name, kind): (&str, StageKind)| Stage { name: name.to_owned(), kind, limit_days: None, role: None };
    let stages = [("lead", StageKind::Open), ("proposal", StageKind::Open), ("won", StageKind::Won)];
    let pipeline = Pipeline { name: "default".to_owned(), stages: stages.map(stage).into() };
    let pipelines = Pipelines::new(vec![pipeline]).unwrap();
    Arc::new(Board::new(pipelines, calendar().clone(), currency("USD")))
}

pub(crate) fn rep(id: &str, team: Option<&str>, ended_on: Option<&str>) -> ReferenceRecord {
    ReferenceRecord::Rep(Rep {
        rep_id: id.to_owned(),
        name: format!("Rep {id}"),
        team_id: team.map(str::to_owned),
        territory_id: None,
        started_on: None,
        ended_on: ended_on.map(day),
    })
}

pub(crate) fn territory(id: &str, parent: Option<&str>) -> ReferenceRecord {
    ReferenceRecord::Territory(Territory {
        territory_id: id.to_owned(),
        name: format!("Territory {id}"),
        parent_id: parent.map(str::to_owned),
    })
}

/// Thousandths of USD for one EUR, from a day on.
pub(crate) fn rate(code: &str, thousandths: i64, from: Day) -> ReferenceRecord {
    ReferenceRecord::FxRate(FxRate {
        currency: currency(code),
        rate: thousandths * 1_000_000_000,
        effective_from: from,
    })
}

pub(crate) fn reference(records: Vec<ReferenceRecord>) -> Arc<Reference> {
    let mut reference = Reference::default();
    for record in records {
        reference.apply(record, calendar()).unwrap();
    }
    Arc::new(reference)
}
