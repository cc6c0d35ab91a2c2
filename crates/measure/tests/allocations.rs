//! In the steady state the engine allocates nothing for a request. Alone in its program: it counts all threads.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::alloc::System;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, Device, PrepareOptions};
use phalanx_engine::{BackendChoice, Engine, Request};
use phalanx_measure::Samples;
use phalanx_measure::answers::Answers;
use phalanx_measure::draw::Draw;
use phalanx_measure::null::{self, NullBackend};
use phalanx_measure::strategy::{Callers, Strategy};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn allocations() -> u64 {
    let stats = ALLOCATOR.stats();
    (stats.allocations + stats.reallocations) as u64
}

/// What making and dropping a request takes: the caller's own.
fn own_allocations(samples: &Samples) -> f64 {
    let before = allocations();
    (0..1000).for_each(|index| drop(std::hint::black_box(Request::new(samples.get(index).to_vec()))));
    (allocations() - before) as f64 / 1000.0
}

#[test]
fn a_request_costs_no_allocation_beyond_its_callers_own() {
    let model = null::model().unwrap();
    let samples = Samples::draw(model.signature(), &Draw::default(), 64).unwrap();
    let program = NullBackend.prepare(&model, Device::Cpu, &PrepareOptions::default()).unwrap();
    let precision = Default::default();
    let (answers, samples) = Answers::of(&*program, precision, &samples, Duration::from_secs(60)).unwrap();
    let backend = BackendChoice::Custom(Arc::new(NullBackend));
    let engine = Engine::builder(model).backend(backend).build().unwrap();
    let own = own_allocations(&samples);
    assert!(own >= 1.0, "the counter does not count");
    let mut callers =
        Callers::new("null", &engine, &samples, &Arc::new(answers), 256).allocations(Some(allocations));
    // The first window fills pools and grows queues to their size.
    callers.window(Duration::from_millis(300)).unwrap();
    let cost = callers.window(Duration::from_millis(300)).unwrap().cost.unwrap();
    let engines = cost.allocations.unwrap() as f64 / cost.requests as f64 - own;
    assert!(engines < 0.01, "{engines} allocations a request, {cost:?}");
}
