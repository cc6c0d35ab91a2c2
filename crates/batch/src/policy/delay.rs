use super::{Open, Policy};
use crate::Nanos;

/// A batch leaves when it is full or when its first request has waited for the timeout, counted from that request's
/// arrival and not from when a worker became idle.
#[derive(Clone, Copy, Debug)]
pub struct Delay {
    timeout_ns: Nanos,
}

impl Delay {
    /// Waits at most `timeout_ns`.
    #[must_use]
    pub fn new(timeout_ns: Nanos) -> Self {
        Self { timeout_ns }
    }
}

impl Policy for Delay {
    fn leaves_at_ns(&self, open: &Open<'_>) -> Nanos {
        open.oldest_arrival_ns.saturating_add(self.timeout_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LatencyModel;

    #[test]
    fn the_clock_starts_with_the_first_request() {
        let latency = LatencyModel::any(64);
        let open = Open {
            oldest_arrival_ns: 5,
            earliest_deadline_ns: Nanos::MAX,
            rows: 3,
            slip_ns: 0,
            latency: &latency,
        };
        assert_eq!(Delay::new(10).leaves_at_ns(&open), 15);
        assert_eq!(Delay::new(Nanos::MAX).leaves_at_ns(&open), Nanos::MAX);
    }
}
