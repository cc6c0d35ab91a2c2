use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use compact_str::CompactString;
use phalanx_engine::Metrics;

use super::process;
use crate::context::Context;
use crate::serving::{Entry, ModelState, Served, TimesSnapshot, Totals};

/// What a server has done until now.
pub(super) struct Snapshot {
    pub(super) is_ready: bool,
    pub(super) uptime: Duration,
    /// Since 1970.
    pub(super) started: Duration,
    pub(super) cpu_time: Duration,
    pub(super) connections_open: usize,
    pub(super) connections_max: usize,
    pub(super) in_flight_bytes: usize,
    pub(super) in_flight_bytes_max: usize,
    pub(super) resident_bytes: Option<u64>,
    pub(super) http: Vec<(u16, u64)>,
    pub(super) grpc: Vec<(&'static str, u64)>,
    pub(super) models: Vec<ModelSnapshot>,
}

/// What one version of a model has done until now.
pub(super) struct ModelSnapshot {
    pub(super) name: CompactString,
    pub(super) version: u64,
    pub(super) state: ModelState,
    /// There while it can answer.
    pub(super) running: Option<Running>,
}

/// A version that answers.
pub(super) struct Running {
    pub(super) served: Arc<Served>,
    /// Counted where requests come in.
    pub(super) totals: Totals,
    /// Counted where batches are run.
    pub(super) metrics: Metrics,
}

impl Snapshot {
    pub(super) fn take(context: &Context) -> Self {
        let limits = &context.options.limits;
        Self {
            is_ready: context.is_ready(),
            uptime: context.started.elapsed(),
            started: context.observed.started.duration_since(UNIX_EPOCH).unwrap_or_default(),
            cpu_time: process::cpu_time(),
            connections_open: limits.connections_max.saturating_sub(context.connections.available_permits()),
            connections_max: limits.connections_max,
            in_flight_bytes: context.in_flight_bytes(),
            in_flight_bytes_max: limits.in_flight_bytes_max,
            resident_bytes: process::resident_bytes(),
            http: context.observed.traffic.http(),
            grpc: context.observed.traffic.grpc(),
            models: context.registry.index().into_iter().map(ModelSnapshot::take).collect(),
        }
    }

    /// The versions that answer.
    pub(super) fn running(&self) -> impl Iterator<Item = (&ModelSnapshot, &Running)> {
        self.models.iter().filter_map(|model| Some((model, model.running.as_ref()?)))
    }
}

impl ModelSnapshot {
    fn take((name, version, entry): (CompactString, u64, Entry)) -> Self {
        let running = entry.served.map(|served| Running {
            totals: served.statistics.totals(),
            metrics: served.engine().metrics(),
            served,
        });
        Self { name, version, state: entry.state, running }
    }
}

impl Running {
    /// Time that lanes were running batches, all lanes together.
    pub(super) fn lane_busy_seconds(&self) -> f64 {
        self.metrics.lane_busy * self.metrics.uptime.as_secs_f64() * self.served.info().lanes as f64
    }

    /// How many batches had at most as many rows as each power of two up to the largest batch, and their rows in all.
    pub(super) fn batch_rows(&self) -> BatchRows {
        BatchRows::new(&self.metrics.batch_sizes)
    }
}

/// How many times fell into each bucket and into none before; the last bucket holds what is longer than all bounds.
pub(super) fn bucket_counts(times: &TimesSnapshot) -> Vec<u64> {
    let mut before = 0;
    let cumulative = times.at_most.iter().map(|&(_, count)| count).chain([times.count]);
    let counts = cumulative.map(|count| {
        let within = count.saturating_sub(before);
        before = count;
        within
    });
    counts.collect()
}

/// Batches by their rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BatchRows {
    /// Most rows of a bucket, and how many batches are in it and in none before.
    pub(super) buckets: Vec<(usize, u64)>,
    /// Rows of all of them.
    pub(super) rows: u64,
    /// Batches.
    pub(super) count: u64,
}

impl BatchRows {
    /// `sizes` counts batches by their rows, from one row.
    fn new(sizes: &[u64]) -> Self {
        let bounds = std::iter::successors(Some(1_usize), |bound| Some(bound * 2));
        let mut bounds: Vec<usize> = bounds.take_while(|&bound| bound < sizes.len()).collect();
        bounds.push(sizes.len());
        let mut first = 0;
        let buckets = bounds.into_iter().map(|bound| {
            let batches = sizes[first..bound].iter().sum();
            first = bound;
            (bound, batches)
        });
        Self {
            buckets: buckets.collect(),
            rows: (1..).zip(sizes).map(|(rows, batches): (u64, _)| rows * batches).sum(),
            count: sizes.iter().sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::Times;

    #[test]
    fn batches_are_counted_up_to_powers_of_two_and_the_largest() {
        let rows = BatchRows::new(&[1, 2, 3, 4, 5, 6]);
        assert_eq!(rows.buckets, [(1, 1), (2, 2), (4, 7), (6, 11)]);
        assert_eq!((rows.rows, rows.count), (1 + 4 + 9 + 16 + 25 + 36, 21));
        assert_eq!(BatchRows::new(&[7]).buckets, [(1, 7)]);
        assert_eq!(BatchRows::new(&[0; 4]).buckets, [(1, 0), (2, 0), (4, 0)]);
    }

    #[test]
    fn a_time_is_in_one_bucket() {
        let times = Times::default();
        [40, 60, 70, 99_000_000].map(Duration::from_micros).into_iter().for_each(|time| times.record(time));
        let counts = bucket_counts(&times.snapshot());
        assert_eq!(counts[..3], [1, 2, 0]);
        assert_eq!((counts.last(), counts.iter().sum()), (Some(&1), 4));
    }
}
