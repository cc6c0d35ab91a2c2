//! What the default policy promises beside the best of the textbook's, whatever the number of lanes: no less goodput, and
//! under any overload nearly all that the lanes can do.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use phalanx_simulate::{
    Arrivals, Load, Rule, Run, Search, Served, Setup, Times, bound_per_s, goodput, in_parallel, run,
};

const LANES: [usize; 3] = [1, 2, 4];
const ARRIVALS: [Arrivals; 2] = [Arrivals::Poisson, Arrivals::Gamma(0.1)];
/// α and β in milliseconds, and the SLO.
const DEVICES: [(f64, f64, u64); 3] = [(1.08, 5.2, 100), (0.5, 4.0, 50), (0.05, 4.0, 25)];

type Cell = (usize, Arrivals, (f64, f64, u64));

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for lanes in LANES {
        for arrivals in ARRIVALS {
            cells.extend(DEVICES.map(|device| (lanes, arrivals, device)));
        }
    }
    cells
}

fn setup(rule: Rule, &(devices, _, (alpha_ms, beta_ms, slo_ms)): &Cell) -> Setup {
    let times = Times::line(alpha_ms * 1e6, beta_ms * 1e6).unwrap();
    Setup {
        devices,
        served: vec![Served { slo_ns: slo_ms * 1_000_000, rule, ..Served::new("model", times) }],
    }
}

#[test]
fn it_reaches_what_nexus_does() {
    let search = Search { precision: 0.003, ..Search::default() };
    let reached = in_parallel(&cells(), |cell| {
        let loads = [7, 77].map(|seed| Load::draw(cell.1, 60_000, seed));
        ["slo-window", "nexus"].map(|rule| {
            let setup = setup(rule.parse().unwrap(), cell);
            goodput(&setup, &loads, &search).unwrap().of_bound
        })
    });
    for (cell, [ours, nexus]) in cells().iter().zip(reached) {
        println!("{cell:?}: {ours:.3}, nexus {nexus:.3}");
        assert!(ours > nexus - 0.01, "{cell:?}: {ours:.3}, nexus {nexus:.3}");
    }
}

#[test]
fn more_than_can_be_done_costs_nothing_of_what_can() {
    let cells: Vec<(Cell, f64)> =
        cells().into_iter().flat_map(|cell| [1.1, 1.5, 3.0].map(|rate| (cell, rate))).collect();
    let answered = in_parallel(&cells, |(cell, rate)| {
        let setup = setup(Rule::default(), cell);
        let load = Load::draw(cell.1, 40_000, 7);
        let rate_per_s = rate * bound_per_s(&setup);
        rate * run(&setup, &[load], &Run { rate_per_s, warm_up: 0.3, seed: 1 }).unwrap().inside
    });
    for ((cell, rate), answered) in cells.iter().zip(answered) {
        println!("{cell:?} at {rate}: {answered:.3}");
        assert!(answered > 0.92, "{cell:?} at {rate}: {answered:.3}");
    }
}
