//! Closings: cases worked out by hand, and against the cells, which count what is won.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use model::{Currency, DealEvent, Event, Measure, Money, Offset, Pipelines, Timestamp, Win};
use proptest::prelude::*;
use salesfloor::{Floor, Scenario, disorder};
use tallyboard_engine::{PartitionState, RestatementRules};

mod sales;

use sales::{config, pipelines};

fn state(pipelines: Pipelines) -> PartitionState {
    PartitionState::new(config(pipelines, "UTC", RestatementRules::default()))
}

/// An event of the deal `d`: `HH:MM STAGE AMOUNT REP`; the stage `deleted` is won and deleted.
fn deal(text: &str) -> Event<'static> {
    let [time, stage, amount, rep_id] =
        text.split(' ').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
    let currency = Currency::from_code("USD").unwrap();
    Event::Deal(DealEvent {
        event_id: text.to_owned().into(),
        deal_id: "d".into(),
        occurred_at: Timestamp::parse(&format!("2026-11-24T{time}:00Z")).unwrap(),
        version: None,
        pipeline: "sales".into(),
        deleted: stage == "deleted",
        stage: if stage == "deleted" { "won".into() } else { stage.into() },
        rep_id: rep_id.into(),
        territory_id: "oslo".into(),
        amount: Some(Money { minor: amount.parse().unwrap(), currency }),
        expected_close: None,
        credits: Vec::new(),
    })
}

/// What is told of the last of some events: `HH:MM AMOUNT REP` before and after it.
fn told(events: &[&str]) -> Vec<(Option<String>, Option<String>)> {
    let mut state = state(pipelines());
    state.want_closings();
    for (event, offset) in events.iter().zip(0..) {
        state.take_closings();
        state.apply(&deal(event), Offset(offset), None);
    }
    let win = |win: Win| {
        let time = win.closed_at.to_string();
        format!("{} {} {}", &time[11..16], win.amount.unwrap().minor, win.rep_id)
    };
    let closings = state.take_closings().into_iter().map(|closing| {
        assert_eq!(
            (&*closing.deal_id, closing.offset.next()),
            ("d", Offset(i64::try_from(events.len()).unwrap()))
        );
        (closing.before.map(win), closing.after.map(win))
    });
    closings.collect()
}

#[test]
fn what_becomes_won_and_what_is_so_no_more_is_told() {
    let (lead, won) = ("08:00 lead 5 ann", "10:00 won 7 ann");
    let is = |text: &str| Some(text.to_owned());
    for (events, expected) in [
        (&[won][..], Some((None, is("10:00 7 ann")))),
        (&[lead, won], Some((None, is("10:00 7 ann")))),
        (&[won, lead], None),
        (&[lead, "10:00 lost 7 ann"], None),
        // Another amount or owner is no other win.
        (&[lead, won, "11:00 won 9 bob"], None),
        (&[lead, won, won], None),
        (&[lead, won, "11:00 lead 7 bob"], Some((is("10:00 7 ann"), None))),
        (&[lead, won, "11:00 lost 7 ann"], Some((is("10:00 7 ann"), None))),
        (&[lead, won, "11:00 deleted 7 ann"], Some((is("10:00 7 ann"), None))),
        (&[lead, won, "11:00 lead 7 ann", "12:00 won 8 bob"], Some((None, is("12:00 8 bob")))),
        // It was won earlier than was known.
        (&[lead, won, "09:00 won 6 bob"], Some((is("10:00 7 ann"), is("09:00 7 bob")))),
        (&[lead, won, "09:00 lost 6 ann"], Some((is("10:00 7 ann"), is("09:00 7 ann")))),
    ] {
        assert_eq!(told(events), Vec::from_iter(expected), "{events:?}");
    }
}

#[test]
fn nothing_is_told_unasked_and_of_very_many_the_newest() {
    let mut state = state(pipelines());
    let won = |number: i64| match deal("10:00 won 1 ann") {
        Event::Deal(deal) => Event::Deal(DealEvent { deal_id: number.to_string().into(), ..deal }),
        event => event,
    };
    state.apply(&won(0), Offset(0), None);
    state.want_closings();
    assert_eq!(state.take_closings(), []);
    for number in 1..=1_007 {
        state.apply(&won(number), Offset(number), None);
    }
    let closings = state.take_closings();
    assert_eq!((closings.len(), &*closings[0].deal_id, &*closings[999].deal_id), (1_000, "8", "1007"));
    assert_eq!(state.take_closings(), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// In whatever order events come, what was told adds up to what is won.
    #[test]
    fn what_is_told_adds_up_to_what_is_won(seed in 0..1_000_u64) {
        let floor = Floor::new(&Scenario { days: Some(12), ..Scenario::tiny(seed) }).unwrap();
        let pipelines = floor.pipelines().clone();
        let events = disorder::shuffle(disorder::contradict(floor.collect(), 10, seed), seed);
        let mut state = state(pipelines);
        state.want_closings();
        let mut won = BTreeMap::new();
        for (event, offset) in events.iter().zip(0..) {
            state.apply(event, Offset(offset), None);
            for closing in state.take_closings() {
                let before = won.insert(closing.deal_id, closing.after.clone()).flatten();
                let closed_at = |win: Option<Win>| win.map(|win| win.closed_at);
                prop_assert_eq!(closed_at(before), closed_at(closing.before));
            }
        }
        let told = won.values().flatten().count();
        let cells = state.cells().told(state.pipelines());
        let counted: i128 =
            cells.iter().filter(|(key, _)| key.measure == Measure::WonDeals).map(|(_, deals)| deals).sum();
        prop_assert!(told > 0);
        prop_assert_eq!(told as i128, counted);
    }
}
