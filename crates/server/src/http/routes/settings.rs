use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use phalanx_protocol::rest::metadata::{LogSettings, LogSettingsUpdate, TraceSettings};
use serde::Deserialize;

use super::body;
use super::refusal::Refusal;
use crate::api;
use crate::context::Context;

/// A model of the path; all where there is none.
#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    model: String,
}

/// What is logged.
#[utoipa::path(get, path = "/v2/logging", tag = "settings", responses((status = 200, body = LogSettings)))]
pub(super) async fn logging(State(context): State<Arc<Context>>) -> Json<LogSettings> {
    Json(api::log_settings(&context))
}

/// Changes what is logged.
#[utoipa::path(post, path = "/v2/logging", tag = "settings", request_body = LogSettingsUpdate, responses(
    (status = 200, body = LogSettings),
    (status = 400, description = "There is no such setting, or it cannot be that"),
))]
pub(super) async fn update_logging(
    State(context): State<Arc<Context>>,
    asked: Bytes,
) -> Result<Json<LogSettings>, Refusal> {
    let update: LogSettingsUpdate = body::optional(&asked)?;
    Ok(Json(api::update_log_settings(&context, update)?))
}

/// What is traced, of all models or of one.
#[utoipa::path(get, path = "/v2/trace/setting", tag = "settings", responses((status = 200, body = TraceSettings)))]
pub(super) async fn trace(
    State(context): State<Arc<Context>>,
    Path(Named { model }): Path<Named>,
) -> Result<Json<TraceSettings>, Refusal> {
    Ok(Json(api::trace_settings(&context, &model)?))
}

/// Changes what is traced, of all models or of one.
#[utoipa::path(post, path = "/v2/trace/setting", tag = "settings", request_body = TraceSettings, responses(
    (status = 200, body = TraceSettings),
    (status = 400, description = "There is no such setting, or it cannot be that"),
))]
pub(super) async fn update_trace(
    State(context): State<Arc<Context>>,
    Path(Named { model }): Path<Named>,
    asked: Bytes,
) -> Result<Json<TraceSettings>, Refusal> {
    let update: TraceSettings = body::optional(&asked)?;
    Ok(Json(api::update_trace_settings(&context, &model, update)?))
}
