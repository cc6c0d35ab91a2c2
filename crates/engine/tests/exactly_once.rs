//! Every request is answered once, with its own rows or with one typed error.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fake;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fake::{Controls, build, is_answer, request};
use futures_util::FutureExt;
use phalanx_engine::{EngineError, Policy};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn concurrent_callers_get_their_own_rows() {
    for asynchronous in [false, true] {
        let controls = Arc::new(Controls { asynchronous, ..Controls::default() });
        let engine = build(&controls, |builder| builder.lanes(2));
        std::thread::scope(|scope| {
            for caller in 0..8_usize {
                let engine = engine.clone();
                scope.spawn(move || {
                    for round in 0..200 {
                        let (first, rows) = ((caller * 1000 + round) as f32, 1 + (caller + round) % 5);
                        let response = engine.infer_blocking(request(first, rows)).unwrap();
                        assert!(is_answer(&response, first, rows));
                    }
                });
            }
        });
        let metrics = engine.metrics();
        assert_eq!(metrics.requests, 1600);
        assert_eq!(metrics.batches, metrics.batch_sizes.iter().sum::<u64>());
        assert!(engine.stop(LONG));
    }
}

#[test]
fn without_pooling_every_buffer_is_made_anew() {
    for pooling in [true, false] {
        let controls = Arc::new(Controls::default());
        let engine = build(&controls, |builder| builder.pooling(pooling));
        for round in 0..20 {
            let response = engine.infer_blocking(request(round as f32, 3)).unwrap();
            assert!(is_answer(&response, round as f32, 3));
        }
        assert!(engine.stop(LONG));
        let metrics = engine.metrics();
        assert_eq!(metrics.slots.reused > 0, pooling, "{metrics:?}");
        assert_eq!(metrics.slots.idle > 0, pooling, "{metrics:?}");
        assert_eq!(metrics.idle_answer_bytes > 0, pooling, "{metrics:?}");
    }
}

#[test]
fn a_request_larger_than_a_batch_is_split_and_answered_whole() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder.max_batch(8));
    for rows in [7, 8, 9, 100] {
        let response = engine.infer_blocking(request(3.0, rows)).unwrap();
        assert!(is_answer(&response, 3.0, rows), "{rows} rows");
    }
    assert!(controls.batches.lock().unwrap().iter().all(|&rows| rows <= 8));
    let too_many = engine.infer_blocking(request(0.0, 10_000)).unwrap_err();
    assert!(matches!(too_many, EngineError::InvalidInput { .. }), "{too_many}");
}

#[test]
fn a_cancelled_request_in_the_queue_is_never_computed() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder.max_batch(4));
    controls.gate.shut();
    let running = engine.infer(request(1.0, 1));
    controls.gate.wait_for(1);
    // Six wait: some in the batch that is being formed, some in the queue behind it.
    let mut waiting: Vec<_> =
        (0..6).map(|index| Some(engine.infer(request(100.0 + index as f32, 1)))).collect();
    waiting[1] = None;
    waiting[4] = None;
    let cancelled = waiting[2].take().unwrap();
    cancelled.cancel();
    assert_eq!(cancelled.now_or_never().unwrap().unwrap_err(), EngineError::Cancelled);
    controls.gate.open();
    assert!(is_answer(&pollster(running).unwrap(), 1.0, 1));
    for (index, infer) in waiting.into_iter().enumerate() {
        if let Some(infer) = infer {
            assert!(is_answer(&pollster(infer).unwrap(), 100.0 + index as f32, 1));
        }
    }
    let mut ran = controls.rows.lock().unwrap().clone();
    ran.sort_by(f32::total_cmp);
    assert_eq!(ran, [1.0, 100.0, 103.0, 105.0]);
    assert_eq!(engine.metrics().cancelled, 3);
}

#[test]
fn a_caller_that_leaves_in_flight_disturbs_nobody() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder);
    controls.gate.shut();
    let first = engine.infer(request(1.0, 1));
    controls.gate.wait_for(1);
    drop(first);
    let second = engine.infer(request(2.0, 1));
    controls.gate.open();
    assert!(is_answer(&pollster(second).unwrap(), 2.0, 1));
    assert!(engine.stop(LONG));
    assert_eq!(engine.metrics().requests, 1);
}

#[test]
fn failures_reach_exactly_their_batch() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder.recover(false));
    for kind in [&controls.failures, &controls.panics, &controls.losses] {
        kind.store(1, Ordering::SeqCst);
        let error = engine.infer_blocking(request(1.0, 2)).unwrap_err();
        assert!(matches!(error, EngineError::BackendFailed(_)), "{error}");
        assert!(is_answer(&engine.infer_blocking(request(1.0, 2)).unwrap(), 1.0, 2), "the engine goes on");
    }
    assert_eq!(engine.metrics().failed, 3);
}

#[test]
fn a_lane_that_is_lost_for_good_fails_what_waits_and_what_comes() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder);
    controls.gate.shut();
    let running = engine.infer(request(1.0, 1));
    controls.gate.wait_for(1);
    let waiting = engine.infer(request(2.0, 1));
    controls.losses.store(1, Ordering::SeqCst);
    controls.no_lanes.store(true, Ordering::SeqCst);
    controls.gate.open();
    for infer in [running, waiting] {
        assert!(matches!(pollster(infer), Err(EngineError::BackendFailed(_))));
    }
    assert!(matches!(
        engine.infer_blocking(request(3.0, 1)),
        Err(EngineError::BackendFailed(_) | EngineError::ShuttingDown)
    ));
}

#[test]
fn a_slot_that_cannot_be_had_fails_the_request_only() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder);
    controls.no_slots.store(true, Ordering::SeqCst);
    assert!(matches!(engine.infer_blocking(request(1.0, 1)), Err(EngineError::BackendFailed(_))));
    controls.no_slots.store(false, Ordering::SeqCst);
    assert!(is_answer(&engine.infer_blocking(request(1.0, 1)).unwrap(), 1.0, 1));
}

#[test]
fn a_batch_that_does_not_come_back_is_given_up() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder.batch_timeout(Duration::from_millis(50)));
    controls.gate.shut();
    let hung = engine.infer(request(1.0, 1));
    controls.gate.wait_for(1);
    let error = pollster(hung).unwrap_err();
    assert!(matches!(error, EngineError::BackendFailed(_)), "{error}");
    controls.gate.open();
    assert!(is_answer(&engine.infer_blocking(request(2.0, 1)).unwrap(), 2.0, 1));
}

#[test]
fn stopping_drains_within_the_grace_time() {
    let controls = Arc::new(Controls::default());
    let engine =
        build(&controls, |builder| builder.max_batch(2).policy(Policy::Delay { timeout_ns: u64::MAX / 2 }));
    let waiting: Vec<_> = (0..5).map(|index| engine.infer(request(index as f32, 1))).collect();
    assert!(engine.stop(LONG));
    for (index, infer) in waiting.into_iter().enumerate() {
        assert!(is_answer(&pollster(infer).unwrap(), index as f32, 1));
    }
    assert_eq!(engine.infer_blocking(request(1.0, 1)).unwrap_err(), EngineError::ShuttingDown);
}

#[test]
fn stopping_refuses_what_the_grace_time_does_not_suffice_for() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder.max_batch(2));
    controls.gate.shut();
    let running = engine.infer(request(1.0, 1));
    controls.gate.wait_for(1);
    let waiting: Vec<_> = (0..5).map(|index| engine.infer(request(index as f32, 1))).collect();
    let stop = std::thread::spawn(move || engine.stop(Duration::ZERO));
    assert_eq!(pollster(running).unwrap_err(), EngineError::ShuttingDown);
    for infer in waiting {
        assert_eq!(pollster(infer).unwrap_err(), EngineError::ShuttingDown);
    }
    controls.gate.open();
    assert!(!stop.join().unwrap());
}

#[test]
fn dropping_the_engine_answers_everybody() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder.policy(Policy::Delay { timeout_ns: u64::MAX / 2 }));
    let waiting = engine.infer(request(1.0, 1));
    drop(engine);
    match pollster(waiting) {
        Ok(response) => assert!(is_answer(&response, 1.0, 1), "the lane was faster than the stop"),
        Err(error) => assert_eq!(error, EngineError::ShuttingDown),
    }
}

#[test]
fn a_full_queue_refuses_with_a_delay() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder.max_batch(2).queue_limit(4));
    controls.gate.shut();
    let running = engine.infer(request(1.0, 1));
    controls.gate.wait_for(1);
    let waiting: Vec<_> = (0..4).map(|index| engine.infer(request(index as f32, 1))).collect();
    match engine.infer_blocking(request(9.0, 1)).unwrap_err() {
        EngineError::QueueFull { retry_after } => assert!(retry_after > Duration::ZERO),
        other => panic!("{other}"),
    }
    drop(waiting);
    let place_freed = engine.infer(request(5.0, 1));
    controls.gate.open();
    assert!(pollster(place_freed).is_ok() && pollster(running).is_ok());
}

#[test]
fn a_deadline_that_has_passed_is_refused_before_any_work() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder);
    let late = request(1.0, 1).deadline(Instant::now());
    assert!(matches!(engine.infer_blocking(late), Err(EngineError::DeadlineExceeded { .. })));
    controls.gate.shut();
    let running = engine.infer(request(1.0, 1));
    controls.gate.wait_for(1);
    let expiring = engine.infer(request(2.0, 1).timeout(Duration::from_millis(20)));
    let deadline = Instant::now() + Duration::from_millis(25);
    while Instant::now() < deadline {
        std::thread::yield_now();
    }
    controls.gate.open();
    assert!(matches!(pollster(expiring), Err(EngineError::DeadlineExceeded { .. })));
    assert!(pollster(running).is_ok());
    assert_eq!(*controls.rows.lock().unwrap(), [1.0]);
    assert_eq!(engine.metrics().refused.deadline, 2);
}

#[test]
fn non_numbers_stay_with_their_caller() {
    let controls = Arc::new(Controls::default());
    let engine = build(&controls, |builder| builder);
    controls.gate.shut();
    let running = engine.infer(request(0.0, 1));
    controls.gate.wait_for(1);
    let poisonous: Vec<_> =
        [f32::NAN, f32::INFINITY].into_iter().map(|value| engine.infer(request(value, 1))).collect();
    let healthy = engine.infer(request(4.0, 1));
    controls.gate.open();
    assert!(is_answer(&pollster(healthy).unwrap(), 4.0, 1));
    for infer in poisonous {
        let response = pollster(infer).unwrap();
        let bytes = response.output(0).unwrap().bytes;
        assert!(!f32::from_ne_bytes(bytes[..4].try_into().unwrap()).is_finite());
    }
    assert!(pollster(running).is_ok());
    assert_eq!(*controls.batches.lock().unwrap(), [1, 3], "they shared a batch");
}

fn pollster<F: std::future::Future>(future: F) -> F::Output {
    phalanx_handoff::block_on(future)
}
