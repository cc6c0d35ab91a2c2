use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST v2/repository/index`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RepositoryIndexRequest {
    /// Only those that can be asked now.
    #[serde(default)]
    pub ready: bool,
}

/// One line of the answer to it, which is an array of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelIndex {
    /// The model's name.
    pub name: String,
    /// The version; empty for a model that was never loaded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// `READY`, `UNAVAILABLE`, `LOADING`, `UNLOADING`; empty for a model that was never loaded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Why it is not ready; empty where it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// `POST v2/repository/models/{name}/load`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LoadRequest {
    /// `config`: a model configuration as JSON in a string. `file:{path}`: a file's contents in base64, instead of the
    /// repository's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

/// `POST v2/repository/models/{name}/unload`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnloadRequest {
    /// How.
    #[serde(default)]
    pub parameters: UnloadParameters,
}

/// How a model is unloaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnloadParameters {
    /// Whether the models that only it needs go with it.
    #[serde(default)]
    pub unload_dependents: bool,
}
