use super::parameters::{Map, count, parameters, shared_memory};
use super::tensor;
use crate::grpc::proto::ModelInferRequest;
use crate::grpc::proto::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use crate::place::Place;
use crate::{InferInput, InferRequest, InputData, Placement, ProtocolError, RequestedOutput, datatype};

/// Writes a request; values go as raw contents.
///
/// # Errors
/// [`ProtocolError::Field`] for [`InputData::RawBody`], which only REST has, and for dimensions or elements too large to
/// be said.
pub fn encode_request(request: &InferRequest) -> Result<ModelInferRequest, ProtocolError> {
    let mut inputs = Vec::with_capacity(request.inputs.len());
    let mut raw_input_contents = Vec::with_capacity(request.inputs.len());
    for (index, input) in request.inputs.iter().enumerate() {
        let place = Place { list: "inputs", index };
        inputs.push(write_input(input, place)?);
        if let InputData::Tensor(tensor) = &input.data {
            raw_input_contents.push(tensor::raw(tensor, place)?);
        }
    }
    Ok(ModelInferRequest {
        model_name: request.model_name.to_string(),
        model_version: request.model_version.to_string(),
        id: request.id.to_string(),
        parameters: parameters(&request.parameters),
        inputs,
        outputs: request.outputs.iter().map(write_output).collect(),
        raw_input_contents,
    })
}

fn write_input(input: &InferInput, place: Place) -> Result<InferInputTensor, ProtocolError> {
    let (dtype, shape, parameters) = match &input.data {
        InputData::Tensor(tensor) => (tensor.dtype(), tensor.shape(), Map::new()),
        InputData::SharedMemory { dtype, shape, place } => (*dtype, shape, shared_memory(place)),
        InputData::RawBody(_) => {
            return Err(place.error("data", "a tensor, as gRPC has no raw bodies", "a raw body"));
        }
    };
    Ok(InferInputTensor {
        name: input.name.to_string(),
        datatype: datatype(dtype).to_owned(),
        shape: tensor::shape(shape, place)?,
        parameters,
        contents: None,
    })
}

fn write_output(output: &RequestedOutput) -> InferRequestedOutputTensor {
    let mut parameters = match &output.placement {
        Placement::SharedMemory(memory) => shared_memory(memory),
        Placement::Unsaid | Placement::Json | Placement::Binary => Map::new(),
    };
    if output.classification > 0 {
        parameters.insert("classification".to_owned(), count(output.classification.into()));
    }
    InferRequestedOutputTensor { name: output.name.to_string(), parameters }
}
