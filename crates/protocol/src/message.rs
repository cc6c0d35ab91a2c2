use bytes::Bytes;
use compact_str::CompactString;
use phalanx_tensor::{DType, Shape, Tensor};
use smallvec::SmallVec;

use crate::Parameters;

/// A request for one inference, whatever it came as.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InferRequest {
    /// Which model; over REST it is in the path and empty here.
    pub model_name: CompactString,
    /// Which of its versions; empty where the server may choose.
    pub model_version: CompactString,
    /// The caller's own mark, given back with the answer; empty where there is none.
    pub id: CompactString,
    /// What is said of the request as a whole: `priority`, `timeout`, `binary_data_output` ...
    pub parameters: Parameters,
    /// What the model is given, in the caller's order.
    pub inputs: SmallVec<[InferInput; 1]>,
    /// Which outputs are wanted, and how; all where none is named.
    pub outputs: SmallVec<[RequestedOutput; 1]>,
}

/// One input tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct InferInput {
    /// Its name in the model.
    pub name: CompactString,
    /// Its values, or where they are.
    pub data: InputData,
}

/// Where an input's values are.
#[derive(Clone, Debug, PartialEq)]
pub enum InputData {
    /// Here. Values that came as bytes share the request's body and need not be aligned.
    Tensor(Tensor),
    /// In a shared-memory region that the client registered.
    SharedMemory {
        /// Element type.
        dtype: DType,
        /// Shape.
        shape: Shape,
        /// The place.
        place: SharedMemory,
    },
    /// The whole body is the only input's values, and nothing says what it is called or shaped like: the model does.
    RawBody(Bytes),
}

/// A stretch of a registered shared-memory region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedMemory {
    /// The name it was registered by.
    pub region: CompactString,
    /// First byte within the region.
    pub offset: u64,
    /// Bytes.
    pub byte_size: u64,
}

/// One output that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestedOutput {
    /// Its name in the model.
    pub name: CompactString,
    /// How it is to be given back.
    pub placement: Placement,
    /// Not the values but the `classification` largest of each row, as strings; 0 where the values are wanted.
    pub classification: u32,
}

/// How an output is given back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// As the request says for all outputs, or as is usual for the transport.
    #[default]
    Unsaid,
    /// As numbers in the JSON.
    Json,
    /// As bytes behind the JSON.
    Binary,
    /// Written into a shared-memory region.
    SharedMemory(SharedMemory),
}

/// The answer to an [`InferRequest`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InferResponse {
    /// The model that answered.
    pub model_name: CompactString,
    /// Its version.
    pub model_version: CompactString,
    /// The request's own mark.
    pub id: CompactString,
    /// What is said of the answer as a whole.
    pub parameters: Parameters,
    /// The outputs that were wanted, in the order they were asked for.
    pub outputs: SmallVec<[InferOutput; 1]>,
}

/// One output tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct InferOutput {
    /// Its name in the model.
    pub name: CompactString,
    /// Its values, or where they are.
    pub data: OutputData,
}

/// Where an output's values are.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputData {
    /// Here, to be sent as numbers in the JSON.
    Json(Tensor),
    /// Here, to be sent as bytes.
    Binary(Tensor),
    /// In a shared-memory region.
    SharedMemory {
        /// Element type.
        dtype: DType,
        /// Shape.
        shape: Shape,
        /// The place.
        place: SharedMemory,
    },
}
