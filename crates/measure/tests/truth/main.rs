//! The classic mistake: a timer that is stopped before the result is read.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod late;

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_backend::{Device, Precision, Program};
use phalanx_measure::draw::Draw;
use phalanx_measure::report::Row;
use phalanx_measure::strategy::{Label, Raw, Strategy, Window};
use phalanx_measure::suite::{Group, Suite, Timing, Watch};
use phalanx_measure::truth::{Ceilings, Gate, MovedAt, Rig, Work};
use phalanx_measure::{MeasureError, Samples, WaitedLane};
use phalanx_model::{Model, samples};

use crate::late::Late;

const ROWS: usize = 4;

const TIMING: Timing =
    Timing { rounds: 2, window_max: Duration::from_millis(50), warm_up_max: Duration::ZERO, budget: None };

/// Submits a batch, stops the timer, and only then waits.
struct Mistaken {
    late: Late,
    samples: Samples,
}

impl Strategy for Mistaken {
    fn label(&self) -> Label {
        Label { strategy: "mistaken", n: 1, batch: Some(ROWS), ..Label::default() }
    }

    fn window(&mut self, _: Duration) -> Result<Window, MeasureError> {
        let layout = Arc::new(self.late.layout(&self.samples.tails())?);
        let slot = self.late.slot(&layout, ROWS)?;
        let (sender, done) = std::sync::mpsc::channel();
        let mut lane = self.late.open_lane(Arc::new(late::Told(sender)))?;
        let start = Instant::now();
        lane.submit(phalanx_backend::BatchId(1), slot, ROWS);
        let elapsed = start.elapsed();
        done.recv().map_err(|_| MeasureError::Interrupted)?;
        Ok(Window { samples: ROWS as u64, elapsed, batches: [(ROWS, 1)].into(), ..Window::default() })
    }
}

struct Silent;

impl Watch for Silent {
    fn step(&mut self, _: &Label, _: usize, _: usize, _: Option<Duration>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn rows(&mut self, _: &[Row], _: usize) {}
}

fn suite<'a>(late: &'a Late, samples: &'a Samples, gate: Option<Gate>, is_mistaken: bool) -> Suite<'a> {
    let honest = Group::new("raw", "honest", 1, move || {
        let lane = Rc::new(RefCell::new(WaitedLane::open(late)?));
        let raw: Box<dyn Strategy + 'a> = Box::new(Raw::new(late, &lane, samples, ROWS)?);
        Ok(vec![raw])
    });
    let mistaken = Group::new("mistaken", "classic", 1, move || {
        let mistaken: Box<dyn Strategy + 'a> =
            Box::new(Mistaken { late: late.clone(), samples: samples.clone() });
        Ok(vec![mistaken])
    });
    let mut groups = vec![honest];
    groups.extend(is_mistaken.then_some(mistaken));
    Suite { groups, baseline: None, gate }
}

fn subject() -> (Model, Late, Samples) {
    let model = samples::mlp(1);
    let samples = Samples::draw(model.signature(), &Draw::default(), 8).unwrap();
    let late = Late::new(model.signature().clone());
    (model, late, samples)
}

#[test]
fn a_timer_stopped_before_the_result_is_read_is_refused_by_name() {
    let (model, late, samples) = subject();
    let work = Work::count(&model, &late, &samples).unwrap();
    let rows = suite(&late, &samples, None, false).run(&TIMING, &mut Silent).unwrap().rows;
    let honest_flop_per_s = rows[0].samples_per_s.unwrap() * work.flop_per_row;
    // The device may be seen to be ten times faster than it was: what does not wait is faster than that still.
    let ceilings = Ceilings {
        flop_per_s: 10.0 * honest_flop_per_s,
        flop_by: "the same device".to_owned(),
        moved: vec![MovedAt { bytes: 0.0, bytes_per_s: f64::INFINITY }],
    };
    let gate = || Some(Gate::new(work, ceilings.clone(), None));
    let honest = suite(&late, &samples, gate(), false).run(&TIMING, &mut Silent).unwrap();
    assert!(honest.refused.is_empty() && honest.rows[0].of_flop_ceiling.unwrap() < 1.0);
    let both = suite(&late, &samples, gate(), true).run(&TIMING, &mut Silent).unwrap();
    assert_eq!(both.rows.iter().map(|row| row.strategy).collect::<Vec<_>>(), ["raw"]);
    let [error] = &both.refused[..] else { panic!("{:?}", both.refused) };
    assert!(matches!(error, MeasureError::AboveCeiling { row, .. } if row == "mistaken of 4"), "{error}");
}

#[test]
fn a_device_without_a_backend_has_no_ceiling() {
    let rig = Rig { backends: Vec::new(), device: Device::Cpu, precision: Precision::Fp32, cpus: 1 };
    let error = Ceilings::measure(&rig).unwrap_err();
    assert!(matches!(error, MeasureError::NoCeiling { device: Device::Cpu, .. }), "{error}");
}
