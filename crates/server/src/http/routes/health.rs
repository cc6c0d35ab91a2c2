use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refusal::Refusal;
use crate::api;
use crate::context::Context;

const BACKEND: HeaderName = HeaderName::from_static("phalanx-backend");

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
    (status = 200, description = "It is", body = Ready,
        headers(("phalanx-backend" = String, description = "What runs the models, such as `onnxruntime/1.31.1 cpu`"))),
    (status = 503, description = "A model is loading or failed, or the server is stopping", body = Ready),
))]
pub(super) async fn ready(State(context): State<Arc<Context>>) -> (StatusCode, HeaderMap, Json<Ready>) {
    let ready = api::server_ready(&context);
    (status(ready), backend_header(&api::backends(&context, None)), Json(Ready { ready }))
}

/// Whether a model is ready.
#[utoipa::path(get, path = "/v2/models/{model}/ready", tag = "health", params(("model" = String, Path)), responses(
    (status = 200, description = "It is", body = ModelReady,
        headers(("phalanx-backend" = String, description = "What runs it, such as `onnxruntime/1.31.1 cpu`"))),
    (status = 503, description = "It is not", body = ModelReady),
    (status = 404, description = "There is no such model"),
))]
pub(super) async fn model_ready(
    State(context): State<Arc<Context>>,
    Path(Named { model, version }): Path<Named>,
) -> Result<(StatusCode, HeaderMap, Json<ModelReady>), Refusal> {
    let ready = api::model_ready(&context, &model, &version)?;
    let backend = backend_header(&api::backends(&context, Some((&model, &version))));
    Ok((status(ready), backend, Json(ModelReady { name: model, ready })))
}

/// Says in a header what runs, since clients compare the body with what the protocol has there.
fn backend_header(backends: &[String]) -> HeaderMap {
    let value = HeaderValue::try_from(backends.join(", ")).ok().filter(|value| !value.is_empty());
    value.map(|value| (BACKEND, value)).into_iter().collect()
}

fn status(ready: bool) -> StatusCode {
    if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
