//! `demo`: it tells its story, and what cannot be played is said.

use crate::run::Folder;

#[test]
fn a_bottleneck_that_cannot_be_is_refused() {
    let folder = Folder::new();
    for (bottleneck, said) in [
        ("proposal", "expected STAGE:FROM..TO, as in proposal:20..75, or none"),
        ("proposel:20..75", "bottleneck.stage is \"proposel\"; expected an open stage"),
        ("proposal:75..20", "bottleneck is from day 75 to 20"),
    ] {
        let found = folder.call(&["demo", "--listen", "127.0.0.1:0", "--bottleneck", bottleneck], &[]);
        assert_eq!(found.code, Some(2), "{}", found.stderr);
        assert!(found.stderr.contains(said), "{}", found.stderr);
    }
}

/// History is counted while one waits, and the board names the stage that was jammed.
#[test]
fn the_history_is_told_and_the_bottleneck_is_found() {
    let folder = Folder::new();
    let call = ["demo", "--listen", "127.0.0.1:0", "--history", "60", "--seconds", "12"];
    let found = folder.call(&call, &[]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    for said in [
        "40 reps in 6 territories",
        "55 of 100 deals do not leave the stage proposal\n",
        "events of the floor's history were counted within",
    ] {
        assert!(found.stderr.contains(said), "{}", found.stderr);
    }
    let last = found.stderr.trim_end().lines().next_back().unwrap();
    let sent: u32 = last.strip_suffix(" events were sent, all of them counted").unwrap().parse().unwrap();
    assert!(sent > 20_000, "{last}");
    assert!(found.stdout.contains("\nbottleneck: stage proposal, "), "{}", found.stdout);
    assert!(found.stdout.contains("  won   D-"), "{}", found.stdout);
}
