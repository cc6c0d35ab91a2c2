//! An engine whose lanes are worker processes: this program, started again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod choosing;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use choosing::swift;
use phalanx_backend::Backend;
use phalanx_chaos::{Chaos, Plan};
use phalanx_engine::{BackendChoice, Engine, EngineBuilder, EngineError, Isolation, Request, Response};
use phalanx_model::samples;
use phalanx_tensor::Tensor;
use rustix::process::{Pid, Signal, kill_process};

/// A row that begins with this takes the worker down.
const POISON: f32 = -666.0;
/// One that begins with this makes it hang.
const HANGS: f32 = -667.0;
/// One that begins with this cannot be run.
const BAD: f32 = -668.0;

const CALLERS: usize = 64;

/// How many workers are killed at random, unless the variable `PHALANX_KILLS` says otherwise.
const KILLS: usize = 200;

fn main() -> ExitCode {
    if phalanx_engine::is_worker() {
        return phalanx_engine::worker_main(&backends());
    }
    let tests: [(&str, fn()); 6] = [
        ("process_lanes_answer_like_threads", process_lanes_answer_like_threads),
        ("a_poisonous_request_is_found_among_many", a_poisonous_request_is_found_among_many),
        ("random_kills_convict_nobody", random_kills_convict_nobody),
        ("a_worker_that_hangs_is_replaced", a_worker_that_hangs_is_replaced),
        ("a_request_that_hangs_is_found", a_request_that_hangs_is_found),
        ("a_bad_request_fails_alone", a_bad_request_fails_alone),
    ];
    let filters: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(&**filter));
    for (name, test) in tests.into_iter().filter(|(name, _)| is_wanted(name)) {
        test();
        // There may be nobody left to read it.
        let _ = writeln!(std::io::stdout(), "test {name} ... ok");
    }
    ExitCode::SUCCESS
}

fn backends() -> Vec<Arc<dyn Backend>> {
    let plan: Plan = format!("crash@value={POISON};hang@value={HANGS};fail@value={BAD}").parse().unwrap();
    vec![Arc::new(Chaos::over(Arc::new(swift()), plan))]
}

fn builder() -> EngineBuilder {
    Engine::builder(samples::tiny())
        .backend(BackendChoice::Custom(Arc::clone(&backends()[0])))
        .isolation(Isolation::Process)
        .worker_exe(std::env::current_exe().unwrap())
        .lanes(1)
        .max_batch(32)
        .warmup_budget(Duration::ZERO)
}

fn request(first: f32) -> Request {
    Request::new(vec![Tensor::from_vec([1, 4], vec![first, 0.5, -1.0, 7.0]).unwrap()])
}

fn is_answer(response: &Response, first: f32) -> bool {
    let expected: Vec<u8> =
        [2.0 * first + 1.0, 2.0, -1.0, 15.0].iter().flat_map(|x| x.to_ne_bytes()).collect();
    response.output(0).unwrap().bytes == expected
}

/// Sends `count` requests from many callers, those of `special` among them at their places. The errors come back, with
/// the places they belong to; every other answer was right.
fn send(engine: &Engine, count: usize, special: &[(usize, f32)]) -> Vec<(usize, EngineError)> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let caller = || {
            let mut errors = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return errors;
                }
                let first =
                    special.iter().find(|(place, _)| *place == index).map_or(index as f32, |(_, x)| *x);
                match engine.infer_blocking(request(first)) {
                    Ok(response) => assert!(is_answer(&response, first), "request {index}"),
                    Err(error) => errors.push((index, error)),
                }
            }
        };
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    })
}

fn signal_a_worker(engine: &Engine, signal: Signal) -> bool {
    let workers = engine.metrics().workers;
    let Some(worker) = workers.iter().find(|worker| !worker.is_spare) else { return false };
    let pid = Pid::from_raw(i32::try_from(worker.pid).unwrap()).unwrap();
    kill_process(pid, signal).is_ok()
}

fn process_lanes_answer_like_threads() {
    let engine = builder().lanes(2).build().unwrap();
    assert_eq!(send(&engine, 2_000, &[]), []);
    let metrics = engine.metrics();
    assert_eq!((metrics.requests, metrics.reruns), (2_000, 0));
    assert_eq!(metrics.workers.iter().filter(|worker| !worker.is_spare).count(), 2);
    assert!(engine.stop(Duration::from_secs(60)));
}

fn a_poisonous_request_is_found_among_many() {
    let engine = builder().build().unwrap();
    let errors = send(&engine, 10_000, &[(4_321, POISON)]);
    assert!(matches!(&errors[..], [(4_321, EngineError::PoisonRequest { deaths: 2, .. })]), "{errors:?}");
    assert_eq!(engine.metrics().requests, 9_999);
    assert_eq!(send(&engine, 100, &[]), [], "the engine goes on");
}

fn random_kills_convict_nobody() {
    let kills = std::env::var("PHALANX_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let engine = builder().build().unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = fastrand::Rng::with_seed(7);
            let mut killed = 0;
            while killed < kills {
                // The pace of the kills is the test's input, and nothing waits for it.
                std::thread::sleep(Duration::from_millis(random.u64(1..40)));
                killed += usize::from(signal_a_worker(&engine, Signal::KILL));
            }
            over.store(true, Ordering::Release);
        });
        while !over.load(Ordering::Acquire) {
            assert_eq!(send(&engine, 1_000, &[]), []);
        }
    });
    assert_eq!(engine.metrics().poisoned, 0);
}

fn a_worker_that_hangs_is_replaced() {
    let engine = builder().build().unwrap();
    assert_eq!(send(&engine, 1_000, &[]), [], "batches of every size have run");
    assert!(signal_a_worker(&engine, Signal::STOP));
    assert_eq!(send(&engine, 1_000, &[]), []);
    assert_eq!(engine.metrics().poisoned, 0);
}

fn a_request_that_hangs_is_found() {
    let engine = builder().batch_timeout(Duration::from_millis(300)).build().unwrap();
    let errors = send(&engine, 1_000, &[(500, HANGS)]);
    assert!(matches!(&errors[..], [(500, EngineError::PoisonRequest { .. })]), "{errors:?}");
}

fn a_bad_request_fails_alone() {
    let engine = builder().build().unwrap();
    let begin = Instant::now();
    let errors = send(&engine, 1_000, &[(0, BAD), (777, BAD)]);
    let failed = |error: &EngineError| matches!(error, EngineError::BackendFailed(_));
    assert!(errors.iter().all(|(index, error)| [0, 777].contains(index) && failed(error)), "{errors:?}");
    assert_eq!(errors.len(), 2, "after {:?}", begin.elapsed());
}
