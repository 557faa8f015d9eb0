//! What there is to do in a territory, by kind, and what each kind weighs.

use model::{Currency, Day, Measure, Reference, Tally};
use serde::{Deserialize, Serialize};

use crate::conversion::Conversion;
use crate::value::Absence;

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// The amount of the deals that are open now.
    OpenAmount,
    /// How many deals are open now.
    OpenDeals,
    /// The time of activities.
    ActivityMinutes,
}

impl Component {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::OpenAmount, Self::OpenDeals, Self::ActivityMinutes];

    /// The name used in the API and in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAmount => "open_amount",
            Self::OpenDeals => "open_deals",
            Self::ActivityMinutes => "activity_minutes",
        }
    }

    /// What there is none of.
    pub(super) const fn nothing(self) -> &'static str {
        match self {
            Self::OpenAmount => "open amounts",
            Self::OpenDeals => "open deals",
            Self::ActivityMinutes => "tracked minutes",
        }
    }
}

/// How much each kind of work counts in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BalanceWeights {
    /// Of the open amount.
    pub open_amount: u32,
    /// Of the number of open deals.
    pub open_deals: u32,
    /// Of the minutes of activities.
    pub activity_minutes: u32,
}

impl Default for BalanceWeights {
    fn default() -> Self {
        Self { open_amount: 1, open_deals: 1, activity_minutes: 1 }
    }
}

impl BalanceWeights {
    /// No weight is larger: they say what counts more, not how much work there is.
    const MAX: u32 = 100;

    /// The weight of a kind.
    #[must_use]
    pub const fn of(self, component: Component) -> u32 {
        match component {
            Component::OpenAmount => self.open_amount,
            Component::OpenDeals => self.open_deals,
            Component::ActivityMinutes => self.activity_minutes,
        }
    }

    /// Weights that count one kind alone.
    pub(super) fn only(component: Component) -> Self {
        let weight = |other| u32::from(component == other);
        let [open_amount, open_deals, activity_minutes] = Component::ALL.map(weight);
        Self { open_amount, open_deals, activity_minutes }
    }

    /// Whether they make sense.
    ///
    /// # Errors
    /// What does not, in words.
    pub fn check(self) -> Result<(), String> {
        for component in Component::ALL {
            let (name, weight) = (component.name(), self.of(component));
            if weight > Self::MAX {
                let max = Self::MAX;
                return Err(format!("balance_weights.{name} is {weight}; expected 0 to {max}"));
            }
        }
        if Component::ALL.iter().all(|&component| self.of(component) == 0) {
            return Err("balance_weights are all 0; expected at least one above 0".to_owned());
        }
        Ok(())
    }
}

/// What there is to do in a territory, and how many do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// The reps at home there who work today.
    pub reps: u32,
    /// In minor units of the reporting currency.
    pub open_amount: Result<i128, Absence>,
    /// Deals that are open now.
    pub open_deals: i128,
    /// The time of activities.
    pub activity_seconds: i128,
}

impl Load {
    /// The load from the sums that stand now, converted at the rates of today, and the time of activities.
    #[must_use]
    pub fn of(
        reps: u32,
        standing: &Tally,
        activity_seconds: i128,
        reporting: Currency,
        (today, reference): (Day, &Reference),
    ) -> Self {
        let mut amount = Conversion::new(reporting);
        let mut open_deals = 0;
        for (measure, value) in standing.iter() {
            match measure {
                Measure::OpenDeals(_) => open_deals += value,
                Measure::OpenAmount(_, currency) => amount.add(value, currency, Some(today), reference),
                _ => {}
            }
        }
        Self { reps, open_amount: amount.total(), open_deals, activity_seconds }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        (self.open_amount, self.open_deals, self.activity_seconds) == (Ok(0), 0, 0)
    }

    /// How much work of a kind there is: an amount below 0 is none.
    pub(super) fn work(&self, component: Component) -> Result<i128, Absence> {
        let work = match component {
            Component::OpenAmount => self.open_amount?,
            Component::OpenDeals => self.open_deals,
            Component::ActivityMinutes => self.activity_seconds,
        };
        Ok(work.max(0))
    }
}
