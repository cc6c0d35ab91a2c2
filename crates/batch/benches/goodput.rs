//! Goodput of the policies in simulation: the highest rate at which 99 % of the requests are answered inside the SLO,
//! as a fraction of the bound; Poisson / bursty arrivals. One row a policy, one column a device.
//!
//! `cargo bench -p phalanx-batch --bench goodput -- [REQUESTS]`

#![expect(clippy::print_stdout, reason = "the figures are what it gives")]

#[path = "../tests/simulation/device.rs"]
mod device;
#[path = "../tests/simulation/load.rs"]
mod load;
#[path = "../tests/simulation/machine.rs"]
mod machine;
#[path = "../tests/simulation/rng.rs"]
mod rng;

use device::{DEVICES, Device};
use load::Load;
use phalanx_batch::{Options, PolicyKind};

const SEEDS: [u64; 3] = [7, 77, 777];

fn main() {
    let requests = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(200_000);
    let loads = [1.0, 0.1].map(|shape| SEEDS.map(|seed| Load::gamma(shape, requests, seed)));
    let policies = [
        (PolicyKind::Delay { timeout_ns: 10_000_000 }, 32),
        (PolicyKind::Adaptive { target_ns: 50_000_000 }, 256),
        (PolicyKind::Immediate, 256),
        (PolicyKind::SloWindow, 256),
    ];
    for lanes in [1, 2, 4] {
        for (policy, rows_max) in policies {
            let options = Options { lanes, rows_max, policy, ..Options::default() };
            let cells = DEVICES.map(|device| {
                let [poisson, bursty] = loads.each_ref().map(|loads| goodput(&device, options, loads));
                format!("{poisson:.3} / {bursty:.3}")
            });
            println!("{lanes} lanes, {policy}, max {rows_max}: {}", cells.join(" | "));
        }
    }
}

fn goodput(device: &Device, options: Options, loads: &[Load]) -> f64 {
    let (mut low, mut high) = (0.0, 1.3);
    for _ in 0..11 {
        let middle = (low + high) / 2.0;
        let inside: f64 = loads.iter().map(|load| device.inside(options, load, middle)).sum();
        if inside >= 0.99 * loads.len() as f64 { low = middle } else { high = middle }
    }
    low
}
