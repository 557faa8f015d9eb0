//! What reps do all day: activities, some of them corrected or taken back, and for which deals.

use std::borrow::Cow;

use model::{ActivityEvent, Category, Timestamp};

use crate::deals::deal_id;
use crate::dice::{Chance, Dice, MICROS_PER_DAY, fixed};
use crate::scenario::Scenario;
use crate::staff::Company;

/// How many of a rep's latest deals are worked on.
const DEALS_IN_WORK: usize = 6;
const LONGEST_SECONDS: i64 = 86_400;

struct Habit {
    category: Category,
    /// Up to which of the draws, in 2^-16 of an activity a day, it is this category.
    until: u32,
    median_seconds: i64,
}

/// All activities, with what is still to be told of earlier ones.
pub(crate) struct Activities {
    habits: Vec<Habit>,
    /// Mean time between a rep's activities; none: there are none.
    gap_micros: Option<i64>,
    round_minutes: bool,
    retracted: Chance,
    corrected: Chance,
    with_deal: Chance,
    versioned: Chance,
    in_work: Vec<[u64; DEALS_IN_WORK]>,
    echoes: Vec<Option<ActivityEvent<'static>>>,
    free: Vec<u32>,
    begun: u64,
}

/// An activity's first event and what is due later.
pub(crate) struct Begun {
    pub(crate) event: ActivityEvent<'static>,
    /// When the event that waits in this slot is due.
    pub(crate) echo: Option<(i64, u32)>,
}

impl Activities {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let mut until = 0_u32;
        let habits = scenario.activities.iter().filter_map(|plan| {
            until = until.saturating_add(u32::try_from(fixed(plan.per_day)).unwrap_or(0));
            Some(Habit {
                category: Category::from_name(&plan.category)?,
                until,
                median_seconds: i64::from(plan.median_minutes) * 60,
            })
        });
        let habits: Vec<Habit> = habits.collect();
        // Within office hours a day is 10 hours long.
        let day_micros = if scenario.office_hours { MICROS_PER_DAY / 24 * 10 } else { MICROS_PER_DAY };
        let per_day = i128::from(until);
        let gap = (i128::from(day_micros) << 16).checked_div(per_day);
        Self {
            habits,
            gap_micros: gap.and_then(|gap| i64::try_from(gap).ok()),
            round_minutes: scenario.amount_significant_digits > 0,
            retracted: Chance::of(scenario.rates.activity_retracted),
            corrected: Chance::of(scenario.rates.activity_corrected),
            with_deal: Chance::of(scenario.rates.activity_with_deal),
            versioned: Chance::of(scenario.rates.versioned),
            in_work: vec![[0; DEALS_IN_WORK]; scenario.reps as usize],
            echoes: Vec::new(),
            free: Vec::new(),
            begun: 0,
        }
    }

    /// When a rep does something next after this time; none if never.
    pub(crate) fn next_after(
        &self,
        now_micros: i64,
        rep: u32,
        company: &Company,
        dice: &mut Dice,
    ) -> Option<i64> {
        let waiting = dice.waiting(self.gap_micros?);
        let territory = company.reps[rep as usize].territory;
        let at = company.working_time(now_micros + waiting, now_micros, territory, dice);
        (!company.has_left(&company.reps[rep as usize], at)).then_some(at)
    }

    /// A rep works on a deal from now on; the one longest in work makes place.
    pub(crate) fn work_on(&mut self, rep: u32, deal_number: u64) {
        let deals = &mut self.in_work[rep as usize];
        deals.rotate_right(1);
        deals[0] = deal_number;
    }

    /// A rep does something at this time.
    pub(crate) fn begin(
        &mut self,
        rep: u32,
        at: Timestamp,
        event_id: String,
        company: &Company,
        dice: &mut Dice,
    ) -> Begun {
        self.begun += 1;
        let profile = &company.reps[rep as usize];
        let (category, duration_seconds) = self.category_and_duration(dice);
        let event = ActivityEvent {
            event_id: Cow::Owned(event_id),
            activity_id: Cow::Owned(format!("A-{:07}", self.begun)),
            occurred_at: at,
            version: dice.happens(self.versioned).then_some(1),
            rep_id: Cow::Owned(profile.rep_id.clone()),
            territory_id: Cow::Owned(company.territories[profile.territory as usize].territory_id.clone()),
            deal_id: self.deal_for(rep, category, dice),
            category,
            kind: Cow::Borrowed(kind_of(category, dice)),
            duration_seconds,
            retracted: false,
        };
        let mut later = event.clone();
        later.version = Some(event.version.map_or(1, |version| version + 1));
        if dice.happens(self.retracted) {
            later.retracted = true;
        } else if dice.happens(self.corrected) {
            self.correct(&mut later, company, dice);
        } else {
            return Begun { event, echo: None };
        }
        let delay = if dice.below(3) == 0 { 0 } else { dice.waiting(MICROS_PER_DAY / 3) };
        let due = company.working_time(at.micros() + delay, at.micros(), profile.territory, dice);
        // Half of the corrections put the activity at an earlier time: then the later version comes first in the
        // order of event time.
        let (event, later) =
            if !later.retracted && dice.below(2) == 0 { (later, event) } else { (event, later) };
        let slot = self.keep(later);
        Begun { event, echo: Some((due, slot)) }
    }

    /// The event that waited in a slot, now that it is due.
    pub(crate) fn echo(
        &mut self,
        slot: u32,
        at: Timestamp,
        event_id: String,
    ) -> Option<ActivityEvent<'static>> {
        let mut event = self.echoes[slot as usize].take()?;
        self.free.push(slot);
        event.event_id = Cow::Owned(event_id);
        event.occurred_at = at;
        Some(event)
    }

    fn keep(&mut self, event: ActivityEvent<'static>) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.echoes[slot as usize] = Some(event);
            return slot;
        }
        self.echoes.push(Some(event));
        u32::try_from(self.echoes.len() - 1).unwrap_or(u32::MAX)
    }

    /// Another duration, and now and then another category, territory or rep. The deal stays, and the rep does where
    /// there is none: they decide the partition, and an activity is to be in one.
    fn correct(&self, event: &mut ActivityEvent<'static>, company: &Company, dice: &mut Dice) {
        let (category, duration_seconds) = self.category_and_duration(dice);
        event.duration_seconds = duration_seconds;
        match dice.below(4) {
            0 => {
                event.category = category;
                event.kind = Cow::Borrowed(kind_of(category, dice));
            }
            1 => {
                let territory = company.any_territory(dice) as usize;
                event.territory_id = Cow::Owned(company.territories[territory].territory_id.clone());
            }
            2 if event.deal_id.is_some() => {
                let rep = company.any_rep(dice) as usize;
                event.rep_id = Cow::Owned(company.reps[rep].rep_id.clone());
            }
            _ => {}
        }
    }

    fn category_and_duration(&self, dice: &mut Dice) -> (Category, u32) {
        let drawn = dice.below(self.habits.last().map_or(0, |habit| habit.until));
        let habit = self.habits.iter().find(|habit| drawn < habit.until);
        let (category, median_seconds) =
            habit.map_or((Category::Admin, 0), |habit| (habit.category, habit.median_seconds));
        let seconds = dice.scattered(median_seconds, 1 << 16).min(LONGEST_SECONDS);
        let seconds = if self.round_minutes { (seconds + 150) / 300 * 300 } else { seconds };
        (category, u32::try_from(seconds).unwrap_or(0))
    }

    fn deal_for(&self, rep: u32, category: Category, dice: &mut Dice) -> Option<Cow<'static, str>> {
        let is_about_deals = category.is_selling() || category == Category::SalesPreparation;
        if !is_about_deals || !dice.happens(self.with_deal) {
            return None;
        }
        let number = *dice.pick(&self.in_work[rep as usize])?;
        (number > 0).then(|| Cow::Owned(deal_id(number)))
    }
}

/// What sources call activities of a category.
fn kind_of(category: Category, dice: &mut Dice) -> &'static str {
    let kinds: &[&'static str] = match category {
        Category::DigitalClientCommunication => &["email", "call", "email", "video_meeting", "chat"],
        Category::InPersonClientCommunication => &["on_site_meeting", "client_lunch", "trade_fair"],
        Category::InternalMeeting => &["team_meeting", "pipeline_review", "one_on_one"],
        Category::Admin => &["crm_update", "expense_report", "contract_approval"],
        Category::Travel => &["train", "car", "flight"],
        Category::Training => &["course", "coaching", "product_briefing"],
        Category::SalesPreparation => &["research", "proposal_writing", "demo_preparation"],
    };
    dice.pick(kinds).copied().unwrap_or("other")
}
