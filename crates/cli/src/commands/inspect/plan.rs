use phalanx_model::Model;
use phalanx_plan::{PlanError, Source};
use phalanx_tensor::{Shape, TensorInfo};

use crate::args::InspectArgs;
use crate::failure::Failure;
use crate::terminal;

/// Prints what a GPU backend would execute.
pub(super) fn print(model: &Model, args: &InspectArgs) -> Result<(), Failure> {
    let shapes = model.signature().inputs.iter().map(|info| shape(info, args));
    let shapes = shapes.collect::<Result<Vec<_>, _>>()?;
    let precision = args.engine.precision.unwrap_or_default();
    let plan = Source::new(model).and_then(|source| source.plan(&shapes, precision));
    terminal::data(&plan.map_err(|error| failure(&error))?.to_string())
}

/// The shape of an input that the plan is for.
fn shape(info: &TensorInfo, args: &InspectArgs) -> Result<Shape, Failure> {
    let open = || {
        let error = PlanError::OpenAxes { name: info.name.clone(), dims: info.dims_text() };
        Failure::new(error).hint("--length SIZE says how long they are in the plan")
    };
    let sizes = info.dims.iter().flatten().enumerate().map(|(axis, dim)| {
        let given = if axis == 0 { Some(args.batch) } else { args.length };
        dim.fixed().or(given.map(usize::from)).ok_or_else(open)
    });
    if info.dims.is_none() {
        return Err(open());
    }
    sizes.collect()
}

fn failure(error: &PlanError) -> Failure {
    let failure = Failure::new(error);
    match error {
        PlanError::Unsupported { .. } => {
            failure.hint("a backend that executes plans leaves such a model to the next one")
        }
        _ => failure,
    }
}
