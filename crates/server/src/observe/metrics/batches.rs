use std::fmt;

use super::exposition::{Distribution, Exposition};
use super::model_labels;
use crate::observe::snapshot::{BatchRows, Snapshot};

/// What batches were formed, and what ran them.
pub(super) fn write(to: &mut Exposition<'_>, server: &Snapshot) -> fmt::Result {
    let samples = server.running().flat_map(|(model, running)| {
        running.metrics.left.iter().map(move |&(reason, count)| {
            let mut labels = model_labels(model);
            labels.push(("reason", reason.into()));
            (labels, count)
        })
    });
    to.counter("phalanx_batches", "Batches run, by why they left.", samples)?;
    to.histogram(
        "phalanx_batch_rows",
        "Rows of a batch.",
        server.running().map(|(model, running)| (model_labels(model), distribution(&running.batch_rows()))),
    )?;
    to.counter(
        "phalanx_padding_rows",
        "Rows that only filled a batch up to a size the program can run.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.padding_rows)),
    )?;
    to.gauge(
        "phalanx_queued_rows",
        "Rows that wait.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.queued_rows)),
    )?;
    recovery(to, server)?;
    lanes(to, server)
}

fn recovery(to: &mut Exposition<'_>, server: &Snapshot) -> fmt::Result {
    to.counter(
        "phalanx_batch_reruns",
        "Batches, or halves of batches, run again because they had come to a bad end.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.reruns)),
    )?;
    to.counter(
        "phalanx_poison_requests",
        "Requests refused because they take the backend down.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.poisoned)),
    )?;
    to.counter(
        "phalanx_backend_moves",
        "Times that another backend took over from one that failed, or gave back to it.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.moves)),
    )?;
    to.gauge(
        "phalanx_worker_processes",
        "Processes that lanes run in, the spare one among them.",
        server.running().map(|(model, running)| (model_labels(model), running.metrics.workers.len())),
    )
}

fn lanes(to: &mut Exposition<'_>, server: &Snapshot) -> fmt::Result {
    to.gauge(
        "phalanx_lanes",
        "Lanes that run batches.",
        server.running().map(|(model, running)| (model_labels(model), running.served.info().lanes)),
    )?;
    to.counter(
        "phalanx_lane_busy_seconds",
        "Time that lanes were running batches, all lanes together.",
        server.running().map(|(model, running)| (model_labels(model), running.lane_busy_seconds())),
    )
}

fn distribution(batches: &BatchRows) -> Distribution {
    let buckets = batches.buckets.iter().map(|&(bound, count)| (bound as f64, count));
    Distribution { buckets: buckets.chain([(f64::INFINITY, 0)]).collect(), sum: batches.rows as f64 }
}
