use std::sync::Arc;

use phalanx_backend::{BackendError, Layout, OutputSpec, RowSpec, fit};
use phalanx_tensor::{BatchAxis, Shape, Signature};

use super::bucket::Planned;

/// Two row counts: an output whose axis 0 follows both, follows all.
const PROBE_ROWS: [usize; 2] = [2, 3];

/// What a batch of rows of these shapes gives, by the plans for two row counts.
///
/// # Errors
/// [`BackendError::Input`] where the model does not take such rows.
pub(super) fn layout(
    signature: &Signature,
    tails: &[Shape],
    plan: impl Fn(&[Shape]) -> Result<Arc<Planned>, BackendError>,
) -> Result<Layout, BackendError> {
    fit::check_count(signature, tails.len())?;
    let rows: &[usize] = match &signature.batch_axis() {
        BatchAxis::Dynamic => &PROBE_ROWS,
        BatchAxis::Fixed(rows) => &[*rows],
        BatchAxis::None(reason) => return Err(fit::no_batches(signature, reason)),
    };
    let probe = |&rows: &usize| -> Result<Vec<OutputSpec>, BackendError> {
        let shapes: Vec<Shape> = tails.iter().map(|tail| tail.with_rows(rows)).collect();
        fit::check_shapes(signature, &shapes).map_err(|error| fit::without_rows(error, tails, &shapes))?;
        let planned = plan(&shapes).map_err(|error| fit::refused(signature, tails, &error))?;
        Ok(outputs(&planned, rows))
    };
    let probes = rows.iter().map(probe).collect::<Result<Vec<_>, _>>()?;
    let inputs = signature.inputs.iter().zip(tails);
    Ok(Layout {
        inputs: inputs.map(|(info, tail)| fit::row_spec(info, tail)).collect::<Result<_, _>>()?,
        outputs: (0..signature.outputs.len()).map(|index| fit::agree(index, &probes)).collect(),
    })
}

/// The outputs of a plan for exactly `rows` rows.
fn outputs(planned: &Planned, rows: usize) -> Vec<OutputSpec> {
    let plan = planned.plan();
    let spec = |port| {
        let (dtype, shape) = plan.port(port);
        match shape.split_first() {
            Some((&first, tail)) if first == rows => {
                RowSpec::new(dtype, Shape::new(tail)).map_or(OutputSpec::Dynamic(dtype), OutputSpec::Rows)
            }
            _ => OutputSpec::Dynamic(dtype),
        }
    };
    plan.outputs.iter().map(spec).collect()
}
