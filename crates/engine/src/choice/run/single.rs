use std::sync::Arc;

use phalanx_backend::{BackendError, Layout, Program};
use phalanx_tensor::Shape;

use super::engine_error;
use super::time::median_ns;
use crate::choice::Timed;
use crate::choice::task::{Batch, Ran, Task};
use crate::warmup::Rig;

/// Runs a model without a batch axis: its small and its large batch are the same one run.
pub(super) fn run(program: &Arc<dyn Program>, task: &Task<'_>) -> Result<Ran, BackendError> {
    let mut last = engine_error("no shape to try");
    for shapes in &task.inputs.shapes {
        match run_shapes(program, task, shapes) {
            Ok(ran) => return Ok(ran),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn run_shapes(program: &Arc<dyn Program>, task: &Task<'_>, shapes: &[Shape]) -> Result<Ran, BackendError> {
    let inputs = task.inputs.whole(task.model.signature(), shapes).map_err(|error| engine_error(&error))?;
    let layout = Arc::new(Layout { inputs: Vec::new(), outputs: Vec::new() });
    let mut rig = Rig::open(Arc::clone(program), layout)?;
    let (outputs, _) = rig.run_single(&inputs)?;
    let (again, _) = rig.run_single(&inputs)?;
    let ns = median_ns(task.budget, || rig.run_single(&inputs).map(|(_, took)| took))?;
    let timed = Timed { rows: 1, ns };
    let batch = |outputs| Batch { timed, outputs };
    Ok(Ran { shapes: shapes.to_vec(), small: batch(outputs.clone()), large: batch(outputs), again })
}
