//! Logs and traces: who gets what the server says of itself.

mod error;
mod level;
mod options;
#[cfg(feature = "otlp")]
mod otlp;
mod span;
#[cfg(feature = "otlp")]
mod traceparent;

use std::io::{IsTerminal, stderr};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::reload;

pub use error::LogError;
pub use level::{log_level, set_log_level};
pub use options::{LogFormat, LogOptions};
pub(crate) use span::{is_tracing, request_span, traced};

/// Keeps traces going out. What has not gone out yet does when this is dropped.
#[derive(Debug)]
#[must_use = "traces end where this is dropped"]
pub struct Logging {
    #[cfg(feature = "otlp")]
    _exporter: Option<otlp::Exporter>,
}

/// From now on this process logs to standard error as `options` say, and sends traces where they say.
///
/// # Errors
/// [`LogError`]; [`LogError::AlreadyLogging`] where this process logs already.
pub fn init(options: &LogOptions) -> Result<Logging, LogError> {
    let (level, handle) = reload::Layer::new(level::parse(&options.level)?);
    let log = lines(options.format, stderr, stderr().is_terminal()).with_filter(level);
    #[cfg(feature = "otlp")]
    let (traces, exporter) = otlp::start(options)?.unzip();
    #[cfg(not(feature = "otlp"))]
    let traces = match &options.otlp_endpoint {
        None => None::<tracing_subscriber::layer::Identity>,
        Some(_) => return Err(LogError::NoOtlp),
    };
    let subscriber = Registry::default().with(log).with(traces);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::AlreadyLogging)?;
    level::keep(handle, &options.level);
    #[cfg(feature = "otlp")]
    if exporter.is_some() {
        span::sample(options.trace_rate);
    }
    Ok(Logging {
        #[cfg(feature = "otlp")]
        _exporter: exporter,
    })
}

/// What is written to `to`.
fn lines<S, W>(format: LogFormat, to: W, is_coloured: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(to).with_ansi(is_coloured);
    match format {
        LogFormat::Text => Box::new(lines),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).with_span_list(false)),
    }
}

/// What lets messages pass, by where they come from and how urgent they are.
type Level = Targets;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat) -> String {
        let to = Written::default();
        let copy = to.clone();
        let layer = lines(format, move || copy.clone(), false);
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            tracing::warn!(model = "copy", unsaid = 3, "a request was refused");
        });
        String::from_utf8(to.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn lines_are_for_people_or_for_programs() {
        let text = written(LogFormat::Text);
        assert!(
            text.contains(" WARN ") && text.contains("a request was refused model=\"copy\" unsaid=3"),
            "{text}"
        );
        let line: serde_json::Value = serde_json::from_str(&written(LogFormat::Json)).unwrap();
        assert_eq!(
            (&line["level"], &line["model"], &line["unsaid"]),
            (&"WARN".into(), &"copy".into(), &3.into())
        );
        assert_eq!(line["message"], "a request was refused");
    }
}
