use phalanx_protocol::grpc::proto::model_metadata_response::TensorMetadata;
use phalanx_protocol::grpc::proto::{ModelMetadataResponse, ServerMetadataResponse};
use phalanx_protocol::rest::metadata;

pub(crate) fn server_metadata(metadata: metadata::ServerMetadata) -> ServerMetadataResponse {
    let metadata::ServerMetadata { name, version, extensions } = metadata;
    ServerMetadataResponse { name, version, extensions }
}

pub(crate) fn model_metadata(metadata: metadata::ModelMetadata) -> ModelMetadataResponse {
    let metadata::ModelMetadata { name, versions, platform, inputs, outputs } = metadata;
    let tensors = |tensors: Vec<metadata::TensorMetadata>| tensors.into_iter().map(tensor).collect();
    ModelMetadataResponse { name, versions, platform, inputs: tensors(inputs), outputs: tensors(outputs) }
}

fn tensor(tensor: metadata::TensorMetadata) -> TensorMetadata {
    let metadata::TensorMetadata { name, datatype, shape } = tensor;
    TensorMetadata { name, datatype, shape }
}
