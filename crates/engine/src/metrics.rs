use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use phalanx_backend::{BackendError, Device, WorkerProcess};
use phalanx_batch::{LeaveReason, Nanos};

use crate::EngineError;
use crate::pool::PoolStats;

/// An hour: longer times are counted as this.
const TIME_NS_MAX: u64 = 3_600_000_000_000;

/// What an engine has done since it was built.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Requests answered with outputs.
    pub requests: u64,
    /// Rows of those.
    pub rows: u64,
    /// Batches run.
    pub batches: u64,
    /// Rows that only filled a batch up to a size the program can run.
    pub padding_rows: u64,
    /// Number of batches by their rows: index 0 counts batches of one row.
    pub batch_sizes: Vec<u64>,
    /// From admission until the batch left.
    pub queue: Quantiles,
    /// From a batch's leaving to its end.
    pub compute: Quantiles,
    /// Requests refused, by reason.
    pub refused: Refused,
    /// Requests whose caller left or cancelled.
    pub cancelled: u64,
    /// Requests answered with a backend's error.
    pub failed: u64,
    /// Batches by why they left.
    pub left: Vec<(&'static str, u64)>,
    /// Share of the time since the start that lanes were running batches, 0 to 1, on average over the lanes.
    pub lane_busy: f64,
    /// Batches, or halves of batches, that were run again because they had come to a bad end.
    pub reruns: u64,
    /// Requests refused because they take the backend down; counted as failed as well.
    pub poisoned: u64,
    /// Times that another backend took over, or the preferred one took over again.
    pub moves: u64,
    /// The backend that runs the batches because the preferred one failed, and why.
    pub degraded: Option<Degraded>,
    /// Processes that the lanes run in.
    pub workers: Vec<WorkerProcess>,
    /// Rows that wait now.
    pub queued_rows: usize,
    /// Different row shapes kept now.
    pub groups: usize,
    /// Slots and their bytes.
    pub slots: PoolStats,
    /// Bytes of unused answer buffers.
    pub idle_answer_bytes: usize,
    /// Bytes of the inputs of requests that are not answered yet.
    pub input_bytes: u64,
    /// Resident memory of the process, where the system tells.
    pub host_bytes: Option<u64>,
    /// Memory on the device, where the backend tells.
    pub device_bytes: Option<u64>,
    /// Time since the engine was built.
    pub uptime: Duration,
}

/// Another backend stands in for the preferred one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Degraded {
    /// The one that runs the batches.
    pub backend: &'static str,
    /// On this device.
    pub device: Device,
    /// What the preferred one failed with.
    pub reason: Option<BackendError>,
}

/// A distribution of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// Half are at most this.
    pub p50: Duration,
    /// 90 %.
    pub p90: Duration,
    /// 99 %.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

/// Requests that were not run, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// No room in the queue or in the memory for requests.
    pub queue_full: u64,
    /// Too late.
    pub deadline: u64,
    /// Did not fit the model.
    pub invalid: u64,
    /// The engine was stopping.
    pub shutting_down: u64,
}

/// Collects them.
pub(crate) struct Recorder {
    batches: Mutex<Batches>,
    queue_full: AtomicU64,
    deadline: AtomicU64,
    invalid: AtomicU64,
    shutting_down: AtomicU64,
    cancelled: AtomicU64,
    failed: AtomicU64,
    reruns: AtomicU64,
    poisoned: AtomicU64,
    moves: AtomicU64,
}

/// What is recorded once a batch, under one lock.
pub(crate) struct Batches {
    requests: u64,
    rows: u64,
    batches: u64,
    padding_rows: u64,
    sizes: Vec<u64>,
    queue: Histogram<u64>,
    compute: Histogram<u64>,
    left: [u64; LeaveReason::ALL.len()],
    busy_ns: u64,
}

impl Recorder {
    pub(crate) fn new(rows_max: usize) -> Self {
        Self {
            batches: Mutex::new(Batches::new(rows_max)),
            queue_full: AtomicU64::new(0),
            deadline: AtomicU64::new(0),
            invalid: AtomicU64::new(0),
            shutting_down: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            reruns: AtomicU64::new(0),
            poisoned: AtomicU64::new(0),
            moves: AtomicU64::new(0),
        }
    }

    pub(crate) fn batches(&self) -> MutexGuard<'_, Batches> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request ended without outputs.
    pub(crate) fn count_error(&self, error: &EngineError) {
        let counter = match error {
            EngineError::QueueFull { .. } => &self.queue_full,
            EngineError::DeadlineExceeded { .. } => &self.deadline,
            EngineError::Cancelled => &self.cancelled,
            EngineError::InvalidInput { .. } => &self.invalid,
            EngineError::ShuttingDown => &self.shutting_down,
            EngineError::PoisonRequest { .. } => {
                self.poisoned.fetch_add(1, Ordering::Relaxed);
                &self.failed
            }
            _ => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests of a batch that came to a bad end run again.
    pub(crate) fn count_rerun(&self) {
        self.reruns.fetch_add(1, Ordering::Relaxed);
    }

    /// Another backend runs the batches from now on.
    pub(crate) fn count_move(&self) {
        self.moves.fetch_add(1, Ordering::Relaxed);
    }

    /// What the queues of an engine with so many lanes have recorded, together.
    pub(crate) fn snapshot(recorders: &[&Self], uptime: Duration, lanes: usize) -> Metrics {
        let mut batches = Batches::new(1);
        recorders.iter().for_each(|recorder| batches.add(&recorder.batches()));
        let count = |counter: fn(&Self) -> &AtomicU64| {
            recorders.iter().map(|recorder| counter(recorder).load(Ordering::Relaxed)).sum()
        };
        let reasons = LeaveReason::ALL.iter().map(|reason| reason.name());
        let lane_ns = uptime.as_nanos() as f64 * lanes.max(1) as f64;
        Metrics {
            requests: batches.requests,
            rows: batches.rows,
            batches: batches.batches,
            padding_rows: batches.padding_rows,
            queue: quantiles(&batches.queue),
            compute: quantiles(&batches.compute),
            refused: Refused {
                queue_full: count(|recorder| &recorder.queue_full),
                deadline: count(|recorder| &recorder.deadline),
                invalid: count(|recorder| &recorder.invalid),
                shutting_down: count(|recorder| &recorder.shutting_down),
            },
            cancelled: count(|recorder| &recorder.cancelled),
            failed: count(|recorder| &recorder.failed),
            reruns: count(|recorder| &recorder.reruns),
            poisoned: count(|recorder| &recorder.poisoned),
            moves: count(|recorder| &recorder.moves),
            left: reasons.zip(batches.left).collect(),
            lane_busy: (batches.busy_ns as f64 / lane_ns.max(1.0)).min(1.0),
            batch_sizes: batches.sizes,
            uptime,
            ..Metrics::default()
        }
    }
}

impl Batches {
    fn new(rows_max: usize) -> Self {
        let times = || {
            let bounds = Histogram::new_with_bounds(1, TIME_NS_MAX, 2);
            bounds.expect("the bounds are in order and two digits are allowed")
        };
        Self {
            requests: 0,
            rows: 0,
            batches: 0,
            padding_rows: 0,
            sizes: vec![0; rows_max.max(1)],
            queue: times(),
            compute: times(),
            left: [0; LeaveReason::ALL.len()],
            busy_ns: 0,
        }
    }

    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.rows += other.rows;
        self.batches += other.batches;
        self.padding_rows += other.padding_rows;
        self.sizes.resize(self.sizes.len().max(other.sizes.len()), 0);
        self.sizes.iter_mut().zip(&other.sizes).for_each(|(sum, count)| *sum += count);
        for (sum, times) in [(&mut self.queue, &other.queue), (&mut self.compute, &other.compute)] {
            sum.add(times).expect("both have the same bounds");
        }
        self.left.iter_mut().zip(&other.left).for_each(|(sum, count)| *sum += count);
        self.busy_ns += other.busy_ns;
    }

    pub(crate) fn count_batch(
        &mut self,
        rows: usize,
        padding_rows: usize,
        took_ns: Nanos,
        reason: LeaveReason,
    ) {
        self.batches += 1;
        self.padding_rows += padding_rows as u64;
        let last = self.sizes.len() - 1;
        self.sizes[rows.saturating_sub(1).min(last)] += 1;
        self.compute.saturating_record(took_ns.max(1));
        self.left[LeaveReason::ALL.iter().position(|&other| other == reason).unwrap_or(0)] += 1;
        self.busy_ns += took_ns;
    }

    pub(crate) fn count_rows(&mut self, rows: usize, queue_ns: Nanos) {
        self.rows += rows as u64;
        self.queue.saturating_record(queue_ns.max(1));
    }

    pub(crate) fn count_request(&mut self) {
        self.requests += 1;
    }
}

fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    let at = |quantile: f64| Duration::from_nanos(histogram.value_at_quantile(quantile));
    Quantiles { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: Duration::from_nanos(histogram.max()) }
}
