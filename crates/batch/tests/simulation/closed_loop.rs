use std::cell::RefCell;
use std::collections::VecDeque;

use phalanx_batch::{LatencyModel, Nanos, Options, PolicyKind};

use super::machine::Machine;

const CALLERS: usize = 64;
const REQUESTS: usize = 20_000;

/// Callers that send their next request some time after they have their answer. Answers are handed out one by one.
struct ClosedLoop {
    options: Options,
    /// l(b) = α·b + β
    alpha_ns: Nanos,
    beta_ns: Nanos,
    pause_ns: Nanos,
    hand_out_ns: Nanos,
}

impl ClosedLoop {
    fn new(policy: PolicyKind) -> Self {
        let options = Options {
            lanes: 1,
            depth: 2,
            rows_max: 64,
            queue_rows_max: 1000,
            slo_ns: None,
            lead_ns: 0,
            policy,
        };
        Self { options, alpha_ns: 2_000, beta_ns: 100_000, pause_ns: 0, hand_out_ns: 0 }
    }

    /// The mean rows of a batch, and how many requests are answered in a millisecond.
    fn run(&self) -> (f64, f64) {
        let run_ns = |rows: usize| self.alpha_ns * rows as Nanos + self.beta_ns;
        let mut latency = LatencyModel::any(64);
        for (index, rows) in latency.sizes().to_vec().into_iter().enumerate() {
            latency.calibrate(index, run_ns(rows));
        }
        let batches = RefCell::new(0);
        let mut machine = Machine::new(self.options, latency, |rows| {
            *batches.borrow_mut() += 1;
            run_ns(rows)
        });
        let mut pausing: VecDeque<(Nanos, usize)> = (0..CALLERS).map(|caller| (0, caller)).collect();
        let (mut left, mut answered, mut handed_out_ns) = (Vec::new(), 0, 0);
        while answered < REQUESTS {
            let back_ns = pausing.front().map_or(Nanos::MAX, |&(back_ns, _)| back_ns);
            if machine.advance(back_ns, &mut left) {
                answered += left.len();
                for &(caller, _) in &left {
                    handed_out_ns = machine.now_ns().max(handed_out_ns) + self.hand_out_ns;
                    pausing.push_back((handed_out_ns + self.pause_ns, caller));
                }
            } else if let Some((_, caller)) = pausing.pop_front() {
                machine.arrive(caller);
            }
        }
        let answered = answered as f64;
        (answered / f64::from(batches.take()), answered * 1e6 / machine.now_ns() as f64)
    }
}

#[test]
fn depth_does_not_chop_the_callers_of_a_blocking_lane() {
    // A free lane does not wait for a timer, so it starts with the first caller that is back, and the others follow.
    let mut closed_loop = ClosedLoop::new(PolicyKind::SloWindow);
    let (shallow, _) = closed_loop.run();
    assert!(shallow > 31.0, "{shallow}");
    for depth in [1, 4, 8] {
        for slo_ns in [None, Some(1_000_000)] {
            closed_loop.options = Options { depth, slo_ns, ..closed_loop.options };
            assert_eq!(closed_loop.run().0, shallow, "depth {depth}, SLO {slo_ns:?}");
        }
    }
}

#[test]
fn depth_does_not_chop_the_callers_of_a_lane_that_works_by_itself() {
    for depth in [2, 4, 8] {
        for slo_ns in [None, Some(1_000_000)] {
            let mut closed_loop = ClosedLoop::new(PolicyKind::SloWindow);
            closed_loop.options = Options { depth, slo_ns, lead_ns: 20_000, ..closed_loop.options };
            let (rows, _) = closed_loop.run();
            assert!(rows > 31.0, "{rows} rows at depth {depth}, SLO {slo_ns:?}");
        }
    }
}

#[test]
fn a_lane_runs_some_callers_while_the_others_are_on_their_way_back() {
    let closed_loop = |policy, pause_us: Nanos| {
        let (alpha_ns, beta_ns, pause_ns) = (4_000, 10_000, pause_us * 1000);
        ClosedLoop { alpha_ns, beta_ns, pause_ns, hand_out_ns: 1000, ..ClosedLoop::new(policy) }.run()
    };
    for pause_us in [5, 30, 150] {
        let (_, greedy) = closed_loop(PolicyKind::Immediate, pause_us);
        let (rows, shared_out) = closed_loop(PolicyKind::SloWindow, pause_us);
        assert!(shared_out > 0.995 * greedy, "{shared_out} against {greedy} answers a ms, {pause_us} µs");
        if pause_us < 100 {
            assert!((31.0..33.0).contains(&rows), "half of them at a time: {rows}, {pause_us} µs");
        }
    }
}
