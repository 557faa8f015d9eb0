//! How deals move: each is a state, the change that comes next, and the time until then. A deal that nothing more
//! happens to is forgotten, so that memory follows the deals in motion and not the events.

use std::borrow::Cow;

use model::{Credit, Currency, Day, DealEvent, MAX_CREDITS, Money, Timestamp, WHOLE_SHARE_BASIS_POINTS};

use crate::dice::{Dice, MICROS_PER_DAY, fixed, rounded};
use crate::scenario::{Scenario, ScenarioError};
use crate::staff::Company;

mod jam;
mod track;

use jam::Jam;
use track::{Odds, Track};

/// After so many events nothing more happens to a deal, whatever the rates are.
const MAX_EVENTS_PER_DEAL: u16 = 60;

/// What happens to a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Create,
    Advance,
    Skip,
    MoveBack,
    Lose,
    Reopen,
    SwitchOutcome,
    SwitchPipeline,
    Reassign,
    MoveTerritory,
    Reprice,
    Credit,
    Delete,
    Restore,
}

impl Change {
    const fn leaves_stage(self) -> bool {
        matches!(self, Self::Advance | Self::Skip | Self::MoveBack | Self::Lose | Self::SwitchPipeline)
    }
}

#[derive(Debug)]
struct Deal {
    number: u64,
    rep: u32,
    territory: u32,
    pipeline: usize,
    /// Index into the pipeline's stages.
    stage: usize,
    amount: Option<Money>,
    expected_close: Option<Day>,
    /// Rep, share in basis points, overlay.
    credits: Vec<(u32, u32, bool)>,
    deleted: bool,
    /// The last version given, if this deal's events carry versions.
    version: Option<i64>,
    is_engaged: bool,
    events: u16,
    next: Change,
}

/// One event of a deal and when the next is due.
pub(crate) struct Step {
    pub(crate) event: DealEvent<'static>,
    /// When the next change is; none: the deal is done.
    pub(crate) next: Option<i64>,
    /// The owner and the deal's number, if the deal is new and will be worked on with zeal.
    pub(crate) engaged: Option<(u32, u64)>,
}

/// All deals in motion.
pub(crate) struct Deals {
    tracks: Vec<Track>,
    odds: Odds,
    jam: Option<Jam>,
    median_amount_minor: i64,
    spread: i64,
    significant_digits: u32,
    after_close_micros: i64,
    deals: Vec<Option<Deal>>,
    free: Vec<u32>,
    opened: u64,
}

impl Deals {
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, ScenarioError> {
        scenario.pipelines()?;
        Ok(Self {
            tracks: scenario.pipelines.iter().map(Track::new).collect(),
            odds: Odds::new(&scenario.rates),
            jam: Jam::of(scenario),
            median_amount_minor: scenario.median_amount_minor,
            spread: fixed(scenario.amount_spread_doublings),
            significant_digits: scenario.amount_significant_digits,
            after_close_micros: track::days_in_micros(scenario.after_close_days),
            deals: Vec::new(),
            free: Vec::new(),
            opened: 0,
        })
    }

    /// A new deal, to be created at about this time: its slot and its territory.
    pub(crate) fn open(&mut self, at_micros: i64, company: &Company, dice: &mut Dice) -> (u32, u32) {
        self.opened += 1;
        let rep = company.rep_for_deal(at_micros, dice);
        let territory = company.reps[rep as usize].territory;
        let pipeline = dice.below(u32::try_from(self.tracks.len()).unwrap_or(1)) as usize;
        let track = &self.tracks[pipeline];
        let stage = if dice.happens(self.odds.created_closed) {
            track.any_closed(dice)
        } else {
            track.open_at(usize::from(dice.happens(self.odds.skipped_stage)), dice)
        };
        let version = dice.happens(self.odds.versioned).then(|| dice.between(0, 3));
        let mut deal = Deal {
            number: self.opened,
            rep,
            territory,
            pipeline,
            stage,
            amount: None,
            expected_close: None,
            credits: Vec::new(),
            deleted: false,
            version,
            is_engaged: dice.below(100) < 60,
            events: 0,
            next: Change::Create,
        };
        if !dice.happens(self.odds.without_amount) {
            deal.amount = Some(self.price(company.currency_of(territory), company, dice));
        }
        if dice.below(10) > 0 {
            let day = i32::try_from(at_micros / MICROS_PER_DAY + dice.between(15, 90)).unwrap_or(0);
            deal.expected_close = Day::checked(day).ok();
        }
        deal.credits = self.credits(rep, company, dice);
        let slot = match self.free.pop() {
            Some(slot) => {
                self.deals[slot as usize] = Some(deal);
                slot
            }
            None => {
                self.deals.push(Some(deal));
                u32::try_from(self.deals.len() - 1).unwrap_or(u32::MAX)
            }
        };
        (slot, territory)
    }

    /// What is due for the deal in a slot happens, at this time; nothing if the slot is empty.
    pub(crate) fn step(
        &mut self,
        slot: u32,
        at: Timestamp,
        event_id: String,
        company: &Company,
        dice: &mut Dice,
    ) -> Option<Step> {
        let mut deal = self.deals[slot as usize].take()?;
        let is_new = deal.next == Change::Create;
        self.change(&mut deal, at, company, dice);
        deal.events += 1;
        let event = self.event(&mut deal, at, event_id, company, dice);
        let planned = self.plan(&deal, at.micros(), company, dice);
        let next = planned.map(|(change, mean_micros)| {
            deal.next = change;
            if dice.happens(self.odds.equal_timestamp) {
                return at.micros();
            }
            let due = at.micros() + dice.waiting(mean_micros);
            let due = company.working_time(due, at.micros(), deal.territory, dice);
            match &self.jam {
                Some(jam) if change.leaves_stage() => {
                    jam.passed_at(self.tracks[deal.pipeline].stage_name(deal.stage), due, dice)
                }
                _ => due,
            }
        });
        let engaged = (is_new && deal.is_engaged).then_some((deal.rep, deal.number));
        if next.is_some() {
            self.deals[slot as usize] = Some(deal);
        } else {
            self.free.push(slot);
        }
        Some(Step { event, next, engaged })
    }

    fn change(&self, deal: &mut Deal, at: Timestamp, company: &Company, dice: &mut Dice) {
        let track = &self.tracks[deal.pipeline];
        match deal.next {
            Change::Create => {}
            Change::Advance => deal.stage = track.forward(deal.stage, 1, dice),
            Change::Skip => deal.stage = track.forward(deal.stage, 2, dice),
            Change::MoveBack => deal.stage = track.earlier(deal.stage, dice),
            Change::Lose => deal.stage = track.any_lost(dice).unwrap_or(deal.stage),
            Change::Reopen => deal.stage = track.any_open(dice),
            Change::SwitchOutcome => deal.stage = track.other_outcome(deal.stage, dice),
            Change::SwitchPipeline => {
                let place = track.place(deal.stage);
                let count = u32::try_from(self.tracks.len()).unwrap_or(1);
                let further = 1 + dice.below(count - 1) as usize;
                deal.pipeline = (deal.pipeline + further) % self.tracks.len();
                deal.stage = self.tracks[deal.pipeline].open_at(place, dice);
            }
            Change::Reassign => {
                let successor = company.successor(deal.rep, at.micros(), dice);
                let is_credited = deal.credits.iter().any(|credit| credit.0 == successor);
                for credit in &mut deal.credits {
                    if credit.0 == deal.rep && !is_credited {
                        credit.0 = successor;
                    }
                }
                deal.rep = successor;
            }
            Change::MoveTerritory => deal.territory = company.any_territory(dice),
            Change::Reprice => {
                let currency = match deal.amount {
                    Some(amount) if !dice.happens(self.odds.currency_changed) => amount.currency,
                    Some(_) => dice
                        .pick(&company.currencies)
                        .map_or(company.currencies[0].0, |&(currency, _)| currency),
                    None => company.currency_of(deal.territory),
                };
                deal.amount = Some(self.price(currency, company, dice));
                if let Some(day) = deal.expected_close {
                    let later = i32::try_from(dice.between(0, 30)).unwrap_or(0);
                    deal.expected_close = Day::checked(day.0 + later).ok();
                }
            }
            Change::Credit => {
                deal.credits = if deal.credits.is_empty() {
                    self.shares(deal.rep, company, dice)
                } else {
                    self.credits(deal.rep, company, dice)
                };
            }
            Change::Delete => deal.deleted = true,
            Change::Restore => deal.deleted = false,
        }
    }

    /// What happens next to a deal and after how long, on average.
    fn plan(&self, deal: &Deal, at_micros: i64, company: &Company, dice: &mut Dice) -> Option<(Change, i64)> {
        if deal.events >= MAX_EVENTS_PER_DEAL {
            return None;
        }
        let odds = &self.odds;
        let track = &self.tracks[deal.pipeline];
        if deal.deleted {
            let comes_back = dice.happens(odds.restored);
            return comes_back.then_some((Change::Restore, self.after_close_micros));
        }
        if !track.is_open(deal.stage) {
            return self.plan_closed(track, dice).map(|change| (change, self.after_close_micros));
        }
        let stage_micros = track.stage_micros(deal.stage);
        if company.has_left(&company.reps[deal.rep as usize], at_micros) {
            return Some((Change::Reassign, stage_micros / 4));
        }
        let aside = [
            (odds.deleted, Change::Delete),
            (odds.reassigned, Change::Reassign),
            (odds.territory_moved, Change::MoveTerritory),
            (odds.amount_changed, Change::Reprice),
            (odds.credits_changed, Change::Credit),
        ];
        for (chance, change) in aside {
            if dice.happens(chance) {
                return Some((change, stage_micros / 2));
            }
        }
        let loss_permille =
            company.reps[deal.rep as usize].loss_permille * if deal.is_engaged { 8 } else { 13 } / 10;
        let change = if self.tracks.len() > 1 && dice.happens(odds.pipeline_changed) {
            Change::SwitchPipeline
        } else if track.place(deal.stage) > 0 && dice.happens(odds.moved_back) {
            Change::MoveBack
        } else if track.can_lose() && dice.happens(track.loss(deal.stage).scaled(loss_permille)) {
            Change::Lose
        } else if dice.happens(odds.skipped_stage) {
            Change::Skip
        } else {
            Change::Advance
        };
        Some((change, stage_micros))
    }

    fn plan_closed(&self, track: &Track, dice: &mut Dice) -> Option<Change> {
        let odds = &self.odds;
        if dice.happens(odds.reopened) {
            return Some(Change::Reopen);
        }
        if track.can_lose() && dice.happens(odds.outcome_switched) {
            return Some(Change::SwitchOutcome);
        }
        if dice.happens(odds.amount_changed_after_close) {
            return Some(Change::Reprice);
        }
        if dice.happens(odds.ownership_changed_after_close) {
            return dice.pick(&[Change::Reassign, Change::MoveTerritory, Change::Credit]).copied();
        }
        dice.happens(odds.deleted_after_close).then_some(Change::Delete)
    }

    fn price(&self, currency: Currency, company: &Company, dice: &mut Dice) -> Money {
        let reporting_minor = dice.scattered(self.median_amount_minor, self.spread).max(1);
        let mut amount = company.exchanged(reporting_minor, currency);
        amount.minor = rounded(amount.minor, self.significant_digits);
        if dice.happens(self.odds.zero_amount) {
            amount.minor = 0;
        } else if dice.happens(self.odds.negative_amount) {
            amount.minor = -amount.minor;
        }
        amount
    }

    /// The credits of a deal, of which most have none.
    fn credits(&self, owner: u32, company: &Company, dice: &mut Dice) -> Vec<(u32, u32, bool)> {
        let mut credits = Vec::new();
        if dice.happens(self.odds.split) {
            credits = self.shares(owner, company, dice);
        }
        if dice.happens(self.odds.overlay) {
            if credits.is_empty() {
                credits.push((owner, WHOLE_SHARE_BASIS_POINTS, false));
            }
            let specialist = company.any_rep(dice);
            if credits.iter().all(|credit| credit.0 != specialist) {
                let share = 1 + dice.below(WHOLE_SHARE_BASIS_POINTS);
                let place = dice.below(u32::try_from(credits.len() + 1).unwrap_or(1)) as usize;
                credits.insert(place, (specialist, share, true));
            }
        }
        credits
    }

    /// Shares of the owner and one to three others that add up to the whole.
    fn shares(&self, owner: u32, company: &Company, dice: &mut Dice) -> Vec<(u32, u32, bool)> {
        let mut reps = vec![owner];
        for _ in 0..=dice.below(3) {
            let other = company.any_rep(dice);
            if !reps.contains(&other) && reps.len() < MAX_CREDITS {
                reps.push(other);
            }
        }
        let mut left = WHOLE_SHARE_BASIS_POINTS;
        let mut shares = Vec::new();
        for (number, &rep) in reps.iter().enumerate().rev() {
            let others = u32::try_from(number).unwrap_or(0);
            // People share by round percentages; where amounts are exact, shares are, too.
            let unit = if self.significant_digits > 0 { 500 } else { 1 };
            let most = left.saturating_sub(others * unit) / unit / 2;
            let share = if others == 0 { left } else { (1 + dice.below(most)) * unit };
            left -= share;
            shares.push((rep, share, false));
        }
        shares
    }

    fn event(
        &self,
        deal: &mut Deal,
        at: Timestamp,
        event_id: String,
        company: &Company,
        dice: &mut Dice,
    ) -> DealEvent<'static> {
        let track = &self.tracks[deal.pipeline];
        deal.version = deal.version.map(|version| version + 1);
        let version = deal.version.filter(|_| !dice.happens(self.odds.version_omitted));
        let rep_id = |rep: u32| Cow::Owned(company.reps[rep as usize].rep_id.clone());
        let credits = deal.credits.iter().map(|&(rep, share_basis_points, overlay)| Credit {
            rep_id: rep_id(rep),
            share_basis_points,
            overlay,
        });
        DealEvent {
            event_id: Cow::Owned(event_id),
            deal_id: Cow::Owned(deal_id(deal.number)),
            occurred_at: at,
            version,
            pipeline: Cow::Owned(track.name().to_owned()),
            stage: Cow::Owned(track.stage_name(deal.stage).to_owned()),
            rep_id: rep_id(deal.rep),
            territory_id: Cow::Owned(company.territories[deal.territory as usize].territory_id.clone()),
            amount: deal.amount.filter(|_| !dice.happens(self.odds.amount_omitted)),
            expected_close: deal.expected_close,
            credits: credits.collect(),
            deleted: deal.deleted,
        }
    }
}

/// The id of the deal of this number: `D-000123`.
pub(crate) fn deal_id(number: u64) -> String {
    format!("D-{number:06}")
}
