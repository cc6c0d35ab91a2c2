//! Messages as bytes.

use bytes::Bytes;
use phalanx_protocol::grpc::{self, proto};
use phalanx_protocol::rest::metadata::TensorMetadata;
use phalanx_protocol::rest::{self, Encoded};
use phalanx_protocol::{InferRequest, InferResponse, Limits, Parameter, ProtocolError};
use prost::Message;

use super::Format;
use super::signature::Described;

/// A request as HTTP carries it.
pub(crate) fn encode_rest(request: &InferRequest, format: Format) -> Result<Encoded, ProtocolError> {
    let binary = format == Format::Binary;
    let mut request = request.clone();
    if binary {
        request.parameters.set("binary_data_output", Parameter::Bool(true));
    }
    rest::encode_request(&request, binary)
}

/// An answer that HTTP carried.
pub(crate) fn decode_rest(body: &Bytes, json_bytes: Option<usize>) -> Result<InferResponse, ProtocolError> {
    rest::decode_response(body, json_bytes, &Limits::default())
}

/// The request that asks about a model, as gRPC carries it.
pub(crate) fn encode_metadata_request((model, version): (&str, &str)) -> Vec<u8> {
    let request = proto::ModelMetadataRequest { name: model.to_owned(), version: version.to_owned() };
    request.encode_to_vec()
}

/// What a server said about a model over gRPC.
pub(crate) fn decode_metadata(message: Bytes) -> Result<Described, ProtocolError> {
    let said: proto::ModelMetadataResponse = grpc::parse(message)?;
    let tensor = |tensor: proto::model_metadata_response::TensorMetadata| TensorMetadata {
        name: tensor.name,
        datatype: tensor.datatype,
        shape: tensor.shape,
    };
    Ok(Described {
        inputs: said.inputs.into_iter().map(tensor).collect(),
        outputs: said.outputs.into_iter().map(tensor).collect(),
    })
}

/// A request as gRPC carries it.
pub(crate) fn encode_grpc(request: &InferRequest) -> Result<Vec<u8>, ProtocolError> {
    Ok(grpc::encode_request(request)?.encode_to_vec())
}

/// An answer that gRPC carried.
pub(crate) fn decode_grpc(message: Bytes) -> Result<InferResponse, ProtocolError> {
    grpc::decode_response(grpc::parse(message)?, &Limits::default())
}
