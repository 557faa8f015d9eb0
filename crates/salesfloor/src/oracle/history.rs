//! What is told of a deal, in order, and what is read from it by more than one family of numbers.

use model::{Currency, Day, DealEvent, Money, Pipelines, StageIndex, Timestamp, WHOLE_SHARE_BASIS_POINTS};

/// The order within a deal. None is below every version, as `Option` orders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DealOrder {
    pub(super) occurred_at: Timestamp,
    version: Option<i64>,
    event_id: String,
}

impl DealOrder {
    pub(super) fn of(event: &DealEvent<'_>) -> Self {
        Self { occurred_at: event.occurred_at, version: event.version, event_id: event.event_id.to_string() }
    }
}

/// The content of a deal's event; contents compare by their fields in the order in which they stand here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DealState {
    pub(super) stage: StageIndex,
    pub(super) rep_id: String,
    pub(super) territory_id: String,
    amount_minor: Option<i64>,
    currency_code: Option<String>,
    pub(super) expected_close: Option<Day>,
    /// Rep, share in basis points, overlay.
    credits: Vec<(String, u32, bool)>,
    pub(super) deleted: bool,
}

impl DealState {
    pub(super) fn of(event: &DealEvent<'_>, pipelines: &Pipelines) -> Option<Self> {
        let credits = event.credits.iter();
        Some(Self {
            stage: pipelines.find(&event.pipeline, &event.stage)?,
            rep_id: event.rep_id.to_string(),
            territory_id: event.territory_id.to_string(),
            amount_minor: event.amount.map(|amount| amount.minor),
            currency_code: event.amount.map(|amount| amount.currency.code()),
            expected_close: event.expected_close,
            credits: credits
                .map(|credit| (credit.rep_id.to_string(), credit.share_basis_points, credit.overlay))
                .collect(),
            deleted: event.deleted,
        })
    }

    fn amount(&self) -> Option<Money> {
        let currency = Currency::from_code(self.currency_code.as_ref()?).ok()?;
        Some(Money { minor: self.amount_minor?, currency })
    }

    /// Whether the deal is closed by this event; a deleted event is not terminal.
    fn is_terminal(&self, pipelines: &Pipelines) -> bool {
        !self.deleted && pipelines.kind(self.stage).is_closed()
    }
}

/// One event of a deal's history, which is in order.
pub(super) struct Told {
    pub(super) at: Timestamp,
    pub(super) state: DealState,
}

/// When a deal was created, and for whom: when the first event happened, and the last event of that very time.
pub(super) fn creation(history: &[Told]) -> Option<&Told> {
    let created_at = history.first()?.at;
    history.iter().rfind(|told| told.at == created_at)
}

/// When a deal that is closed now was closed, and for whom: at the first event of the final unbroken run of terminal
/// events, and the last event of that very time within the run.
pub(super) fn close<'h>(history: &'h [Told], pipelines: &Pipelines) -> Option<&'h Told> {
    let run: Vec<&Told> = history.iter().rev().take_while(|told| told.state.is_terminal(pipelines)).collect();
    let closed_at = run.last()?.at;
    run.into_iter().find(|told| told.at == closed_at)
}

/// The amount as far as known after these events: that of the last of them that has one.
pub(super) fn known_amount(history: &[Told]) -> Option<Money> {
    history.iter().rev().find_map(|told| told.state.amount())
}

/// Divides an amount over the credits of a state: each credit that is no overlay gets its share rounded towards
/// negative infinity, and the last of them the rest as well; without such credits all is the owner's.
pub(super) fn divide(minor: i64, state: &DealState) -> Vec<(&str, i128)> {
    let credited = state.credits.iter().filter(|(_, _, overlay)| !overlay);
    let mut parts: Vec<(&str, i128)> = credited
        .map(|(rep_id, share, _)| {
            let part = (i128::from(minor) * i128::from(*share)).div_euclid(WHOLE_SHARE_BASIS_POINTS.into());
            (rep_id.as_str(), part)
        })
        .collect();
    let rest = i128::from(minor) - parts.iter().map(|(_, part)| part).sum::<i128>();
    match parts.last_mut() {
        Some((_, part)) => *part += rest,
        None => parts.push((&state.rep_id, rest)),
    }
    parts
}
