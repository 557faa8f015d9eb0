//! What the demo shows in the terminal: the history's progress, then the board. Where there is no terminal, a few lines
//! now and then.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use board::{Board, Group, Order, Scope};
use kpi::{KpiValue, PartKey, Verdict};
use model::{Day, DealEvent, MICROS_PER_SECOND, PeriodKind, Timestamp};

use super::playing::{FloorTime, Progress, counted};
use crate::{leaderboard, say, show};

const DRAW_INTERVAL: Duration = Duration::from_secs(1);
const PRINT_INTERVAL: Duration = Duration::from_secs(5);

pub(super) struct Screen {
    is_terminal: bool,
    /// When the history begins.
    first_day: Day,
    started: Instant,
    drawn_at: Option<Instant>,
    sent_then: u64,
    is_live: bool,
}

impl Screen {
    pub(super) fn new(first_day: Day) -> Self {
        Self {
            is_terminal: std::io::stdout().is_terminal(),
            first_day,
            started: Instant::now(),
            drawn_at: None,
            sent_then: 0,
            is_live: false,
        }
    }

    pub(super) fn draw(
        &mut self,
        board: &Board,
        time: &FloorTime,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        let (sent, counted) = (progress.sent(), counted(board));
        if !self.is_live && progress.until_micros() >= time.live.micros() && counted >= sent {
            self.is_live = true;
            self.drawn_at = None;
            let seconds = self.started.elapsed().as_secs_f64();
            say(&format!("{counted} events of the floor's history were counted within {seconds:.1} seconds"));
        }
        let interval = if self.is_terminal || !self.is_live { DRAW_INTERVAL } else { PRINT_INTERVAL };
        if self.drawn_at.is_some_and(|at| at.elapsed() < interval) {
            return Ok(());
        }
        let seconds = self.drawn_at.map_or(0.0, |at| at.elapsed().as_secs_f64());
        let new = f64::from(u32::try_from(sent - self.sent_then).unwrap_or(u32::MAX));
        let rate = if seconds > 0.0 { new / seconds } else { 0.0 };
        (self.drawn_at, self.sent_then) = (Some(Instant::now()), sent);
        if !self.is_live {
            let percent = percent(self.first_day, progress.until_micros(), time.live);
            say(&format!("history: {percent} % told, {counted} events counted"));
            return Ok(());
        }
        let status = format!("live, {sent} events sent, {rate:.0} a second");
        let text = picture(board, time.now(), &status, &progress.closed());
        if self.is_terminal { show(&format!("\x1b[2J\x1b[H{text}")) } else { show(&text) }
    }

    pub(super) fn draw_last(
        &self,
        board: &Board,
        time: &FloorTime,
        progress: &Progress,
    ) -> anyhow::Result<()> {
        show(&picture(board, time.now(), "the end", &progress.closed()))
    }
}

/// How much of the history was sent.
fn percent(first_day: Day, until_micros: i64, live: Timestamp) -> i64 {
    let from = i64::from(first_day.0) * 86_400 * MICROS_PER_SECOND;
    let whole = (live.micros() - from).max(1);
    ((until_micros - from).clamp(0, whole) / (whole / 100).max(1)).min(100)
}

fn picture(board: &Board, now: Timestamp, status: &str, closed: &[DealEvent<'_>]) -> String {
    let today = board.calendar().day_of(now);
    let month = board.calendar().period_of(PeriodKind::Month, today);
    let mut text =
        format!("── Tallyboard ── {} on the floor ── {status}\n", now.to_utc().format("%Y-%m-%d %H:%M"));
    let of_month = board.kpis(&Scope::Company, Some(month), now);
    let as_of_now = board.kpis(&Scope::Company, None, now);
    let figures: Vec<String> = of_month
        .iter()
        .chain(&as_of_now)
        .filter(|value| ["won_amount", "won_deals", "win_rate", "open_amount"].contains(&value.kpi.name))
        .map(|value| format!("{} {}", value.kpi.name.replace('_', " "), leaderboard::value(value)))
        .collect();
    text.push_str(&format!("{}: {}\n", board.calendar().name(month), figures.join("   ")));
    text.extend(jam(board, &of_month, &as_of_now));
    if let Some(kpi) = kpi::find("won_amount")
        && let Some(ranking) = board.leaderboard(kpi, Some(month), Group::Reps, Order::Descending, 10, now)
    {
        text.push_str(&leaderboard::ranking(&ranking.rows));
    }
    for deal in closed {
        text.push_str(&told(board, deal));
    }
    text.push('\n');
    text
}

/// The stage that holds the others up, if one does.
fn jam(board: &Board, of_month: &[KpiValue], as_of_now: &[KpiValue]) -> Option<String> {
    let find =
        |values: &'_ [KpiValue], name: &str| values.iter().find(|value| value.kpi.name == name).cloned();
    let score =
        find(of_month, "bottleneck_score").filter(|score| score.verdict == Some(Verdict::Bottleneck))?;
    let Some(PartKey::Stage(stage)) = score.named else { return None };
    let (_, stage_named) = board.pipelines().get(stage)?;
    let stalled = find(as_of_now, "stalled_deals")?;
    let part = stalled.parts.iter().find(|part| part.key == PartKey::Stage(stage))?;
    let stalled_there = part.value.as_ref().map_or(0, |value| value.rounded());
    Some(format!(
        "bottleneck: stage {}, {stalled_there} deals stalled there for longer than its limit\n",
        stage_named.name
    ))
}

/// A line about a deal that closed.
fn told(board: &Board, deal: &DealEvent<'_>) -> String {
    let name = board.name(&Scope::Rep(deal.rep_id.to_string()));
    let name = name.as_deref().unwrap_or(&deal.rep_id).to_owned();
    let amount = deal.amount.map_or_else(String::new, |amount| {
        let text = model::decimal_text(amount.minor.into(), amount.currency);
        format!(", {} {}", leaderboard::grouped(&text), amount.currency)
    });
    let at = deal.occurred_at.to_utc().format("%m-%d %H:%M");
    format!("{at}  {:<4}  {} of {name}{amount}\n", deal.stage, deal.deal_id)
}
