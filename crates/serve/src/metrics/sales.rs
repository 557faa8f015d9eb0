//! The KPIs as gauges: one name a scope, so that a sum over a name never mixes levels.
//!
//! Each period's sums are made once, in one pass; each KPI is computed once for each of them. Gauges, because a
//! correction can lower any of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use board::{Board, Labels, PeriodSlot, View, ViewRow};
use kpi::{Dimension, Kpi, KpiValue, PartKey, Value};
use model::{Currency, PeriodKind, Timestamp, decimal_text};

use super::exposition::{Exposition, Float, Kind, Metric, label};

/// A level of the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Company,
    Region,
    Territory,
    Team,
    Rep,
}

impl Level {
    const ALL: [Self; 5] = [Self::Company, Self::Region, Self::Territory, Self::Team, Self::Rep];

    const fn name(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Region => "region",
            Self::Territory => "territory",
            Self::Team => "team",
            Self::Rep => "rep",
        }
    }

    /// Reps and teams by stage or by flow would be too many series for too few questions: they have their total.
    fn has_parts(self, dimension: Dimension) -> bool {
        match dimension {
            Dimension::None => false,
            Dimension::Stage | Dimension::Flow => {
                matches!(self, Self::Company | Self::Region | Self::Territory)
            }
            Dimension::Category => true,
            Dimension::Attainment | Dimension::ActivityType => self != Self::Rep,
        }
    }

    fn rows(self, view: &View) -> &[ViewRow] {
        match self {
            Self::Company => &[],
            Self::Region => &view.regions,
            Self::Territory => &view.territories,
            Self::Team => &view.teams,
            Self::Rep => &view.reps,
        }
    }
}

/// A period as its series name it.
pub(super) struct Slot {
    pub(super) view: View,
    /// `period="quarter",relative="current"`; empty for what stands now.
    pub(super) labels: String,
}

/// Writes these KPIs of all scopes, and what the ids stand for.
pub(super) fn write(exposition: &mut Exposition, board: &Board, slots: &[Slot], kpis: &[&'static Kpi]) {
    let names = board.labels();
    for level in Level::ALL {
        for &kpi in kpis {
            write_kpi(exposition, &names, slots, level, kpi);
        }
    }
    write_names(exposition, slots);
}

/// What stands now, and the current and the previous period of each kind.
pub(super) fn slots(board: &Board, now: Timestamp) -> Vec<Slot> {
    let today = board.calendar().day_of(now);
    let mut periods = vec![PeriodSlot::Standing];
    let mut names = vec![String::new()];
    for relative in ["current", "previous"] {
        for kind in PeriodKind::ALL {
            let current = board.calendar().period_of(kind, today);
            periods.push(PeriodSlot::Period(if relative == "current" {
                current
            } else {
                current.previous()
            }));
            let mut labels = String::new();
            label(&mut labels, "period", kind.name());
            label(&mut labels, "relative", relative);
            names.push(labels);
        }
    }
    let views = board.views(&periods, now).into_iter();
    views.zip(names).map(|(view, labels)| Slot { view, labels }).collect()
}

/// The metrics of one KPI at one level: the value and, for quotients, both parts.
struct Family {
    value: Metric,
    numerator: Metric,
    denominator: Metric,
}

impl Family {
    fn new(level: Level, kpi: &Kpi) -> Self {
        let name = format!("sales_{}_{}", level.name(), kpi.metric);
        let part = |part: &str| {
            let help = format!("{part} of {name}, to be summed over series before dividing.");
            Metric::new(format!("{name}_{}", part.to_ascii_lowercase()), Kind::Gauge, help)
        };
        let (numerator, denominator) = (part("Numerator"), part("Denominator"));
        Self { value: Metric::new(name, Kind::Gauge, kpi.help), numerator, denominator }
    }

    fn series(&mut self, exposition: &Exposition, labels: &str, currency: Option<Currency>, value: Value) {
        match (value, currency) {
            (_, Some(currency)) => {
                exposition.series(&mut self.value, labels, decimal_text(value.rounded(), currency));
            }
            (Value::Whole(whole), None) => exposition.series(&mut self.value, labels, whole),
            (_, None) => exposition.series(&mut self.value, labels, Float(value.approximate())),
        }
        if let Value::Quotient { numerator, denominator } = value {
            match currency {
                Some(currency) => {
                    exposition.series(&mut self.numerator, labels, decimal_text(numerator, currency));
                }
                None => exposition.series(&mut self.numerator, labels, numerator),
            }
            exposition.series(&mut self.denominator, labels, denominator);
        }
    }
}

fn write_kpi(exposition: &mut Exposition, names: &Labels, slots: &[Slot], level: Level, kpi: &'static Kpi) {
    let mut family = Family::new(level, kpi);
    for slot in slots {
        let kind = slot.view.slot.period().map(|period| period.kind);
        if !kpi.is_told_for(kind) {
            continue;
        }
        if level == Level::Company {
            let value = slot.view.evaluate_company(kpi);
            write_value(exposition, &mut family, names, level, &slot.labels, &value);
        }
        for row in level.rows(&slot.view) {
            let mut labels = String::with_capacity(64);
            label(&mut labels, level.name(), &row.id);
            if !slot.labels.is_empty() {
                labels.push(',');
                labels.push_str(&slot.labels);
            }
            let value = slot.view.evaluate(kpi, row);
            write_value(exposition, &mut family, names, level, &labels, &value);
        }
    }
    exposition.add(&family.value);
    exposition.add(&family.numerator);
    exposition.add(&family.denominator);
}

/// Either the value or its parts, never both, so that a sum over a name counts nothing twice. Parts of a rep that are 0
/// are left out: most reps have few categories.
fn write_value(
    exposition: &Exposition,
    family: &mut Family,
    names: &Labels,
    level: Level,
    labels: &str,
    value: &KpiValue,
) {
    let mut labels = labels.to_owned();
    if let Some(currency) = value.currency {
        label(&mut labels, "currency", &currency.code());
    }
    if !level.has_parts(value.kpi.dimension) {
        if let Ok(total) = value.value {
            family.series(exposition, &labels, value.currency, total);
        }
        return;
    }
    let of_scope = labels.len();
    for part in &value.parts {
        let Ok(of_part) = part.value else {
            continue;
        };
        if level == Level::Rep && of_part == Value::Whole(0) {
            continue;
        }
        labels.truncate(of_scope);
        match part.key {
            PartKey::Category(category) => label(&mut labels, "category", category.name()),
            PartKey::Attainment(range) => label(&mut labels, "attainment", range.name()),
            PartKey::ActivityType(category, of_type) => {
                label(&mut labels, "category", category.name());
                label(&mut labels, "activity_type", names.activity_type(of_type));
            }
            PartKey::Flow(step) => label(&mut labels, "flow", step.name()),
            PartKey::Stage(index) => {
                let (pipeline, stage) = names.stage(index);
                label(&mut labels, "pipeline", &pipeline);
                label(&mut labels, "stage", &stage);
            }
        }
        family.series(exposition, &labels, value.currency, of_part);
    }
}

/// Names and places of the ids that series carry, to be joined with them.
fn write_names(exposition: &mut Exposition, slots: &[Slot]) {
    for (level, help) in [
        (Level::Region, "A region: its name, and the territory right above it as parent."),
        (Level::Territory, "A territory: its name, and the region right above it."),
        (Level::Rep, "A rep: name, team and home territory."),
    ] {
        let mut rows: BTreeMap<&Arc<str>, &ViewRow> = BTreeMap::new();
        for slot in slots {
            rows.extend(level.rows(&slot.view).iter().map(|row| (&row.id, row)));
        }
        let mut metric = Metric::new(format!("sales_{}_info", level.name()), Kind::Gauge, help);
        for row in rows.values() {
            let mut labels = String::new();
            label(&mut labels, level.name(), &row.id);
            label(&mut labels, "name", &row.name);
            let territory = row.territory.as_deref().unwrap_or_default();
            match level {
                Level::Rep => {
                    label(&mut labels, "team", row.team.as_deref().unwrap_or_default());
                    label(&mut labels, "territory", territory);
                }
                Level::Territory => label(&mut labels, "region", territory),
                _ => label(&mut labels, "parent", territory),
            }
            exposition.series(&mut metric, &labels, 1);
        }
        exposition.add(&metric);
    }
}
