//! Records as JSON, one line each, in canonical form: fields in the order of the schema behind `type`, optional ones
//! only where they say something, `pipeline` always.

use model::{
    ActivityEvent, Credit, DealEvent, Event, FxRate, Goal, GoalScope, Quota, ReferenceRecord, Rep, Territory,
};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::record::Record;

/// A record as one line of JSON, without the line's end.
#[must_use]
#[expect(clippy::unwrap_used, reason = "texts, numbers and flags under text keys always have a JSON form")]
pub fn json(record: &Record<'_>) -> Vec<u8> {
    serde_json::to_vec(&Line(record)).unwrap()
}

struct Line<'r>(&'r Record<'r>);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = Fields(serializer.serialize_map(None)?);
        fields.text("type", self.0.kind().name())?;
        match self.0 {
            Record::Event(Event::Deal(deal)) => write_deal(&mut fields, deal)?,
            Record::Event(Event::Activity(activity)) => write_activity(&mut fields, activity)?,
            Record::Reference(ReferenceRecord::Rep(rep)) => write_rep(&mut fields, rep)?,
            Record::Reference(ReferenceRecord::Territory(territory)) => {
                write_territory(&mut fields, territory)?;
            }
            Record::Reference(ReferenceRecord::Quota(quota)) => write_quota(&mut fields, quota)?,
            Record::Reference(ReferenceRecord::FxRate(rate)) => write_rate(&mut fields, rate)?,
            Record::Reference(ReferenceRecord::Goal(goal)) => write_goal(&mut fields, goal)?,
        }
        fields.0.end()
    }
}

/// The fields of an object that is being written.
struct Fields<M>(M);

impl<M: SerializeMap> Fields<M> {
    fn text(&mut self, name: &str, text: &str) -> Result<(), M::Error> {
        self.0.serialize_entry(name, text)
    }

    /// A value that has a text form, if there is one.
    fn shown(&mut self, name: &str, value: Option<impl std::fmt::Display>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.text(name, &value.to_string()))
    }

    fn optional_text(&mut self, name: &str, text: Option<&str>) -> Result<(), M::Error> {
        text.map_or(Ok(()), |text| self.text(name, text))
    }

    fn integer(&mut self, name: &str, number: Option<i64>) -> Result<(), M::Error> {
        number.map_or(Ok(()), |number| self.0.serialize_entry(name, &number))
    }

    fn flag(&mut self, name: &str, flag: bool) -> Result<(), M::Error> {
        if flag { self.0.serialize_entry(name, &true) } else { Ok(()) }
    }

    fn money(&mut self, name: &str, money: Option<model::Money>) -> Result<(), M::Error> {
        self.shown(name, money.map(model::Money::decimal))?;
        self.shown("currency", money.map(|money| money.currency))
    }
}

fn write_deal<M: SerializeMap>(fields: &mut Fields<M>, deal: &DealEvent<'_>) -> Result<(), M::Error> {
    fields.text("event_id", &deal.event_id)?;
    fields.text("deal_id", &deal.deal_id)?;
    fields.shown("occurred_at", Some(deal.occurred_at))?;
    fields.integer("version", deal.version)?;
    fields.text("pipeline", &deal.pipeline)?;
    fields.text("stage", &deal.stage)?;
    fields.text("rep_id", &deal.rep_id)?;
    fields.text("territory_id", &deal.territory_id)?;
    fields.money("amount", deal.amount)?;
    fields.shown("expected_close", deal.expected_close)?;
    if !deal.credits.is_empty() {
        fields.0.serialize_entry("credits", &Credits(&deal.credits))?;
    }
    fields.flag("deleted", deal.deleted)
}

struct Credits<'r>(&'r [Credit<'r>]);

impl Serialize for Credits<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(Some(self.0.len()))?;
        for credit in self.0 {
            items.serialize_element(&OneCredit(credit))?;
        }
        items.end()
    }
}

struct OneCredit<'r>(&'r Credit<'r>);

impl Serialize for OneCredit<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(Some(3))?;
        fields.serialize_entry("rep_id", &self.0.rep_id)?;
        fields.serialize_entry("share_basis_points", &self.0.share_basis_points)?;
        fields.serialize_entry("overlay", &self.0.overlay)?;
        fields.end()
    }
}

fn write_activity<M: SerializeMap>(
    fields: &mut Fields<M>,
    activity: &ActivityEvent<'_>,
) -> Result<(), M::Error> {
    fields.text("event_id", &activity.event_id)?;
    fields.text("activity_id", &activity.activity_id)?;
    fields.shown("occurred_at", Some(activity.occurred_at))?;
    fields.integer("version", activity.version)?;
    fields.text("rep_id", &activity.rep_id)?;
    fields.text("territory_id", &activity.territory_id)?;
    fields.optional_text("deal_id", activity.deal_id.as_deref())?;
    fields.text("category", activity.category.name())?;
    fields.text("kind", &activity.kind)?;
    fields.integer("duration_seconds", Some(i64::from(activity.duration_seconds)))?;
    fields.flag("retracted", activity.retracted)
}

fn write_rep<M: SerializeMap>(fields: &mut Fields<M>, rep: &Rep) -> Result<(), M::Error> {
    fields.text("rep_id", &rep.rep_id)?;
    fields.text("name", &rep.name)?;
    fields.optional_text("team_id", rep.team_id.as_deref())?;
    fields.optional_text("territory_id", rep.territory_id.as_deref())?;
    fields.shown("started_on", rep.started_on)?;
    fields.shown("ended_on", rep.ended_on)
}

fn write_territory<M: SerializeMap>(fields: &mut Fields<M>, territory: &Territory) -> Result<(), M::Error> {
    fields.text("territory_id", &territory.territory_id)?;
    fields.text("name", &territory.name)?;
    fields.optional_text("parent_id", territory.parent_id.as_deref())
}

fn write_quota<M: SerializeMap>(fields: &mut Fields<M>, quota: &Quota) -> Result<(), M::Error> {
    fields.text("rep_id", &quota.rep_id)?;
    fields.text("period", &quota.period)?;
    fields.money("amount", Some(quota.amount))?;
    fields.shown("effective_from", quota.effective_from)
}

fn write_rate<M: SerializeMap>(fields: &mut Fields<M>, rate: &FxRate) -> Result<(), M::Error> {
    fields.shown("currency", Some(rate.currency))?;
    fields.text("rate", &rate_text(rate.rate))?;
    fields.shown("effective_from", Some(rate.effective_from))
}

/// A rate as a decimal number, without zeros at its end.
fn rate_text(rate: i64) -> String {
    let scale = FxRate::SCALE as usize;
    let sign = if rate < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", rate.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let text = format!("{sign}{whole}.{}", fraction.trim_end_matches('0'));
    text.trim_end_matches('.').to_owned()
}

fn write_goal<M: SerializeMap>(fields: &mut Fields<M>, goal: &Goal) -> Result<(), M::Error> {
    let (scope, scope_id) = scope_of(&goal.scope);
    fields.text("scope", scope)?;
    fields.optional_text("scope_id", scope_id)?;
    fields.text("period", &goal.period)?;
    fields.money("won_amount", Some(goal.won_amount))
}

/// A scope as the fields `scope` and `scope_id`.
pub(super) fn scope_of(scope: &GoalScope) -> (&'static str, Option<&str>) {
    match scope {
        GoalScope::Company => ("company", None),
        GoalScope::Territory(id) => ("territory", Some(id)),
        GoalScope::Team(id) => ("team", Some(id)),
        GoalScope::Rep(id) => ("rep", Some(id)),
    }
}
