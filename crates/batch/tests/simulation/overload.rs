//! Far more than a lane can do: what is admitted is answered in time, and the rest is told at once.

use phalanx_batch::{Nanos, Options, PolicyKind};

use super::device::{DEVICES, Device};
use super::load::Load;
use super::machine::{Machine, Outcome};

const REQUESTS: usize = 60_000;
const SEED: u64 = 7;

/// What became of requests under overload.
#[derive(Clone, Copy, Debug, Default)]
struct Overloaded {
    in_time: usize,
    late: usize,
    refused_at_once: usize,
    refused_later: usize,
    /// Those in time, a second, as a fraction of the bound.
    of_bound: f64,
}

/// What becomes of requests that come at this multiple of the bound.
fn overloaded(device: Device, options: Options, load: &Load, times: f64) -> Overloaded {
    let rate_per_ms = device.bound_per_ms() * times * options.lanes as f64;
    let options = Options { slo_ns: Some(device.slo_ns()), queue_rows_max: usize::MAX, ..options };
    let mut machine = Machine::new(options, device.latency(), |rows| device.run_ns(rows));
    let (mut result, mut left) = (Overloaded::default(), Vec::new());
    for next in 0..=load.requests() {
        let until_ns = if next < load.requests() { load.arrival_ns(next, rate_per_ms) } else { Nanos::MAX };
        while machine.advance(until_ns, &mut left) {
            for &(request, outcome) in &left {
                let took_ns = machine.now_ns() - load.arrival_ns(request, rate_per_ms);
                match outcome {
                    Outcome::Answered if took_ns <= device.slo_ns() => result.in_time += 1,
                    Outcome::Answered => result.late += 1,
                    Outcome::Refused if took_ns == 0 => result.refused_at_once += 1,
                    // Overload is known as such only when it has lasted for a while.
                    Outcome::Refused if request < load.requests() / 3 => {}
                    Outcome::Refused => result.refused_later += 1,
                }
            }
        }
        if next < load.requests() {
            machine.arrive(next);
        }
    }
    result.of_bound = result.in_time as f64 / load.requests() as f64 * times;
    result
}

#[test]
fn who_cannot_be_answered_is_told_on_arrival() {
    let options = Options { rows_max: 256, policy: PolicyKind::SloWindow, ..Options::default() };
    let load = Load::gamma(1.0, REQUESTS, SEED);
    for device in DEVICES {
        for times in [2.0, 5.0] {
            let outcome = overloaded(device, options, &load, times);
            assert!(outcome.of_bound > 0.97, "{times} times {device:?}: {outcome:?}");
            assert_eq!(outcome.late, 0, "{times} times {device:?}");
            let told_later = outcome.refused_later as f64 / outcome.refused_at_once as f64;
            assert!(told_later < 0.04, "{times} times {device:?}: {outcome:?}");
        }
    }
}
