//! The protocol's REST endpoints but inference, which [`super::front`] answers itself.

mod body;
mod health;
mod models;
mod openapi;
mod refusal;
mod repository;
mod settings;
mod shared_memory;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;

pub(crate) use self::openapi::openapi;
use self::refusal::Refusal;
use super::auth;
use crate::context::Context;

/// What one model is asked for, in any of its versions or in a certain one.
const MODEL: [&str; 2] = ["/v2/models/{model}", "/v2/models/{model}/versions/{version}"];

/// Answers all of them. Anybody may ask for the server's health, the rest needs a key where keys are known.
pub(crate) fn router(context: &Arc<Context>) -> Router {
    let guarded = Router::new()
        .route("/v2", get(models::server_metadata))
        .route("/v2/models/stats", get(models::all_statistics))
        .merge(repository_routes())
        .merge(shared_memory_routes())
        .merge(settings_routes());
    let guarded = MODEL.iter().fold(guarded, |router, path| {
        router
            .route(path, get(models::metadata))
            .route(&format!("{path}/ready"), get(health::model_ready))
            .route(&format!("{path}/config"), get(models::config))
            .route(&format!("{path}/stats"), get(models::statistics))
            // Whatever comes here is not a POST.
            .route(&format!("{path}/infer"), MethodRouter::new())
    });
    Router::new()
        .merge(guarded.layer(from_fn_with_state(Arc::clone(context), with_key)))
        .route("/v2/health/live", get(health::live))
        .route("/v2/health/ready", get(health::ready))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        // The body was read before the router was asked, within the server's own limit.
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(context))
}

fn repository_routes() -> Router<Arc<Context>> {
    Router::new()
        .route("/v2/repository/index", post(repository::index))
        .route("/v2/repository/models/{model}/load", post(repository::load))
        .route("/v2/repository/models/{model}/unload", post(repository::unload))
}

fn shared_memory_routes() -> Router<Arc<Context>> {
    let (system, cuda) = ("/v2/systemsharedmemory", "/v2/cudasharedmemory");
    Router::new()
        .route(&format!("{system}/status"), get(shared_memory::status))
        .route(&format!("{system}/unregister"), post(shared_memory::unregister))
        .route(&format!("{system}/region/{{region}}/status"), get(shared_memory::status))
        .route(&format!("{system}/region/{{region}}/register"), post(shared_memory::register))
        .route(&format!("{system}/region/{{region}}/unregister"), post(shared_memory::unregister))
        .route(&format!("{cuda}/status"), get(shared_memory::cuda_status))
        .route(&format!("{cuda}/unregister"), post(shared_memory::cuda_unregister))
        .route(&format!("{cuda}/region/{{region}}/status"), get(shared_memory::cuda_status))
        .route(&format!("{cuda}/region/{{region}}/register"), post(shared_memory::cuda_register))
        .route(&format!("{cuda}/region/{{region}}/unregister"), post(shared_memory::cuda_unregister))
}

fn settings_routes() -> Router<Arc<Context>> {
    Router::new()
        .route("/v2/logging", get(settings::logging).post(settings::update_logging))
        .route("/v2/trace/setting", get(settings::trace).post(settings::update_trace))
        .route("/v2/models/{model}/trace/setting", get(settings::trace).post(settings::update_trace))
}

async fn with_key(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    match auth::check(request.headers(), &context.options.api_keys) {
        Ok(()) => next.run(request).await,
        Err(error) => Refusal(error).into_response(),
    }
}

async fn unknown(request: Request) -> Response {
    refusal::with_status(StatusCode::NOT_FOUND, &format!("there is no {}", request.uri().path()))
}

async fn wrong_method(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    refusal::with_status(StatusCode::METHOD_NOT_ALLOWED, &format!("{method} is not for {path}"))
}
