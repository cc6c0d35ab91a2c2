use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use phalanx_protocol::rest::metadata::{CudaRegion, CudaRegistration, SystemRegion, SystemRegistration};
use serde::Deserialize;

use super::body;
use super::refusal::Refusal;
use crate::api::regions;
use crate::context::Context;

/// A region of the path; all where there is none.
#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    region: String,
}

/// Which regions are registered.
#[utoipa::path(get, path = "/v2/systemsharedmemory/status", tag = "shared memory", responses(
    (status = 200, body = Vec<SystemRegion>),
    (status = 403, description = "The server was started without --allow-shared-memory"),
))]
pub(super) async fn status(
    State(context): State<Arc<Context>>,
    Path(Named { region }): Path<Named>,
) -> Result<Json<Vec<SystemRegion>>, Refusal> {
    Ok(Json(regions::status(&context, &region)?))
}

/// Registers a region.
#[utoipa::path(post, path = "/v2/systemsharedmemory/region/{region}/register", tag = "shared memory",
    params(("region" = String, Path)), request_body = SystemRegistration, responses(
    (status = 200, description = "Requests may name it now"),
    (status = 400, description = "There is no such shared memory, or less of it"),
    (status = 403, description = "The server was started without --allow-shared-memory"),
))]
pub(super) async fn register(
    State(context): State<Arc<Context>>,
    Path(Named { region }): Path<Named>,
    asked: Bytes,
) -> Result<(), Refusal> {
    let registration: SystemRegistration = body::required(&asked)?;
    Ok(regions::register(&context, &region, &registration)?)
}

/// Forgets a region, or all.
#[utoipa::path(post, path = "/v2/systemsharedmemory/region/{region}/unregister", tag = "shared memory",
    params(("region" = String, Path)), responses((status = 200, description = "It is not known")))]
pub(super) async fn unregister(
    State(context): State<Arc<Context>>,
    Path(Named { region }): Path<Named>,
) -> Result<(), Refusal> {
    Ok(regions::unregister(&context, &region)?)
}

/// Which regions of CUDA's shared memory are registered: none.
#[utoipa::path(get, path = "/v2/cudasharedmemory/status", tag = "shared memory",
    responses((status = 200, body = Vec<CudaRegion>)))]
pub(super) async fn cuda_status(
    Path(Named { region }): Path<Named>,
) -> Result<Json<Vec<CudaRegion>>, Refusal> {
    Ok(Json(regions::cuda_status(&region)?))
}

/// Registers CUDA's shared memory: not here.
#[utoipa::path(post, path = "/v2/cudasharedmemory/region/{region}/register", tag = "shared memory",
    params(("region" = String, Path)), request_body = CudaRegistration,
    responses((status = 400, description = "It is not supported")))]
pub(super) async fn cuda_register() -> Refusal {
    Refusal(regions::cuda_unsupported())
}

/// Forgets a region of CUDA's shared memory, or all: none is registered.
#[utoipa::path(post, path = "/v2/cudasharedmemory/region/{region}/unregister", tag = "shared memory",
    params(("region" = String, Path)), responses((status = 200, description = "It is not known")))]
pub(super) async fn cuda_unregister() {}
