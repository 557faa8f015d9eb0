//! The bank's log as events of ours: a deal for each application, an activity for each task that was worked on.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// The rep of what the log knows no resource for.
pub(crate) const NOBODY: &str = "nobody";
pub(crate) const CURRENCY: &str = "EUR";
const MICROS_PER_SECOND: i64 = 1_000_000;

/// The stages in order, each with its kind and the activities that put a deal into it.
const STAGES: [(&str, &str, &[&str]); 7] = [
    ("submitted", "open", &["A_SUBMITTED"]),
    ("preaccepted", "open", &["A_PREACCEPTED"]),
    ("accepted", "open", &["A_ACCEPTED"]),
    ("offer_sent", "open", &["O_SENT"]),
    ("offer_returned", "open", &["O_SENT_BACK"]),
    ("won", "won", &["A_APPROVED"]),
    ("lost", "lost", &["A_DECLINED", "A_CANCELLED"]),
];

/// The tasks, each with a category of its own, so that the board tells them apart, and whether it is a call to the client.
const TASKS: [(&str, &str, bool); 6] = [
    ("W_Afhandelen leads", "digital_client_communication", true),
    ("W_Nabellen offertes", "in_person_client_communication", true),
    ("W_Nabellen incomplete dossiers", "travel", true),
    ("W_Completeren aanvraag", "admin", false),
    ("W_Valideren aanvraag", "internal_meeting", false),
    ("W_Beoordelen fraude", "sales_preparation", false),
];

/// The category of all calls, where calls are what is asked for.
pub(crate) const CALLS: &str = "digital_client_communication";

/// The log tells each time twice: in UTC, and in the bank's own time with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    Utc,
    Local,
}

/// What an activity's category tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Categories {
    /// Which task it was.
    Task,
    /// Whether it was a call; whatever else is administration.
    Call,
}

impl Categories {
    fn of(self, task: &str) -> &'static str {
        let known = TASKS.iter().find(|(name, ..)| *name == task);
        let &(_, category, is_call) = known.unwrap_or_else(|| panic!("{task} has no category"));
        match self {
            Categories::Task => category,
            Categories::Call if is_call => CALLS,
            Categories::Call => "admin",
        }
    }
}

/// What the log says, as events and as what no oracle knows: sums of durations of which each is cut to whole seconds.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// In the order of the log.
    pub(crate) events: Vec<Event>,
    /// How long deals were in each stage, in all.
    pub(crate) dwell_seconds: BTreeMap<&'static str, i64>,
    /// How long deals took until they were won, in all.
    pub(crate) cycle_seconds: i64,
}

/// An event as a line of JSON.
#[derive(Debug)]
pub(crate) struct Event {
    /// The month in which it happened, in UTC.
    pub(crate) month: String,
    pub(crate) line: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Logged {
    case_id: String,
    event_seq: i64,
    activity: String,
    lifecycle: String,
    timestamp_local: String,
    timestamp_utc: String,
    resource: String,
    amount_req: String,
}

impl Logged {
    fn occurred_at(&self, times: Times) -> &str {
        match times {
            Times::Utc => &self.timestamp_utc,
            Times::Local => &self.timestamp_local,
        }
    }

    fn event(&self, line: &Value) -> Event {
        Event { month: self.timestamp_utc[..7].to_owned(), line: line.to_string() }
    }

    fn micros(&self) -> i64 {
        Timestamp::parse(&self.timestamp_utc).unwrap().micros()
    }

    fn whole_seconds_since(&self, micros: i64) -> i64 {
        (self.micros() - micros) / MICROS_PER_SECOND
    }

    /// The application's state behind this.
    fn deal(&self, stage: &str, times: Times) -> Event {
        self.event(&json!({
            "type": "deal",
            "event_id": format!("{}/{}", self.case_id, self.event_seq),
            "deal_id": self.case_id,
            "occurred_at": self.occurred_at(times),
            "version": self.event_seq,
            "stage": stage,
            "rep_id": rep(&self.resource),
            "territory_id": "bank",
            "amount": self.amount_req,
            "currency": CURRENCY,
        }))
    }

    /// The task that this one began and `end` completed.
    fn task(&self, end: &Logged, resource: &str, seconds: i64, category: &str, times: Times) -> Event {
        let id = format!("{}/{}", self.case_id, end.event_seq);
        self.event(&json!({
            "type": "activity",
            "event_id": id,
            "activity_id": id,
            "occurred_at": self.occurred_at(times),
            "rep_id": rep(resource),
            "territory_id": "bank",
            "deal_id": self.case_id,
            "category": category,
            "kind": self.activity,
            "duration_seconds": seconds,
        }))
    }
}

fn rep(resource: &str) -> &str {
    if resource.is_empty() { NOBODY } else { resource }
}

/// The pipeline, as configuration.
pub(crate) fn pipelines() -> Value {
    let stages: Vec<Value> =
        STAGES.iter().map(|(name, kind, _)| json!({"name": name, "kind": kind})).collect();
    json!([{"name": "default", "stages": stages}])
}

/// The tasks and the category that each has for itself.
pub(crate) fn categories() -> impl Iterator<Item = (&'static str, &'static str)> {
    TASKS.iter().map(|&(task, category, _)| (task, category))
}

/// What the log says, a table with a header.
pub(crate) fn told(log: &str, times: Times, categories: Categories) -> Told {
    let (mut deals, mut tasks, mut told) = (Deals::default(), Tasks::default(), Told::default());
    for logged in csv::Reader::from_reader(log.as_bytes()).into_deserialize() {
        let logged: Logged = logged.unwrap();
        if logged.activity.starts_with("W_") {
            told.events.extend(tasks.add(logged, times, categories));
        } else {
            deals.add(&logged, times, &mut told);
        }
    }
    told
}

/// Where a deal is.
struct Place {
    stage: &'static str,
    since_micros: i64,
    created_micros: i64,
}

/// Every step of an application tells its whole state: also those that change no stage, many at the time of one that does.
#[derive(Default)]
struct Deals {
    entered: HashSet<(String, &'static str)>,
    places: HashMap<String, Place>,
}

impl Deals {
    fn add(&mut self, logged: &Logged, times: Times, told: &mut Told) {
        let entry = STAGES.iter().find(|(_, _, entries)| entries.contains(&logged.activity.as_str()));
        if let Some(&(stage, kind, _)) = entry
            // An offer may be sent and returned again: the first time counts.
            && self.entered.insert((logged.case_id.clone(), stage))
        {
            let micros = logged.micros();
            let mut created_micros = micros;
            if let Some(before) = self.places.remove(&logged.case_id) {
                created_micros = before.created_micros;
                *told.dwell_seconds.entry(before.stage).or_insert(0) +=
                    logged.whole_seconds_since(before.since_micros);
                if kind == "won" {
                    told.cycle_seconds += logged.whole_seconds_since(created_micros);
                }
            }
            let place = Place { stage, since_micros: micros, created_micros };
            self.places.insert(logged.case_id.clone(), place);
        }
        let place = self.places.get(&logged.case_id);
        let place = place.unwrap_or_else(|| panic!("{} does not begin with a stage", logged.case_id));
        told.events.push(logged.deal(place.stage, times));
    }
}

#[derive(Default)]
struct Tasks {
    begun: HashMap<(String, String), Logged>,
    /// What is left of a second, by resource and task. The next duration gets it, so that sums are of whole seconds, too.
    left_micros: HashMap<(String, String), i64>,
}

impl Tasks {
    fn add(&mut self, logged: Logged, times: Times, categories: Categories) -> Option<Event> {
        let key = (logged.case_id.clone(), logged.activity.clone());
        match logged.lifecycle.as_str() {
            "START" => drop(self.begun.insert(key, logged)),
            "COMPLETE" => {
                let start = self.begun.remove(&key)?;
                let resource = if logged.resource.is_empty() { &start.resource } else { &logged.resource };
                let left = self.left_micros.entry((resource.clone(), key.1)).or_insert(0);
                *left += logged.micros() - start.micros();
                let seconds = *left / MICROS_PER_SECOND;
                *left %= MICROS_PER_SECOND;
                let category = categories.of(&logged.activity);
                return Some(start.task(&logged, resource, seconds, category, times));
            }
            // That a task is to be done is nothing that was done.
            _ => {}
        }
        None
    }
}
