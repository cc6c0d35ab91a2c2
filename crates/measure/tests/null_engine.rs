//! Load generators and strategies on the backend that only copies rows: every answer is known.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, Device, PrepareOptions, Program};
use phalanx_engine::{BackendChoice, Engine};
use phalanx_measure::answers::Answers;
use phalanx_measure::draw::Draw;
use phalanx_measure::null::{self, NullBackend};
use phalanx_measure::report::Row;
use phalanx_measure::strategy::{Callers, Crew, Dataset, Direct, Raw, Strategy};
use phalanx_measure::{MeasureError, Samples, Soak, WaitedLane};

const SHORT: Duration = Duration::from_millis(20);

struct Rig {
    engine: Engine,
    program: Arc<dyn Program>,
    samples: Samples,
    answers: Arc<Answers>,
}

impl Rig {
    fn new() -> Self {
        let model = null::model().unwrap();
        let samples = Samples::draw(model.signature(), &Draw::default(), 16).unwrap();
        let program = NullBackend.prepare(&model, Device::Cpu, &PrepareOptions::default()).unwrap();
        let backend = BackendChoice::Custom(Arc::new(NullBackend));
        let engine = Engine::builder(model).backend(backend).max_batch(8).build().unwrap();
        let (answers, samples) =
            Answers::of(&*program, Default::default(), &samples, Duration::from_secs(60)).unwrap();
        Self { engine, program, samples, answers: Arc::new(answers) }
    }

    /// The answers of each sample's neighbour.
    fn wrong_answers(&self) -> Arc<Answers> {
        let expected =
            (1..=self.samples.len()).map(|index| vec![self.samples.get(index)[0].bytes().to_vec()]);
        Arc::new(Answers::new(self.engine.signature(), Default::default(), expected.collect()))
    }
}

#[test]
fn callers_are_answered_with_their_own_rows() {
    let rig = Rig::new();
    for threads in [1, 3] {
        let callers = Callers::new("callers", &rig.engine, &rig.samples, &rig.answers, 20);
        let window = callers.threads(threads).window(SHORT).unwrap();
        assert!(window.samples >= 40 && window.checked > 0 && window.samples_per_s() > 0.0);
        assert_eq!(window.error_max, 0.0);
        assert!(window.batches.keys().all(|&rows| (1..=8).contains(&rows)), "{:?}", window.batches);
        let cost = window.cost.unwrap();
        assert_eq!((cost.requests, cost.allocations), (window.samples, None));
    }
}

#[test]
fn somebody_elses_answer_is_found_out() {
    let rig = Rig::new();
    let wrong = rig.wrong_answers();
    let mut strategies: Vec<Box<dyn Strategy>> = vec![
        Box::new(Callers::new("callers", &rig.engine, &rig.samples, &wrong, 4)),
        Box::new(Dataset::new(&rig.engine, &rig.samples, &wrong, 4).unwrap()),
        Box::new(Direct::threads(
            &Crew::open(std::slice::from_ref(&rig.program), 2, &rig.samples, &wrong).unwrap(),
        )),
    ];
    for strategy in &mut strategies {
        let error = strategy.window(SHORT).unwrap_err();
        assert!(matches!(error, MeasureError::WrongAnswer { .. }), "{}: {error}", strategy.label());
    }
}

#[test]
fn raw_and_threads_use_the_program_alone() {
    let rig = Rig::new();
    let lane = Rc::new(RefCell::new(WaitedLane::open(&*rig.program).unwrap()));
    let mut raw = Raw::new(&*rig.program, &lane, &rig.samples, 8).unwrap();
    let window = raw.window(SHORT).unwrap();
    assert_eq!(window.samples, 8 * window.batches[&8]);
    assert!(window.elapsed >= SHORT);
    assert!(matches!(
        Raw::new(&*rig.program, &lane, &rig.samples, 1 << 20),
        Err(MeasureError::Option { option: "batches", .. })
    ));

    let mut threads = Direct::threads(
        &Crew::open(std::slice::from_ref(&rig.program), 3, &rig.samples, &rig.answers).unwrap(),
    );
    for _ in 0..2 {
        let window = threads.window(SHORT).unwrap();
        assert!(window.samples > 0 && window.checked >= 3 && window.elapsed >= SHORT);
    }
    assert_eq!(rig.engine.metrics().requests, 0);
}

#[test]
fn a_dataset_counts_whole_batches() {
    let rig = Rig::new();
    let mut dataset = Dataset::new(&rig.engine, &rig.samples, &rig.answers, 8).unwrap();
    let window = dataset.window(SHORT).unwrap();
    assert!(window.samples > 0 && window.samples.is_multiple_of(8));
    assert_eq!((window.checked, window.error_max), (4, 0.0));
    // A window that is over at once still holds enough to divide by; the first batch only starts the clock.
    let window = dataset.window(Duration::ZERO).unwrap();
    assert_eq!(window.samples, 7 * 8);
}

#[test]
fn a_soak_sends_what_was_asked_for_or_stops() {
    let rig = Rig::new();
    let soak = Soak { callers: 8, requests: 40_000 };
    let seen = Rc::new(RefCell::new(Vec::new()));
    let watch = {
        let seen = Rc::clone(&seen);
        move |answered| {
            seen.borrow_mut().push(answered);
            ControlFlow::Continue(())
        }
    };
    let row: Row = soak.run(&rig.engine, &rig.samples, &rig.answers, watch).unwrap();
    assert_eq!((row.samples, row.resident_after_requests), (40_000, Some([20_000, 40_000])));
    assert!(row.checked > 0 && row.resident_growth_bytes.is_some());
    assert_eq!(*seen.borrow(), [16_384, 32_768]);
    let error = soak.run(&rig.engine, &rig.samples, &rig.answers, |_| ControlFlow::Break(())).unwrap_err();
    assert!(matches!(error, MeasureError::Interrupted));
}
