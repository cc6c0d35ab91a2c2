use compact_str::CompactString;
use phalanx_protocol::{InferOutput, InferRequest, InputData, OutputData, Parameter, Placement};
use phalanx_tensor::{DType, Tensor};
use smallvec::SmallVec;

use super::{Served, classification, shared_memory};
use crate::ServeError;
use crate::context::Context;

/// One output that is wanted.
pub(super) struct Wanted {
    index: usize,
    placement: Placement,
    /// How many of each row's largest values are wanted instead of all values; 0 for all.
    classes: u32,
}

/// What the request wants of the model's outputs.
pub(super) fn wanted(
    context: &Context,
    served: &Served,
    request: &InferRequest,
) -> Result<SmallVec<[Wanted; 2]>, ServeError> {
    let is_raw = request.inputs.iter().any(|input| matches!(input.data, InputData::RawBody(_)));
    let usual = match request.parameters.get("binary_data_output") {
        Some(Parameter::Bool(true)) => Placement::Binary,
        None if is_raw => Placement::Binary,
        _ => Placement::Json,
    };
    if request.outputs.is_empty() {
        let all = 0..served.output_names.len();
        return Ok(all.map(|index| Wanted { index, placement: usual.clone(), classes: 0 }).collect());
    }
    let mut all: SmallVec<[Wanted; 2]> = SmallVec::new();
    for output in &request.outputs {
        let index = served.signature().output_index(&output.name);
        let index = index.ok_or_else(|| no_such_output(served, &output.name))?;
        if all.iter().any(|other| other.index == index) {
            return Err(ServeError::invalid(
                format!("output {:?}", output.name),
                "to be asked for once",
                "twice",
            ));
        }
        let placement = match &output.placement {
            Placement::Unsaid => usual.clone(),
            Placement::SharedMemory(place) => {
                shared_memory::check(context, place)?;
                output.placement.clone()
            }
            said => said.clone(),
        };
        all.push(Wanted { index, placement, classes: output.classification });
    }
    Ok(all)
}

fn no_such_output(served: &Served, name: &str) -> ServeError {
    let names: Vec<_> = served.output_names.iter().map(|name| format!("{name:?}")).collect();
    ServeError::invalid("output name", names.join(", "), format!("{name:?}"))
}

/// The outputs that are wanted, as they are wanted.
pub(super) fn collect(
    context: &Context,
    served: &Served,
    wanted: SmallVec<[Wanted; 2]>,
    tensors: Vec<Tensor>,
) -> Result<SmallVec<[InferOutput; 1]>, ServeError> {
    let mut tensors: SmallVec<[Option<Tensor>; 2]> = tensors.into_iter().map(Some).collect();
    let mut outputs = SmallVec::with_capacity(wanted.len());
    for Wanted { index, placement, classes } in wanted {
        let name = served.output_names[index].clone();
        let tensor = tensors.get_mut(index).and_then(Option::take);
        let mut tensor = tensor
            .ok_or_else(|| ServeError::Failed { message: format!("the model gave no output {name:?}") })?;
        if classes > 0 {
            tensor = classification::largest(&tensor, classes, &name)?;
        }
        outputs.push(InferOutput { data: data(context, &name, tensor, placement)?, name });
    }
    Ok(outputs)
}

fn data(
    context: &Context,
    name: &CompactString,
    tensor: Tensor,
    placement: Placement,
) -> Result<OutputData, ServeError> {
    match placement {
        Placement::Binary => Ok(OutputData::Binary(tensor)),
        Placement::SharedMemory(place) => shared_memory::write(context, name, tensor, place),
        // JSON has no half-precision numbers that every client would read as such.
        _ if matches!(tensor.dtype(), DType::F16 | DType::BF16) => Ok(OutputData::Binary(tensor)),
        Placement::Json | Placement::Unsaid => Ok(OutputData::Json(tensor)),
    }
}
