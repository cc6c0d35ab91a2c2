use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How fast the estimate follows a longer time, and a shorter one: it comes to rest where few are longer.
const RISE: u64 = 8;
const FALL: u64 = 2048;

/// How long requests take beside waiting and computing: until their rows are handed out, and their turn comes on the
/// I/O thread. What the clients were promised has to cover that too.
#[derive(Debug, Default)]
pub(crate) struct Handling {
    estimate_ns: AtomicU64,
}

impl Handling {
    /// One request took this long.
    pub(crate) fn took(&self, time: Duration) {
        let time_ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let old_ns = self.estimate_ns.load(Ordering::Relaxed);
        let new_ns = if time_ns > old_ns {
            old_ns + (time_ns - old_ns) / RISE
        } else {
            old_ns - (old_ns - time_ns) / FALL
        };
        // Two threads at once may lose one of their times, which changes little.
        self.estimate_ns.store(new_ns, Ordering::Relaxed);
    }

    /// What nearly all requests take.
    pub(crate) fn estimate(&self) -> Duration {
        Duration::from_nanos(self.estimate_ns.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_all_take_at_most_the_estimate() {
        let handling = Handling::default();
        // 1 to 100 µs, in an order without long runs.
        let times = || (0..20_000_u64).map(|index| Duration::from_micros(1 + index * 37 % 100));
        times().for_each(|time| handling.took(time));
        let estimate = handling.estimate();
        let longer = times().filter(|&time| time > estimate).count();
        assert!(longer < 20_000 / 10, "{longer} of 20,000 are longer than {estimate:?}");
        assert!(estimate < Duration::from_micros(110));
    }

    #[test]
    fn it_comes_down_again() {
        let handling = Handling::default();
        handling.took(Duration::from_secs(1));
        (0..100_000).for_each(|_| handling.took(Duration::from_micros(10)));
        assert!(handling.estimate() < Duration::from_micros(20));
    }
}
