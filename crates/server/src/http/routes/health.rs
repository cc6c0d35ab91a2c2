use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refusal::Refusal;
use crate::api;
use crate::context::Context;

/// A model of the path, and its version where one is said.
#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) model: String,
    #[serde(default)]
    pub(super) version: String,
}

/// Whether the server answers.
#[derive(Serialize, ToSchema)]
pub(super) struct Live {
    live: bool,
}

/// Whether the server can answer inferences.
#[derive(Serialize, ToSchema)]
pub(super) struct Ready {
    ready: bool,
}

/// Whether a model can answer.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelReady {
    name: String,
    ready: bool,
}

/// Whether the server answers at all.
#[utoipa::path(get, path = "/v2/health/live", tag = "health", security(()),
    responses((status = 200, description = "It does", body = Live)))]
pub(super) async fn live() -> Json<Live> {
    Json(Live { live: true })
}

/// Whether every model is ready.
#[utoipa::path(get, path = "/v2/health/ready", tag = "health", security(()), responses(
    (status = 200, description = "It is", body = Ready),
    (status = 503, description = "A model is loading or failed, or the server is stopping", body = Ready),
))]
pub(super) async fn ready(State(context): State<Arc<Context>>) -> (StatusCode, Json<Ready>) {
    let ready = api::server_ready(&context);
    (status(ready), Json(Ready { ready }))
}

/// Whether a model is ready.
#[utoipa::path(get, path = "/v2/models/{model}/ready", tag = "health", params(("model" = String, Path)), responses(
    (status = 200, description = "It is", body = ModelReady),
    (status = 503, description = "It is not", body = ModelReady),
    (status = 404, description = "There is no such model"),
))]
pub(super) async fn model_ready(
    State(context): State<Arc<Context>>,
    Path(Named { model, version }): Path<Named>,
) -> Result<(StatusCode, Json<ModelReady>), Refusal> {
    let ready = api::model_ready(&context, &model, &version)?;
    Ok((status(ready), Json(ModelReady { name: model, ready })))
}

fn status(ready: bool) -> StatusCode {
    if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
