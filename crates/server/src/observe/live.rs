use std::time::Duration;

use compact_str::CompactString;
use serde::Serialize;

use super::snapshot::{ModelSnapshot, Running, Snapshot, bucket_counts};
use crate::serving::{BOUNDS_US, TimesSnapshot};

/// What the page shows, counted since the start: the page draws the differences.
#[derive(Debug, Serialize)]
pub(super) struct Live {
    version: &'static str,
    ready: bool,
    uptime_ms: u64,
    connections_open: usize,
    connections_max: usize,
    in_flight_bytes: usize,
    resident_bytes: Option<u64>,
    cpu_ms: u64,
    /// The upper bounds of the buckets of `queue`, `compute` and `total`, in microseconds; one more bucket holds what
    /// is longer.
    bounds_us: [u64; BOUNDS_US.len()],
    models: Vec<LiveModel>,
}

/// One version of a model.
#[derive(Debug, Serialize)]
struct LiveModel {
    name: CompactString,
    version: u64,
    state: &'static str,
    reason: String,
    running: Option<LiveRunning>,
}

/// A version that answers.
#[derive(Debug, Serialize)]
struct LiveRunning {
    backend: &'static str,
    backend_version: String,
    device: String,
    policy: String,
    lanes: usize,
    max_batch: usize,
    queue_limit: usize,
    slo_us: Option<u64>,
    requests: u64,
    rows: u64,
    late: u64,
    failed: u64,
    cancelled: u64,
    refused: Vec<(&'static str, u64)>,
    batches: u64,
    batch_rows: u64,
    padding_rows: u64,
    /// Most rows of a batch, and how many batches had that many and more than the one before.
    batch_sizes: Vec<(usize, u64)>,
    queued_rows: usize,
    lane_busy_ms: u64,
    queue: LiveTimes,
    compute: LiveTimes,
    total: LiveTimes,
}

/// Times, by buckets.
#[derive(Debug, Serialize)]
struct LiveTimes {
    /// How many fell into each bucket and into none before.
    counts: Vec<u64>,
    sum_us: u64,
}

impl From<Snapshot> for Live {
    fn from(server: Snapshot) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            ready: server.is_ready,
            uptime_ms: whole_ms(server.uptime),
            connections_open: server.connections_open,
            connections_max: server.connections_max,
            in_flight_bytes: server.in_flight_bytes,
            resident_bytes: server.resident_bytes,
            cpu_ms: whole_ms(server.cpu_time),
            bounds_us: BOUNDS_US,
            models: server.models.into_iter().map(LiveModel::from).collect(),
        }
    }
}

impl From<ModelSnapshot> for LiveModel {
    fn from(model: ModelSnapshot) -> Self {
        Self {
            name: model.name,
            version: model.version,
            state: model.state.name(),
            reason: model.state.reason().to_owned(),
            running: model.running.as_ref().map(LiveRunning::from),
        }
    }
}

impl From<&Running> for LiveRunning {
    fn from(running: &Running) -> Self {
        let (info, totals, metrics) = (running.served.info(), &running.totals, &running.metrics);
        let batches = running.batch_rows();
        Self {
            backend: info.backend,
            backend_version: info.backend_version.clone(),
            device: info.devices.to_string(),
            policy: info.policy.to_string(),
            lanes: info.lanes,
            max_batch: info.max_batch,
            queue_limit: info.queue_limit,
            slo_us: running.served.options.slo.map(|slo| slo.as_micros() as u64),
            requests: totals.total.count,
            rows: totals.rows,
            late: totals.late,
            failed: totals.failed,
            cancelled: metrics.cancelled,
            refused: totals.refused.to_vec(),
            batches: batches.count,
            batch_rows: batches.rows,
            padding_rows: metrics.padding_rows,
            batch_sizes: batches.buckets,
            queued_rows: metrics.queued_rows,
            lane_busy_ms: (running.lane_busy_seconds() * 1e3) as u64,
            queue: (&totals.queue).into(),
            compute: (&totals.compute).into(),
            total: (&totals.total).into(),
        }
    }
}

impl From<&TimesSnapshot> for LiveTimes {
    fn from(times: &TimesSnapshot) -> Self {
        Self { counts: bucket_counts(times), sum_us: times.sum_ns / 1_000 }
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
