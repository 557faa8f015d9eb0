//! Schemas of the words and values that answers are made of.

use std::borrow::Cow;
use std::collections::BTreeSet;

use kpi::{Attainment, CATALOGUE, Component};
use model::{Category, Flow, PeriodKind};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value as Json, json};

use crate::parameters::{GROUPS, Within, group_name};

/// Where the schemas of types are in the document.
pub(super) const SCHEMAS: &str = "/components/schemas";

/// A reference to the schema of a type, which has to be among those of the answers.
pub(crate) fn reference<T: JsonSchema>() -> Json {
    json!({ "$ref": format!("#{SCHEMAS}/{}", T::schema_name()) })
}

fn schema(value: Json) -> Schema {
    value.try_into().unwrap_or_default()
}

/// Types that stand for lists of words: about, name, and which there are.
macro_rules! words {
    ($($(#[doc = $about:literal])+ $name:ident: $words:expr;)+) => {$(
        $(#[doc = $about])+
        #[derive(Debug)]
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let words: Vec<&'static str> = $words;
                schema(json!({ "type": "string", "enum": words, "description": concat!($($about),+).trim() }))
            }
        }
    )+};
}

words! {
    /// The unit of a value; money is in the reporting currency.
    UnitName: CATALOGUE.iter().map(|kpi| kpi.unit.name()).collect::<BTreeSet<_>>().into_iter().collect();
    /// By what a KPI is told beside scope and period.
    DimensionName: CATALOGUE.iter().map(|kpi| kpi.dimension.name()).collect::<BTreeSet<_>>().into_iter().collect();
    /// A scope: a region has all territories below it.
    ScopeName: Within::ALL.map(Within::name).to_vec();
    /// Who is ranked.
    GroupName: GROUPS.map(group_name).to_vec();
    /// A kind of period.
    PeriodKindName: PeriodKind::ALL.map(PeriodKind::name).to_vec();
    /// A category of activities.
    CategoryName: Category::ALL.map(Category::name).to_vec();
    /// A range of quota attainment, in percent.
    AttainmentName: Attainment::ALL.map(Attainment::name).to_vec();
    /// A kind of work of a territory.
    ComponentName: Component::ALL.map(Component::name).to_vec();
    /// A step of the pipeline waterfall.
    FlowName: ["start", "end"].into_iter().chain(Flow::ALL.map(Flow::name)).collect();
}

/// The KPIs, each with its help text.
#[derive(Debug)]
pub(crate) struct KpiName;

impl JsonSchema for KpiName {
    fn schema_name() -> Cow<'static, str> {
        "KpiName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = CATALOGUE.iter().map(|kpi| kpi.name).collect();
        let lines = CATALOGUE.iter().map(|kpi| format!("\n- `{}`: {}", kpi.name, kpi.help));
        let about = format!("A KPI of the catalogue:\n{}", lines.collect::<String>());
        schema(json!({ "type": "string", "enum": names, "description": about }))
    }
}

/// A value in its unit.
#[derive(Debug)]
pub(crate) struct Amount;

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema(json!({
            "type": ["number", "string"],
            "pattern": r"^-?[0-9]+(\.[0-9]+)?$",
            "description": "Money as decimal text in its currency, all else as a number.",
        }))
    }
}
