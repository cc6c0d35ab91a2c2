use phalanx_batch::{LatencyModel, Nanos, Options};

use super::load::Load;
use super::machine::{Machine, Outcome};

/// Rows of the largest batch a device runs.
const ROWS_MAX: usize = 256;
/// Share of the requests, at the beginning, that do not count.
const WARM_UP: f64 = 0.3;

/// A device whose batches of b rows take l(b) = α·b + β, and the latency asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    alpha_ms: f64,
    beta_ms: f64,
    slo_ms: f64,
}

/// The devices by which policies are compared.
pub(crate) const DEVICES: [Device; 3] = [
    Device { alpha_ms: 1.08, beta_ms: 5.2, slo_ms: 100.0 },
    Device { alpha_ms: 0.5, beta_ms: 4.0, slo_ms: 50.0 },
    Device { alpha_ms: 0.05, beta_ms: 4.0, slo_ms: 25.0 },
];

impl Device {
    pub(crate) fn run_ns(&self, rows: usize) -> Nanos {
        ((self.alpha_ms * rows as f64 + self.beta_ms) * 1e6) as Nanos
    }

    pub(crate) fn slo_ns(&self) -> Nanos {
        (self.slo_ms * 1e6) as Nanos
    }

    /// b*/l(b*) in requests a millisecond, b* the largest b with 2·l(b) within the SLO: what one lane can do at most
    /// if nobody is late.
    pub(crate) fn bound_per_ms(&self) -> f64 {
        let rows = (1..=ROWS_MAX).rev().find(|&rows| 2 * self.run_ns(rows) <= self.slo_ns()).unwrap_or(1);
        rows as f64 * 1e6 / self.run_ns(rows) as f64
    }

    pub(crate) fn latency(&self) -> LatencyModel {
        let mut latency = LatencyModel::any(ROWS_MAX);
        for (index, rows) in latency.sizes().to_vec().into_iter().enumerate() {
            latency.calibrate(index, self.run_ns(rows));
        }
        latency
    }

    /// The share of the requests that are answered inside the SLO where they come at this fraction of the bound.
    pub(crate) fn inside(&self, options: Options, load: &Load, fraction: f64) -> f64 {
        let device = *self;
        let rate_per_ms = self.bound_per_ms() * fraction * options.lanes as f64;
        let options = Options { slo_ns: Some(self.slo_ns()), queue_rows_max: usize::MAX, ..options };
        let mut machine = Machine::new(options, self.latency(), |rows| device.run_ns(rows));
        let counted_from = (load.requests() as f64 * WARM_UP) as usize;
        let (mut inside, mut left) = (0, Vec::new());
        for next in 0..=load.requests() {
            let until_ns =
                if next < load.requests() { load.arrival_ns(next, rate_per_ms) } else { Nanos::MAX };
            while machine.advance(until_ns, &mut left) {
                for &(request, outcome) in &left {
                    let latest_ns = load.arrival_ns(request, rate_per_ms) + device.slo_ns();
                    let in_time = outcome == Outcome::Answered && machine.now_ns() <= latest_ns;
                    inside += usize::from(in_time && request >= counted_from);
                }
            }
            if next < load.requests() {
                machine.arrive(next);
            }
        }
        inside as f64 / (load.requests() - counted_from) as f64
    }
}
