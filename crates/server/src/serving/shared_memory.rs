use bytes::Bytes;
use compact_str::CompactString;
use phalanx_protocol::grpc::proto::ModelInferRequest;
use phalanx_protocol::grpc::proto::model_infer_request::InferInputTensor;
use phalanx_protocol::{
    InferOutput, InferResponse, InputData, Limits, OutputData, Parameters, SharedMemory, datatype, grpc,
};
use phalanx_tensor::{DType, Shape, Tensor};

use crate::ServeError;
use crate::api::regions;
use crate::context::{Context, InFlight};

/// The tensor that is in a region: a copy, counted in `copied`.
pub(super) fn read<'a>(
    context: &'a Context,
    name: &CompactString,
    dtype: DType,
    shape: &Shape,
    place: &SharedMemory,
    copied: &mut Option<InFlight<'a>>,
) -> Result<Tensor, ServeError> {
    regions::check_allowed(context)?;
    let region = context.regions.get(&place.region)?;
    region.check(place.offset, place.byte_size)?;
    let bytes = usize::try_from(place.byte_size).unwrap_or(usize::MAX);
    match copied {
        Some(copied) => copied.grow(bytes)?,
        None => *copied = Some(context.reserve(bytes)?),
    }
    tensor(name, dtype, shape, region.read(place.offset, place.byte_size)?.into())
}

/// That an output may be put there, as far as can be known before it is there.
pub(super) fn check(context: &Context, place: &SharedMemory) -> Result<(), ServeError> {
    regions::check_allowed(context)?;
    Ok(context.regions.get(&place.region)?.check(place.offset, place.byte_size)?)
}

/// Puts an output into a region.
pub(super) fn write(
    context: &Context,
    name: &CompactString,
    tensor: Tensor,
    mut place: SharedMemory,
) -> Result<OutputData, ServeError> {
    let (dtype, shape) = (tensor.dtype(), tensor.shape().clone());
    let bytes = bytes(name, tensor)?;
    if bytes.len() as u64 > place.byte_size {
        let what = format!("shared memory for output {name:?}");
        let expected = format!("{} bytes, which {dtype} {shape} takes", bytes.len());
        return Err(ServeError::invalid(what, expected, place.byte_size));
    }
    context.regions.get(&place.region)?.write(place.offset, &bytes)?;
    place.byte_size = bytes.len() as u64;
    Ok(OutputData::SharedMemory { dtype, shape, place })
}

/// Shared memory holds what gRPC's raw contents do, and so it is read by the same rules.
fn tensor(name: &CompactString, dtype: DType, shape: &Shape, bytes: Bytes) -> Result<Tensor, ServeError> {
    let input = InferInputTensor {
        name: name.to_string(),
        datatype: datatype(dtype).to_owned(),
        shape: shape.iter().map(|&size| i64::try_from(size).unwrap_or(-1)).collect(),
        ..InferInputTensor::default()
    };
    let message = ModelInferRequest {
        inputs: vec![input],
        raw_input_contents: vec![bytes],
        ..ModelInferRequest::default()
    };
    let mut request = grpc::decode_request(message, &Limits::default())?;
    match request.inputs.pop().map(|input| input.data) {
        Some(InputData::Tensor(tensor)) => Ok(tensor),
        _ => Err(ServeError::invalid(format!("input {name:?}"), "values in shared memory", "none")),
    }
}

/// And written by them.
fn bytes(name: &CompactString, tensor: Tensor) -> Result<Bytes, ServeError> {
    let output = InferOutput { name: name.clone(), data: OutputData::Binary(tensor) };
    let response = grpc::encode_response(InferResponse {
        model_name: CompactString::default(),
        model_version: CompactString::default(),
        id: CompactString::default(),
        parameters: Parameters::default(),
        outputs: [output].into_iter().collect(),
    })?;
    Ok(response.raw_output_contents.into_iter().next().unwrap_or_default())
}
