use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET v2/models/{name}[/versions/{version}]/config`, and what a load may give instead of the repository's: the part
/// of Triton's model configuration that is honoured here. Anything else in it is refused by its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// The model's name.
    pub name: String,
    /// What runs it, such as `onnxruntime_onnx`.
    pub platform: String,
    /// The backend, such as `onnxruntime`.
    pub backend: String,
    /// Which versions in the repository are served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_policy: Option<VersionPolicy>,
    /// The most rows of a batch; 0 where the model has no batch axis.
    pub max_batch_size: i32,
    /// What it takes.
    pub input: Vec<ModelInput>,
    /// What it gives.
    pub output: Vec<ModelOutput>,
    /// How requests are batched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_batching: Option<DynamicBatching>,
    /// How many of it run, and where.
    pub instance_group: Vec<InstanceGroup>,
    /// The file's name within a version's folder.
    pub default_model_filename: String,
    /// Anything else, by name.
    pub parameters: BTreeMap<String, ModelParameter>,
    /// What is run before the model counts as ready.
    pub model_warmup: Vec<ModelWarmup>,
}

/// Which versions are served; exactly one is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VersionPolicy {
    /// The newest ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<VersionsLatest>,
    /// All.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<VersionsAll>,
    /// Those named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specific: Option<VersionsSpecific>,
}

/// The newest versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VersionsLatest {
    /// How many.
    pub num_versions: u32,
}

/// All versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VersionsAll {}

/// Some versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VersionsSpecific {
    /// Which.
    pub versions: Vec<i64>,
}

/// One input, without the batch axis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ModelConfigInput)]
pub struct ModelInput {
    /// Its name.
    pub name: String,
    /// Its element type, such as `TYPE_FP32`.
    pub data_type: String,
    /// `FORMAT_NONE`.
    pub format: String,
    /// Its dimensions; -1 for one that may vary.
    pub dims: Vec<i64>,
    /// Whether it is a shape tensor of TensorRT's.
    pub is_shape_tensor: bool,
    /// Whether requests of different shapes may share a batch.
    pub allow_ragged_batch: bool,
    /// Whether it may be left out.
    pub optional: bool,
}

/// One output, without the batch axis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ModelConfigOutput)]
pub struct ModelOutput {
    /// Its name.
    pub name: String,
    /// Its element type, such as `TYPE_FP32`.
    pub data_type: String,
    /// Its dimensions; -1 for one that may vary.
    pub dims: Vec<i64>,
    /// The file with the names of its classes, beside the model.
    pub label_filename: String,
    /// Whether it is a shape tensor of TensorRT's.
    pub is_shape_tensor: bool,
}

/// How requests are batched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DynamicBatching {
    /// Sizes that are better than others.
    pub preferred_batch_size: Vec<i32>,
    /// The longest a request waits for others, in microseconds.
    pub max_queue_delay_microseconds: u64,
    /// Whether answers leave in the order of the requests.
    pub preserve_ordering: bool,
    /// How many priorities there are.
    pub priority_levels: u64,
    /// The priority of a request that says none.
    pub default_priority_level: u64,
}

/// How many of a model run, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceGroup {
    /// The group's name.
    pub name: String,
    /// `KIND_CPU`, `KIND_GPU`, `KIND_AUTO` or `KIND_MODEL`.
    pub kind: String,
    /// How many, on each device.
    pub count: i32,
    /// Which GPUs.
    pub gpus: Vec<i32>,
}

/// One of the parameters that are passed on to a backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelParameter {
    /// Its value.
    pub string_value: String,
}

/// One request that is run before the model counts as ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelWarmup {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub batch_size: u32,
    /// Its inputs, by name.
    pub inputs: BTreeMap<String, WarmupInput>,
    /// How often it is run.
    pub count: u32,
}

/// One input of such a request; exactly one of the last three is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WarmupInput {
    /// Its element type, such as `TYPE_FP32`.
    pub data_type: String,
    /// Its dimensions.
    pub dims: Vec<i64>,
    /// All zeros.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero_data: Option<bool>,
    /// Numbers at random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random_data: Option<bool>,
    /// A file of bytes beside the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_data_file: Option<String>,
}
