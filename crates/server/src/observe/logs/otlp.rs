use std::fmt;
use std::thread::JoinHandle;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::filter::{Filtered, LevelFilter, Targets};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::span::TARGET;
use super::{LogError, LogOptions};

const SERVICE: &str = "phalanx";
/// How long a collector may take for what it is sent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends traces away, from threads of its own.
pub(super) struct Exporter {
    provider: SdkTracerProvider,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

type TraceLayer<S> = Filtered<OpenTelemetryLayer<S, SdkTracer>, Targets, S>;

/// What collects requests' spans and what sends them, where they are to be sent.
pub(super) fn start<S>(options: &LogOptions) -> Result<Option<(TraceLayer<S>, Exporter)>, LogError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    if !(0.0..=1.0).contains(&options.trace_rate) {
        return Err(LogError::TraceRate { rate: options.trace_rate });
    }
    let Some(endpoint) = &options.otlp_endpoint else { return Ok(None) };
    let exporter = Exporter::start(endpoint)?;
    let layer = tracing_opentelemetry::layer().with_tracer(exporter.provider.tracer(SERVICE));
    let only_requests = Targets::new().with_target(TARGET, LevelFilter::INFO);
    Ok(Some((layer.with_location(false).with_threads(false).with_filter(only_requests), exporter)))
}

impl Exporter {
    fn start(endpoint: &str) -> Result<Self, LogError> {
        let failed = |message: String| LogError::Otlp { endpoint: endpoint.to_owned(), message };
        let (handle, stop, thread) = runtime().map_err(|error| failed(error.to_string()))?;
        // The connection lives on the runtime that is entered while it is described.
        let entered = handle.enter();
        let exporter =
            SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(PATIENCE).build();
        let exporter = exporter.map_err(|error| failed(error.to_string()))?;
        drop(entered);
        let resource = Resource::builder().with_service_name(SERVICE).build();
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Self { provider, stop: Some(stop), thread: Some(thread) })
    }
}

/// A thread that does what the connection to the collector needs done, until it is told to stop.
fn runtime() -> std::io::Result<(Handle, oneshot::Sender<()>, JoinHandle<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel();
    let run = move || {
        // Ends as well when the sender is gone.
        let _ = runtime.block_on(stopped);
    };
    let thread = std::thread::Builder::new().name("phalanx-otlp".to_owned()).spawn(run)?;
    Ok((handle, stop, thread))
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(%error, "the last traces may be lost");
        }
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It runs nothing that could panic but the collector's connection, which is of no more use.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter").finish_non_exhaustive()
    }
}
