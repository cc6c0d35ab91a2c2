use std::sync::Arc;
use std::time::Duration;

use phalanx_engine::{Engine, EngineBuilder, Request};
use phalanx_simulate::Load;
use serde::{Deserialize, Serialize};

use super::{Knobs, Objective, TunePlan};
use crate::answers::Answers;
use crate::open::{GoodputPlan, OpenOutcome, OpenRun, Watch, find_goodput, requests};
use crate::samples::bytes_of;
use crate::strategy::{Callers, Strategy};
use crate::{MeasureError, Samples};

/// The share of the requests that has to be answered inside the SLO.
const SHARE: f64 = 0.99;
/// The share of a probe that does not count.
const WARM_UP: f64 = 0.2;
const PROBES_MAX: u32 = 12;
/// A configuration that does not hold this much more than the best so far is not looked at any closer.
const STRIDE: f64 = 1.02;
/// Samples whose answers are compared.
const COMPARED_MAX: usize = 16;
/// Callers a lane that keep it busy with full batches.
const BATCHES_OF_CALLERS: usize = 3;
const CALLERS_MAX: usize = 4096;

/// What is tuned: an engine but for what is searched for, and requests for it.
pub struct Subject {
    builder: EngineBuilder,
    samples: Samples,
    answers: Arc<Answers>,
}

/// What a configuration reached on the engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// What counts: the higher the better. Requests a second; where the latency is the objective, its inverse in 1/s.
    pub value: f64,
    /// The latency that half of the requests did not exceed, in milliseconds.
    pub p50_ms: f64,
    /// The same for 99 of 100.
    pub p99_ms: f64,
    /// Rows of a batch, on the average.
    pub rows_mean: f64,
    /// Whether a second measurement said the same.
    pub confirmed: bool,
    /// Measurements that it took.
    pub probes: usize,
}

impl Subject {
    /// `builder` describes the engine but for what is searched for; what the engine answers as it is, is what all
    /// others have to answer.
    ///
    /// # Errors
    /// What the engine gives.
    pub fn new(builder: EngineBuilder, samples: &Samples, engine: &Engine) -> Result<Self, MeasureError> {
        let samples = samples.clone();
        let mut expected = Vec::new();
        for sample in 0..samples.len().min(COMPARED_MAX) {
            let response = engine.infer_blocking(Request::new(samples.get(sample).to_vec()))?;
            expected.push(response.into_tensors().iter().map(bytes_of).collect());
        }
        let samples = samples.first(expected.len().max(1));
        let answers = Answers::new(engine.signature(), engine.info().precision, expected);
        Ok(Self { builder, samples, answers: Arc::new(answers) })
    }

    /// What requests are made of.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The engine but for what is searched for.
    #[must_use]
    pub fn builder(&self) -> EngineBuilder {
        self.builder.clone()
    }

    /// Runs a configuration. With `beat`, it is given up as soon as it shows that it does not reach that.
    ///
    /// # Errors
    /// What the engine gives; [`MeasureError::Interrupted`] after a break of `watch`.
    pub fn trial(
        &self,
        plan: &TunePlan,
        knobs: &Knobs,
        predicted: f64,
        beat: Option<f64>,
        probe: Duration,
        watch: Watch<'_>,
    ) -> Result<Score, MeasureError> {
        let mut builder = knobs.apply(self.builder())?;
        if let Some(slo) = plan.slo {
            builder = builder.slo(slo);
        }
        let engine = builder.build()?;
        match plan.objective {
            Objective::Goodput => self.goodput(plan, &engine, predicted, beat, probe, watch),
            Objective::Latency => self.latency(plan, &engine, knobs, probe, watch),
            Objective::Throughput => {
                let callers = BATCHES_OF_CALLERS * knobs.max_batch * knobs.variant.lanes;
                self.callers(plan, &engine, callers.min(CALLERS_MAX), probe, false)
            }
            Objective::Streams(streams) => self.callers(plan, &engine, streams, probe, true),
        }
    }

    fn goodput(
        &self,
        plan: &TunePlan,
        engine: &Engine,
        predicted: f64,
        beat: Option<f64>,
        probe: Duration,
        watch: Watch<'_>,
    ) -> Result<Score, MeasureError> {
        let slo = plan.slo.ok_or_else(no_slo)?;
        let mut first_per_s = predicted;
        if let Some(beat) = beat {
            first_per_s = beat * STRIDE;
            // Once may be bad luck.
            let mut holds = false;
            for attempt in 0..2 {
                let outcome = self.open(
                    engine,
                    plan,
                    first_per_s,
                    slo,
                    probe,
                    plan.seed.wrapping_add(1000 + attempt),
                    watch,
                )?;
                holds = !outcome.ended_early && outcome.share() >= SHARE;
                if holds {
                    break;
                }
            }
            if !holds {
                return Ok(Score { value: 0.0, probes: 2, ..Score::default() });
            }
        }
        let search = GoodputPlan {
            slo,
            share: SHARE,
            arrivals: plan.arrivals,
            duration: probe,
            warm_up: WARM_UP,
            first_per_s,
            precision: 0.02,
            probes_max: PROBES_MAX,
            seed: plan.seed,
        };
        let found = find_goodput(engine, &self.samples, &search, watch)?;
        let best = found.best().map(|probe| probe.outcome.clone()).unwrap_or_default();
        Ok(Score {
            value: found.per_s.unwrap_or(0.0),
            confirmed: found.confirmed,
            probes: found.probes.len(),
            ..Score::of(&best)
        })
    }

    /// The latency at the rate that is to be expected, or at a tenth of what batches of one row could do.
    fn latency(
        &self,
        plan: &TunePlan,
        engine: &Engine,
        knobs: &Knobs,
        probe: Duration,
        watch: Watch<'_>,
    ) -> Result<Score, MeasureError> {
        let one_row_ns = engine.info().batch_times_ns.first().map_or(1e6, |&(_, took_ns)| took_ns as f64);
        let rate = plan.rate.unwrap_or(knobs.variant.lanes as f64 * 1e8 / one_row_ns);
        let slo = plan.slo.unwrap_or(Duration::MAX / 4);
        let outcome = self.open(engine, plan, rate, slo, probe * 2, plan.seed, watch)?;
        let holds = !outcome.ended_early && outcome.share() >= SHARE && outcome.p99_ms > 0.0;
        Ok(Score { value: if holds { 1e3 / outcome.p99_ms } else { 0.0 }, probes: 1, ..Score::of(&outcome) })
    }

    #[expect(clippy::too_many_arguments, reason = "one load, and all that it depends on")]
    fn open(
        &self,
        engine: &Engine,
        plan: &TunePlan,
        rate_per_s: f64,
        slo: Duration,
        probe: Duration,
        seed: u64,
        watch: Watch<'_>,
    ) -> Result<OpenOutcome, MeasureError> {
        let Some(requests) = requests(rate_per_s, probe) else {
            return Ok(OpenOutcome { rate_per_s, ended_early: true, ..OpenOutcome::default() });
        };
        let load = Load::draw(plan.arrivals, requests, seed);
        let missed_max = Some((requests as f64 * (1.0 - WARM_UP) * (1.0 - SHARE)).ceil() as u64);
        let run = OpenRun { load: &load, rate_per_s, warm_up: WARM_UP, slo, missed_max };
        run.on(engine, &self.samples, watch)
    }

    fn callers(
        &self,
        plan: &TunePlan,
        engine: &Engine,
        callers: usize,
        probe: Duration,
        held_to_slo: bool,
    ) -> Result<Score, MeasureError> {
        let mut callers = Callers::new("tune", engine, &self.samples, &self.answers, callers);
        let window = callers.window(probe)?;
        let ms = |share: f64| window.latencies.quantile_us(share).unwrap_or(0.0) / 1e3;
        let batches: u64 = window.batches.values().sum();
        let late = held_to_slo && plan.slo.is_some_and(|slo| ms(0.99) > slo.as_secs_f64() * 1e3);
        Ok(Score {
            value: if late { 0.0 } else { window.samples_per_s() },
            p50_ms: ms(0.5),
            p99_ms: ms(0.99),
            rows_mean: window.samples as f64 / batches.max(1) as f64,
            confirmed: false,
            probes: 1,
        })
    }
}

impl Score {
    fn of(outcome: &OpenOutcome) -> Self {
        Self {
            p50_ms: outcome.p50_ms,
            p99_ms: outcome.p99_ms,
            rows_mean: outcome.rows_mean,
            ..Self::default()
        }
    }
}

pub(super) fn no_slo() -> MeasureError {
    MeasureError::Option {
        option: "slo",
        expected: "a time, which the goodput is about",
        got: "none".to_owned(),
    }
}
