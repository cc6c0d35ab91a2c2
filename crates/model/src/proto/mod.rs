//! ONNX's protobuf messages, declared by hand after `onnx/onnx.proto3` of the ONNX project (IR version 14); the tags
//! are its field numbers.
//!
//! Left out are training, sharding and quantisation annotations: they are skipped when a file is read and are not in
//! what is encoded again. Singular values whose presence carries meaning are `Option`s, as in `onnx/onnx.proto`.
//! The data of tensors is [`bytes::Bytes`], so that decoding from `Bytes` copies no weights.

mod attribute;
mod data_type;
mod model;
mod tensor;
mod types;

pub use attribute::{AttributeProto, AttributeType, NodeProto};
pub use data_type::DataType;
pub use model::{
    FunctionProto, GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, ValueInfoProto,
};
pub use tensor::{DataLocation, SparseTensorProto, TensorProto};
pub use types::{TensorShapeProto, TypeProto, tensor_shape_proto, type_proto};
