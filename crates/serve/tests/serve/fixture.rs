//! A small sales floor, as of 2026-11-24, and requests to its faces.

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use board::{Board, Stamp, Status};
use engine::FoldConfig;
use explain::Explainer;
use kpi::Choice;
use model::{
    Calendar, Category, CellKey, Currency, Day, DurationBucket, FxRate, Measure, Offset, PartitionId,
    Pipeline, Pipelines, Reference, ReferenceRecord, Rep, RepIndex, Stage, StageIndex, StageKind, Territory,
    TerritoryIndex, Timestamp, TypeIndex,
};
use tallyboard_serve::{AlertLines, ServeOptions, ServeState, router};
use tower::ServiceExt as _;

static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| Calendar::new("Europe/Berlin", 1).unwrap());

pub(crate) fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T12:00:00Z").unwrap()
}

fn pipeline(name: &str, stages: &[(&str, StageKind)]) -> Pipeline {
    let stage = |&(name, kind): &(&str, StageKind)| Stage {
        name: name.to_owned(),
        kind,
        limit_days: None,
        role: None,
    };
    Pipeline { name: name.to_owned(), stages: stages.iter().map(stage).collect() }
}

/// A board without numbers or reference records.
pub(crate) fn empty_board() -> Arc<Board> {
    use StageKind::{Lost, Open, Won};
    let sales = pipeline("sales", &[("lead", Open), ("proposal", Open), ("won", Won), ("lost", Lost)]);
    let renewal = pipeline("renewal", &[("due", Open), ("renewed", Won)]);
    let pipelines = Pipelines::new(vec![sales, renewal]).unwrap();
    Arc::new(Board::new(pipelines, CALENDAR.clone(), currency("USD")))
}

fn reference() -> Reference {
    let day = |text: &str| Day::parse(text).unwrap();
    let rep = |id: &str, name: &str, team: Option<&str>, ended_on: Option<Day>| {
        ReferenceRecord::Rep(Rep {
            rep_id: id.to_owned(),
            name: name.to_owned(),
            team_id: team.map(str::to_owned),
            territory_id: Some("oslo".to_owned()),
            started_on: None,
            ended_on,
        })
    };
    let territory = |id: &str, parent: Option<&str>| {
        ReferenceRecord::Territory(Territory {
            territory_id: id.to_owned(),
            name: id.to_uppercase(),
            parent_id: parent.map(str::to_owned),
        })
    };
    let mut reference = Reference::default();
    for record in [
        rep("r1", "Ann \"the\\closer\" Å", Some("hunters"), None),
        rep("r2", "Bob", Some("farmers"), None),
        rep("r3", "Cyd", Some("farmers"), Some(day("2026-01-31"))),
        territory("oslo", Some("nordics")),
        territory("nordics", Some("emea")),
        ReferenceRecord::FxRate(FxRate {
            currency: currency("EUR"),
            rate: 1_085_000_000_000,
            effective_from: day("2026-10-01"),
        }),
    ] {
        reference.apply(record, &CALENDAR).unwrap();
    }
    reference
}

fn cells() -> Vec<(CellKey, i128)> {
    let [usd, eur] = ["USD", "EUR"].map(|code| Measure::WonAmount(currency(code)));
    let cycle = |days: u64| Measure::CycleDeals(DurationBucket::of(days * 86_400));
    let mut cells = Vec::new();
    for (rep, territory, on, sums) in [
        (0, 0, "2026-11-24", vec![(Measure::CreatedDeals, 2), (Measure::WonDeals, 1), (usd, 125_050)]),
        (0, 0, "2026-11-24", vec![(Measure::CycleSeconds, 864_000), (cycle(10), 1)]),
        (0, 1, "2026-11-20", vec![(Measure::WonDeals, 1), (Measure::LostDeals, 1), (eur, 33_333)]),
        (0, 1, "2026-11-20", vec![(Measure::CycleSeconds, 1_728_000), (cycle(20), 1)]),
        (1, 0, "2026-10-02", vec![(Measure::LostDeals, 2), (Measure::CreatedDeals, 1)]),
        (1, 0, "2026-11-23", vec![(Measure::Activities(Category::Travel, TypeIndex(0)), 2)]),
        (1, 0, "2026-11-23", vec![(Measure::ActivitySeconds(Category::Travel, TypeIndex(0)), 5_430)]),
        (
            1,
            0,
            "2026-11-23",
            vec![(Measure::ActivitySeconds(Category::DigitalClientCommunication, TypeIndex(0)), 1_810)],
        ),
        // In the previous quarter no rate holds for EUR.
        (2, 1, "2026-08-01", vec![(Measure::WonDeals, 1), (eur, 100)]),
    ] {
        let (rep, territory) = (RepIndex(rep), TerritoryIndex(territory));
        let day = Day::parse(on).unwrap();
        cells.extend(
            sums.into_iter().map(|(measure, value)| (CellKey { rep, territory, day, measure }, value)),
        );
    }
    for (rep, measure, value) in [
        (0, Measure::OpenDeals(StageIndex(1)), 3),
        (0, Measure::OpenAmount(StageIndex(1), currency("EUR")), 10_001),
        (1, Measure::OpenDeals(StageIndex(4)), 1),
        (1, Measure::OpenAmount(StageIndex(4), currency("USD")), 500),
    ] {
        let key =
            CellKey { rep: RepIndex(rep), territory: TerritoryIndex(0), day: CellKey::STANDING, measure };
        cells.push((key, value));
    }
    cells
}

/// The small sales floor; partition 0 has its numbers, partition 1 none.
pub(crate) fn board() -> Arc<Board> {
    let board = empty_board();
    board.set_reference(Arc::new(reference()));
    board.set_assignment(&[PartitionId(0), PartitionId(1)]);
    for partition in [0, 1] {
        let newest = Timestamp::parse("2026-11-24T11:59:00Z").unwrap();
        let status =
            Status { caught_up: true, lag_records: 0, lag_seconds: 0, newest_event_at: Some(newest) };
        board.set_status(PartitionId(partition), status);
    }
    let stamp = Stamp {
        progress: 42,
        positions: vec![("deals".into(), Offset(30)), ("activities".into(), Offset(12))],
    };
    let mut writer = board.writer(PartitionId(0));
    writer.name_types(&["train"]);
    let published = writer.publish(stamp, &["r1", "r2", "r9"], &["oslo", "west"], cells());
    assert!(published.is_ok(), "{published:?}");
    board
}

pub(crate) fn state(board: Arc<Board>) -> ServeState {
    let registry = prometheus::Registry::new();
    let config = FoldConfig {
        pipelines: board.pipelines().clone(),
        calendar: board.calendar().clone(),
        deal_retention_days: 731,
        activity_horizon_days: 35,
        future_tolerance_seconds: 0,
        restatements: engine::RestatementRules::default(),
    };
    // There are cells on the board, but no events that they came from.
    let explainer = Explainer::new(Arc::new(config), Box::new(|_| Err("no states here".to_owned())));
    let (explainer, options) = (Arc::new(explainer), ServeOptions::default());
    let choice = choice(&[kpi::ALL], &[]);
    let alerts = AlertLines::default();
    let contests = Vec::new();
    ServeState { board, choice, contests, explainer, registry, alerts, clock: Arc::new(now), options }
}

pub(crate) fn choice(objectives: &[&str], also: &[&str]) -> Choice {
    Choice::new(objectives, also).unwrap()
}

/// A response, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) async fn ask(state: &ServeState, request: Request<Body>) -> Answer {
    let response = router(state.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 10_000_000).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

pub(crate) async fn get(state: &ServeState, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for &(name, value) in headers {
        request = request.header(name, value);
    }
    ask(state, request.body(Body::empty()).unwrap()).await
}
