use phalanx_engine::choice::Search;
use phalanx_model::Model;
use phalanx_server::observe::{self, LogOptions, Logging};
use phalanx_server::{Limits, ModelOptions, Server, ServerError, ServerOptions, Timeouts, Tls};

use super::keys;
use crate::args::{EngineArgs, LogFormat, ServerArgs};
use crate::failure::Failure;
use crate::{session, terminal};

/// Begins to log, and to send traces where they are wanted.
pub(super) fn log(args: &ServerArgs) -> Result<Logging, Failure> {
    let options = LogOptions {
        format: match args.log_format {
            LogFormat::Text => observe::LogFormat::Text,
            LogFormat::Json => observe::LogFormat::Json,
        },
        level: args.log_level.clone(),
        otlp_endpoint: args.otlp_endpoint.clone(),
        trace_rate: args.trace_rate,
    };
    let logging = observe::init(&options).map_err(Failure::new)?;
    log_panics();
    Ok(logging)
}

/// A panic on one of the server's threads is a fault of this program, which goes on: whoever runs it must know.
fn log_panics() {
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        silent(info);
        let place = info.location().map(ToString::to_string);
        let message = info.payload_as_str().unwrap_or("no message");
        tracing::error!(place, "internal error: {message}");
    }));
}

/// Binds the addresses. Nothing is served yet.
pub(super) fn start(args: &ServerArgs) -> Result<Server, Failure> {
    let options = server(args)?;
    warn_of_strangers(args);
    Server::start(options).map_err(|error| {
        let failure = Failure::new(&error);
        match error {
            ServerError::Bind { .. } => {
                failure.hint("if something else listens there, choose another port with --http or --grpc")
            }
            ServerError::Tls { .. } => failure.hint("expected files in PEM, the key that of the certificate"),
            _ => failure,
        }
    })
}

/// Warns where more than this machine may ask, in the clear or without a key.
fn warn_of_strangers(args: &ServerArgs) {
    if args.tls_cert.is_some() || args.api_key_file.is_some() {
        return;
    }
    let open = [args.http.0, args.grpc.0].into_iter().flatten().find(|address| !address.ip().is_loopback());
    if let Some(address) = open {
        terminal::warning(&format!("everybody who reaches {address} may use this server, unencrypted"));
        terminal::hint("--api-key-file lets only some in, --tls-cert and --tls-key encrypt");
    }
}

fn server(args: &ServerArgs) -> Result<ServerOptions, Failure> {
    let usual = ServerOptions::default();
    let tls = args.tls_cert.clone().zip(args.tls_key.clone());
    Ok(ServerOptions {
        http: args.http.0,
        grpc: args.grpc.0,
        io_threads: args.io_threads.map_or(usual.io_threads, usize::from),
        limits: Limits {
            connections_max: args.connections_max.get(),
            request_bytes_max: args.request_bytes_max,
            header_bytes_max: args.header_bytes_max,
            json_depth_max: args.json_depth_max.get(),
            in_flight_bytes_max: args.in_flight_bytes_max,
            streams_max: args.streams_max.get(),
        },
        timeouts: Timeouts {
            header: args.header_timeout,
            stall: args.stall_timeout,
            idle: args.idle_timeout,
        },
        tls: tls.map(|(certificate, key)| Tls { certificate, key }),
        api_keys: args.api_key_file.as_deref().map(keys::read).transpose()?.unwrap_or_default(),
        allow_shared_memory: args.allow_shared_memory,
        cors_origins: args.cors_origin.clone(),
        held: true,
    })
}

/// How a model is run, its warm-up input included.
pub(super) fn model(args: &EngineArgs, model: &Model) -> Result<ModelOptions, Failure> {
    let warmup = args.warmup.as_deref().map(|path| session::warmup(path, model.signature())).transpose()?;
    Ok(ModelOptions { warmup: warmup.into_iter().collect(), ..engine(args) })
}

/// How a model is run.
pub(super) fn engine(args: &EngineArgs) -> ModelOptions {
    ModelOptions {
        backend: args.backend.clone(),
        search: Some(Search::in_children()),
        device: args.device.clone(),
        onnxruntime: args.onnxruntime.clone(),
        lanes: args.lanes.map(usize::from),
        threads: args.threads.map(usize::from),
        max_batch: args.max_batch.map(usize::from),
        depth: args.depth.map(usize::from),
        queues: args.queues.map(usize::from),
        slo: args.slo,
        policy: args.policy,
        queue_limit: args.queue_limit.map(usize::from),
        optimize: args.optimize,
        precision: args.precision,
        spin_us: args.spin_us,
        pad: (!args.pad.is_empty()).then(|| args.pad.clone()),
        memory_max: args.memory_max,
        device_submitters_max: args.device_submitters_max.map(usize::from),
        batch_timeout: args.batch_timeout,
        isolation: args.isolation,
        worker_exe: args.worker_exe.clone(),
        fallback: args.no_fallback.then_some(false),
        warmup: Vec::new(),
    }
}
