use std::cell::RefCell;

use phalanx_batch::{LatencyModel, Nanos, Options, PolicyKind};

use super::machine::Machine;

const CALLERS: usize = 64;
const BATCHES: usize = 400;

/// l(b) = 2·b + 100 µs
fn run_ns(rows: usize) -> Nanos {
    (2 * rows as Nanos + 100) * 1000
}

/// Rows of each batch, where every caller sends its next request when it has its answer.
fn rows_of_batches(depth: usize, lead_ns: Nanos, slo_ns: Option<Nanos>) -> Vec<usize> {
    let options = Options {
        lanes: 1,
        depth,
        rows_max: 64,
        queue_rows_max: 1000,
        slo_ns,
        lead_ns,
        policy: PolicyKind::SloWindow,
    };
    let mut latency = LatencyModel::any(64);
    for (index, rows) in latency.sizes().to_vec().into_iter().enumerate() {
        latency.calibrate(index, run_ns(rows));
    }
    let ran = RefCell::new(Vec::new());
    let mut machine = Machine::new(options, latency, |rows| {
        ran.borrow_mut().push(rows);
        run_ns(rows)
    });
    (0..CALLERS).for_each(|caller| machine.arrive(caller));
    let mut left = Vec::new();
    while ran.borrow().len() < BATCHES && machine.advance(Nanos::MAX, &mut left) {
        left.iter().for_each(|&(caller, _)| machine.arrive(caller));
    }
    ran.take().split_off(BATCHES / 4)
}

fn mean(rows: &[usize]) -> f64 {
    rows.iter().sum::<usize>() as f64 / rows.len() as f64
}

#[test]
fn depth_does_not_chop_the_callers_of_a_blocking_lane() {
    // A free lane does not wait for a timer, so it starts with the first caller that is back, and the others follow.
    let shallow = mean(&rows_of_batches(1, 0, None));
    assert!(shallow >= 32.0, "{shallow}");
    for depth in [2, 4, 8] {
        assert_eq!(mean(&rows_of_batches(depth, 0, None)), shallow, "depth {depth}");
        assert_eq!(mean(&rows_of_batches(depth, 0, Some(1_000_000))), shallow, "depth {depth}, with an SLO");
    }
}

#[test]
fn depth_does_not_chop_the_callers_of_a_lane_that_works_by_itself() {
    for depth in [2, 4, 8] {
        for slo_ns in [None, Some(1_000_000)] {
            let rows = mean(&rows_of_batches(depth, 20_000, slo_ns));
            assert!(rows >= 32.0, "{rows} rows at depth {depth}");
        }
    }
}
