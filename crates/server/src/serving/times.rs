use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long something took, counted in buckets, from any thread.
#[derive(Debug, Default)]
pub(crate) struct Times {
    counts: [AtomicU64; BOUNDS_US.len() + 1],
    sum_ns: AtomicU64,
}

/// The upper bounds of the buckets, in microseconds; one more bucket holds what is longer.
pub(crate) const BOUNDS_US: [u64; 18] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/// What has been counted until now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimesSnapshot {
    /// Upper bound of a bucket in microseconds, and how many were at most that.
    pub(crate) at_most: Vec<(u64, u64)>,
    pub(crate) count: u64,
    pub(crate) sum_ns: u64,
}

impl Times {
    pub(crate) fn record(&self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|&bound_us| bound_us.saturating_mul(1_000) < ns);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> TimesSnapshot {
        let mut count = 0;
        let mut counts = self.counts.iter().map(|bucket| {
            count += bucket.load(Ordering::Relaxed);
            count
        });
        let at_most = BOUNDS_US.iter().copied().zip(counts.by_ref()).collect();
        let count = counts.next().unwrap_or_default();
        TimesSnapshot { at_most, count, sum_ns: self.sum_ns.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_counts_in_every_bucket_that_holds_it() {
        let times = Times::default();
        times.record(Duration::from_micros(50));
        times.record(Duration::from_micros(51));
        times.record(Duration::from_secs(100));
        let snapshot = times.snapshot();
        assert_eq!(snapshot.at_most[..2], [(50, 1), (100, 2)]);
        assert_eq!(snapshot.at_most[BOUNDS_US.len() - 1].1, 2);
        assert_eq!((snapshot.count, snapshot.sum_ns), (3, 100_000_101_000));
    }
}
