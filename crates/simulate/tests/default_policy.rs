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

/// How long before its end a device that works by itself is handed the next batch; 0 for one that blocks.
const LEADS_NS: [u64; 2] = [0, 40_000];

struct Cell {
    lanes: usize,
    lead_ns: u64,
    arrivals: Arrivals,
    device: (f64, f64, u64),
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { lanes, lead_ns, arrivals, device } = self;
        write!(f, "{lanes} lanes, lead {lead_ns} ns, {arrivals}, {device:?}")
    }
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for lanes in LANES {
        for lead_ns in LEADS_NS {
            for arrivals in ARRIVALS {
                cells.extend(DEVICES.map(|device| Cell { lanes, lead_ns, arrivals, device }));
            }
        }
    }
    cells
}

fn setup(rule: Rule, cell: &Cell) -> Setup {
    let (alpha_ms, beta_ms, slo_ms) = cell.device;
    let times = Times::line(alpha_ms * 1e6, beta_ms * 1e6).unwrap();
    let (slo_ns, lead_ns) = (slo_ms * 1_000_000, cell.lead_ns);
    let served = Served { slo_ns, lead_ns, rule, ..Served::new("model", times) };
    Setup { devices: cell.lanes, served: vec![served] }
}

#[test]
fn it_reaches_what_nexus_does() {
    let search = Search { precision: 0.003, ..Search::default() };
    let reached = in_parallel(&cells(), |cell| {
        let loads = [7, 77].map(|seed| Load::draw(cell.arrivals, 60_000, seed));
        ["slo-window", "nexus"].map(|rule| {
            let setup = setup(rule.parse().unwrap(), cell);
            goodput(&setup, &loads, &search).unwrap().of_bound
        })
    });
    for (cell, [ours, nexus]) in cells().iter().zip(reached) {
        println!("{cell}: {ours:.3}, nexus {nexus:.3}");
        assert!(ours > nexus - 0.01, "{cell}: {ours:.3}, nexus {nexus:.3}");
    }
}

#[test]
fn more_than_can_be_done_costs_nothing_of_what_can() {
    let cells = cells();
    let loads: Vec<(&Cell, f64)> =
        cells.iter().flat_map(|cell| [1.1, 1.5, 3.0].map(|rate| (cell, rate))).collect();
    let answered = in_parallel(&loads, |(cell, rate)| {
        let setup = setup(Rule::default(), cell);
        let load = Load::draw(cell.arrivals, 40_000, 7);
        let rate_per_s = rate * bound_per_s(&setup);
        rate * run(&setup, &[load], &Run { rate_per_s, warm_up: 0.3, seed: 1 }).unwrap().inside
    });
    for ((cell, rate), answered) in loads.iter().zip(answered) {
        println!("{cell} at {rate}: {answered:.3}");
        assert!(answered > 0.92, "{cell} at {rate}: {answered:.3}");
    }
}

/// A state from which requests are refused for long, although nothing waits, is met at few rates only.
#[test]
fn what_can_be_done_is_done_at_every_rate() {
    let cell = Cell { lanes: 4, lead_ns: 0, arrivals: Arrivals::Gamma(0.1), device: DEVICES[1] };
    let setup = setup(Rule::default(), &cell);
    let load = Load::draw(cell.arrivals, 60_000, 2);
    let rates: Vec<f64> = (0..120).map(|step| 0.6 + f64::from(step) * 0.0015).collect();
    let inside = in_parallel(&rates, |rate| {
        let rate_per_s = rate * bound_per_s(&setup);
        run(&setup, std::slice::from_ref(&load), &Run { rate_per_s, warm_up: 0.3, seed: 2 }).unwrap().inside
    });
    for (rate, inside) in rates.iter().zip(inside) {
        assert!(inside > 0.995, "at {rate}: {inside:.4}");
    }
}
