use std::collections::BTreeMap;

use phalanx_protocol::grpc::proto::model_repository_parameter::ParameterChoice;
use phalanx_protocol::grpc::proto::repository_index_response::ModelIndex;
use phalanx_protocol::grpc::proto::{ModelRepositoryParameter, RepositoryIndexResponse};
use phalanx_protocol::rest::metadata;

use crate::ServeError;
use crate::api::LoadOverrides;

pub(crate) fn index(index: Vec<metadata::ModelIndex>) -> RepositoryIndexResponse {
    let models = index.into_iter().map(|model| {
        let metadata::ModelIndex { name, version, state, reason } = model;
        ModelIndex { name, version, state, reason }
    });
    RepositoryIndexResponse { models: models.collect() }
}

/// What a load says instead of what the repository holds: `config`, and files as `file:PATH`.
pub(crate) fn overrides(
    parameters: BTreeMap<String, ModelRepositoryParameter>,
) -> Result<LoadOverrides, ServeError> {
    let mut overrides = LoadOverrides::default();
    for (name, value) in parameters {
        match (name.as_str(), name.strip_prefix("file:"), value.parameter_choice) {
            ("config", _, Some(ParameterChoice::StringParam(config))) => overrides.config = Some(config),
            (_, Some(path), Some(ParameterChoice::BytesParam(bytes))) => {
                overrides.files.push((path.to_owned(), bytes.into()));
            }
            (_, _, value) => {
                let expected = "config as a string, or file:PATH as bytes";
                let got = format!("{name:?} as {}", kind(value.as_ref()));
                return Err(ServeError::invalid("parameters", expected, got));
            }
        }
    }
    Ok(overrides)
}

fn kind(value: Option<&ParameterChoice>) -> &'static str {
    match value {
        None => "nothing",
        Some(ParameterChoice::BoolParam(_)) => "a boolean",
        Some(ParameterChoice::Int64Param(_)) => "a number",
        Some(ParameterChoice::StringParam(_)) => "a string",
        Some(ParameterChoice::BytesParam(_)) => "bytes",
    }
}
