use bytes::Bytes;
use http::Response;
use http::header::HeaderMap;
use hyper::body::Incoming;
use phalanx_protocol::grpc::parse;
use phalanx_protocol::grpc::proto::{
    CudaSharedMemoryRegisterRequest, CudaSharedMemoryStatusRequest, CudaSharedMemoryUnregisterRequest,
    CudaSharedMemoryUnregisterResponse, LogSettingsRequest, ModelConfigRequest, ModelConfigResponse,
    ModelMetadataRequest, ModelReadyRequest, ModelReadyResponse, ModelStatisticsRequest,
    RepositoryIndexRequest, RepositoryModelLoadRequest, RepositoryModelLoadResponse,
    RepositoryModelUnloadRequest, RepositoryModelUnloadResponse, ServerLiveRequest, ServerLiveResponse,
    ServerMetadataRequest, ServerReadyRequest, ServerReadyResponse, SystemSharedMemoryRegisterRequest,
    SystemSharedMemoryRegisterResponse, SystemSharedMemoryStatusRequest, SystemSharedMemoryUnregisterRequest,
    SystemSharedMemoryUnregisterResponse, TraceSettingRequest,
};
use prost::Message;

use super::calls::Call;
use super::front::Front;
use super::messages::Messages;
use super::reply::{self, Left};
use super::{compression, convert};
use crate::ServeError;
use crate::api::{self, models, regions};
use crate::context::Context;
use crate::http::compression::Encoding;

/// Answers a call of one message that is no inference.
pub(super) async fn answer(
    front: &Front,
    method: &str,
    headers: &HeaderMap,
    body: Incoming,
    call: &mut Call,
) -> Result<Response<Left>, ServeError> {
    let context = &*front.endpoint.context;
    let mut messages = Messages::new(body, headers, context)?;
    let encoding = compression::of_answer(headers, messages.encoding());
    let mut in_flight = context.reserve(0)?;
    let message = messages.only(&mut in_flight).await?;
    call.work();
    let message = match method {
        "RepositoryModelLoad" => load(context, message, encoding).await?,
        "RepositoryModelUnload" => unload(context, message, encoding).await?,
        _ => at_once(context, method, message, encoding)?,
    };
    Ok(reply::answered(Left::Message(message), encoding))
}

/// The answers that nothing has to be waited for.
fn at_once(
    context: &Context,
    method: &str,
    message: Bytes,
    encoding: Option<Encoding>,
) -> Result<Bytes, ServeError> {
    match method {
        "ServerLive" | "ServerReady" | "ModelReady" => health(context, method, message, encoding),
        "ServerMetadata" => {
            parse::<ServerMetadataRequest>(message)?;
            reply::frame(&convert::server_metadata(api::server_metadata()), encoding)
        }
        "ModelMetadata" => {
            let asked: ModelMetadataRequest = parse(message)?;
            let metadata = api::model_metadata(context, &asked.name, &asked.version)?;
            reply::frame(&convert::model_metadata(metadata), encoding)
        }
        "ModelConfig" => {
            let asked: ModelConfigRequest = parse(message)?;
            let config = api::model_config(context, &asked.name, &asked.version)?;
            reply::frame(&ModelConfigResponse { config: Some(convert::model_config(config)) }, encoding)
        }
        "ModelStatistics" => {
            let asked: ModelStatisticsRequest = parse(message)?;
            let statistics = api::statistics(context, &asked.name, &asked.version)?;
            reply::frame(&convert::statistics(statistics), encoding)
        }
        "RepositoryIndex" => {
            let asked: RepositoryIndexRequest = parse(message)?;
            reply::frame(&convert::index(models::index(context, asked.ready)), encoding)
        }
        "TraceSetting" => {
            let asked: TraceSettingRequest = parse(message)?;
            let settings = trace(context, asked)?;
            reply::frame(&convert::trace_settings(settings), encoding)
        }
        "LogSettings" => {
            let asked: LogSettingsRequest = parse(message)?;
            let settings = api::update_log_settings(context, convert::log_update(asked)?)?;
            reply::frame(&convert::log_settings(settings), encoding)
        }
        _ => shared_memory(context, method, message, encoding),
    }
}

fn health(
    context: &Context,
    method: &str,
    message: Bytes,
    encoding: Option<Encoding>,
) -> Result<Bytes, ServeError> {
    match method {
        "ServerLive" => {
            parse::<ServerLiveRequest>(message)?;
            reply::frame(&ServerLiveResponse { live: true }, encoding)
        }
        "ServerReady" => {
            parse::<ServerReadyRequest>(message)?;
            reply::frame(&ServerReadyResponse { ready: api::server_ready(context) }, encoding)
        }
        _ => {
            let asked: ModelReadyRequest = parse(message)?;
            let ready = api::model_ready(context, &asked.name, &asked.version)?;
            reply::frame(&ModelReadyResponse { ready }, encoding)
        }
    }
}

fn shared_memory(
    context: &Context,
    method: &str,
    message: Bytes,
    encoding: Option<Encoding>,
) -> Result<Bytes, ServeError> {
    match method {
        "SystemSharedMemoryStatus" => {
            let asked: SystemSharedMemoryStatusRequest = parse(message)?;
            reply::frame(&convert::system_regions(regions::status(context, &asked.name)?), encoding)
        }
        "SystemSharedMemoryRegister" => {
            let asked: SystemSharedMemoryRegisterRequest = parse(message)?;
            let (name, registration) = convert::registration(asked);
            regions::register(context, &name, &registration)?;
            reply::frame(&SystemSharedMemoryRegisterResponse {}, encoding)
        }
        "SystemSharedMemoryUnregister" => {
            let asked: SystemSharedMemoryUnregisterRequest = parse(message)?;
            regions::unregister(context, &asked.name)?;
            reply::frame(&SystemSharedMemoryUnregisterResponse {}, encoding)
        }
        "CudaSharedMemoryStatus" => {
            let asked: CudaSharedMemoryStatusRequest = parse(message)?;
            reply::frame(&convert::cuda_regions(regions::cuda_status(&asked.name)?), encoding)
        }
        "CudaSharedMemoryRegister" => {
            parse::<CudaSharedMemoryRegisterRequest>(message)?;
            Err(regions::cuda_unsupported())
        }
        "CudaSharedMemoryUnregister" => {
            // None is registered, so none has to be forgotten.
            parse::<CudaSharedMemoryUnregisterRequest>(message)?;
            reply::frame(&CudaSharedMemoryUnregisterResponse {}, encoding)
        }
        unknown => Err(ServeError::Unsupported { what: format!("the call {unknown:?}") }),
    }
}

fn trace(
    context: &Context,
    asked: TraceSettingRequest,
) -> Result<phalanx_protocol::rest::metadata::TraceSettings, ServeError> {
    let (model, update) = convert::trace_update(asked);
    api::update_trace_settings(context, &model, update)
}

async fn load(context: &Context, message: Bytes, encoding: Option<Encoding>) -> Result<Bytes, ServeError> {
    let asked: RepositoryModelLoadRequest = parse(message)?;
    let overrides = convert::overrides(asked.parameters)?;
    models::load(context, &asked.model_name, overrides).await?;
    framed(&RepositoryModelLoadResponse {}, encoding)
}

async fn unload(context: &Context, message: Bytes, encoding: Option<Encoding>) -> Result<Bytes, ServeError> {
    let asked: RepositoryModelUnloadRequest = parse(message)?;
    models::unload(context, &asked.model_name).await?;
    framed(&RepositoryModelUnloadResponse {}, encoding)
}

fn framed(message: &impl Message, encoding: Option<Encoding>) -> Result<Bytes, ServeError> {
    reply::frame(message, encoding)
}
