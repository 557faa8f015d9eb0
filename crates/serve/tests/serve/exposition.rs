//! `/metrics` in both formats.

use axum::http::StatusCode;
use prometheus::{Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts};
use tallyboard_serve::{ServeOptions, ServeState};

use crate::fixture::{board, choice, get, state};
use crate::strict::{Series, read};

const OPEN_METRICS: &[(&str, &str)] = &[("accept", "application/openmetrics-text;version=1.0.0")];

/// The small sales floor with service metrics of every type.
fn state_with_metrics() -> ServeState {
    let state = state(board());
    let records =
        IntCounterVec::new(Opts::new("tallyboard_records_total", "Records, \"all\"\nof them."), &["topic"])
            .unwrap();
    records.with_label_values(&["deals"]).inc_by(3);
    let starts = IntCounter::new("tallyboard_starts", "A counter whose name lacks the suffix.").unwrap();
    let lag = Gauge::new("tallyboard_lag_seconds", "Lag.").unwrap();
    lag.set(0.25);
    let options = HistogramOpts::new("tallyboard_fold_seconds", "Time of a batch.").buckets(vec![0.5, 1.0]);
    let fold = HistogramVec::new(options, &["partition"]).unwrap();
    for seconds in [0.1, 0.7, 9.0] {
        fold.with_label_values(&["0"]).observe(seconds);
    }
    for collector in [
        Box::new(records) as Box<dyn prometheus::core::Collector>,
        Box::new(starts),
        Box::new(lag),
        Box::new(fold),
    ] {
        state.registry.register(collector).unwrap();
    }
    state
}

fn value(series: &Series, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let mut labels: Vec<(String, String)> =
        labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    labels.sort();
    series.get(&(name.to_owned(), labels)).copied()
}

#[tokio::test]
async fn pages_are_as_recorded_and_well_formed() {
    let state = state_with_metrics();
    let text = get(&state, "/metrics", &[]).await;
    let open = get(&state, "/metrics", OPEN_METRICS).await;
    assert_eq!(text.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(open.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(text.header("vary").contains("accept") && text.status == StatusCode::OK);
    let (from_text, from_open) = (read(text.text(), false), read(open.text(), true));
    // But for the names of counters and the form of bounds, both tell the same.
    assert_eq!(from_text.len(), from_open.len());
    let differing: Vec<_> =
        from_text.keys().filter(|key| !from_open.contains_key(key)).map(|key| &key.0).collect();
    let rendering = "tallyboard_live_render_seconds_bucket";
    assert_eq!(differing, ["tallyboard_fold_seconds_bucket", rendering, rendering, "tallyboard_starts"]);
    insta::assert_snapshot!("metrics_text", text.text());
    insta::assert_snapshot!("metrics_open", open.text());
}

#[tokio::test]
async fn series_tell_the_numbers_of_the_board() {
    let page = get(&state(board()), "/metrics", &[]).await;
    let series = read(page.text(), false);
    let quarter = [("period", "quarter"), ("relative", "current")];
    let with = |labels: &[(&'static str, &'static str)]| [&quarter, labels].concat();
    for (name, labels, expected) in [
        // 1 250.50 USD + 333.33 EUR at 1.085.
        ("sales_company_won_amount", with(&[("currency", "USD")]), Some(1_612.16)),
        ("sales_rep_won_amount", with(&[("currency", "USD"), ("rep", "r1")]), Some(1_612.16)),
        ("sales_region_won_amount", with(&[("currency", "USD"), ("region", "emea")]), Some(1_250.5)),
        ("sales_territory_won_amount", with(&[("currency", "USD"), ("territory", "west")]), Some(361.66)),
        ("sales_team_win_rate", with(&[("team", "farmers")]), Some(0.0)),
        ("sales_company_win_rate", with(&[]), Some(0.4)),
        ("sales_company_win_rate_numerator", with(&[]), Some(2.0)),
        ("sales_company_win_rate_denominator", with(&[]), Some(5.0)),
        ("sales_company_average_deal_size", with(&[("currency", "USD")]), Some(806.08)),
        ("sales_company_sales_cycle_mean_seconds", with(&[]), Some(1_296_000.0)),
        ("sales_company_activity_seconds", with(&[("category", "travel")]), Some(5_430.0)),
        ("sales_company_activity_seconds", with(&[("category", "admin")]), Some(0.0)),
        ("sales_rep_activity_seconds", with(&[("category", "admin"), ("rep", "r2")]), None),
        ("sales_rep_activity_seconds", with(&[("category", "travel"), ("rep", "r2")]), Some(5_430.0)),
        ("sales_rep_win_rate", with(&[("rep", "r9")]), None),
        ("sales_company_open_deals", vec![("pipeline", "sales"), ("stage", "proposal")], Some(3.0)),
        ("sales_company_open_deals", vec![("pipeline", "sales"), ("stage", "lead")], Some(0.0)),
        ("sales_rep_open_deals", vec![("rep", "r1")], Some(3.0)),
        ("sales_rep_open_deals", vec![("rep", "r1"), ("pipeline", "sales"), ("stage", "proposal")], None),
        ("sales_rep_created_deals", with(&[("rep", "r3")]), None),
        (
            "sales_rep_info",
            vec![
                ("rep", "r1"),
                ("name", "Ann \"the\\closer\" Å"),
                ("team", "hunters"),
                ("territory", "oslo"),
            ],
            Some(1.0),
        ),
        (
            "sales_territory_info",
            vec![("territory", "oslo"), ("name", "OSLO"), ("region", "nordics")],
            Some(1.0),
        ),
    ] {
        assert_eq!(value(&series, name, &labels), expected, "{name} {labels:?}");
    }
    // No rate holds for EUR in the previous quarter: no series, rather than a wrong one.
    let previous = [("period", "quarter"), ("relative", "previous"), ("currency", "USD")];
    assert_eq!(value(&series, "sales_company_won_amount", &previous), None);
    assert_eq!(value(&series, "sales_company_won_deals", &previous[..2]), Some(1.0));
    assert!(
        !series.keys().any(
            |(name, labels)| name == "sales_rep_won_amount" && labels.iter().any(|label| label.1 == "r3")
        )
    );
}

/// Metrics that are there whatever is chosen.
fn is_beside(name: &str) -> bool {
    name.ends_with("_info") || name.starts_with("tallyboard_") || name == "sales_period_elapsed_ratio"
}

#[tokio::test]
async fn only_what_is_chosen_is_exported() {
    let all = read(get(&state(board()), "/metrics", &[]).await.text(), false);
    let choice = choice(&["set_right_quotas"], &["open_deals", "activity_minutes"]);
    let state = ServeState { choice, ..state(board()) };
    let few = read(get(&state, "/metrics", &[]).await.text(), false);
    // The fixture has no quotas: of their KPIs, only the counts of reps can be told.
    let stems = ["won_amount", "reps_by_attainment", "open_deals", "activity_seconds"];
    let is_chosen =
        |name: &str| is_beside(name) || stems.iter().any(|stem| name.ends_with(&format!("_{stem}")));
    let expected: Series = all
        .iter()
        .filter(|((name, _), _)| is_chosen(name))
        .map(|(key, value)| (key.clone(), *value))
        .collect();
    assert!(expected.len() < all.len() / 2);
    assert_eq!(few, expected);

    let catalogue = get(&state, "/api/v1/catalogue", &[]).await.json();
    let chosen = |list: &str| -> Vec<String> {
        let entries = catalogue[list].as_array().unwrap().iter().filter(|entry| entry["chosen"] == true);
        entries.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(chosen("objectives"), ["set_right_quotas"]);
    assert_eq!(
        chosen("kpis"),
        [
            "won_amount",
            "quota_attainment",
            "reps_at_quota",
            "reps_by_attainment",
            "open_deals",
            "pipeline_coverage",
            "activity_minutes"
        ]
    );
    // The API keeps all of them.
    let document = get(&state, "/api/v1/kpis", &[]).await.json();
    assert!(document["kpis"].as_array().unwrap().iter().any(|kpi| kpi["name"] == "lost_deals"));
}

#[tokio::test]
async fn series_beyond_the_limit_are_left_out_and_counted() {
    let options = ServeOptions { series_per_metric_max: 4, ..ServeOptions::default() };
    let state = ServeState { options, ..state(board()) };
    let page = get(&state, "/metrics", &[]).await;
    assert_eq!(page.text(), get(&state, "/metrics", &[]).await.text());
    let series = read(page.text(), false);
    let of = |name: &str| series.keys().filter(|key| key.0 == name).count();
    assert_eq!((of("sales_company_won_deals"), of("sales_rep_open_deals"), of("sales_rep_info")), (4, 2, 3));
    // Ten periods, the first four of which are shown.
    assert_eq!(
        value(&series, "tallyboard_series_dropped", &[("metric", "sales_company_won_deals")]),
        Some(6.0)
    );
    assert_eq!(value(&series, "tallyboard_series_dropped", &[("metric", "sales_rep_open_deals")]), None);
    assert_eq!(
        value(&series, "sales_company_won_deals", &[("period", "quarter"), ("relative", "current")]),
        Some(2.0)
    );
    assert_eq!(
        value(&series, "sales_company_won_deals", &[("period", "year"), ("relative", "current")]),
        None
    );
}
