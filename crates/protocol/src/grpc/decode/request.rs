use smallvec::SmallVec;

use super::parameters::{parameters, shared_memory, unsigned};
use super::tensor::{Raw, TensorMessage, Values};
use crate::grpc::proto::ModelInferRequest;
use crate::grpc::proto::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use crate::place::Place;
use crate::{InferInput, InferRequest, InputData, Limits, Placement, ProtocolError, RequestedOutput, dims};

/// Reads a request. Raw contents are shared, not copied.
///
/// # Errors
/// [`ProtocolError::Field`] for what is no request.
pub fn decode_request(message: ModelInferRequest, limits: &Limits) -> Result<InferRequest, ProtocolError> {
    dims::check_count("inputs", message.inputs.len(), limits)?;
    dims::check_count("outputs", message.outputs.len(), limits)?;
    dims::check_names("inputs", &message.inputs.iter().map(|input| input.name.as_str()))?;
    dims::check_names("outputs", &message.outputs.iter().map(|output| output.name.as_str()))?;
    let mut raw = Raw::new("raw_input_contents", message.raw_input_contents, false);
    let mut inputs = SmallVec::with_capacity(message.inputs.len());
    for (index, tensor) in message.inputs.into_iter().enumerate() {
        inputs.push(input(tensor, &mut raw, Place { list: "inputs", index }, limits)?);
    }
    raw.end()?;
    let mut outputs = SmallVec::with_capacity(message.outputs.len());
    for (index, tensor) in message.outputs.into_iter().enumerate() {
        outputs.push(output(tensor, Place { list: "outputs", index })?);
    }
    Ok(InferRequest {
        model_name: message.model_name.into(),
        model_version: message.model_version.into(),
        id: message.id.into(),
        parameters: parameters(message.parameters, limits)?,
        inputs,
        outputs,
    })
}

fn input(
    tensor: InferInputTensor,
    raw: &mut Raw,
    place: Place,
    limits: &Limits,
) -> Result<InferInput, ProtocolError> {
    let InferInputTensor { name, datatype, shape, parameters, contents } = tensor;
    let read = TensorMessage { name, datatype, shape, parameters, contents }.read(raw, place, limits)?;
    let data = match read.values {
        Values::Here(tensor) => InputData::Tensor(tensor),
        Values::SharedMemory(shape, place) => InputData::SharedMemory { dtype: read.dtype, shape, place },
    };
    Ok(InferInput { name: read.name, data })
}

fn output(tensor: InferRequestedOutputTensor, place: Place) -> Result<RequestedOutput, ProtocolError> {
    let InferRequestedOutputTensor { name, parameters } = tensor;
    let placement = shared_memory(&parameters, place)?.map_or(Placement::Unsaid, Placement::SharedMemory);
    let classification = unsigned(&parameters, "classification", place)?;
    RequestedOutput::checked(name.into(), placement, classification, place)
}
