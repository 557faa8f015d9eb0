//! The live page: how long a deal that is won takes from the event to the screen, over a real Kafka, `tallyboard serve` and
//! a real browser, and what viewers cost who only watch. The demo's company goes on meanwhile; all of it shares the machine.

mod company;
mod page;
mod viewers;

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tallyboard_end_to_end::Browser;

use self::company::Company;
use self::page::Way;
use self::viewers::Load;
use crate::report::{Section, median, progress, quantile};

const VIEWS: [&str; 2] = ["leaderboard", "company"];
const VIEWERS: [usize; 2] = [0, 1_000];
/// What a change may take at most, at the 99th percentile.
const AIM_MS: f64 = 250.0;

/// Measures both.
pub(crate) fn run(quick: bool) -> Result<[Section; 2]> {
    let (history_days, deals) = if quick { (60, 40) } else { (365, 250) };
    let (rounds, seconds) = if quick { (1, 5) } else { (4, 15) };
    let browser = Browser::find()?;
    progress("live: starting Kafka and the service");
    let mut company = Company::start(history_days)?;
    let mut ways = Vec::new();
    for view in VIEWS {
        progress(&format!("live: {deals} deals to the view {view}"));
        ways.push((view, page::follow(&mut company, &browser, view, deals)?));
    }
    let mut loads: [Vec<Load>; 2] = Default::default();
    for round in 1..=rounds {
        progress(&format!("live: viewers, round {round} of {rounds}"));
        for (viewers, loads) in VIEWERS.into_iter().zip(&mut loads) {
            loads.push(viewers::measure(&mut company, viewers, Duration::from_secs(seconds))?);
        }
    }
    Ok([to_screen(&ways), of_viewers(&loads)])
}

/// A part of a deal's way, in milliseconds.
type Stretch = fn(&Way) -> i64;

fn to_screen(ways: &[(&str, Vec<Way>)]) -> Section {
    let stretches: [(&str, Stretch); 4] = [
        ("produced to acknowledged", |way| way.acknowledged),
        ("acknowledged to received by the browser", |way| way.received - way.acknowledged),
        ("received to painted", |way| way.painted - way.received),
        ("produced to painted", |way| way.painted),
    ];
    let (mut rows, mut conclusions) = (Vec::new(), Vec::new());
    for (view, ways) in ways {
        for (name, stretch) in stretches {
            let mut times: Vec<f64> = ways.iter().map(|way| stretch(way) as f64).collect();
            times.sort_unstable_by(f64::total_cmp);
            let figures = [0.5, 0.9, 0.99, 1.0].map(|share| quantile(&times, share));
            let mut row = vec![format!("{view}: {name}"), times.len().to_string()];
            row.extend(figures.map(|figure| format!("{figure:.0}")));
            rows.push(row);
            if name == "produced to painted" {
                conclusions.push(format!(
                    "{view}: a deal is on the screen {:.0} ms after it was won, at p99 (aim: at most {AIM_MS:.0}).",
                    figures[2]
                ));
            }
        }
    }
    let data: Vec<_> = ways.iter().map(|(view, ways)| json!({ "view": view, "deals_ms": ways })).collect();
    Section {
        name: "to_screen",
        title: "From a deal that is won to the number on the screen, with the demo's other events; ms"
            .to_owned(),
        header: vec!["view and stretch", "deals", "p50", "p90", "p99", "most"],
        rows,
        conclusions,
        data: json!(data),
    }
}

fn of_viewers(loads: &[Vec<Load>; 2]) -> Section {
    let middle = |loads: &[Load], value: fn(&Load) -> f64| median(loads.iter().map(value).collect());
    let row = |loads: &Vec<Load>| {
        vec![
            loads.first().map_or(0, |load| load.viewers).to_string(),
            format!("{:.1}", middle(loads, |load| load.events)),
            format!("{:.2}", 1e3 * middle(loads, |load| load.folding)),
            format!("{:.2}", 1e3 * middle(loads, |load| load.service - load.folding)),
            format!("{:.0}", middle(loads, |load| load.to_board_ms)),
            format!("{:.0}", middle(loads, |load| load.messages)),
            format!("{:.0}", middle(loads, |load| load.bytes / 1_024.0)),
        ]
    };
    let [without, with] = loads;
    let folding = |loads: &[Load]| {
        let each = loads.iter().map(|load| 1e3 * load.folding);
        let (least, most) =
            each.fold((f64::INFINITY, 0.0_f64), |(least, most), one| (least.min(one), most.max(one)));
        format!("{least:.2} to {most:.2}")
    };
    Section {
        name: "viewers",
        title: "Viewers who only watch the leaderboard, with the demo's events; each second, medians of rounds in turns"
            .to_owned(),
        header: vec![
            "viewers",
            "events",
            "CPU ms of log and fold",
            "CPU ms of the rest",
            "ms to board",
            "messages",
            "KiB",
        ],
        rows: loads.iter().map(row).collect(),
        conclusions: vec![format!(
            "Log and fold take {} ms of processor time a second without viewers, and {} ms with {}.",
            folding(without),
            folding(with),
            VIEWERS[1]
        )],
        data: json!(loads),
    }
}
