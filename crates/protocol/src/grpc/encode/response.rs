use bytes::Bytes;

use super::parameters::{Map, parameters, shared_memory};
use super::tensor;
use crate::grpc::proto::ModelInferResponse;
use crate::grpc::proto::model_infer_response::InferOutputTensor;
use crate::place::Place;
use crate::{InferOutput, InferResponse, OutputData, ProtocolError, datatype};

/// Writes a response; values go as raw contents, whichever way they were wanted.
///
/// # Errors
/// [`ProtocolError::Field`] for dimensions or elements too large to be said.
pub fn encode_response(response: InferResponse) -> Result<ModelInferResponse, ProtocolError> {
    let mut outputs = Vec::with_capacity(response.outputs.len());
    let mut raw_output_contents = Vec::with_capacity(response.outputs.len());
    for (index, output) in response.outputs.into_iter().enumerate() {
        let (tensor, raw) = write(output, Place { list: "outputs", index })?;
        outputs.push(tensor);
        raw_output_contents.push(raw);
    }
    Ok(ModelInferResponse {
        model_name: response.model_name.into(),
        model_version: response.model_version.into(),
        id: response.id.into(),
        parameters: parameters(&response.parameters),
        outputs,
        raw_output_contents,
    })
}

/// An output and its raw contents: empty for one in shared memory, since clients find an output's by its position.
fn write(output: InferOutput, place: Place) -> Result<(InferOutputTensor, Bytes), ProtocolError> {
    let (dtype, shape, parameters, raw) = match &output.data {
        OutputData::Json(tensor) | OutputData::Binary(tensor) => {
            let raw = tensor::raw(tensor, place)?;
            (tensor.dtype(), tensor::shape(tensor.shape(), place)?, Map::new(), raw)
        }
        OutputData::SharedMemory { dtype, shape, place: memory } => {
            (*dtype, tensor::shape(shape, place)?, shared_memory(memory), Bytes::new())
        }
    };
    let tensor = InferOutputTensor {
        name: output.name.into(),
        datatype: datatype(dtype).to_owned(),
        shape,
        parameters,
        contents: None,
    };
    Ok((tensor, raw))
}
