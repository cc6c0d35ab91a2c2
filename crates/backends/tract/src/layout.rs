use phalanx_backend::{BackendError, Layout, OutputSpec, RowSpec, fit};
use phalanx_tensor::{BatchAxis, DType, Shape, Signature};
use tract_onnx::prelude::{TypedFact, TypedModel};

use crate::graph::Graph;
use crate::prepare_error;

/// Two row counts: an output whose axis 0 follows both, follows all.
const PROBE_ROWS: [usize; 2] = [2, 3];

/// What a batch of rows of these shapes gives.
///
/// # Errors
/// [`BackendError::Input`] where the model does not take such rows.
pub(crate) fn layout(signature: &Signature, graph: &Graph, tails: &[Shape]) -> Result<Layout, BackendError> {
    fit::check_count(signature, tails.len())?;
    let rows: &[usize] = match &signature.batch_axis() {
        BatchAxis::Dynamic => &PROBE_ROWS,
        BatchAxis::Fixed(rows) => &[*rows],
        BatchAxis::None(reason) => return Err(fit::no_batches(signature, reason)),
    };
    let outputs =
        rows.iter().map(|&rows| outputs(signature, graph, tails, rows)).collect::<Result<Vec<_>, _>>()?;
    let inputs = signature.inputs.iter().zip(tails);
    Ok(Layout {
        inputs: inputs.map(|(info, tail)| fit::row_spec(info, tail)).collect::<Result<_, _>>()?,
        outputs: (0..signature.outputs.len()).map(|index| fit::agree(index, &outputs)).collect(),
    })
}

/// The outputs of a batch of exactly `rows` rows.
fn outputs(
    signature: &Signature,
    graph: &Graph,
    tails: &[Shape],
    rows: usize,
) -> Result<Vec<OutputSpec>, BackendError> {
    let shapes: Vec<Shape> = tails.iter().map(|tail| tail.with_rows(rows)).collect();
    fit::check_shapes(signature, &shapes).map_err(|error| fit::without_rows(error, tails, &shapes))?;
    let model: TypedModel = match graph.at(&shapes) {
        Ok(model) => model,
        Err(panicked @ BackendError::Panicked { .. }) => return Err(panicked),
        Err(error) => return Err(fit::refused(signature, tails, &error)),
    };
    let infos = signature.outputs.iter().enumerate();
    infos
        .map(|(index, info)| {
            let fact = model.output_fact(index).map_err(prepare_error)?;
            Ok(output_spec(info.dtype, fact, rows))
        })
        .collect()
}

fn output_spec(dtype: DType, fact: &TypedFact, rows: usize) -> OutputSpec {
    let sizes = fact.shape.as_concrete().and_then(|sizes| sizes.split_first());
    match sizes {
        Some((&first, tail)) if first == rows => {
            RowSpec::new(dtype, Shape::new(tail)).map_or(OutputSpec::Dynamic(dtype), OutputSpec::Rows)
        }
        _ => OutputSpec::Dynamic(dtype),
    }
}
