//! The shape of inference requests and responses, for a document that describes them. Nothing reads or writes messages
//! through these: that is what [`decode_request`](super::decode_request) and its siblings do, many times faster.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// `POST v2/models/{name}[/versions/{version}]/infer`
#[derive(Clone, Debug, ToSchema)]
pub struct InferenceRequest {
    /// Given back with the response.
    pub id: Option<String>,
    /// What is said of the request as a whole: `priority`, `timeout` in microseconds, `binary_data_output` ...
    pub parameters: Option<BTreeMap<String, ParameterValue>>,
    /// What the model is given.
    pub inputs: Vec<InputTensor>,
    /// Which outputs are wanted; all where it is left out.
    pub outputs: Option<Vec<OutputWish>>,
}

/// The answer to it.
#[derive(Clone, Debug, ToSchema)]
pub struct InferenceResponse {
    /// The model that answered.
    pub model_name: String,
    /// Its version.
    pub model_version: String,
    /// The request's own mark.
    pub id: Option<String>,
    /// What is said of the response as a whole.
    pub parameters: Option<BTreeMap<String, ParameterValue>>,
    /// The outputs that were wanted.
    pub outputs: Vec<OutputTensor>,
}

/// One input. Its values are in `data`, behind the JSON (`binary_data_size`) or in shared memory.
#[derive(Clone, Debug, ToSchema)]
pub struct InputTensor {
    /// Its name in the model.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<u64>,
    /// Its element type.
    pub datatype: Datatype,
    /// Where the values are, if not in `data`.
    pub parameters: Option<TensorPlace>,
    /// Its values in row-major order, flat or nested as the shape says.
    pub data: Option<Vec<Element>>,
}

/// One output that is wanted.
#[derive(Clone, Debug, ToSchema)]
pub struct OutputWish {
    /// Its name in the model.
    pub name: String,
    /// How.
    pub parameters: Option<OutputParameters>,
}

/// One output.
#[derive(Clone, Debug, ToSchema)]
pub struct OutputTensor {
    /// Its name in the model.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<u64>,
    /// Its element type.
    pub datatype: Datatype,
    /// Where the values are, if not in `data`.
    pub parameters: Option<TensorPlace>,
    /// Its values in row-major order, flat.
    pub data: Option<Vec<Element>>,
}

/// Where a tensor's values are.
#[derive(Clone, Debug, ToSchema)]
pub struct TensorPlace {
    /// So many bytes behind the JSON, after those of the tensors before.
    pub binary_data_size: Option<u64>,
    /// In this region of shared memory.
    pub shared_memory_region: Option<String>,
    /// From this byte of it on.
    pub shared_memory_offset: Option<u64>,
    /// So many bytes of it.
    pub shared_memory_byte_size: Option<u64>,
}

/// How an output is wanted.
#[derive(Clone, Debug, ToSchema)]
pub struct OutputParameters {
    /// As bytes behind the JSON.
    pub binary_data: Option<bool>,
    /// Not its values but so many of its largest, as strings.
    pub classification: Option<u32>,
    /// In this region of shared memory.
    pub shared_memory_region: Option<String>,
    /// From this byte of it on.
    pub shared_memory_offset: Option<u64>,
    /// At most so many bytes of it.
    pub shared_memory_byte_size: Option<u64>,
}

/// A parameter's value.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ParameterValue {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

/// An element, or an array of such.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Element {
    /// Of any number's type.
    Number(f64),
    /// Of BOOL.
    Bool(bool),
    /// Of BYTES.
    Text(String),
    /// A dimension deeper.
    Nested(Vec<serde_json::Value>),
}

/// The name of an element type.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "UPPERCASE")]
pub enum Datatype {
    /// `true` or `false`; a byte that is 1 or 0.
    Bool,
    /// Unsigned, 8 bits.
    Uint8,
    /// Unsigned, 16 bits.
    Uint16,
    /// Unsigned, 32 bits.
    Uint32,
    /// Unsigned, 64 bits.
    Uint64,
    /// Signed, 8 bits.
    Int8,
    /// Signed, 16 bits.
    Int16,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 64 bits.
    Int64,
    /// IEEE 754 half precision; in binary form only.
    Fp16,
    /// bfloat16; in binary form only.
    Bf16,
    /// IEEE 754 single precision.
    Fp32,
    /// IEEE 754 double precision.
    Fp64,
    /// UTF-8 text; in binary form each behind its length in four bytes.
    Bytes,
}
