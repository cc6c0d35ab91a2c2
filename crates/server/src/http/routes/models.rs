use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use phalanx_protocol::rest::metadata::{ModelConfig, ModelMetadata, ServerMetadata, Statistics};

use super::health::Named;
use super::refusal::Refusal;
use crate::api;
use crate::context::Context;

/// What the server is.
#[utoipa::path(get, path = "/v2", tag = "metadata", responses((status = 200, body = ServerMetadata)))]
pub(super) async fn server_metadata() -> Json<ServerMetadata> {
    Json(api::server_metadata())
}

/// What a model takes and gives.
#[utoipa::path(get, path = "/v2/models/{model}", tag = "metadata", params(("model" = String, Path)), responses(
    (status = 200, body = ModelMetadata),
    (status = 404, description = "There is no such model"),
))]
pub(super) async fn metadata(
    State(context): State<Arc<Context>>,
    Path(Named { model, version }): Path<Named>,
) -> Result<Json<ModelMetadata>, Refusal> {
    Ok(Json(api::model_metadata(&context, &model, &version)?))
}

/// How a model is run.
#[utoipa::path(get, path = "/v2/models/{model}/config", tag = "metadata", params(("model" = String, Path)), responses(
    (status = 200, body = ModelConfig),
    (status = 404, description = "There is no such model"),
))]
pub(super) async fn config(
    State(context): State<Arc<Context>>,
    Path(Named { model, version }): Path<Named>,
) -> Result<Json<ModelConfig>, Refusal> {
    Ok(Json(api::model_config(&context, &model, &version)?))
}

/// What a model has done.
#[utoipa::path(get, path = "/v2/models/{model}/stats", tag = "statistics", params(("model" = String, Path)), responses(
    (status = 200, body = Statistics),
    (status = 404, description = "There is no such model"),
))]
pub(super) async fn statistics(
    State(context): State<Arc<Context>>,
    Path(Named { model, version }): Path<Named>,
) -> Result<Json<Statistics>, Refusal> {
    Ok(Json(api::statistics(&context, &model, &version)?))
}

/// What all models have done.
#[utoipa::path(get, path = "/v2/models/stats", tag = "statistics", responses((status = 200, body = Statistics)))]
pub(super) async fn all_statistics(State(context): State<Arc<Context>>) -> Result<Json<Statistics>, Refusal> {
    Ok(Json(api::statistics(&context, "", "")?))
}
