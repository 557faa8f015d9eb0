//! From one history, or one activity, to its contributions. Keeps FOLD-3; the KPI catalogue's words, in code.
//!
//! A deal contributes what its events did, each once and for good (the flow through the stages), and what its story says
//! as a whole (where it comes from and where it stands), which the next event may change.

use model::{
    Ahead, Category, CohortOutcome, Day, Departure, DurationBucket, Held, MICROS_PER_SECOND, Measure, Money,
    RepIndex, StageIndex, StageKind, TerritoryIndex, Touches, counted,
};

use crate::activities::StoredActivity;
use crate::change::{self, Change, RowKey, add_divided};
use crate::config::FoldConfig;
use crate::flow;
use crate::hands;
use crate::history::{History, State};
use crate::story::{Close, Story};
use crate::ties::Ties;

/// Appends all contributions of a deal with this history; what its story is.
pub(crate) fn of_deal<'h>(
    history: History<'h>,
    ties: Ties<'h>,
    config: &FoldConfig,
    out: &mut Vec<Change>,
) -> Option<Story<'h>> {
    let start = out.len();
    let mut story = Story::of(history, config, &mut |before, state| of_event(before, state, config, out))?;
    story.ties = ties;
    if story.latest.deleted {
        out.truncate(start);
    } else {
        of_origin(&story, config, out);
        of_standing(&story, config, out);
        of_due(&story, config, out);
    }
    Some(story)
}

/// Appends all contributions of a deal of which this is the only event; what its story is.
pub(crate) fn of_first<'h>(state: State<'h>, config: &FoldConfig, out: &mut Vec<Change>) -> Story<'h> {
    let story = Story::begin(state, config);
    if !state.deleted {
        of_event(None, &state, config, out);
        of_origin(&story, config, out);
        of_standing(&story, config, out);
        of_due(&story, config, out);
    }
    story
}

/// Appends what one more event behind all others changes, neither the deal before nor the event being deleted.
pub(crate) fn of_append(before: &Story<'_>, after: &Story<'_>, config: &FoldConfig, out: &mut Vec<Change>) {
    let start = out.len();
    let origin = |story: &Story<'_>| {
        let created = story.created;
        let kind = config.pipelines.kind(story.latest.stage);
        let furthest = furthest(story, config);
        (created.occurred_at, created.rep, created.territory, story.progress, furthest, kind)
    };
    let has_other_origin = origin(before) != origin(after);
    if has_other_origin {
        of_origin(before, config, out);
    }
    of_standing(before, config, out);
    // Due days are far from the days that the rest is about: most events leave those rows alone.
    let due_before = due(before, config);
    let has_other_due = due_before != due(after, config)
        || due_before.is_some() && !hands::are_same(&before.latest, &after.latest);
    if has_other_due {
        of_due(before, config, out);
    }
    out[start..].iter_mut().for_each(Change::negate);
    of_event(Some(before), &after.latest, config, out);
    if has_other_origin {
        of_origin(after, config, out);
    }
    of_standing(after, config, out);
    if has_other_due {
        of_due(after, config, out);
    }
}

/// What an event did, behind the story before it.
fn of_event(before: Option<&Story<'_>>, state: &State<'_>, config: &FoldConfig, out: &mut Vec<Change>) {
    let day = config.calendar.day_of(state.occurred_at);
    flow::of_event(before, (state, day), config, out);
    let pipelines = &config.pipelines;
    if before.is_some_and(|story| story.latest.stage == state.stage) {
        return;
    }
    let kind = pipelines.kind(state.stage);
    // The first entry is told with the origin.
    let mut is_entry = kind == StageKind::Open && before.is_some();
    if let Some(story) = before
        && pipelines.kind(story.latest.stage) == StageKind::Open
    {
        let latest = &story.latest;
        let State { stage, rep, territory, .. } = *latest;
        let is_ahead = pipelines.are_beside(stage, state.stage) && state.stage > stage;
        let departure = match kind {
            StageKind::Lost => Departure::Lost,
            StageKind::Won => Departure::Advanced,
            StageKind::Open if is_ahead => {
                let is_same_row = (rep, territory) == (state.rep, state.territory);
                let ahead = Ahead::between(stage, state.stage).filter(|_| is_same_row);
                is_entry = ahead.is_none();
                ahead.map_or(Departure::Advanced, Departure::AdvancedTo)
            }
            StageKind::Open => Departure::MovedBack,
        };
        let seconds = (state.occurred_at.micros() - story.entered_at.micros()) / MICROS_PER_SECOND;
        let visit = Held::Visit(stage, departure, DurationBucket::of(seconds.cast_unsigned()));
        add(out, rep, territory, day, visit, counted(1, seconds));
        if let Some(money) = state.amount.or(story.amount) {
            let held = match kind {
                StageKind::Lost => Held::LostAmount(stage, money.currency),
                StageKind::Won => Held::WonAmount(stage, money.currency),
                StageKind::Open => Held::Plain(Measure::StageLeftAmount(stage, money.currency)),
            };
            add_divided(out, latest, day, held, (money.minor, 1));
            if kind == StageKind::Won {
                // What is won follows from the story as a whole, which mostly adds just this.
                let won = Held::Plain(Measure::WonAmount(money.currency));
                add_divided(out, latest, day, won, (money.minor, -1));
            }
        }
    }
    if is_entry {
        let entered = Held::Plain(Measure::StageEntered(state.stage));
        add(out, state.rep, state.territory, day, entered, 1);
    }
}

/// What a deal adds to those that were created, and that became qualified, on the same day.
fn of_origin(story: &Story<'_>, config: &FoldConfig, out: &mut Vec<Change>) {
    let Story { created, latest, progress, .. } = story;
    let day = config.calendar.day_of(created.occurred_at);
    let kind = config.pipelines.kind(latest.stage);
    let outcome = match kind {
        StageKind::Open => CohortOutcome::Open,
        StageKind::Won => CohortOutcome::Won,
        StageKind::Lost => CohortOutcome::Lost,
    };
    let (first, rep, territory) = story.first;
    let entered = (config.pipelines.kind(first) == StageKind::Open).then_some(first);
    let is_same_row = (rep, territory) == (created.rep, created.territory);
    let cohort = Held::Cohort(furthest(story, config), outcome, entered.filter(|_| is_same_row));
    add(out, created.rep, created.territory, day, cohort, 1);
    if let Some(stage) = entered.filter(|_| !is_same_row) {
        add(out, rep, territory, day, Held::Plain(Measure::StageEntered(stage)), 1);
    }
    if let Some((moment, rep, territory)) = progress.mql {
        let day = config.calendar.day_of(moment);
        add(out, rep, territory, day, Held::Plain(Measure::Mql), 1);
        if progress.is_sql {
            add(out, rep, territory, day, Held::Plain(Measure::MqlToSql), 1);
        } else if kind == StageKind::Lost {
            add(out, rep, territory, day, Held::Plain(Measure::MqlDropped), 1);
        }
    }
}

/// Where a deal stands, or how it was closed.
fn of_standing(story: &Story<'_>, config: &FoldConfig, out: &mut Vec<Change>) {
    let Story { created, latest, amount, .. } = *story;
    // Whoever has an open deal now, or had a closed one at its close.
    let owned = *story.closed().unwrap_or(&latest);
    let (rep, territory) = (owned.rep, owned.territory);
    let Some(closed_at) = story.closed().map(|state| state.occurred_at) else {
        // What is open now stands in the row of the day since when it is in its stage, which most events change anyway.
        let since = config.calendar.day_of(story.entered_at);
        add(out, rep, territory, since, Held::OpenDeals(latest.stage), 1);
        if let Some(Money { minor, currency }) = amount {
            add_divided(out, &owned, since, Held::OpenAmount(latest.stage, currency), (minor, 1));
        }
        return;
    };
    let day = config.calendar.day_of(closed_at);
    if let Some(close) = story.close(config) {
        of_ties(&close, story.ties, out);
    }
    if config.pipelines.kind(latest.stage) == StageKind::Lost {
        add(out, rep, territory, day, Held::Lost(furthest(story, config)), 1);
        return;
    }
    let cycle = (closed_at.micros() - created.occurred_at.micros()) / MICROS_PER_SECOND;
    let won = Held::Won(latest.stage, DurationBucket::of(cycle.cast_unsigned()));
    add(out, rep, territory, day, won, counted(1, cycle));
    if let Some(Money { minor, currency }) = amount {
        add_divided(out, &owned, day, Held::Plain(Measure::WonAmount(currency)), (minor, 1));
    }
}

/// Appends which activities a closed deal had by its close.
pub(crate) fn of_ties(close: &Close, ties: Ties<'_>, out: &mut Vec<Change>) {
    let mut counts = [0_u32; Category::ALL.len()];
    for ((_, category), count) in ties.iter().take_while(|((day, _), _)| *day <= close.day) {
        counts[category as usize] = counts[category as usize].saturating_add(count);
    }
    let &Close { rep, territory, day, is_won } = close;
    for (category, count) in Category::ALL.into_iter().zip(counts).filter(|&(_, count)| count > 0) {
        let closed_with = Measure::ClosedWith(category, Touches::new(count, is_won));
        add(out, rep, territory, day, Held::Plain(closed_with), 1);
    }
}

/// When an open deal is expected to close, and with what amount.
fn due(story: &Story<'_>, config: &FoldConfig) -> Option<(Day, Money)> {
    let is_open = config.pipelines.kind(story.latest.stage) == StageKind::Open;
    story.latest.expected_close.zip(story.amount).filter(|_| is_open)
}

/// What an open deal adds to the day on which it is expected to close.
fn of_due(story: &Story<'_>, config: &FoldConfig, out: &mut Vec<Change>) {
    if let Some((day, Money { minor, currency })) = due(story, config) {
        add_divided(out, &story.latest, day, Held::Plain(Measure::OpenDueAmount(currency)), (minor, 1));
    }
}

/// The furthest open stage of its pipeline that a deal has been in or behind; the stage that it is in if there is none.
fn furthest(story: &Story<'_>, config: &FoldConfig) -> StageIndex {
    let stage = story.latest.stage;
    story.progress.furthest(|| config.pipelines.open_stages_beside(stage).next_back()).unwrap_or(stage)
}

/// Appends an activity's contributions.
pub(crate) fn of_activity(activity: &StoredActivity<'_>, config: &FoldConfig, out: &mut Vec<Change>) {
    if activity.retracted {
        return;
    }
    let (rep, territory) = (activity.rep, activity.territory);
    let day = config.calendar.day_of(activity.occurred_at);
    let held = Held::Activities(activity.category, activity.of_type);
    add(out, rep, territory, day, held, counted(1, activity.duration_seconds.into()));
}

#[inline]
fn add(out: &mut Vec<Change>, rep: RepIndex, territory: TerritoryIndex, day: Day, held: Held, value: i128) {
    change::add(out, RowKey { rep, territory, day }, held, value);
}
