use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Times, to three significant digits, in memory that grows with the longest of them and not with their number.
#[derive(Clone, Debug)]
pub(crate) struct Distribution(Histogram<u64>);

/// A day: longer times count as this long.
const TIME_NS_MAX: u64 = 86_400_000_000_000;

impl Default for Distribution {
    fn default() -> Self {
        Self(Histogram::new(3).expect("three digits are not too many"))
    }
}

impl Distribution {
    pub(crate) fn record(&mut self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).clamp(1, TIME_NS_MAX);
        self.0.record(ns).expect("the histogram grows with its values");
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the histogram grows with its values");
    }

    /// Its quantiles, where there is anything.
    pub(crate) fn quantiles(&self) -> Option<Quantiles> {
        let us = |ns: u64| ns as f64 / 1000.0;
        (!self.0.is_empty()).then(|| Quantiles {
            count: self.0.len(),
            mean_us: self.0.mean() / 1000.0,
            p50_us: us(self.0.value_at_quantile(0.5)),
            p90_us: us(self.0.value_at_quantile(0.9)),
            p99_us: us(self.0.value_at_quantile(0.99)),
            p999_us: us(self.0.value_at_quantile(0.999)),
            max_us: us(self.0.max()),
        })
    }

    /// The histogram, in nanoseconds.
    pub(crate) fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }
}

/// How times are distributed, in microseconds, to three significant digits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many there are.
    pub count: u64,
    /// Their mean.
    pub mean_us: f64,
    /// The median.
    pub p50_us: f64,
    /// What nine in ten do not exceed.
    pub p90_us: f64,
    /// What 99 in a hundred do not exceed.
    pub p99_us: f64,
    /// What 999 in a thousand do not exceed.
    pub p999_us: f64,
    /// The longest.
    pub max_us: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_all_that_was_merged() {
        let mut all = Distribution::default();
        assert_eq!(all.quantiles(), None);
        let mut slow = Distribution::default();
        (0..90).for_each(|_| all.record(Duration::from_micros(10)));
        (0..10).for_each(|_| slow.record(Duration::from_millis(10)));
        all.merge(&slow);
        let quantiles = all.quantiles().unwrap();
        assert_eq!(quantiles.count, 100);
        for (got, wanted) in [
            (quantiles.p50_us, 10.0),
            (quantiles.p90_us, 10.0),
            (quantiles.p99_us, 10_000.0),
            (quantiles.max_us, 10_000.0),
            (quantiles.mean_us, 1009.0),
        ] {
            assert!((got / wanted - 1.0).abs() < 2e-3, "{got} {wanted}");
        }
    }

    #[test]
    fn absurd_times_saturate() {
        let mut all = Distribution::default();
        all.record(Duration::MAX);
        all.record(Duration::ZERO);
        assert!(all.quantiles().unwrap().max_us >= 86_400e6 * 0.999);
    }
}
