//! A pipeline as deals run through it, and the odds of what happens to them, both prepared for many draws.

use model::StageKind;

use crate::dice::{Chance, Dice, MICROS_PER_DAY, fixed};
use crate::scenario::{PipelinePlan, Rates};

/// A pipeline; stages are known by their index in it, open ones also by their place among the open ones.
pub(super) struct Track {
    name: String,
    stages: Vec<TrackStage>,
    open: Vec<usize>,
    won: Vec<usize>,
    lost: Vec<usize>,
}

struct TrackStage {
    name: String,
    kind: StageKind,
    micros: i64,
    loss: Chance,
}

impl Track {
    /// The track of a checked plan, which has an open and a won stage.
    pub(super) fn new(plan: &PipelinePlan) -> Self {
        let stages = plan.stages.iter().map(|stage| TrackStage {
            name: stage.name.clone(),
            kind: stage.kind,
            micros: days_in_micros(stage.typical_days),
            loss: Chance::of(stage.loss_rate),
        });
        let of_kind = |kind: StageKind| {
            let stages = plan.stages.iter().enumerate();
            stages.filter(|(_, stage)| stage.kind == kind).map(|(index, _)| index).collect()
        };
        Self {
            name: plan.name.clone(),
            stages: stages.collect(),
            open: of_kind(StageKind::Open),
            won: of_kind(StageKind::Won),
            lost: of_kind(StageKind::Lost),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn stage_name(&self, stage: usize) -> &str {
        &self.stages[stage].name
    }

    pub(super) fn is_open(&self, stage: usize) -> bool {
        self.stages[stage].kind == StageKind::Open
    }

    pub(super) fn stage_micros(&self, stage: usize) -> i64 {
        self.stages[stage].micros
    }

    pub(super) fn loss(&self, stage: usize) -> Chance {
        self.stages[stage].loss
    }

    pub(super) fn can_lose(&self) -> bool {
        !self.lost.is_empty()
    }

    /// The place of a stage among the open ones; behind them all for a closed one.
    pub(super) fn place(&self, stage: usize) -> usize {
        self.open.iter().position(|&open| open == stage).unwrap_or(self.open.len())
    }

    /// The open stage at a place; a won one behind the last.
    pub(super) fn open_at(&self, place: usize, dice: &mut Dice) -> usize {
        match self.open.get(place) {
            Some(&stage) => stage,
            None => dice.pick(&self.won).copied().unwrap_or(0),
        }
    }

    pub(super) fn forward(&self, stage: usize, places: usize, dice: &mut Dice) -> usize {
        self.open_at(self.place(stage) + places, dice)
    }

    pub(super) fn earlier(&self, stage: usize, dice: &mut Dice) -> usize {
        let place = u32::try_from(self.place(stage)).unwrap_or(0);
        self.open[dice.below(place) as usize]
    }

    pub(super) fn any_open(&self, dice: &mut Dice) -> usize {
        dice.pick(&self.open).copied().unwrap_or(0)
    }

    pub(super) fn any_lost(&self, dice: &mut Dice) -> Option<usize> {
        dice.pick(&self.lost).copied()
    }

    pub(super) fn any_closed(&self, dice: &mut Dice) -> usize {
        let lost = (dice.below(2) == 0).then(|| self.any_lost(dice)).flatten();
        lost.unwrap_or_else(|| self.open_at(self.open.len(), dice))
    }

    /// Won for lost and lost for won.
    pub(super) fn other_outcome(&self, stage: usize, dice: &mut Dice) -> usize {
        let other = match self.stages[stage].kind {
            StageKind::Won => self.any_lost(dice),
            StageKind::Lost => dice.pick(&self.won).copied(),
            StageKind::Open => None,
        };
        other.unwrap_or(stage)
    }
}

pub(super) fn days_in_micros(days: f64) -> i64 {
    fixed(days) * (MICROS_PER_DAY >> 16)
}

/// Defines the odds of deals by the names of their rates.
macro_rules! odds {
    ($($name:ident)+) => {
        pub(super) struct Odds {
            $(pub(super) $name: Chance,)+
        }

        impl Odds {
            pub(super) fn new(rates: &Rates) -> Self {
                Self { $($name: Chance::of(rates.$name),)+ }
            }
        }
    };
}

odds! {
    reassigned territory_moved amount_changed credits_changed pipeline_changed moved_back deleted skipped_stage restored
    reopened outcome_switched amount_changed_after_close ownership_changed_after_close deleted_after_close
    created_closed without_amount zero_amount negative_amount currency_changed amount_omitted split overlay
    equal_timestamp versioned version_omitted
}
