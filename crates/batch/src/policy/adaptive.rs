use super::{Policy, View};
use crate::{LeaveReason, Nanos};

/// Weight of the newest batch in the mean time of a batch.
const MEAN_WEIGHT: f64 = 0.2;

/// The largest batch doubles when more than twice its rows wait, and halves when fewer than half of them do and
/// batches take less than the target.
#[derive(Clone, Copy, Debug)]
pub struct Adaptive {
    rows: usize,
    target_ns: Nanos,
    mean_ns: f64,
}

impl Adaptive {
    /// Starts at one row.
    #[must_use]
    pub fn new(target_ns: Nanos) -> Self {
        Self { rows: 1, target_ns, mean_ns: 0.0 }
    }
}

impl Policy for Adaptive {
    fn rows_cap(&mut self, view: &View<'_>) -> usize {
        if view.waiting_rows > self.rows * 2 {
            self.rows *= 2;
        } else if view.waiting_rows < self.rows / 2 && self.mean_ns < self.target_ns as f64 {
            self.rows /= 2;
        }
        self.rows = self.rows.clamp(1, view.rows_max);
        self.rows
    }

    fn cap_reason(&self, _cap: usize, _rows_max: usize) -> LeaveReason {
        LeaveReason::Full
    }

    fn observe(&mut self, _rows: usize, took_ns: Nanos) {
        self.mean_ns += MEAN_WEIGHT * (took_ns as f64 - self.mean_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LatencyModel;

    fn view(latency: &LatencyModel, waiting_rows: usize) -> View<'_> {
        View {
            start_ns: 0,
            ahead: 0,
            waiting_rows,
            population_rows: 0,
            turnaround_ns: 0,
            lanes: 1,
            rows_max: 64,
            slo_ns: None,
            latency,
        }
    }

    #[test]
    fn doubles_under_pressure_and_halves_when_calm_and_fast() {
        let latency = LatencyModel::any(64);
        let mut policy = Adaptive::new(1_000);
        let grown: Vec<usize> = (0..8).map(|_| policy.rows_cap(&view(&latency, 1000))).collect();
        assert_eq!(grown, [2, 4, 8, 16, 32, 64, 64, 64]);
        assert_eq!(policy.rows_cap(&view(&latency, 40)), 64, "neither piling up nor calm");
        for _ in 0..100 {
            policy.observe(64, 2_000);
        }
        assert_eq!(policy.rows_cap(&view(&latency, 0)), 64, "calm but slow");
        for _ in 0..100 {
            policy.observe(64, 10);
        }
        assert_eq!(policy.rows_cap(&view(&latency, 0)), 32);
    }
}
