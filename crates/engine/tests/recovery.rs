//! Batches that come to a bad end: who is run again, who is refused, and which backend runs them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fake;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fake::{Controls, build, builder_of_two, is_answer, request};
use phalanx_engine::{Engine, EngineError, Response};

const LONG: Duration = Duration::from_secs(60);

/// Hands in one-row requests that start with 0, 1, … while the lane is held up, so that they share batches.
fn run_together(engine: &Engine, controls: &Controls, count: usize) -> Vec<Result<Response, EngineError>> {
    controls.gate.shut();
    let first = engine.infer(request(-1.0, 1));
    controls.gate.wait_for(1);
    let waiting: Vec<_> = (0..count).map(|index| engine.infer(request(index as f32, 1))).collect();
    controls.gate.open();
    assert!(is_answer(&phalanx_handoff::block_on(first).unwrap(), -1.0, 1));
    waiting.into_iter().map(phalanx_handoff::block_on).collect()
}

/// Everybody but those at `faulty` got an answer; theirs come back.
fn errors(answers: Vec<Result<Response, EngineError>>, faulty: &[usize]) -> Vec<EngineError> {
    let mut errors = Vec::new();
    for (index, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(response) => {
                assert!(is_answer(&response, index as f32, 1), "request {index}");
                assert!(!faulty.contains(&index), "nothing can run request {index}");
            }
            Err(error) => {
                assert!(faulty.contains(&index), "request {index}: {error}");
                errors.push(error);
            }
        }
    }
    errors
}

#[test]
fn a_request_that_fails_its_batch_fails_alone() {
    for asynchronous in [false, true] {
        let controls = Arc::new(Controls { asynchronous, ..Controls::default() });
        let engine = build(&controls, |builder| builder.max_batch(16));
        *controls.bad.lock().unwrap() = vec![3.0, 20.0];
        let errors = errors(run_together(&engine, &controls, 32), &[3, 20]);
        assert!(errors.iter().all(|error| matches!(error, EngineError::BackendFailed(_))), "{errors:?}");
        assert_eq!(errors.len(), 2);
        assert!(engine.stop(LONG));
    }
}

#[test]
fn a_request_that_kills_the_lane_is_found_and_refused() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder.max_batch(16));
    *controls.fatal.lock().unwrap() = vec![5.0];
    let errors = errors(run_together(&engine, &controls, 32), &[5]);
    assert!(matches!(errors[..], [EngineError::PoisonRequest { deaths: 2, .. }]), "{errors:?}");
    assert_eq!(engine.metrics().poisoned, 1);
    assert!(is_answer(&engine.infer_blocking(request(1.0, 2)).unwrap(), 1.0, 2), "the engine goes on");
}

#[test]
fn what_went_wrong_once_is_run_again() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder);
    for kind in [&controls.panics, &controls.losses] {
        kind.store(1, Ordering::SeqCst);
        assert!(is_answer(&engine.infer_blocking(request(1.0, 2)).unwrap(), 1.0, 2));
    }
    assert_eq!(engine.metrics().reruns, 2);
}

#[test]
fn the_next_backend_runs_what_the_first_fails_to_run_and_takes_over() {
    let (first, second) = (Arc::new(Controls::default()), Arc::new(Controls::default()));
    let engine = build(&first, |_| builder_of_two(&first, &second));
    first.broken.store(true, Ordering::SeqCst);
    for round in 0..10 {
        assert!(is_answer(&engine.infer_blocking(request(round as f32, 2)).unwrap(), round as f32, 2));
    }
    let metrics = engine.metrics();
    assert_eq!(metrics.failed, 0);
    assert_eq!(metrics.moves, 1);
    assert!(metrics.degraded.is_some_and(|degraded| degraded.reason.is_some()));
    assert_eq!(first.batches.lock().unwrap().len(), 3, "after three failures it is not asked again");
    assert_eq!(second.batches.lock().unwrap().len(), 10);
}

#[test]
fn bad_requests_do_not_make_another_backend_take_over() {
    let (first, second) = (Arc::new(Controls::default()), Arc::new(Controls::default()));
    let engine = build(&first, |_| builder_of_two(&first, &second));
    for controls in [&first, &second] {
        *controls.bad.lock().unwrap() = vec![9.0];
    }
    for _ in 0..10 {
        assert!(matches!(engine.infer_blocking(request(9.0, 1)), Err(EngineError::BackendFailed(_))));
    }
    assert_eq!(engine.metrics().degraded, None);
    assert_eq!(engine.metrics().moves, 0);
}

#[test]
fn a_backend_whose_lanes_are_gone_is_replaced_and_nobody_notices() {
    let (first, second) = (Arc::new(Controls::default()), Arc::new(Controls::default()));
    let engine = build(&first, |_| builder_of_two(&first, &second));
    assert!(is_answer(&engine.infer_blocking(request(1.0, 2)).unwrap(), 1.0, 2), "the lane is open");
    first.no_lanes.store(true, Ordering::SeqCst);
    first.losses.store(1, Ordering::SeqCst);
    let errors = errors(run_together(&engine, &first, 32), &[]);
    assert!(errors.is_empty());
    assert!(engine.metrics().degraded.is_some());
}

#[test]
fn without_fallback_the_error_is_the_answer() {
    let (first, second) = (Arc::new(Controls::default()), Arc::new(Controls::default()));
    let engine = build(&first, |_| builder_of_two(&first, &second).fallback(false));
    first.broken.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        assert!(matches!(engine.infer_blocking(request(0.0, 2)), Err(EngineError::BackendFailed(_))));
    }
    assert!(second.batches.lock().unwrap().is_empty());
}
