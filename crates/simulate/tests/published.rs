//! The published table of policies: the highest rate at which 99 % of the requests are answered inside the SLO, as a
//! fraction of the bound, one lane, no noise. `docs/policies.md` says how it was made.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use phalanx_simulate::{Arrivals, Load, Rule, Search, Served, Setup, Times, goodput, in_parallel};

const REQUESTS: usize = 200_000;
const SEEDS: [u64; 3] = [7, 77, 777];
/// Every figure is reproduced within so many points, both with two decimals as they are published.
const POINTS: f64 = 2.0;

/// α and β in milliseconds, and the SLO.
const DEVICES: [(f64, f64, u64); 3] = [(1.08, 5.2, 100), (0.5, 4.0, 50), (0.05, 4.0, 25)];

/// Poisson and bursty (Gamma of shape 0.1) on each of the devices.
type Row = (&'static str, [(f64, f64); 3]);

const PUBLISHED: [Row; 5] = [
    ("window:32:10ms", [(0.90, 0.55), (0.88, 0.46), (0.41, 0.33)]),
    ("doubling:64:50ms", [(0.84, 0.50), (0.77, 0.41), (0.63, 0.48)]),
    ("greedy", [(0.92, 0.58), (0.91, 0.58), (0.96, 0.83)]),
    ("capped", [(0.97, 0.68), (0.95, 0.66), (0.98, 0.86)]),
    ("nexus", [(0.97, 0.69), (0.96, 0.68), (0.99, 0.88)]),
];

fn reaches(rule: Rule, device: (f64, f64, u64), shape: f64) -> f64 {
    let (alpha_ms, beta_ms, slo_ms) = device;
    let times = Times::line(alpha_ms * 1e6, beta_ms * 1e6).unwrap();
    let served = Served { slo_ns: slo_ms * 1_000_000, rule, ..Served::new("model", times) };
    let setup = Setup { devices: 1, served: vec![served] };
    let arrivals = if shape == 1.0 { Arrivals::Poisson } else { Arrivals::Gamma(shape) };
    let loads = SEEDS.map(|seed| Load::draw(arrivals, REQUESTS, seed));
    goodput(&setup, &loads, &Search::default()).unwrap().of_bound
}

#[test]
fn every_cell_is_reproduced() {
    let cells: Vec<(&str, Rule, usize, f64, f64)> = PUBLISHED
        .iter()
        .flat_map(|(name, cells)| {
            cells.iter().enumerate().flat_map(move |(device, &(poisson, bursty))| {
                let rule = name.parse().unwrap();
                [(*name, rule, device, 1.0, poisson), (*name, rule, device, 0.1, bursty)]
            })
        })
        .collect();
    let reached = in_parallel(&cells, |&(_, rule, device, shape, _)| reaches(rule, DEVICES[device], shape));
    let mut off = Vec::new();
    for ((name, _, device, shape, published), reached) in cells.iter().zip(&reached) {
        println!("{name} {:?} shape {shape}: {reached:.3}, published {published}", DEVICES[*device]);
        if ((100.0 * reached).round() - 100.0 * published).abs() > POINTS + 1e-6 {
            off.push(format!(
                "{name} {:?} shape {shape}: {reached:.3}, published {published}",
                DEVICES[*device]
            ));
        }
    }
    assert!(off.is_empty(), "{}", off.join("\n"));
}
