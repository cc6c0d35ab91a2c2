use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::{health, models, repository, settings, shared_memory};
use crate::http::infer;

/// The interface, as those who answer describe it.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Phalanx",
        description = "Open Inference Protocol v2 with Triton's extensions. What is said of a model holds for one \
                       of its versions as well, under `/v2/models/{model}/versions/{version}`."
    ),
    paths(
        infer::answer,
        health::live, health::ready, health::model_ready,
        models::server_metadata, models::metadata, models::config, models::statistics, models::all_statistics,
        repository::index, repository::load, repository::unload,
        shared_memory::status, shared_memory::register, shared_memory::unregister,
        shared_memory::cuda_status, shared_memory::cuda_register, shared_memory::cuda_unregister,
        settings::logging, settings::update_logging, settings::trace, settings::update_trace,
    ),
    security((), ("key" = [])),
)]
struct Described;

/// Describes every endpoint of the protocol.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    let mut description = Described::openapi();
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = description.components.get_or_insert_default();
    components.add_security_scheme("key", SecurityScheme::Http(key));
    description
}
