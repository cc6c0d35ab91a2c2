//! The highest rate at which 99 % of the requests are answered inside the SLO, against the figures that
//! `phalanx simulate` gives with more requests.

use phalanx_batch::{Options, PolicyKind};

use super::device::DEVICES;
use super::load::Load;

const REQUESTS: usize = 80_000;
const SEED: u64 = 7;

/// One policy on one lane: its goodput on each of the devices as a fraction of the bound, at Poisson and bursty
/// arrivals.
fn reaches(policy: PolicyKind, rows_max: usize, poisson: [f64; 3], bursty: [f64; 3]) {
    let options = Options { rows_max, policy, ..Options::default() };
    for (shape, goodput, tolerance) in [(1.0, poisson, 0.03), (0.1, bursty, 0.06)] {
        let load = Load::gamma(shape, REQUESTS, SEED);
        for (device, goodput) in DEVICES.into_iter().zip(goodput) {
            let inside = |fraction: f64| device.inside(options, &load, fraction);
            let (below, above) = (inside(goodput * (1.0 - tolerance)), inside(goodput * (1.0 + tolerance)));
            assert!(below >= 0.99, "{policy} on {device:?}, shape {shape}: {below} below {goodput}");
            assert!(above < 0.99, "{policy} on {device:?}, shape {shape}: {above} above {goodput}");
        }
    }
}

#[test]
fn a_fixed_size_and_delay() {
    reaches(PolicyKind::Delay { timeout_ns: 10_000_000 }, 32, [0.92, 0.90, 0.41], [0.60, 0.56, 0.33]);
}

#[test]
fn doubling_and_halving() {
    reaches(PolicyKind::Adaptive { target_ns: 50_000_000 }, 256, [0.84, 0.77, 0.64], [0.51, 0.43, 0.50]);
}

#[test]
fn what_waits_at_once() {
    reaches(PolicyKind::Immediate, 256, [0.93, 0.92, 0.97], [0.60, 0.58, 0.82]);
}

#[test]
fn windows_by_deadline() {
    reaches(PolicyKind::SloWindow, 256, [0.97, 0.96, 0.99], [0.72, 0.70, 0.88]);
}
