use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_backend::{BackendError, OperatorTime};
use phalanx_tensor::{Shape, Tensor};
use tract_linalg::multithread::{Executor, multithread_tract_scope};
use tract_onnx::prelude::{TValue, TVec, TractResult, TypedSimplePlan};
use tract_onnx::tract_core::plan::eval;

use crate::convert::to_tract;
use crate::panics::guard;
use crate::program::Shared;
use crate::run_error;

/// How long each node of the plan for these inputs takes, over so many runs after one that does not count; `None` where
/// the device is not run node by node.
pub(crate) fn operator_times(
    program: &Shared,
    inputs: &[Tensor],
    runs: usize,
) -> Result<Option<Vec<OperatorTime>>, BackendError> {
    let shapes: Vec<Shape> = inputs.iter().map(|input| input.shape().clone()).collect();
    let plan = program.plan(&shapes)?;
    let Some(plan) = plan.value.runnable.downcast_ref::<Arc<TypedSimplePlan>>() else { return Ok(None) };
    let executor = match program.threads() {
        NonZeroUsize::MIN => Executor::SingleThread,
        threads => guard(|| Ok(Executor::multithread_with_name(threads.get(), "phalanx-tract")))?,
    };
    let values = inputs.iter().map(to_tract).collect::<Result<TVec<TValue>, _>>()?;
    let times =
        guard(|| multithread_tract_scope(executor, || timed(plan, &values, runs.max(1))).map_err(run_error))?;
    let nodes = plan.model().nodes().iter().zip(times).filter(|(_, took)| !took.is_zero());
    let mean = |took: Duration| took.as_nanos() as f64 / runs.max(1) as f64;
    let operator = |(node, took): (&tract_onnx::prelude::TypedNode, Duration)| OperatorTime {
        operator: node.op.name().into_owned(),
        node: node.name.clone(),
        mean_ns: mean(took),
    };
    Ok(Some(nodes.map(operator).collect()))
}

/// The time of each node, by its number, in all runs but the first together.
fn timed(plan: &Arc<TypedSimplePlan>, inputs: &TVec<TValue>, runs: usize) -> TractResult<Vec<Duration>> {
    let mut times = vec![Duration::ZERO; plan.model().nodes().len()];
    let mut state = plan.spawn()?;
    for run in 0..=runs {
        state.run_plan_with_eval(inputs.clone(), |context, op_state, node, values| {
            let begin = Instant::now();
            let result = eval(context, op_state, node, values);
            if run > 0 {
                times[node.id] += begin.elapsed();
            }
            result
        })?;
    }
    Ok(times)
}
