use std::time::Duration;

use phalanx_engine::Engine;
use phalanx_simulate::{Arrivals, Load};
use serde::{Deserialize, Serialize};

use super::{OpenOutcome, OpenRun, Watch};
use crate::remote::search::{Found, Next, Search};
use crate::{MeasureError, Samples};

/// Requests that one probe sends at least, where that does not take much longer: with fewer, one in a hundred is nobody.
const REQUESTS_MIN: f64 = 300.0;
/// How much longer, in durations of a probe.
const STRETCH_MAX: f64 = 4.0;
/// With fewer nothing can be said, and a rate counts as one that does not hold.
const REQUESTS_FEW: f64 = 50.0;
/// As many at most: the times of their arrivals are kept.
const REQUESTS_MAX: f64 = 4e6;

/// How the goodput of an engine is searched for.
#[derive(Clone, Copy, Debug)]
pub struct GoodputPlan {
    /// What callers were promised.
    pub slo: Duration,
    /// The share of the requests that has to be answered within that.
    pub share: f64,
    /// How they arrive.
    pub arrivals: Arrivals,
    /// How long each probe sends requests, those that do not count included.
    pub duration: Duration,
    /// The share of a probe, at its beginning, that does not count.
    pub warm_up: f64,
    /// Where to start, in requests a second.
    pub first_per_s: f64,
    /// How close to the rate that fails the one has to be that holds.
    pub precision: f64,
    /// Probes at most.
    pub probes_max: u32,
    /// Decides when requests come.
    pub seed: u64,
}

/// One measurement of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoodputProbe {
    /// Whether enough requests were answered within the SLO.
    pub holds: bool,
    /// What was measured.
    pub outcome: OpenOutcome,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InProcessGoodput {
    /// The highest rate at which enough requests were answered within the SLO; none where no rate was.
    pub per_s: Option<f64>,
    /// Whether it was measured a second time and held.
    pub confirmed: bool,
    /// Every measurement, in order.
    pub probes: Vec<GoodputProbe>,
}

impl InProcessGoodput {
    /// The measurement that the goodput comes from.
    #[must_use]
    pub fn best(&self) -> Option<&GoodputProbe> {
        let per_s = self.per_s?;
        self.probes.iter().rev().find(|probe| probe.holds && probe.outcome.rate_per_s == per_s)
    }
}

/// Searches the highest rate at which enough requests are answered within the SLO.
///
/// # Errors
/// As [`OpenRun::on`].
pub fn find_goodput(
    engine: &Engine,
    samples: &Samples,
    plan: &GoodputPlan,
    watch: Watch<'_>,
) -> Result<InProcessGoodput, MeasureError> {
    let mut search = Search::new(plan.first_per_s, plan.precision, plan.probes_max);
    let mut probes: Vec<GoodputProbe> = Vec::new();
    let found = loop {
        let rate_per_s = match search.next() {
            Next::Probe(rate) | Next::Confirm(rate) => rate,
            Next::Done(found) => break found,
        };
        let outcome = probe(engine, samples, plan, rate_per_s, probes.len() as u64, watch)?;
        let holds = !outcome.ended_early && outcome.share() >= plan.share;
        let found = search.measured(holds);
        probes.push(GoodputProbe { holds, outcome });
        if let Some(found) = found {
            break found;
        }
    };
    let (per_s, confirmed) = match found {
        Found::Confirmed(rate) => (Some(rate), true),
        Found::Unconfirmed(rate) => (Some(rate), false),
        Found::Nothing => (None, false),
    };
    Ok(InProcessGoodput { per_s, confirmed, probes })
}

/// How many requests a probe sends at this rate; none where they would take too long.
pub(crate) fn requests(rate_per_s: f64, duration: Duration) -> Option<usize> {
    let usual = rate_per_s * duration.as_secs_f64();
    let requests = usual.max(REQUESTS_MIN.min(usual * STRETCH_MAX)).min(REQUESTS_MAX);
    (requests >= REQUESTS_FEW).then_some(requests as usize)
}

fn probe(
    engine: &Engine,
    samples: &Samples,
    plan: &GoodputPlan,
    rate_per_s: f64,
    number: u64,
    watch: Watch<'_>,
) -> Result<OpenOutcome, MeasureError> {
    let Some(requests) = requests(rate_per_s, plan.duration) else {
        return Ok(OpenOutcome { rate_per_s, ended_early: true, ..OpenOutcome::default() });
    };
    let load = Load::draw(plan.arrivals, requests, plan.seed.wrapping_add(number));
    let counted = requests as f64 * (1.0 - plan.warm_up);
    let run = OpenRun {
        load: &load,
        rate_per_s,
        warm_up: plan.warm_up,
        slo: plan.slo,
        missed_max: Some((counted * (1.0 - plan.share)).ceil() as u64),
    };
    run.on(engine, samples, watch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_never_takes_much_longer_than_it_should() {
        let requests = |rate| requests(rate, Duration::from_secs(1));
        assert_eq!(requests(1000.0), Some(1000));
        assert_eq!(requests(100.0), Some(300));
        assert_eq!(requests(20.0), Some(80));
        assert_eq!(requests(10.0), None);
    }
}
