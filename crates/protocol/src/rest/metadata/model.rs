use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET v2/models/{name}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelMetadata {
    /// The model's name.
    pub name: String,
    /// Its versions that can be asked.
    pub versions: Vec<String>,
    /// What runs it, such as `onnxruntime_onnx`.
    pub platform: String,
    /// What it takes.
    pub inputs: Vec<TensorMetadata>,
    /// What it gives.
    pub outputs: Vec<TensorMetadata>,
}

/// One input or output of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TensorMetadata {
    /// Its name.
    pub name: String,
    /// Its element type, such as `FP32`.
    pub datatype: String,
    /// Its dimensions with the batch axis; -1 for one that may vary.
    pub shape: Vec<i64>,
}
