//! What the board must say after the opportunity table of `maven_crm`: the oracle's tables, row by row.
//!
//! The oracle counts calendar days, the board elapsed time in New York: where clocks changed between the dates of a
//! deal, that is an hour less or more, which is accounted for here deal by deal. Means are compared as sums of whole
//! seconds, rates and averages as numerator and denominator. Medians come from a sketch: within 1 % and that hour.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::document::{Compared, count, integer, kpi, parts, path, quotient, seconds_of_days};

/// The stages of the table, as configuration.
pub(crate) fn pipelines() -> Value {
    let stage = |name: &str, kind: &str| json!({"name": name, "kind": kind});
    json!([{"name": "default", "stages": [
        stage("Prospecting", "open"), stage("Engaging", "open"), stage("Won", "won"), stage("Lost", "lost"),
    ]}])
}

/// The time zone in which the mapping reads dates.
pub(crate) const TIME_ZONE: &str = "America/New_York";

/// All deals were created and closed in these years.
const YEARS: [&str; 2] = ["2016", "2017"];
/// The days on which clocks changed in those years, and the seconds by which a deal over them is longer.
const CLOCK_CHANGES: [(&str, i64); 3] =
    [("2016-11-06", 3_600), ("2017-03-12", -3_600), ("2017-11-05", 3_600)];
const UNDATED_CREATED_IN: &str = "2016-10";

type Row = HashMap<String, String>;

/// The tables.
pub(crate) struct Oracle {
    folder: PathBuf,
    deals: Vec<Row>,
    /// The team of each agent.
    teams: HashMap<String, Row>,
}

/// How a table is keyed: its file, the scope of a row, the column with the scope's id and that with the period.
struct Table {
    file: &'static str,
    scope: &'static str,
    id: Option<&'static str>,
    period: Option<&'static str>,
}

const fn table(
    file: &'static str,
    scope: &'static str,
    id: Option<&'static str>,
    period: Option<&'static str>,
) -> Table {
    Table { file, scope, id, period }
}

const DATED: [Table; 6] = [
    table("by_close_month.csv", "company", None, Some("close_month")),
    table("by_close_quarter.csv", "company", None, Some("close_quarter")),
    table("by_regional_office_close_month.csv", "territory", Some("regional_office"), Some("close_month")),
    table(
        "by_regional_office_close_quarter.csv",
        "territory",
        Some("regional_office"),
        Some("close_quarter"),
    ),
    table("by_manager_close_quarter.csv", "team", Some("manager"), Some("close_quarter")),
    table("by_sales_agent_close_quarter.csv", "rep", Some("sales_agent"), Some("close_quarter")),
];
const ALL_TIME: [Table; 3] = [
    table("by_regional_office.csv", "territory", Some("regional_office"), None),
    table("by_manager.csv", "team", Some("manager"), None),
    table("by_agent.csv", "rep", Some("sales_agent"), None),
];
const OPEN: [Table; 4] = [
    table("open_by_stage.csv", "company", None, None),
    table("open_by_stage_regional_office.csv", "territory", Some("regional_office"), None),
    table("open_by_stage_manager.csv", "team", Some("manager"), None),
    table("open_by_stage_sales_agent.csv", "rep", Some("sales_agent"), None),
];

impl Oracle {
    /// Reads the tables of a folder.
    pub(crate) fn read(folder: &Path) -> Oracle {
        let teams = rows(&folder.join("sales_teams.csv"));
        Oracle {
            folder: folder.to_owned(),
            deals: rows(&folder.join("sales_pipeline.csv")),
            teams: teams.into_iter().map(|team| (team["sales_agent"].clone(), team)).collect(),
        }
    }

    /// Compares every row with the documents that `ask` gives for a path; panics at the first that differs.
    pub(crate) fn compare(&self, ask: &dyn Fn(&str) -> Value) -> Compared {
        let mut compared = Compared::default();
        for table in &DATED {
            for row in self.rows(table.file) {
                self.compare_dated(table, &row, ask, &mut compared);
            }
        }
        for table in &ALL_TIME {
            for row in self.rows(table.file) {
                self.compare_all_time(table, &row, ask, &mut compared);
            }
        }
        self.compare_open(ask, &mut compared);
        self.compare_flow(ask, &mut compared);
        compared
    }

    fn rows(&self, file: &str) -> Vec<Row> {
        rows(&self.folder.join("oracle").join(file))
    }

    fn compare_dated(&self, table: &Table, row: &Row, ask: &dyn Fn(&str) -> Value, compared: &mut Compared) {
        let id = table.id.map(|column| row[column].as_str());
        let period = &row[table.period.unwrap_or_default()];
        let document = ask(&path(table.scope, id, period));
        let what = format!("{} {id:?} {period}", table.file);
        self.compare_closed(table, row, period, &document, &what, compared);
        compared.rows += 1;
    }

    /// What was closed in a period: every figure of the row that the board has.
    fn compare_closed(
        &self,
        table: &Table,
        row: &Row,
        period: &str,
        document: &Value,
        what: &str,
        compared: &mut Compared,
    ) {
        let (won, lost) = (whole(row, "won"), whole(row, "lost"));
        let revenue = hundredths(&row["revenue"]);
        compared.same(&count(kpi(document, "won_deals")), &won, &format!("{what} won"));
        compared.same(&count(kpi(document, "lost_deals")), &lost, &format!("{what} lost"));
        compared.same(&money(kpi(document, "won_amount")), &revenue, &format!("{what} revenue"));

        let rate = kpi(document, "win_rate");
        let of_closed = quotient(rate).map(|(numerator, denominator)| (numerator.as_i64(), denominator));
        let expected = (won + lost > 0).then_some((Some(won), won + lost));
        compared.same(&of_closed, &expected, &format!("{what} win rate"));
        same_rounded(rate["value"].as_f64(), number(row, "win_rate"), 1e-6, &format!("{what} win rate"));

        let size = kpi(document, "average_deal_size");
        let of_won = quotient(size).map(|(numerator, denominator)| {
            (hundredths(numerator.as_str().unwrap_or_default()), denominator)
        });
        compared.same(&of_won, &(won > 0).then_some((revenue, won)), &format!("{what} average deal size"));
        let shown = size["value"].as_str().map(|text| text.parse::<f64>().expect("money is decimal"));
        // The board rounds to cents, half of which is most of the difference.
        same_rounded(shown, number(row, "avg_deal_size"), 0.005_001, &format!("{what} average deal size"));

        let cycle = quotient(kpi(document, "sales_cycle_mean"));
        let cycle = cycle.map(|(numerator, denominator)| (seconds_of_days(numerator), denominator));
        let expected = number(row, "cycle_mean_won").map(|mean| {
            let days = mean * f64::from(i32::try_from(won).expect("few deals"));
            (integer(days) * 86_400 + self.clock_change_seconds(table, row, period), won)
        });
        compared.same(&cycle, &expected, &format!("{what} mean sales cycle"));

        let median = kpi(document, "sales_cycle_p50")["value"].as_f64();
        let expected = number(row, "cycle_median_won");
        let tolerance = expected.unwrap_or_default() * 0.01 + 1.0 / 24.0;
        same_rounded(median, expected, tolerance, &format!("{what} median sales cycle"));
        compared.figures += 1;
    }

    /// What was ever closed and created, and what is open: the sum of all years.
    fn compare_all_time(
        &self,
        table: &Table,
        row: &Row,
        ask: &dyn Fn(&str) -> Value,
        compared: &mut Compared,
    ) {
        let id = table.id.map(|column| row[column].as_str());
        let what = format!("{} {id:?}", table.file);
        let [first, last] = YEARS.map(|year| ask(&path(table.scope, id, year)));
        // Nothing was closed in the first year, so that the last one's mean and median are those of all time.
        for nothing in ["won_deals", "lost_deals"] {
            compared.same(&count(kpi(&first, nothing)), &0, &format!("{what} {nothing} of {}", YEARS[0]));
        }
        self.compare_closed(table, row, YEARS[1], &last, &what, compared);
        let created = [&first, &last].map(|document| count(kpi(document, "created_deals"))).iter().sum();
        compared.same(&created, &whole(row, "deals"), &format!("{what} created"));
        compared.same(&count(kpi(&last, "open_deals")), &whole(row, "open"), &format!("{what} open"));
        compared.rows += 1;
    }

    /// Open deals by stage, for everybody in the tables of all time: whoever has no row has no open deal.
    fn compare_open(&self, ask: &dyn Fn(&str) -> Value, compared: &mut Compared) {
        for table in &OPEN {
            let rows = self.rows(table.file);
            let everybody = ALL_TIME.iter().find(|all| all.scope == table.scope);
            let ids: Vec<Option<String>> = match (everybody, table.id) {
                (Some(all), Some(column)) => {
                    self.rows(all.file).into_iter().map(|mut row| row.remove(column)).collect()
                }
                _ => vec![None],
            };
            let mut seen = 0;
            for id in ids {
                let own = |row: &&Row| table.id.map(|column| row[column].as_str()) == id.as_deref();
                let own: Vec<&Row> = rows.iter().filter(own).collect();
                seen += own.len();
                let expected = own
                    .iter()
                    .map(|row| (row["deal_stage"].clone(), json!(whole(row, "open_deals"))))
                    .collect();
                let document = ask(&path(table.scope, id.as_deref(), YEARS[1]));
                let found = parts(kpi(&document, "open_deals"), "stage");
                compared.same(&found, &expected, &format!("{} {id:?}", table.file));
            }
            assert_eq!(seen, rows.len(), "{} has rows of nobody", table.file);
            compared.rows += seen;
        }
    }

    /// What was created, closed and won in each month, and how many deals there are of each month's creation.
    fn compare_flow(&self, ask: &dyn Fn(&str) -> Value, compared: &mut Compared) {
        let undated = i64::try_from(self.deals.iter().filter(|deal| deal["engage_date"].is_empty()).count());
        for (file, month, created) in [
            ("monthly_flow_and_open.csv", "month", "started"),
            ("by_start_month_cohort.csv", "start_month", "deals"),
        ] {
            for row in self.rows(file) {
                let what = format!("{file} {}", row[month]);
                let document = ask(&path("company", None, &row[month]));
                let mut expected = whole(&row, created);
                if row[month] == UNDATED_CREATED_IN {
                    expected += *undated.as_ref().expect("few deals");
                }
                compared.same(&count(kpi(&document, "created_deals")), &expected, &format!("{what} created"));
                if let Some(closed) = row.get("closed") {
                    let found =
                        ["won_deals", "lost_deals"].map(|name| count(kpi(&document, name))).iter().sum();
                    compared.same(
                        &found,
                        &closed.parse::<i64>().expect("a count"),
                        &format!("{what} closed"),
                    );
                    let won = money(kpi(&document, "won_amount"));
                    compared.same(&won, &hundredths(&row["revenue"]), &format!("{what} revenue"));
                }
                compared.rows += 1;
            }
        }
    }

    /// By how many seconds the won deals of a row are longer than their calendar days.
    fn clock_change_seconds(&self, table: &Table, row: &Row, period: &str) -> i64 {
        let is_of_row = |deal: &&Row| {
            let owner = &self.teams[&deal["sales_agent"]];
            deal["deal_stage"] == "Won"
                && table.id.is_none_or(|column| owner[column] == row[column])
                && is_within(&deal["close_date"], period)
        };
        let change = |deal: &Row| -> i64 {
            let over = |(day, _): &&(&str, i64)| *deal["engage_date"] < **day && **day <= *deal["close_date"];
            CLOCK_CHANGES.iter().filter(over).map(|(_, seconds)| seconds).sum()
        };
        self.deals.iter().filter(is_of_row).map(change).sum()
    }
}

/// Whether a date such as 2017-03-01 is within a year, a quarter or a month by name.
fn is_within(date: &str, period: &str) -> bool {
    match period.split_once("-Q") {
        Some((year, quarter)) => {
            let month: u32 = date[5..7].parse().expect("a month");
            date.starts_with(year) && month.div_ceil(3).to_string() == quarter
        }
        None => date.starts_with(period),
    }
}

fn rows(file: &Path) -> Vec<Row> {
    let mut reader =
        csv::Reader::from_path(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let rows: Result<Vec<Row>, csv::Error> = reader.deserialize().collect();
    let rows = rows.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert!(!rows.is_empty(), "{} is empty", file.display());
    rows
}

fn whole(row: &Row, column: &str) -> i64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} is {:?}", row[column]))
}

fn number(row: &Row, column: &str) -> Option<f64> {
    let text = &row[column];
    (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("{column} is {text:?}")))
}

/// A decimal text in hundredths.
fn hundredths(decimal: &str) -> i64 {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    assert!(fraction.len() <= 2, "{decimal} has more than two fraction digits");
    format!("{whole}{fraction:0<2}").parse().unwrap_or_else(|_| panic!("{decimal} is no amount"))
}

fn money(figure: &Value) -> i64 {
    hundredths(figure["value"].as_str().unwrap_or_else(|| panic!("no money in {figure}")))
}

fn same_rounded(found: Option<f64>, expected: Option<f64>, tolerance: f64, what: &str) {
    let same = match (found, expected) {
        (Some(found), Some(expected)) => (found - expected).abs() <= tolerance,
        (None, None) => true,
        _ => false,
    };
    assert!(same, "{what}: found {found:?}, expected {expected:?} within {tolerance}");
}
