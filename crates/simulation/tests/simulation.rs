//! Many worlds, each with its own faults. `TALLYBOARD_SEED=17 cargo test -p tallyboard-simulation` runs one alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tallyboard_simulation::{Fault, Faults, World};

/// How many worlds are run.
const SEEDS: u64 = 300;

fn run(seed: u64) -> Faults {
    let outcome = catch_unwind(AssertUnwindSafe(|| World::new(seed).and_then(World::run)));
    match outcome {
        Ok(Ok(faults)) => faults,
        Ok(Err(failure)) => panic!("{failure}"),
        Err(_) => panic!("seed {seed}: a panic, see above"),
    }
}

#[test]
fn whatever_goes_wrong_the_numbers_are_right() {
    if let Ok(text) = std::env::var("TALLYBOARD_SEED") {
        let seed = text.parse().unwrap_or_else(|_| panic!("TALLYBOARD_SEED is {text:?}; expected a number"));
        println!("{:?}", run(seed));
        return;
    }
    let mut faults = Faults::default();
    for seed in 0..SEEDS {
        faults.merge(&run(seed));
    }
    for fault in Fault::ALL {
        assert!(faults.count(fault) > 0, "{fault:?} never occurred in {SEEDS} worlds: {faults:?}");
    }
}

#[test]
fn a_seed_gives_the_same_run_again() {
    for seed in [3, 4] {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
