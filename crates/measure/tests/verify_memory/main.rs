//! Level 4 on backends that leak and do not. Alone in its program, one test after the other: memory is the whole
//! program's.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "../verify/fake.rs"]
mod fake;

use std::sync::{Mutex, MutexGuard, PoisonError};

use fake::{Fault, check, failed, model, plan, plan_of, verify};
use phalanx_measure::verify::Level;

static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn memory_that_stays_passes() {
    let _turn = turn();
    let mut plan = plan(Level::Memory, Fault::None);
    plan.memory.iterations = 5000;
    let report = verify(&plan);
    assert_eq!(failed(&report), [""; 0], "{report}");
    let resident = check(&report, "resident memory");
    assert!(resident.measured["requests"] >= 5000.0);
    assert!(
        resident.measured["slope_bytes_per_request_low"] <= resident.measured["slope_bytes_per_request_high"]
    );
    assert_eq!(check(&report, "device memory").outcome.name(), "skipped");
}

#[test]
fn a_leak_is_found() {
    let _turn = turn();
    let mut plan = plan(Level::Memory, Fault::Leak { bytes: 4096 });
    plan.memory.iterations = 5000;
    // One batch a request, so that every request leaves something behind.
    plan.memory.callers = 1;
    plan.memory.shape_batches = 120;
    let report = verify(&plan);
    assert!(failed(&report).contains(&"resident memory"), "{report}");
    let words = check(&report, "resident memory").outcome.words();
    assert!(words.contains("a leak"), "{words}");
    plan.memory.growth_mb_max = 1.0;
    let words = check(&verify(&plan), "resident memory").outcome.words();
    assert!(words.contains("expected at most 1"), "{words}");
}

#[test]
fn many_shapes_stay_within_the_caches_bounds() {
    let _turn = turn();
    let mut plan = plan_of(Level::Memory, Fault::None, &model(true));
    plan.memory.iterations = 1000;
    plan.memory.shapes = 300;
    plan.memory.shape_batches = 1200;
    plan.memory.shapes_budget = None;
    let report = verify(&plan);
    let shapes = check(&report, "shapes");
    assert_eq!(shapes.outcome.name(), "passed", "{report}");
    assert_eq!((shapes.measured["batches"], shapes.measured["shapes"]), (1200.0, 300.0));
    assert!(shapes.outcome.words().contains("32 shapes"), "{}", shapes.outcome.words());
}

#[test]
fn where_no_axis_is_open_requests_differ_in_their_rows() {
    let _turn = turn();
    let mut plan = plan(Level::Memory, Fault::None);
    plan.memory.iterations = 1000;
    plan.memory.shape_batches = 240;
    let report = verify(&plan);
    assert_eq!(check(&report, "shapes").measured["shapes"], 16.0);
}
