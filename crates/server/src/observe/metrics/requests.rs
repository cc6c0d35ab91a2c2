use std::fmt;

use super::exposition::{Distribution, Exposition};
use super::model_labels;
use crate::observe::snapshot::{Snapshot, bucket_counts};
use crate::serving::{BOUNDS_US, TimesSnapshot};

/// What became of requests, and how long it took.
pub(super) fn write(to: &mut Exposition<'_>, server: &Snapshot) -> fmt::Result {
    to.counter(
        "phalanx_requests",
        "Requests answered with outputs.",
        server.running().map(|(model, running)| (model_labels(model), running.totals.total.count)),
    )?;
    to.counter(
        "phalanx_rows",
        "Rows of requests answered with outputs.",
        server.running().map(|(model, running)| (model_labels(model), running.totals.rows)),
    )?;
    to.counter(
        "phalanx_requests_late",
        "Requests answered with outputs, but later than callers are promised.",
        server.running().map(|(model, running)| (model_labels(model), running.totals.late)),
    )?;
    to.counter(
        "phalanx_requests_failed",
        "Requests that were to be run and gave no outputs.",
        server.running().map(|(model, running)| (model_labels(model), running.totals.failed)),
    )?;
    to.counter(
        "phalanx_requests_cancelled",
        "Requests whose caller left before they were answered.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.cancelled)),
    )?;
    refused(to, server)?;
    times(to, server)
}

fn refused(to: &mut Exposition<'_>, server: &Snapshot) -> fmt::Result {
    let samples = server.running().flat_map(|(model, running)| {
        running.totals.refused.iter().map(move |&(reason, count)| {
            let mut labels = model_labels(model);
            labels.push(("reason", reason.into()));
            (labels, count)
        })
    });
    to.counter("phalanx_requests_refused", "Requests that were not run, by reason.", samples)
}

fn times(to: &mut Exposition<'_>, server: &Snapshot) -> fmt::Result {
    to.histogram(
        "phalanx_queue_seconds",
        "From a request's admission until its batch left.",
        server.running().map(|(model, running)| (model_labels(model), distribution(&running.totals.queue))),
    )?;
    to.histogram(
        "phalanx_compute_seconds",
        "From the leaving of a request's batch until it had finished.",
        server.running().map(|(model, running)| (model_labels(model), distribution(&running.totals.compute))),
    )?;
    to.histogram(
        "phalanx_request_seconds",
        "From the last byte of a request to its answer.",
        server.running().map(|(model, running)| (model_labels(model), distribution(&running.totals.total))),
    )
}

fn distribution(times: &TimesSnapshot) -> Distribution {
    let bounds = BOUNDS_US.iter().map(|&bound_us| bound_us as f64 / 1e6).chain([f64::INFINITY]);
    Distribution { buckets: bounds.zip(bucket_counts(times)).collect(), sum: times.sum_ns as f64 / 1e9 }
}
