use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET v2/models/stats` and `GET v2/models/{name}[/versions/{version}]/stats`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Statistics {
    /// One entry a version of a model.
    pub model_stats: Vec<ModelStatistics>,
}

/// What one version of a model has done since it was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelStatistics {
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// When its last request came, in milliseconds of the Unix epoch; 0 where none has.
    pub last_inference: u64,
    /// Rows it has answered.
    pub inference_count: u64,
    /// Batches it has run.
    pub execution_count: u64,
    /// Times of its requests.
    pub inference_stats: InferenceStatistics,
    /// Times of single answers of a request that has many, by the answer's number.
    #[serde(default)]
    pub response_stats: BTreeMap<String, ResponseStatistics>,
    /// Times of its batches, by their size.
    pub batch_stats: Vec<BatchStatistics>,
    /// Memory it takes, where that is known.
    #[serde(default)]
    pub memory_usage: Vec<MemoryUsage>,
}

/// Times of a model's requests, by what was waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InferenceStatistics {
    /// Whole requests that were answered.
    pub success: Duration,
    /// Whole requests that failed.
    pub fail: Duration,
    /// Waiting to be batched.
    pub queue: Duration,
    /// Gathering inputs.
    pub compute_input: Duration,
    /// Running the model.
    pub compute_infer: Duration,
    /// Handing outputs out.
    pub compute_output: Duration,
    /// Answers from a cache.
    pub cache_hit: Duration,
    /// Looking into a cache in vain.
    pub cache_miss: Duration,
}

/// Times of the answers with one number, of requests that have several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResponseStatistics {
    /// Running the model.
    pub compute_infer: Duration,
    /// Handing outputs out.
    pub compute_output: Duration,
    /// Answers that were given.
    pub success: Duration,
    /// Answers that failed.
    pub fail: Duration,
    /// Answers with nothing in them.
    pub empty_response: Duration,
    /// Answers nobody waited for any longer.
    pub cancel: Duration,
}

/// Times of the batches of one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchStatistics {
    /// Rows.
    pub batch_size: u64,
    /// Gathering inputs.
    pub compute_input: Duration,
    /// Running the model.
    pub compute_infer: Duration,
    /// Handing outputs out.
    pub compute_output: Duration,
}

/// Memory of one kind that a model takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemoryUsage {
    /// `CPU`, `GPU` ...
    #[serde(rename = "type")]
    pub kind: String,
    /// Which device of that kind.
    pub id: i64,
    /// Bytes.
    pub byte_size: u64,
}

/// How often something happened, and how long it took in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = StatisticDuration)]
pub struct Duration {
    /// Times it happened.
    pub count: u64,
    /// Nanoseconds it took, summed up.
    pub ns: u64,
}
