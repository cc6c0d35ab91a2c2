use std::time::Duration;

use hdrhistogram::Histogram;

/// An hour: longer latencies count as this long.
const LATENCY_NS_MAX: u64 = 3_600_000_000_000;

/// Latencies, to three significant digits, in memory that does not grow with their number.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3).expect("the bounds are valid"))
    }
}

impl Latencies {
    /// Counts one.
    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX).max(1));
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Counts all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.0 += &other.0;
    }

    /// The latency that a share `q` (0 to 1) of them do not exceed, in microseconds; `None` where there are none.
    #[must_use]
    pub fn quantile_us(&self, q: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(q) as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_all_that_was_merged() {
        let mut fast = Latencies::default();
        assert_eq!(fast.quantile_us(0.5), None);
        (0..90).for_each(|_| fast.record(Duration::from_micros(10)));
        let mut slow = Latencies::default();
        (0..10).for_each(|_| slow.record(Duration::from_micros(1000)));
        fast.merge(&slow);
        let near = |got: Option<f64>, wanted: f64| (got.unwrap() / wanted - 1.0).abs() < 2e-3;
        assert!(near(fast.quantile_us(0.5), 10.0) && near(fast.quantile_us(0.99), 1000.0));
    }

    #[test]
    fn absurd_latencies_saturate() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::MAX);
        latencies.record(Duration::ZERO);
        assert!(latencies.quantile_us(1.0).unwrap() >= LATENCY_NS_MAX as f64 / 1000.0);
    }
}
