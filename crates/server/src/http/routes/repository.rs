use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use phalanx_protocol::rest::metadata::{LoadRequest, ModelIndex, RepositoryIndexRequest, UnloadRequest};

use super::body;
use super::refusal::Refusal;
use crate::ServeError;
use crate::api::{LoadOverrides, models};
use crate::context::Context;

/// Which models there are.
#[utoipa::path(post, path = "/v2/repository/index", tag = "repository",
    request_body = Option<RepositoryIndexRequest>, responses((status = 200, body = Vec<ModelIndex>)))]
pub(super) async fn index(
    State(context): State<Arc<Context>>,
    asked: Bytes,
) -> Result<Json<Vec<ModelIndex>>, Refusal> {
    let RepositoryIndexRequest { ready } = body::optional(&asked)?;
    Ok(Json(models::index(&context, ready)))
}

/// Loads a model, or loads it again as it is now.
#[utoipa::path(post, path = "/v2/repository/models/{model}/load", tag = "repository",
    params(("model" = String, Path)), request_body = Option<LoadRequest>, responses(
    (status = 200, description = "It is ready"),
    (status = 400, description = "Clients may not, or what is to be loaded does not do"),
    (status = 404, description = "There is no such model"),
))]
pub(super) async fn load(
    State(context): State<Arc<Context>>,
    Path(model): Path<String>,
    asked: Bytes,
) -> Result<(), Refusal> {
    let overrides = overrides(body::optional(&asked)?)?;
    drop(asked);
    Ok(models::load(&context, &model, overrides).await?)
}

/// Takes a model out of service.
#[utoipa::path(post, path = "/v2/repository/models/{model}/unload", tag = "repository",
    params(("model" = String, Path)), request_body = Option<UnloadRequest>, responses(
    (status = 200, description = "It answers no more"),
    (status = 400, description = "Clients may not"),
    (status = 404, description = "There is no such model"),
))]
pub(super) async fn unload(
    State(context): State<Arc<Context>>,
    Path(model): Path<String>,
    asked: Bytes,
) -> Result<(), Refusal> {
    body::optional::<UnloadRequest>(&asked)?;
    Ok(models::unload(&context, &model).await?)
}

fn overrides(asked: LoadRequest) -> Result<LoadOverrides, ServeError> {
    let mut overrides = LoadOverrides::default();
    for (name, value) in asked.parameters {
        if let Some(path) = name.strip_prefix("file:") {
            let bytes = STANDARD.decode(value).map_err(|error| {
                ServeError::invalid(format!("parameters.{name}"), "a file's contents in base64", error)
            })?;
            overrides.files.push((path.to_owned(), bytes.into()));
        } else if name == "config" {
            overrides.config = Some(value);
        } else {
            return Err(ServeError::invalid("parameters", "config or file:PATH", format!("{name:?}")));
        }
    }
    Ok(overrides)
}
