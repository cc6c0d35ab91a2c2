//! Several queues, and several devices, are one engine.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fake;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use fake::{Controls, build, is_answer, request};
use phalanx_backend::{Device, Devices};
use phalanx_engine::{Engine, EngineError, Request};

const LONG: Duration = Duration::from_secs(60);

/// Datasets from several threads, all of whose answers are looked at.
fn flood(engine: &Engine, threads: usize, requests: usize) {
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let rows = |number: usize| 1 + (thread + number) % 3;
                let first = |number: usize| (thread * requests + number) as f32;
                let sent = (0..requests).map(|number| -> Request { request(first(number), rows(number)) });
                for (number, response) in engine.run(sent).enumerate() {
                    assert!(is_answer(&response.unwrap(), first(number), rows(number)));
                }
            });
        }
    });
}

#[test]
fn requests_of_all_queues_are_answered_once() {
    for asynchronous in [false, true] {
        let controls = Arc::new(Controls { asynchronous, ..Controls::default() });
        let engine = build(&controls, |builder| builder.lanes(5).queues(3).max_batch(8));
        assert_eq!((engine.info().lanes, engine.info().queues), (5, 3));
        flood(&engine, 6, 500);
        let metrics = engine.metrics();
        assert_eq!((metrics.requests, metrics.input_bytes, metrics.queued_rows), (3000, 0, 0));
        assert_eq!(metrics.batches, metrics.batch_sizes.iter().sum::<u64>());
        assert!(engine.stop(LONG));
    }
}

#[test]
fn what_all_queues_hold_is_answered_or_refused_when_the_engine_stops() {
    let controls = Arc::new(Controls { asynchronous: true, ..Controls::default() });
    let engine = build(&controls, |builder| builder.lanes(2).queues(2).max_batch(4));
    controls.gate.shut();
    let waiting: Vec<_> = (0..100).map(|number| engine.infer(request(number as f32, 1))).collect();
    assert!(engine.metrics().queued_rows > 0);
    assert!(!engine.stop(Duration::ZERO));
    controls.gate.open();
    for infer in waiting {
        assert_eq!(
            futures_util::FutureExt::now_or_never(infer).unwrap().unwrap_err(),
            EngineError::ShuttingDown
        );
    }
}

#[test]
fn more_queues_than_lanes_are_refused() {
    let controls = Arc::new(Controls::default());
    for (queues, expected) in [(3, "at most one for each of the 2 lanes"), (0, "more than zero")] {
        let error = fake::builder(&controls).lanes(2).queues(queues).build().unwrap_err();
        assert!(matches!(error, EngineError::InvalidOption { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

fn two_devices() -> Devices {
    Devices::new([Device::Cuda(0), Device::Cuda(1)]).unwrap()
}

#[test]
fn every_device_runs_batches_in_slots_of_its_own() {
    let controls = Arc::new(Controls { asynchronous: true, ..Controls::default() });
    let engine = build(&controls, |builder| builder.lanes(2).queues(2).max_batch(8).device(two_devices()));
    let info = engine.info();
    assert_eq!((info.lanes, info.queues, info.devices.clone()), (4, 4, two_devices()));
    controls.devices.lock().unwrap().clear();
    flood(&engine, 4, 500);
    let devices: HashSet<Device> = controls.devices.lock().unwrap().iter().copied().collect();
    assert_eq!(devices, two_devices().iter().collect());
    assert_eq!(engine.metrics().failed, 0);
}

/// More at once than one queue takes before another one gets its share: the errors of those that were not answered.
fn crowd(engine: &Engine, controls: &Controls) -> Vec<EngineError> {
    controls.gate.shut();
    let waiting: Vec<_> = (0..300).map(|number| engine.infer(request(number as f32, 1))).collect();
    controls.gate.open();
    waiting.into_iter().map(phalanx_handoff::block_on).filter_map(Result::err).collect()
}

#[test]
fn a_lost_device_leaves_the_work_to_the_others() {
    let controls = Arc::new(Controls { asynchronous: true, ..Controls::default() });
    let engine = build(&controls, |builder| builder.device(two_devices()));
    controls.devices.lock().unwrap().clear();
    while !controls.devices.lock().unwrap().contains(&Device::Cuda(1)) {
        assert_eq!(crowd(&engine, &controls), []);
    }
    *controls.lost_device.lock().unwrap() = Some(Device::Cuda(1));
    let errors = crowd(&engine, &controls);
    assert!(errors.iter().all(|error| matches!(error, EngineError::BackendFailed(_))), "{errors:?}");
    while !crowd(&engine, &controls).is_empty() {}
    flood(&engine, 2, 200);
}
