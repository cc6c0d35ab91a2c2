//! All of the engine's logic on one thread, in virtual time, with everything that can happen at random: arrivals,
//! callers that leave, batches that end well, fail or are lost, stops in between. The same seed gives the same run.

mod hub;
mod overdue;
mod program;
mod world;

use world::{World, random_world};

/// Requests in each run, and runs; more than 100,000 requests together.
const REQUESTS: usize = 600;
const RUNS: u64 = 200;

#[test]
fn every_request_is_answered_exactly_once() {
    let mut seen = world::Tally::default();
    for seed in 0..RUNS {
        let mut world: World = random_world(seed);
        while world.admitted < REQUESTS {
            world.step();
            world.collect();
        }
        world.finish();
        seen.add(&world.tally);
    }
    assert!(seen.requests >= 100_000, "{seen:?}");
    // Each kind of end occurs, so that none is tested by name only.
    let ends = [
        seen.answered,
        seen.failed,
        seen.poisonous,
        seen.late,
        seen.refused,
        seen.cancelled,
        seen.left,
        seen.shut_down,
    ];
    assert!(ends.iter().all(|&count| count > 100), "{seen:?}");
    assert_eq!(ends.iter().sum::<usize>(), seen.requests, "{seen:?}");
    assert!(seen.moves > 100, "{seen:?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut world = random_world(seed);
        while world.admitted < 200 {
            world.step();
            world.collect();
        }
        world.finish();
        world.tally
    };
    assert_eq!(run(7), run(7));
}
