use std::sync::Arc;

use phalanx_backend::{Buckets, Device, Program};
use phalanx_batch::{LatencyModel, Nanos, Options, Scheduler};

use super::program::Tripler;
use crate::fallback::{Candidate, Pace, Stack};
use crate::hub::{BatchTimeout, Hub, Settings};
use crate::pad::PadPlan;

/// How long a batch may run.
pub(super) const TIMEOUT_NS: Nanos = 5_000;

/// Candidates take over from each other within one run.
const PACE: Pace = Pace {
    failures_max: 2,
    window_ns: 10_000,
    probes_needed: 2,
    probe_wait_min_ns: 500,
    probe_wait_max_ns: 2_000,
};

/// The logic of an engine whose `levels` candidates all are a [`Tripler`].
pub(super) fn hub(options: Options, buckets: Buckets, recovers: bool, levels: usize) -> Arc<Hub> {
    let rows_max = options.rows_max;
    let mut latency = LatencyModel::any(rows_max);
    for index in 0..latency.sizes().len() {
        latency.calibrate(index, 100 + 10 * latency.sizes()[index] as u64);
    }
    let program = Arc::new(Tripler::new(buckets.clone()));
    let settings = Settings {
        signature: program.signature().clone(),
        backend: "tripler",
        batched: true,
        buckets,
        rows_max,
        pad: PadPlan::new(&[], program.signature()).unwrap(),
        groups_max: 2,
        input_bytes_max: u64::MAX,
        latency,
        batch_timeout: BatchTimeout::Fixed(TIMEOUT_NS),
        recovers,
        spin: std::time::Duration::ZERO,
        trace: None,
        number: crate::hub::QueueNumber::ONLY,
    };
    let primary: Arc<dyn Program> = program;
    let candidate = || Candidate::ready("tripler", Device::Cpu, Arc::clone(&primary));
    let others = (1..levels).map(|_| candidate()).collect();
    let stack = Arc::new(Stack::new(candidate(), Arc::clone(&primary), others, PACE));
    Hub::new(stack, settings, Scheduler::new(options), usize::MAX)
}
