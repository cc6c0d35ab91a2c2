//! What Prometheus reads.

mod batches;
mod exposition;
mod models;
mod requests;
mod server;

use std::fmt;

use http::header::{ACCEPT, HeaderMap, HeaderValue};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::{encode, encode_registry};
use prometheus_client::registry::Registry;

use self::exposition::{Dialect, Exposition, Labels};
use super::snapshot::{ModelSnapshot, Snapshot};

impl Dialect {
    /// What the caller accepts.
    fn wanted(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        if accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with(OPEN_METRICS)) {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        })
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text";

/// All metrics, as the caller accepts them, and what that is called.
pub(super) fn write(snapshot: Snapshot, headers: &HeaderMap) -> Result<(HeaderValue, String), fmt::Error> {
    let dialect = Dialect::wanted(headers);
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape { snapshot, dialect }));
    let mut text = String::new();
    match dialect {
        Dialect::OpenMetrics => encode(&mut text, &registry)?,
        Dialect::Prometheus => encode_registry(&mut text, &registry)?,
    }
    Ok((dialect.content_type(), text))
}

/// One reading of all metrics.
struct Scrape {
    snapshot: Snapshot,
    dialect: Dialect,
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut to = Exposition::new(encoder, self.dialect);
        server::write(&mut to, &self.snapshot)?;
        models::write(&mut to, &self.snapshot)?;
        requests::write(&mut to, &self.snapshot)?;
        batches::write(&mut to, &self.snapshot)
    }
}

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrape").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

/// The labels that every metric of a version has.
fn model_labels(model: &ModelSnapshot) -> Labels<'_> {
    vec![("model", model.name.as_str().into()), ("version", model.version.to_string().into())]
}
