use std::sync::Arc;
use std::time::{Duration, Instant};

use super::load::Enough;
use super::trace::{POINTS, Point, Trace};
use super::{MEGABYTE, Memory};
use crate::MeasureError;
use crate::answers::Answers;
use crate::load::{Among, Load};
use crate::report::grouped;
use crate::stats::Slope;
use crate::verify::Plan;
use crate::verify::book::Page;
use crate::verify::finding::Finding;
use crate::verify::setup::Candidate;

/// How long the answers that are compared with may take to compute.
const ANSWERS_BUDGET: Duration = Duration::from_secs(2);

/// Growth of the second half that is no leak in any case: a few pages come and go.
const LEAK_BYTES_MIN: f64 = 262_144.0;

/// Megabytes an hour below which a process may run for good.
const SLOPE_MB_PER_HOUR_MAX: f64 = 1.0;

/// Sends requests, and looks at memory meanwhile.
pub(super) fn send(
    plan: &Plan,
    candidate: &Candidate<'_>,
    page: &mut Page<'_, '_>,
) -> Result<Trace, MeasureError> {
    let Memory { iterations, duration, callers, .. } = plan.memory;
    let engine = plan.setup.engine(candidate)?;
    let program = plan.setup.program(candidate.subject, engine.info(), 1)?;
    let precision = engine.info().precision;
    let (answers, samples) = Answers::of(&*program, precision, &plan.setup.samples, ANSWERS_BUDGET)?;
    let (strategy, answers) = ("callers", Arc::new(answers));
    let among = Among::only(callers);
    let load = Load { strategy, engine, samples, answers, callers, wait_every: 1, among };
    let mut trace = Trace::new();
    let begin = Instant::now();
    let mut answered = 0;
    trace.look(&load.engine, answered);
    for point in 1..=POINTS as u64 {
        let until = duration.map(|duration| begin + duration.mul_f64(point as f64 / POINTS as f64));
        let left = (iterations * point / POINTS as u64).saturating_sub(answered);
        answered += load.drive(Enough { left, until, answered: 0 })?.answered;
        trace.look(&load.engine, answered);
        page.step()?;
    }
    Ok(trace)
}

/// What the memory of the process did.
pub(super) fn resident(trace: &Trace, memory: &Memory) -> Finding {
    verdict(trace, memory, |point| point.resident_bytes)
        .unwrap_or_else(|| Finding::skipped("the system does not tell how much memory the process has"))
}

/// What the memory on the device did.
pub(super) fn device(trace: &Trace, memory: &Memory) -> Finding {
    verdict(trace, memory, |point| point.device_bytes)
        .unwrap_or_else(|| Finding::skipped("the backend does not tell how much memory it has on the device"))
}

fn verdict(trace: &Trace, memory: &Memory, bytes: fn(&Point) -> Option<u64>) -> Option<Finding> {
    let growth = trace.growth(bytes)?;
    let answered = trace.points.last()?.answered;
    let by_request = trace.slope(|point| point.answered as f64, bytes)?;
    let by_hour = trace.slope(|point| point.hours, bytes)?;
    let finding = match memory.duration {
        _ if growth > memory.growth_mb_max * MEGABYTE => Finding::failed(format!(
            "grew by {} MB over {answered} requests, expected at most {} MB",
            grouped(growth / MEGABYTE),
            grouped(memory.growth_mb_max)
        )),
        Some(_) => by_time(growth, answered, &by_hour),
        None => by_requests(trace, growth, answered, &by_request),
    };
    Some(
        finding
            .with("growth_bytes", growth)
            .with("requests", answered as f64)
            .with("slope_bytes_per_request", by_request.estimate)
            .with("slope_bytes_per_request_low", by_request.low)
            .with("slope_bytes_per_request_high", by_request.high)
            .with("slope_mb_per_hour", by_hour.estimate / MEGABYTE)
            .with("slope_mb_per_hour_high", by_hour.high / MEGABYTE),
    )
}

/// Over a long time growth has to be ruled out.
fn by_time(growth: f64, answered: u64, slope: &Slope) -> Finding {
    let high = slope.high / MEGABYTE;
    let says = format!(
        "{} MB over {answered} requests; over the second half {} MB an hour, with 95 % confidence at most {}",
        grouped(growth / MEGABYTE),
        grouped(slope.estimate / MEGABYTE),
        grouped(high)
    );
    if high < SLOPE_MB_PER_HOUR_MAX {
        Finding::passed(says)
    } else {
        Finding::failed(format!("{says}, expected below {SLOPE_MB_PER_HOUR_MAX}"))
    }
}

/// Over a few requests it has to be certain to be called a leak.
fn by_requests(trace: &Trace, growth: f64, answered: u64, slope: &Slope) -> Finding {
    let half = trace.second_half();
    let requests = half.last().zip(half.first()).map_or(0, |(last, first)| last.answered - first.answered);
    if slope.low * requests as f64 > LEAK_BYTES_MIN {
        return Finding::failed(format!(
            "a leak: over the second half of {answered} requests each leaves {} bytes behind, with 95 % confidence at \
             least {}",
            grouped(slope.estimate),
            grouped(slope.low)
        ));
    }
    Finding::passed(format!(
        "{} MB over {answered} requests, a plateau over the second half",
        grouped(growth / MEGABYTE)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory over 12,000 requests in an hour.
    fn trace(resident: impl Fn(u64) -> u64) -> Trace {
        let mut trace = Trace::new();
        trace.points.extend((0..=POINTS as u64).map(|index| Point {
            answered: index * 100,
            hours: index as f64 / POINTS as f64,
            resident_bytes: Some(100_000_000 + resident(index)),
            device_bytes: None,
        }));
        trace
    }

    fn outcome(memory: &Memory, grown: impl Fn(u64) -> u64) -> &'static str {
        resident(&trace(grown), memory).outcome.name()
    }

    #[test]
    fn a_leak_is_told_from_a_plateau() {
        let memory = Memory::default();
        assert_eq!(outcome(&memory, |_| 0), "passed");
        // Pools grow to their size during the first third.
        assert_eq!(outcome(&memory, |index| index.min(40) * 500_000), "passed");
        // A hundred bytes a request.
        assert_eq!(outcome(&memory, |index| index * 10_000), "failed");
        assert_eq!(outcome(&memory, |index| index.min(40) * 3_000_000), "failed", "120 MB");
        assert_eq!(device(&trace(|_| 0), &memory).outcome.name(), "skipped");
    }

    #[test]
    fn over_a_long_time_a_megabyte_an_hour_has_to_be_ruled_out() {
        let memory = Memory { duration: Some(Duration::from_secs(3600)), ..Memory::default() };
        assert_eq!(outcome(&memory, |_| 0), "passed");
        assert_eq!(outcome(&memory, |index| index * 6_000), "passed", "0.72 MB an hour");
        assert_eq!(outcome(&memory, |index| index * 10_000), "failed", "1.2 MB an hour");
        let noise = |index: u64| index.wrapping_mul(2_654_435_761) % 2_000_000;
        assert_eq!(outcome(&memory, noise), "failed", "nothing can be ruled out in such noise");
    }
}
