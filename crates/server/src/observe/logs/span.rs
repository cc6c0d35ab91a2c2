use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderMap;
use tracing::{Instrument, Span};

use crate::ServeError;

/// The target of requests' spans: they are for traces, whatever is logged.
#[cfg(feature = "otlp")]
pub(super) const TARGET: &str = "phalanx::request";

/// Of 2^32 requests whose senders leave it open this many less one are traced; 0 where nobody collects traces.
static SAMPLED: AtomicU64 = AtomicU64::new(0);

/// Whether any request may be traced.
pub(crate) fn is_tracing() -> bool {
    SAMPLED.load(Ordering::Relaxed) > 0
}

/// What a request's trace is recorded in; disabled where the request is not traced.
pub(crate) fn request_span(headers: &HeaderMap, transport: &'static str) -> Span {
    if is_tracing() { new_span(headers, transport) } else { Span::none() }
}

/// `answer`, as part of the request's trace.
pub(crate) async fn traced<T>(
    span: Span,
    answer: impl Future<Output = Result<T, ServeError>>,
) -> Result<T, ServeError> {
    let answer = answer.instrument(span.clone()).await;
    if let Err(error) = &answer {
        span.record("otel.status_code", "ERROR");
        span.record("otel.status_description", tracing::field::display(error));
    }
    answer
}

#[cfg(not(feature = "otlp"))]
fn new_span(_: &HeaderMap, _: &'static str) -> Span {
    Span::none()
}

/// The sender's `traceparent` says whether it is traced; else as many as were asked for are.
#[cfg(feature = "otlp")]
#[cold]
fn new_span(headers: &HeaderMap, transport: &'static str) -> Span {
    use opentelemetry::trace::TraceContextExt;
    use tracing::field::Empty;
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    let parent = super::traceparent::read(headers);
    let is_sampled = match &parent {
        Some(parent) => parent.span().span_context().is_sampled(),
        None => is_drawn(fastrand::u32(..), SAMPLED.load(Ordering::Relaxed)),
    };
    if !is_sampled {
        return Span::none();
    }
    let span = tracing::info_span!(
        target: TARGET,
        "infer",
        otel.kind = "server",
        otel.status_code = Empty,
        otel.status_description = Empty,
        transport,
        model = Empty,
        version = Empty,
        rows = Empty,
        batch_rows = Empty,
        queue_us = Empty,
        compute_us = Empty,
    );
    if let Some(parent) = parent {
        // It fails only where the span's layer is not there: then nobody collects it either.
        let _ = span.set_parent(parent);
    }
    span
}

/// From now on this share of the requests whose senders leave it open is traced.
#[cfg(feature = "otlp")]
pub(super) fn sample(rate: f64) {
    SAMPLED.store(sampled(rate), Ordering::Relaxed);
}

#[cfg(feature = "otlp")]
fn sampled(rate: f64) -> u64 {
    1 + (rate * 2_f64.powi(32)) as u64
}

#[cfg(feature = "otlp")]
fn is_drawn(random: u32, sampled: u64) -> bool {
    u64::from(random) + 1 < sampled
}

#[cfg(all(test, feature = "otlp"))]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_drawn_as_were_asked_for() {
        let drawn = |rate| [0, 1 << 30, u32::MAX / 2, u32::MAX].map(|random| is_drawn(random, sampled(rate)));
        assert_eq!(drawn(0.0), [false; 4]);
        assert_eq!(drawn(0.25), [true, false, false, false]);
        assert_eq!(drawn(0.6), [true, true, true, false]);
        assert_eq!(drawn(1.0), [true; 4]);
        assert!(!is_drawn(0, 0));
    }
}
