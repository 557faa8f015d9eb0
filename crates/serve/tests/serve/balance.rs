//! How evenly the work lies on territories that are not even.

use std::sync::Arc;

use board::{Board, Stamp};
use model::{
    Calendar, CellKey, Measure, PartitionId, Reference, ReferenceRecord, Rep, RepIndex, StageIndex,
    Territory, TerritoryIndex,
};
use serde_json::json;

use crate::fixture::{currency, empty_board, get, state};

/// Oslo has 6 deals of 600 for two reps, west 2 of 200 for two, and nobody is in ghent, which has a deal.
fn uneven_board() -> Arc<Board> {
    let calendar = Calendar::new("Europe/Berlin", 1).unwrap();
    let board = empty_board();
    let mut reference = Reference::default();
    let territory = |(id, name): (&str, &str)| {
        ReferenceRecord::Territory(Territory {
            territory_id: id.to_owned(),
            name: name.to_owned(),
            parent_id: None,
        })
    };
    let rep = |(id, home): (&str, Option<&str>)| {
        ReferenceRecord::Rep(Rep {
            rep_id: id.to_owned(),
            name: format!("Rep {id}"),
            team_id: None,
            territory_id: home.map(str::to_owned),
            started_on: None,
            ended_on: None,
        })
    };
    let (oslo, west) = (Some("oslo"), Some("west"));
    let territories = [("oslo", "Oslo"), ("west", "West"), ("ghent", "Ghent")].map(territory);
    let reps = [("ann", oslo), ("bob", oslo), ("cyd", west), ("dee", west), ("eve", None)].map(rep);
    for record in territories.into_iter().chain(reps) {
        reference.apply(record, &calendar).unwrap();
    }
    board.set_reference(Arc::new(reference));
    let amount = Measure::OpenAmount(StageIndex(0), currency("USD"));
    let cells = [(0, 0, 6, 60_000), (1, 1, 1, 15_000), (2, 1, 1, 5_000), (0, 2, 1, 100)];
    let cells = cells.into_iter().flat_map(|(rep, territory, deals, minor)| {
        let (rep, territory, day) = (RepIndex(rep), TerritoryIndex(territory), CellKey::STANDING);
        let cell = |measure, value| (CellKey { rep, territory, day, measure }, value);
        [cell(Measure::OpenDeals(StageIndex(0)), deals), cell(amount, minor)]
    });
    let stamp = Stamp { progress: 1, positions: Vec::new() };
    let territories = ["oslo", "west", "ghent"];
    let published = board.writer(PartitionId(0)).publish(stamp, &["ann", "cyd", "dee"], &territories, cells);
    assert!(published.is_ok(), "{published:?}");
    board
}

#[tokio::test]
async fn moves_are_told_with_what_they_change() {
    let answer = get(&state(uneven_board()), "/api/v1/territories/balance", &[]).await.json();
    assert_eq!(answer["unserved"], json!(["ghent"]));
    assert_eq!(answer["reps_elsewhere"], 1);
    // Of 3/2 and 1/2: a quarter. Three reps where work is for three, and one where it is for one.
    assert_eq!(answer["dispersion"]["value"], 0.25);
    let rep = json!({
        "rep": {"id": "dee", "name": "Rep dee", "leaves_behind": {
            "deals": {"value": 1}, "amount": {"value": "50.00", "currency": "USD"},
        }},
        "from": {"id": "west", "name": "West", "index_before": 0.5, "index_after": 1},
        "to": {"id": "oslo", "name": "Oslo", "index_before": 1.5, "index_after": 1},
        "dispersion_before": 0.25,
        "dispersion_after": 0,
    });
    let deals = json!({
        "deals": {"deals": {"value": 2}, "amount": {"value": "200.00", "currency": "USD"}},
        "from": {"id": "oslo", "name": "Oslo", "index_before": 1.5, "index_after": 1},
        "to": {"id": "west", "name": "West", "index_before": 0.5, "index_after": 1},
        "dispersion_before": 0.25,
        "dispersion_after": 0,
    });
    assert_eq!(answer["suggested"], json!({"rep_moves": [rep], "deal_moves": [deals]}));
    let minutes = json!([{
        "component": "activity_minutes", "absent_reason": "there are no tracked minutes to divide by",
    }]);
    assert_eq!(answer["left_out"], minutes);
    insta::assert_json_snapshot!("territory_balance_uneven", answer);
}

#[tokio::test]
async fn metrics_tell_who_has_too_much_and_leave_out_who_has_nobody() {
    let page = get(&state(uneven_board()), "/metrics", &[]).await;
    let lines: Vec<&str> =
        page.text().lines().filter(|line| line.starts_with("sales_territory_balance")).collect();
    assert_eq!(
        lines,
        [
            "sales_territory_balance{territory=\"oslo\"} 1.5",
            "sales_territory_balance{territory=\"west\"} 0.5",
            "sales_territory_balance_numerator{territory=\"oslo\"} 3000000",
            "sales_territory_balance_numerator{territory=\"west\"} 1000000",
            "sales_territory_balance_denominator{territory=\"oslo\"} 2000000",
            "sales_territory_balance_denominator{territory=\"west\"} 2000000",
        ]
    );
    // A dispersion has no parts that could be added.
    let dispersion: Vec<&str> =
        page.text().lines().filter(|line| line.starts_with("sales_company_territory_dispersion")).collect();
    assert_eq!(dispersion, ["sales_company_territory_dispersion 0.25"]);
}
