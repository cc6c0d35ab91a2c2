//! What an engine finds out before it serves: whether the rows of a batch are independent, and how long batches take.

mod compare;
mod rig;
mod sample;
mod times;

use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{BackendError, Buckets, Layout, Program};
use phalanx_batch::LatencyModel;
use phalanx_tensor::{BatchAxis, Shape, Tensor};

use crate::pad::PadPlan;
use crate::{Batching, EngineError};
use rig::Outputs;

pub(crate) use compare::floats;
pub(crate) use rig::Rig;
pub(crate) use sample::{OPEN_SIZES, Sample};
pub(crate) use times::most_efficient;

/// Rows compared with each other.
const ROWS_CHECKED: usize = 4;

/// What warm-up found out.
pub(crate) struct Findings {
    pub(crate) batching: Batching,
    pub(crate) latency: LatencyModel,
    /// Rows of a batch and how long it took, in nanoseconds.
    pub(crate) times_ns: Vec<(usize, u64)>,
    /// What a row of the sample's shape looks like.
    pub(crate) layout: Option<Arc<Layout>>,
    pub(crate) warnings: Vec<String>,
}

/// Runs the program on sample rows: the user's, or random ones.
pub(crate) fn explore(
    program: &Arc<dyn Program>,
    given: Option<&[Tensor]>,
    pad: &PadPlan,
    budget: Duration,
) -> Result<Findings, EngineError> {
    let latency = match program.buckets() {
        Buckets::Fixed(sizes) => LatencyModel::buckets(&sizes),
        Buckets::Any(rows_max) => LatencyModel::any(rows_max),
    };
    let axis = program.signature().batch_axis();
    let mut findings = Findings {
        batching: Batching::Batched,
        latency,
        times_ns: Vec::new(),
        layout: None,
        warnings: Vec::new(),
    };
    match axis {
        BatchAxis::None(reason) => {
            findings.batching = Batching::Unbatched { reason };
            return Ok(findings);
        }
        BatchAxis::Fixed(rows) => findings.batching = Batching::Fixed(rows),
        BatchAxis::Dynamic => {}
    }
    let sample = match given {
        Some(tensors) => Sample::given(tensors, program.signature())?,
        None => Sample::random(program.signature()),
    };
    match check_rows(program, &sample, pad, given.is_some()) {
        Ok(Checked::Independent { rig, tails }) => findings.time_batches(rig, &sample, &tails, budget)?,
        Ok(Checked::Dependent(reason)) => findings.runs_alone(reason),
        Err(error) if given.is_some() => return Err(EngineError::BackendFailed(error)),
        Err(error) => findings.runs_alone(format!(
            "the model did not run on random inputs ({error}), so its rows could not be compared: give a warm-up sample"
        )),
    }
    Ok(findings)
}

enum Checked {
    Independent { rig: Rig, tails: Vec<Shape> },
    Dependent(String),
}

/// Runs a few different rows together and one by one, and compares what each gives.
fn check_rows(
    program: &Arc<dyn Program>,
    sample: &Sample,
    pad: &PadPlan,
    given: bool,
) -> Result<Checked, BackendError> {
    let mut last = BackendError::Run { backend: "engine", message: "no shape to try".to_owned() };
    for tails in sample.candidate_tails(program.signature(), pad, given) {
        let layout = match program.layout(&tails) {
            Ok(layout) => Arc::new(layout),
            Err(error) => {
                last = error;
                continue;
            }
        };
        let mut rig = Rig::open(Arc::clone(program), layout)?;
        match compare_rows(&mut rig, sample, &tails) {
            Ok(None) => return Ok(Checked::Independent { rig, tails }),
            Ok(Some(reason)) => return Ok(Checked::Dependent(reason)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Why the rows are not independent; `None` where they are.
fn compare_rows(rig: &mut Rig, sample: &Sample, tails: &[Shape]) -> Result<Option<String>, BackendError> {
    let rows: Vec<usize> = (0..ROWS_CHECKED.min(rig.rows_max())).collect();
    let together = rig.run(sample, tails, &rows)?;
    if let Some(reason) = together.misshapen(rows.len()) {
        return Ok(Some(reason));
    }
    for &row in &rows {
        // Alone, or in a batch of fixed size in the company of its own copies.
        let alone: Outputs = rig.run(sample, tails, &[row])?;
        if let Some(reason) = compare::difference(&together, row, &alone, 0) {
            return Ok(Some(reason));
        }
    }
    Ok(None)
}

impl Findings {
    fn runs_alone(&mut self, reason: String) {
        self.warnings.push(format!("requests run unbatched: {reason}"));
        self.batching = Batching::Unbatched { reason };
    }

    fn time_batches(
        &mut self,
        mut rig: Rig,
        sample: &Sample,
        tails: &[Shape],
        budget: Duration,
    ) -> Result<(), EngineError> {
        self.layout = Some(Arc::clone(rig.layout()));
        self.times_ns = times::measure(&mut rig, sample, tails, self.latency.sizes(), budget)
            .map_err(EngineError::BackendFailed)?;
        for (index, &(_, took_ns)) in self.times_ns.iter().enumerate() {
            self.latency.calibrate(index, took_ns);
        }
        Ok(())
    }
}
