use smallvec::SmallVec;

use super::parameters::parameters;
use super::tensor::{Raw, TensorMessage, Values};
use crate::grpc::proto::ModelInferResponse;
use crate::grpc::proto::model_infer_response::InferOutputTensor;
use crate::place::Place;
use crate::{InferOutput, InferResponse, Limits, OutputData, ProtocolError, dims};

/// Reads a response. Raw contents are shared, not copied.
///
/// # Errors
/// [`ProtocolError::Field`] for what is no response.
pub fn decode_response(message: ModelInferResponse, limits: &Limits) -> Result<InferResponse, ProtocolError> {
    dims::check_count("outputs", message.outputs.len(), limits)?;
    dims::check_names("outputs", &message.outputs.iter().map(|output| output.name.as_str()))?;
    let shared_have_parts = message.raw_output_contents.len() == message.outputs.len();
    let mut raw = Raw::new("raw_output_contents", message.raw_output_contents, shared_have_parts);
    let mut outputs = SmallVec::with_capacity(message.outputs.len());
    for (index, tensor) in message.outputs.into_iter().enumerate() {
        outputs.push(output(tensor, &mut raw, Place { list: "outputs", index }, limits)?);
    }
    raw.end()?;
    Ok(InferResponse {
        model_name: message.model_name.into(),
        model_version: message.model_version.into(),
        id: message.id.into(),
        parameters: parameters(message.parameters, limits)?,
        outputs,
    })
}

fn output(
    tensor: InferOutputTensor,
    raw: &mut Raw,
    place: Place,
    limits: &Limits,
) -> Result<InferOutput, ProtocolError> {
    let InferOutputTensor { name, datatype, shape, parameters, contents } = tensor;
    let read = TensorMessage { name, datatype, shape, parameters, contents }.read(raw, place, limits)?;
    let data = match read.values {
        Values::Here(tensor) => OutputData::Binary(tensor),
        Values::SharedMemory(shape, place) => OutputData::SharedMemory { dtype: read.dtype, shape, place },
    };
    Ok(InferOutput { name: read.name, data })
}
