use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// The trace that a request belongs to, as its sender says (<https://www.w3.org/TR/trace-context/>).
pub(super) fn read(headers: &HeaderMap) -> Option<Context> {
    headers.get("traceparent")?;
    // Not the current context, but one that knows of nothing else.
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
    parent.span().span_context().is_valid().then_some(parent)
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(traceparent: &'static str) -> Option<bool> {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("traceparent"),
            http::HeaderValue::from_static(traceparent),
        )]);
        read(&headers).map(|parent| parent.span().span_context().is_sampled())
    }

    #[test]
    fn the_sender_says_whether_it_is_sampled() {
        assert_eq!(sampled("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), Some(true));
        assert_eq!(sampled("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"), Some(false));
    }

    #[test]
    fn a_header_that_says_nothing_is_passed_over() {
        for text in ["", "00", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "zz-x-y-01"] {
            assert_eq!(sampled(text), None, "{text:?}");
        }
        assert!(read(&HeaderMap::new()).is_none());
    }
}
