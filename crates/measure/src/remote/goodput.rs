use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Serialize;

use super::drive::Watch;
use super::search::{Found, Next, Search};
use super::{ClosedLoop, GoodputSearch, LoadGenerator, LoadReport, OpenLoop, Profile, RemoteError};

/// Callers that find out where to start, and how long they do.
const FIRST_CALLERS: NonZeroUsize = NonZeroUsize::new(64).expect("it is not 0");
const FIRST_DURATION: Duration = Duration::from_secs(2);

/// A probe that confirms lasts this many times as long.
const CONFIRMATION: u32 = 2;

/// One measurement of a search.
#[derive(Clone, Debug, Serialize)]
pub struct Probe {
    /// Requests a second that were due.
    pub rate: f64,
    /// Whether it was to confirm what others had found.
    pub confirms: bool,
    /// Whether enough requests were answered within the SLO.
    pub holds: bool,
    /// What was measured.
    pub report: LoadReport,
}

/// What a search found.
#[derive(Clone, Debug, Serialize)]
pub struct GoodputReport {
    /// The highest rate, in requests a second, at which enough requests were answered within the SLO; none where no
    /// rate was.
    pub goodput_per_s: Option<f64>,
    /// The same in rows a second.
    pub goodput_rows_per_s: Option<f64>,
    /// Whether that rate was measured a second time, for longer, and held.
    pub confirmed: bool,
    /// The latency that callers were promised, in milliseconds.
    pub slo_ms: f64,
    /// The share of requests that had to be answered within it.
    pub share_min: f64,
    /// Every measurement, in order.
    pub probes: Vec<Probe>,
}

impl GoodputReport {
    /// The measurement that the goodput comes from.
    #[must_use]
    pub fn best(&self) -> Option<&Probe> {
        let goodput = self.goodput_per_s?;
        self.probes.iter().rev().find(|probe| probe.holds && probe.rate == goodput)
    }
}

impl LoadGenerator {
    /// Searches the highest rate at which enough requests are answered within the SLO. Each measurement is given to
    /// `probed`.
    ///
    /// # Errors
    /// As [`LoadGenerator::open_loop`]; [`RemoteError::Option`] for a rate or a duration that makes no sense.
    pub fn find_goodput(
        &self,
        plan: &GoodputSearch,
        watch: Watch<'_>,
        probed: &mut dyn FnMut(&Probe),
    ) -> Result<GoodputReport, RemoteError> {
        let first = match plan.rate {
            Some(rate) => rate,
            None => self.reached_by_callers(watch)?,
        };
        let mut search = Search::new(first, plan.precision, plan.probes_max);
        let mut probes: Vec<Probe> = Vec::new();
        let found = loop {
            let (rate, confirms) = match search.next() {
                Next::Probe(rate) => (rate, false),
                Next::Confirm(rate) => (rate, true),
                Next::Done(found) => break found,
            };
            let probe = self.probe(plan, rate, confirms, probes.len() as u64, watch)?;
            probed(&probe);
            let found = search.measured(probe.holds);
            probes.push(probe);
            if let Some(found) = found {
                break found;
            }
        };
        let (goodput_per_s, confirmed) = match found {
            Found::Confirmed(rate) => (Some(rate), true),
            Found::Unconfirmed(rate) => (Some(rate), false),
            Found::Nothing => (None, false),
        };
        Ok(GoodputReport {
            goodput_per_s,
            goodput_rows_per_s: goodput_per_s.map(|rate| rate * self.rows() as f64),
            confirmed,
            slo_ms: plan.slo.as_secs_f64() * 1e3,
            share_min: plan.share,
            probes,
        })
    }

    fn probe(
        &self,
        plan: &GoodputSearch,
        rate: f64,
        confirms: bool,
        number: u64,
        watch: Watch<'_>,
    ) -> Result<Probe, RemoteError> {
        let duration = if confirms { plan.duration * CONFIRMATION } else { plan.duration };
        let profile = Profile::constant(rate, duration)?;
        let expected: f64 = profile.steps().iter().map(super::Step::requests).sum();
        let open = OpenLoop {
            profile: profile.after_warm_up(plan.warm_up),
            arrivals: plan.arrivals,
            seed: plan.seed.wrapping_add(number),
            slo: Some(plan.slo),
            connections: plan.connections,
            // As many misses are too many even if bursts bring half as many requests again as are to be expected.
            missed_max: Some((1.5 * expected * (1.0 - plan.share)).ceil() as u64),
        };
        let report = self.open_loop(&open, watch)?;
        let holds = !report.ended_early && report.total.share.is_some_and(|share| share >= plan.share);
        Ok(Probe { rate, confirms, holds, report })
    }

    /// What concurrent callers reach, in requests a second: close to where the search will end.
    fn reached_by_callers(&self, watch: Watch<'_>) -> Result<f64, RemoteError> {
        let plan = ClosedLoop {
            callers: FIRST_CALLERS,
            warm_up: FIRST_DURATION / 2,
            duration: FIRST_DURATION,
            slo: None,
        };
        Ok(self.closed_loop(&plan, watch)?.total.throughput_per_s)
    }
}
