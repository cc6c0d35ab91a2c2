use phalanx_backend::Device;
use phalanx_engine::{Isolation, Policy};

use super::{TunePlan, Variant};

/// Ways in which the cores are shared out at most.
const SHARES_MAX: usize = 6;

/// What is timed: each backend that is here with each way to share the cores out, the engine's own way first; then, on
/// that way, worker processes and other arithmetics.
///
/// `backends` are names and devices, the preferred first.
#[must_use]
pub fn variants(plan: &TunePlan, backends: &[(String, Device)]) -> Vec<Variant> {
    let fixed = &plan.fixed;
    let isolation = fixed.isolation.unwrap_or_default();
    let precisions: Vec<String> = fixed.precisions.iter().map(ToString::to_string).collect();
    let first = precisions.first().cloned().unwrap_or_else(|| "fp32".to_owned());
    let mut all = Vec::new();
    for (backend, device) in backends {
        let variant = |lanes, threads, isolation: Isolation, precision: &str| Variant {
            backend: backend.clone(),
            device: device.to_string(),
            isolation: isolation.to_string(),
            precision: precision.to_owned(),
            lanes,
            threads,
        };
        let shares = shares(plan, *device);
        all.extend(shares.iter().map(|&(lanes, threads)| variant(lanes, threads, isolation, &first)));
        let Some(&(lanes, threads)) = shares.first() else { continue };
        if fixed.try_processes && fixed.isolation.is_none() {
            all.push(variant(lanes, threads, Isolation::Process, &first));
        }
        all.extend(precisions.iter().skip(1).map(|precision| variant(lanes, threads, isolation, precision)));
    }
    all
}

/// Lanes and threads of each. Of an accelerator lanes alone count, for its programs use no threads of ours.
fn shares(plan: &TunePlan, device: Device) -> Vec<(usize, usize)> {
    let cores = plan.cores.max(1);
    let halves = || std::iter::successors(Some(cores), |count| Some(count / 2).filter(|&half| half > 0));
    let mut shares: Vec<(usize, usize)> = match (plan.fixed.lanes, plan.fixed.threads) {
        (Some(lanes), Some(threads)) => vec![(lanes, threads)],
        (Some(lanes), None) => halves()
            .filter(|threads| threads * lanes <= cores.max(lanes))
            .map(|threads| (lanes, threads))
            .collect(),
        (None, threads) if device != Device::Cpu => {
            [1, 2, 4].into_iter().map(|lanes| (lanes, threads.unwrap_or(1))).collect()
        }
        (None, Some(threads)) => halves()
            .filter(|lanes| lanes * threads <= cores.max(threads))
            .map(|lanes| (lanes, threads))
            .collect(),
        (None, None) => {
            // All cores, from one thread a lane to one lane; and one core left to those who copy and wait.
            let all = halves().map(|lanes| (lanes, cores / lanes));
            let spared = (cores > 1).then_some((cores - 1, 1));
            all.chain(spared).collect()
        }
    };
    let mut seen = Vec::new();
    shares.retain(|share| {
        let new = !seen.contains(share);
        seen.push(*share);
        new
    });
    shares.truncate(SHARES_MAX);
    shares
}

/// The policies that are simulated. The timers are parts of the SLO.
pub(super) fn policies(plan: &TunePlan) -> Vec<Policy> {
    if let Some(policy) = plan.fixed.policy {
        return vec![policy];
    }
    let mut policies = vec![Policy::SloWindow, Policy::Immediate];
    if let Some(slo) = plan.slo {
        let delay = |part: u32| Policy::Delay { timeout_ns: (slo / part).as_nanos() as u64 / 1000 * 1000 };
        policies.extend([delay(20), delay(8), Policy::Deferred]);
    }
    policies
}

/// The largest batches that are simulated: powers of two up to the largest that was timed, and that itself.
pub(super) fn largest_batches(plan: &TunePlan, timed_max: usize) -> Vec<usize> {
    if let Some(max_batch) = plan.fixed.max_batch {
        return vec![max_batch];
    }
    let mut sizes: Vec<usize> = std::iter::successors(Some(4_usize), |size| Some(size * 2))
        .take_while(|&size| size < timed_max)
        .collect();
    sizes.push(timed_max);
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::{Fixed, Objective};
    use std::time::Duration;

    fn plan(cores: usize, fixed: Fixed) -> TunePlan {
        TunePlan {
            slo: Some(Duration::from_millis(50)),
            rate: None,
            objective: Objective::Goodput,
            arrivals: Default::default(),
            memory_limit: None,
            budget: Duration::from_secs(60),
            fixed,
            rows_max: 128,
            cores,
            trials_max: 4,
            seed: 1,
        }
    }

    #[test]
    fn cores_are_shared_out_in_different_ways() {
        assert_eq!(shares(&plan(2, Fixed::default()), Device::Cpu), [(2, 1), (1, 2), (1, 1)]);
        assert_eq!(shares(&plan(1, Fixed::default()), Device::Cpu), [(1, 1)]);
        assert_eq!(shares(&plan(8, Fixed::default()), Device::Cpu), [(8, 1), (4, 2), (2, 4), (1, 8), (7, 1)]);
        let lanes = Fixed { lanes: Some(3), ..Fixed::default() };
        assert_eq!(shares(&plan(8, lanes), Device::Cpu), [(3, 2), (3, 1)]);
        let both = Fixed { lanes: Some(3), threads: Some(9), ..Fixed::default() };
        assert_eq!(shares(&plan(2, both), Device::Cpu), [(3, 9)]);
        assert_eq!(shares(&plan(8, Fixed::default()), Device::Cuda(0)), [(1, 1), (2, 1), (4, 1)]);
    }

    #[test]
    fn processes_and_arithmetics_are_tried_on_the_first_way() {
        use phalanx_backend::Precision;
        let precisions = vec![Precision::Fp32, Precision::Fp16];
        let fixed = Fixed { try_processes: true, precisions, ..Fixed::default() };
        let all = variants(&plan(2, fixed), &[("tract".to_owned(), Device::Cpu)]);
        let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 5, "{texts:?}");
        assert_eq!(texts[3], "tract on cpu, 2 lanes of 1 thread, process");
        assert_eq!(texts[4], "tract on cpu, 2 lanes of 1 thread, fp16");
    }

    #[test]
    fn what_is_given_is_not_searched_for() {
        let fixed = Fixed { policy: Some(Policy::Immediate), max_batch: Some(7), ..Fixed::default() };
        assert_eq!(policies(&plan(2, fixed.clone())), [Policy::Immediate]);
        assert_eq!(largest_batches(&plan(2, fixed), 128), [7]);
        assert_eq!(largest_batches(&plan(2, Fixed::default()), 20), [4, 8, 16, 20]);
        assert_eq!(largest_batches(&plan(2, Fixed::default()), 1), [1]);
    }
}
