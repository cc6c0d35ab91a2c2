use super::{Policy, View};
use crate::{LeaveReason, Nanos};

/// By how much the largest batch shrinks after one that took too long.
const BACK_OFF: f64 = 0.1;

/// Clipper's rule (Crankshaw and others, NSDI 2017): the largest batch grows by one row after each full one that was
/// fast enough, and shrinks by a tenth after one that was not.
///
/// What it holds to the latency promised is the time of the batch alone, as published; what requests waited before
/// comes on top. A target below the SLO leaves room for that.
#[derive(Clone, Copy, Debug)]
pub struct Aimd {
    rows: f64,
    rows_max: usize,
    target_ns: Option<Nanos>,
    slo_ns: Option<Nanos>,
}

impl Aimd {
    /// Starts at one row. Without a target batches are held to the SLO, and without that to nothing.
    #[must_use]
    pub fn new(target_ns: Option<Nanos>) -> Self {
        Self { rows: 1.0, rows_max: 1, target_ns, slo_ns: None }
    }
}

impl Policy for Aimd {
    fn rows_cap(&mut self, view: &View<'_>) -> usize {
        (self.rows_max, self.slo_ns) = (view.rows_max, view.slo_ns);
        (self.rows as usize).clamp(1, view.rows_max)
    }

    fn cap_reason(&self, _cap: usize, _rows_max: usize) -> LeaveReason {
        LeaveReason::Full
    }

    fn observe(&mut self, rows: usize, took_ns: Nanos) {
        let target_ns = self.target_ns.or(self.slo_ns).unwrap_or(Nanos::MAX);
        if took_ns > target_ns {
            self.rows = (self.rows * (1.0 - BACK_OFF)).max(1.0);
        } else if rows >= self.rows as usize {
            self.rows = (self.rows + 1.0).min(self.rows_max.max(1) as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LatencyModel;

    fn cap(policy: &mut Aimd, slo_ns: Option<Nanos>) -> usize {
        let latency = LatencyModel::any(64);
        policy.rows_cap(&View {
            start_ns: 0,
            ahead: 0,
            waiting_rows: 1000,
            population_rows: 0,
            turnaround_ns: 0,
            lanes: 1,
            rows_max: 64,
            slo_ns,
            latency: &latency,
        })
    }

    /// Where it settles when batches of b rows take 10·b and every one is full, and how far it swings.
    fn settles(target_ns: Option<Nanos>, slo_ns: Option<Nanos>) -> (usize, usize) {
        let mut policy = Aimd::new(target_ns);
        let mut seen = Vec::new();
        for _ in 0..1000 {
            let rows = cap(&mut policy, slo_ns);
            policy.observe(rows, 10 * rows as Nanos);
            seen.push(rows);
        }
        let late = &seen[500..];
        (*late.iter().min().unwrap(), *late.iter().max().unwrap())
    }

    #[test]
    fn it_swings_below_the_target() {
        assert_eq!(settles(None, Some(300)), (27, 31));
        assert_eq!(settles(Some(150), Some(300)), (14, 16));
        assert_eq!(settles(None, None), (64, 64), "nothing holds it");
    }

    #[test]
    fn a_batch_that_was_not_full_tells_nothing() {
        let mut policy = Aimd::new(Some(100));
        assert_eq!(cap(&mut policy, None), 1);
        (0..4).for_each(|_| policy.observe(5, 10));
        assert_eq!(cap(&mut policy, None), 5);
        policy.observe(2, 10);
        assert_eq!(cap(&mut policy, None), 5);
    }
}
