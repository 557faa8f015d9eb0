//! Values as JSON: numbers, and money as decimal text.

use board::Labels;
use kpi::{Absence, KpiValue, PartKey, Unit, Value};
use model::{Currency, decimal_text};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Number, Value as Json};

use crate::openapi::words;

/// A value, or why there is none.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Figure {
    /// In the KPI's unit; null if absent.
    #[schemars(with = "Option<words::Amount>")]
    value: Json,
    /// For quotients, what is divided: money of a KPI that is money itself as decimal text, all else as a whole number of
    /// what the KPI's formula counts (deals, reps, seconds, minor units of the reporting currency).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Amount>")]
    numerator: Option<Json>,
    /// What it is divided by, as a whole number of what the formula counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Amount>")]
    denominator: Option<Json>,
    /// For quantiles and estimates: of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Amount>")]
    count: Option<Json>,
    /// For estimates: the 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<[f64; 2]>")]
    interval: Option<[Json; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absent_reason: Option<String>,
}

impl Figure {
    pub(crate) fn new(unit: Unit, currency: Option<Currency>, value: Result<Value, Absence>) -> Self {
        let mut figure = Self {
            value: Json::Null,
            numerator: None,
            denominator: None,
            count: None,
            interval: None,
            currency: currency.map(Currency::code),
            absent_reason: None,
        };
        match value {
            Err(absence) => figure.absent_reason = Some(absence.to_string()),
            Ok(value) => {
                figure.value = show(unit, currency, value);
                match value {
                    Value::Whole(_) | Value::Coefficient { .. } => {}
                    Value::Quotient { numerator, denominator } => {
                        figure.numerator = Some(show(unit, currency, Value::Whole(numerator)));
                        figure.denominator = Some(number(denominator, 1));
                    }
                    Value::Quantile { count, .. } => figure.count = Some(number(count, 1)),
                    Value::Estimate { low_millionths, high_millionths, count, .. } => {
                        figure.count = Some(number(count, 1));
                        figure.interval =
                            Some([low_millionths, high_millionths].map(|end| number(end, 1_000_000)));
                    }
                }
            }
        }
        figure
    }
}

/// A value in its unit.
pub(crate) fn show(unit: Unit, currency: Option<Currency>, value: Value) -> Json {
    if let Some(currency) = currency {
        return Json::String(decimal_text(value.rounded(), currency));
    }
    let (numerator, denominator) = value.fraction();
    let per_unit = unit.held_per_unit();
    match denominator.checked_mul(per_unit) {
        Some(denominator) => number(numerator, denominator),
        None => float(value.approximate() / per_unit as f64),
    }
}

/// A quotient as a whole number where it is one.
pub(crate) fn number(numerator: i128, denominator: i128) -> Json {
    let whole = (numerator % denominator == 0).then(|| i64::try_from(numerator / denominator).ok());
    whole
        .flatten()
        .map_or_else(|| float(numerator as f64 / denominator as f64), |whole| Json::Number(whole.into()))
}

fn float(value: f64) -> Json {
    Number::from_f64(value).map_or(Json::Null, Json::Number)
}

/// A KPI with its value and its parts.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct KpiFigure {
    #[schemars(with = "words::KpiName")]
    name: &'static str,
    #[schemars(with = "words::UnitName")]
    unit: &'static str,
    /// Whether it tells what stands now, whatever the period.
    standing: bool,
    #[serde(flatten)]
    figure: Figure,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<By>,
    /// The part that the KPI is there to name.
    #[serde(skip_serializing_if = "Option::is_none")]
    named: Option<Named>,
    /// What the value means.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    /// Amounts before conversion.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_currency: Option<std::collections::BTreeMap<String, String>>,
}

/// The value of each part, by the KPI's dimension.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    Stage(Vec<StageFigure>),
    Category(Vec<CategoryFigure>),
    Attainment(Vec<AttainmentFigure>),
    ActivityType(Vec<ActivityTypeFigure>),
    Flow(Vec<FlowFigure>),
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", untagged)]
enum Named {
    Stage {
        pipeline: String,
        stage: String,
    },
    Category {
        #[schemars(with = "words::CategoryName")]
        category: &'static str,
    },
    Attainment {
        #[schemars(with = "words::AttainmentName")]
        attainment: &'static str,
    },
    ActivityType {
        #[schemars(with = "words::CategoryName")]
        category: &'static str,
        activity_type: String,
    },
    Flow {
        #[schemars(with = "words::FlowName")]
        flow: &'static str,
    },
}

impl Named {
    fn new(key: PartKey, labels: &Labels) -> Self {
        match key {
            PartKey::Stage(index) => {
                let (pipeline, stage) = labels.stage(index);
                Self::Stage { pipeline, stage }
            }
            PartKey::Category(category) => Self::Category { category: category.name() },
            PartKey::Attainment(range) => Self::Attainment { attainment: range.name() },
            PartKey::ActivityType(category, of_type) => Self::ActivityType {
                category: category.name(),
                activity_type: labels.activity_type(of_type).to_owned(),
            },
            PartKey::Flow(step) => Self::Flow { flow: step.name() },
        }
    }
}

/// The value of a stage.
#[derive(Debug, Serialize, JsonSchema)]
struct StageFigure {
    pipeline: String,
    stage: String,
    #[serde(flatten)]
    figure: Figure,
}

/// The value of a category of activities.
#[derive(Debug, Serialize, JsonSchema)]
struct CategoryFigure {
    #[schemars(with = "words::CategoryName")]
    category: &'static str,
    #[serde(flatten)]
    figure: Figure,
}

/// The value of a range of quota attainment.
#[derive(Debug, Serialize, JsonSchema)]
struct AttainmentFigure {
    #[schemars(with = "words::AttainmentName")]
    attainment: &'static str,
    #[serde(flatten)]
    figure: Figure,
}

/// The value of a type of activities.
#[derive(Debug, Serialize, JsonSchema)]
struct ActivityTypeFigure {
    #[schemars(with = "words::CategoryName")]
    category: &'static str,
    activity_type: String,
    #[serde(flatten)]
    figure: Figure,
}

/// The value of a step of the pipeline waterfall.
#[derive(Debug, Serialize, JsonSchema)]
struct FlowFigure {
    #[schemars(with = "words::FlowName")]
    flow: &'static str,
    #[serde(flatten)]
    figure: Figure,
}

impl KpiFigure {
    pub(crate) fn new(value: &KpiValue, labels: &Labels) -> Self {
        let KpiValue { kpi, currency, .. } = *value;
        let mut stages = Vec::new();
        let mut categories = Vec::new();
        let mut ranges = Vec::new();
        let mut types = Vec::new();
        let mut flows = Vec::new();
        for part in &value.parts {
            let figure = Figure::new(kpi.unit, currency, part.value);
            match part.key {
                PartKey::Stage(index) => {
                    let (pipeline, stage) = labels.stage(index);
                    stages.push(StageFigure { pipeline, stage, figure });
                }
                PartKey::Category(category) => {
                    categories.push(CategoryFigure { category: category.name(), figure });
                }
                PartKey::Attainment(range) => {
                    ranges.push(AttainmentFigure { attainment: range.name(), figure });
                }
                PartKey::ActivityType(category, of_type) => {
                    let activity_type = labels.activity_type(of_type).to_owned();
                    types.push((
                        category,
                        ActivityTypeFigure { category: category.name(), activity_type, figure },
                    ));
                }
                PartKey::Flow(step) => flows.push(FlowFigure { flow: step.name(), figure }),
            }
        }
        // Boards number types as they come; people look for names, and the same numbers are the same document.
        types.sort_by(|(one, left), (other, right)| {
            (one, &left.activity_type).cmp(&(other, &right.activity_type))
        });
        let types = types.into_iter().map(|(_, figure)| figure).collect();
        let by_currency = value.by_currency.iter();
        let by_currency =
            by_currency.map(|&(currency, minor)| (currency.code(), decimal_text(minor, currency)));
        Self {
            name: kpi.name,
            unit: kpi.unit.name(),
            standing: kpi.is_standing(),
            figure: Figure::new(kpi.unit, currency, value.value),
            by: match kpi.dimension {
                kpi::Dimension::None => None,
                kpi::Dimension::Stage => Some(By::Stage(stages)),
                kpi::Dimension::Category => Some(By::Category(categories)),
                kpi::Dimension::Attainment => Some(By::Attainment(ranges)),
                kpi::Dimension::ActivityType => Some(By::ActivityType(types)),
                kpi::Dimension::Flow => Some(By::Flow(flows)),
            },
            verdict: value.verdict.map(kpi::Verdict::name),
            named: value.named.map(|key| Named::new(key, labels)),
            by_currency: (!value.by_currency.is_empty()).then(|| by_currency.collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_shown_in_their_unit() {
        let [usd, jpy] = ["USD", "JPY"].map(|code| Currency::from_code(code).unwrap());
        let quotient = |numerator, denominator| Value::Quotient { numerator, denominator };
        let quantile = Value::Quantile { numerator: 86_400, denominator: 4, count: 7 };
        for (unit, currency, value, expected) in [
            (Unit::Deals, None, Value::Whole(3), json!(3)),
            (Unit::Deals, None, Value::Whole(i128::from(i64::MAX) + 1), json!(9.223_372_036_854_776e18)),
            (Unit::Money, Some(usd), Value::Whole(123_456), json!("1234.56")),
            (Unit::Money, Some(jpy), Value::Whole(-5), json!("-5")),
            (Unit::Money, Some(usd), quotient(1_001, 2), json!("5.00")),
            (Unit::Ratio, None, quotient(1, 3), json!(0.333_333_333_333_333_3)),
            (Unit::Ratio, None, quotient(4, 4), json!(1)),
            (Unit::Minutes, None, Value::Whole(90), json!(1.5)),
            (Unit::Minutes, None, Value::Whole(120), json!(2)),
            (Unit::Days, None, quotient(86_400 * 3, 2), json!(1.5)),
            (Unit::Days, None, quantile, json!(0.25)),
            (Unit::Days, None, quotient(i128::MAX, i128::MAX - 1), json!(1.0 / 86_400.0)),
        ] {
            assert_eq!(show(unit, currency, value), expected, "{value:?}");
        }
        let figure = |value| serde_json::to_value(Figure::new(Unit::Days, None, value)).unwrap();
        assert_eq!(figure(Ok(quantile)), json!({"value": 0.25, "count": 7}));
        let expected = json!({"value": 1.5, "numerator": 3, "denominator": 2});
        assert_eq!(figure(Ok(quotient(86_400 * 3, 2))), expected);
        let expected = json!({"value": null, "absent_reason": "there are no won deals to divide by"});
        assert_eq!(figure(Err(Absence::NothingToDivideBy("won deals"))), expected);
    }
}
