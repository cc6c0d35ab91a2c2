use std::borrow::Cow;
use std::fmt;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// <https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4.
    Prometheus,
    /// <https://prometheus.io/docs/specs/om/open_metrics_spec/>, version 1.0.0.
    OpenMetrics,
}

/// Names and values that tell the samples of a family apart.
pub(super) type Labels<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// A distribution: the upper bound of each bucket with what is in it and in none before, and the sum of all values.
pub(super) struct Distribution {
    pub(super) buckets: Vec<(f64, u64)>,
    pub(super) sum: f64,
}

/// Writes families of metrics, each with its help, its type and its samples.
pub(super) struct Exposition<'a> {
    encoder: DescriptorEncoder<'a>,
    dialect: Dialect,
}

impl<'a> Exposition<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>, dialect: Dialect) -> Self {
        Self { encoder, dialect }
    }

    /// Values that only grow. The samples are called `name` with `_total` behind it.
    pub(super) fn counter<'s, V: EncodeCounterValue + EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'s>, V)>,
    ) -> fmt::Result {
        match self.dialect {
            Dialect::OpenMetrics => self.family(name, help, MetricType::Counter, samples, |metric, value| {
                metric.encode_counter::<NoLabelSet, V, f64>(value, None)
            }),
            // Here the family is called as its samples are.
            Dialect::Prometheus => {
                let name = format!("{name}_total");
                self.family(&name, help, MetricType::Counter, samples, |metric, value| {
                    metric.encode_gauge(value)
                })
            }
        }
    }

    /// Values that go up and down.
    pub(super) fn gauge<'s, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'s>, V)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, samples, |metric, value| metric.encode_gauge(value))
    }

    /// Texts, which are labels of a sample that is always 1, called `name` with `_info` behind it.
    pub(super) fn info<'s>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = Labels<'s>>,
    ) -> fmt::Result {
        match self.dialect {
            Dialect::OpenMetrics => {
                let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Info)?;
                samples.into_iter().try_for_each(|labels| family.encode_info(&labels))
            }
            Dialect::Prometheus => {
                let samples = samples.into_iter().map(|labels| (labels, 1_u64));
                self.gauge(&format!("{name}_info"), help, samples)
            }
        }
    }

    /// Distributions.
    pub(super) fn histogram<'s>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'s>, Distribution)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Histogram, samples, |metric, distribution| {
            let count = distribution.buckets.iter().map(|(_, count)| count).sum();
            metric.encode_histogram::<NoLabelSet>(distribution.sum, count, &distribution.buckets, None)
        })
    }

    fn family<'s, V>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        samples: impl IntoIterator<Item = (Labels<'s>, V)>,
        encode: impl Fn(&mut MetricEncoder<'_>, &V) -> fmt::Result,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in samples {
            encode(&mut family.encode_family(&labels)?, &value)?;
        }
        Ok(())
    }
}
