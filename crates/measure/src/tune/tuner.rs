use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use phalanx_backend::Device;
use phalanx_engine::Policy;
use serde::{Deserialize, Serialize};

use super::predict::predict;
use super::reasons::{self, Reasons, explain};
use super::{
    Knobs, Prediction, Score, State, Subject, Timed, Tried, TunePlan, Variant, measure_times, variants,
};
use crate::{MeasureError, resident_bytes};

/// A probe of the engine takes this part of the budget.
const PROBES: u32 = 60;
const PROBE_MIN: Duration = Duration::from_millis(100);
const PROBE_MAX: Duration = Duration::from_secs(5);
/// The part of the budget that is for timing batches.
const TIMING_DIVISOR: u32 = 4;
/// A backend whose best rate is below this share of another's is not timed in every way.
const HOPELESS: f64 = 0.5;

/// What is about to be done.
#[derive(Clone, Debug)]
pub enum Step<'a> {
    /// Batches of a variant are timed.
    Time(&'a Variant),
    /// Configurations are simulated.
    Simulate,
    /// A configuration runs on the engine.
    Try(&'a Knobs),
}

/// What has been done.
#[derive(Clone, Debug)]
pub enum Done<'a> {
    /// What an earlier search had measured: so many steps.
    Resumed(usize),
    /// Batches of a variant were timed.
    Timed(&'a Variant, &'a Timed),
    /// So many configurations were simulated.
    Simulated(&'a [Prediction]),
    /// A configuration ran on the engine.
    Tried(&'a Knobs, &'a Tried),
}

/// What a search has found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The best configuration.
    pub knobs: Knobs,
    /// What it reached, measured once more at the end.
    pub score: Score,
    /// The configuration that the engine takes by itself.
    pub usual: Knobs,
    /// What that one reached, measured in turn with the other.
    pub usual_score: Score,
    /// Why each value is what it is.
    pub reasons: Reasons,
    /// Time that was spent on measuring, in seconds, this time.
    pub seconds: f64,
}

/// Is told what is done, and asked before each step whether to go on: with steps done, and those there will be about.
pub trait Observer {
    /// A step begins.
    fn begins(&mut self, step: &Step<'_>, done: usize, total: usize) -> ControlFlow<()>;
    /// Something is done.
    fn done(&mut self, done: &Done<'_>);
}

/// A search.
pub struct Tuner<'a> {
    plan: &'a TunePlan,
    subject: &'a Subject,
    usual: Knobs,
    state: State,
    /// Where the state is kept; nowhere without it.
    path: Option<PathBuf>,
    observer: &'a mut dyn Observer,
    start: Instant,
    done: usize,
    total: usize,
}

impl<'a> Tuner<'a> {
    /// A search that goes on from `state`. `usual` is the configuration that the engine takes by itself.
    pub fn new(
        plan: &'a TunePlan,
        subject: &'a Subject,
        usual: Knobs,
        state: State,
        path: Option<PathBuf>,
        observer: &'a mut dyn Observer,
    ) -> Self {
        Self { plan, subject, usual, state, path, observer, start: Instant::now(), done: 0, total: 0 }
    }

    /// Searches among these backends, the preferred first.
    ///
    /// # Errors
    /// What the engine gives; [`MeasureError::Interrupted`] where the observer wants no more;
    /// [`MeasureError::Option`] where nothing can be used.
    pub fn run(mut self, backends: &[(String, Device)]) -> Result<Found, MeasureError> {
        if let Some(found) = self.state.found.clone() {
            self.observer.done(&Done::Resumed(self.state.steps()));
            return Ok(found);
        }
        let variants = variants(self.plan, backends);
        // The usual configuration, the trials, its neighbours, and the two that are measured once more.
        self.total = variants.len() + 1 + self.plan.trials_max + NEIGHBOURS + 2;
        if self.state.steps() > 0 {
            self.observer.done(&Done::Resumed(self.state.steps()));
        }
        self.time_all(&variants)?;
        let state = self.state.clone();
        let usable: Vec<(&Variant, &Timed)> = variants
            .iter()
            .filter_map(|variant| Some((variant, state.times.get(&variant.to_string())?)))
            .filter(|(_, timed)| timed.unusable.is_none() && !timed.points.is_empty())
            .collect();
        if usable.is_empty() {
            return Err(MeasureError::Option {
                option: "backends",
                expected: "one that runs the model within the limits",
                got: variants.first().map_or_else(|| "none".to_owned(), |variant| self.why_not(variant)),
            });
        }
        self.begin(&Step::Simulate)?;
        let predictions = predict(self.plan, &usable);
        self.observer.done(&Done::Simulated(&predictions));
        let (usual_score, best, best_score) = self.try_all(&predictions)?;
        let found = self.duel(best, &best_score, &usual_score)?;
        let reasons = explain(self.plan, &self.state, &usable, &predictions, &found.knobs);
        let found = Found { reasons, seconds: self.start.elapsed().as_secs_f64(), ..found };
        self.state.found = Some(found.clone());
        self.keep();
        Ok(found)
    }

    fn why_not(&self, variant: &Variant) -> String {
        let timed = self.state.times.get(&variant.to_string());
        let why = timed.and_then(|timed| timed.unusable.clone()).unwrap_or_else(|| "nothing".to_owned());
        format!("{variant}: {why}")
    }

    fn time_all(&mut self, variants: &[Variant]) -> Result<(), MeasureError> {
        let share = self.plan.budget / TIMING_DIVISOR / variants.len().max(1) as u32;
        for variant in variants {
            let name = variant.to_string();
            if !self.state.times.contains_key(&name) {
                self.begin(&Step::Time(variant))?;
                let timed = match self.hopeless(variants, variant) {
                    Some(why) => Timed { unusable: Some(why), ..Timed::default() },
                    None => self.time(variant, share)?,
                };
                self.state.times.insert(name.clone(), timed);
                self.keep();
            }
            let timed = &self.state.times[&name];
            self.observer.done(&Done::Timed(variant, timed));
        }
        Ok(())
    }

    /// Why a variant need not be timed: the first one of its backend was much slower than another backend's best.
    fn hopeless(&self, variants: &[Variant], variant: &Variant) -> Option<String> {
        let rate = |other: &Variant| {
            let timed = self.state.times.get(&other.to_string())?;
            Some(reasons::rate(other, timed)).filter(|rate| *rate > 0.0)
        };
        let same = |other: &&Variant| (&other.backend, &other.device) == (&variant.backend, &variant.device);
        let own = variants.iter().filter(same).filter_map(rate).fold(0.0, f64::max);
        let best = variants.iter().filter_map(rate).fold(0.0, f64::max);
        let hopeless = own > 0.0 && own < HOPELESS * best;
        hopeless.then(|| format!("{} is {:.1} times slower than the fastest", variant.backend, best / own))
    }

    fn time(&mut self, variant: &Variant, share: Duration) -> Result<Timed, MeasureError> {
        let rows_max = self.plan.fixed.max_batch.unwrap_or(self.plan.rows_max);
        let builder = variant.apply(self.subject.builder())?.policy(Policy::Immediate).max_batch(rows_max);
        let engine = match builder.build() {
            Ok(engine) => engine,
            Err(error) => return Ok(Timed { unusable: Some(error.to_string()), ..Timed::default() }),
        };
        let observer = &mut *self.observer;
        let (done, total) = (self.done, self.total);
        let mut timed = measure_times(&engine, self.subject.samples(), self.plan.slo, share, &mut || {
            observer.begins(&Step::Time(variant), done, total)
        })?;
        let workers = engine.metrics().workers.iter().filter_map(|worker| worker.resident_bytes).sum::<u64>();
        timed.resident_bytes = resident_bytes().unwrap_or(0) + workers;
        if let Some(limit) = self.plan.memory_limit.filter(|limit| timed.resident_bytes > *limit) {
            timed.unusable =
                Some(format!("it takes {} bytes of memory, expected at most {limit}", timed.resident_bytes));
        }
        Ok(timed)
    }

    /// Runs the usual configuration and the best predicted ones, and then those that differ little from the best.
    fn try_all(&mut self, predictions: &[Prediction]) -> Result<(Score, Knobs, Score), MeasureError> {
        let usual = self.usual.clone();
        let predicted = |knobs: &Knobs| {
            let like = predictions.iter().find(|other| other.knobs.variant == knobs.variant);
            like.or(predictions.first()).map_or(100.0, |prediction| prediction.value)
        };
        let usual_score = self.try_one(&usual, predicted(&usual), None, "")?.unwrap_or_default();
        // What the simulation does not know of costs all configurations about as much.
        let known = predicted(&usual);
        let factor =
            if usual_score.value > 0.0 && known > 0.0 { (usual_score.value / known).min(1.0) } else { 1.0 };
        let (mut best, mut best_score) = (usual, usual_score.clone());
        for prediction in finalists(predictions, self.plan.trials_max) {
            self.challenge(&prediction.knobs, prediction.value * factor, &mut best, &mut best_score)?;
        }
        for neighbour in self.neighbours(&best) {
            if self.start.elapsed() > self.plan.budget {
                break;
            }
            let predicted = best_score.value;
            self.challenge(&neighbour, predicted, &mut best, &mut best_score)?;
        }
        Ok((usual_score, best, best_score))
    }

    fn challenge(
        &mut self,
        knobs: &Knobs,
        predicted: f64,
        best: &mut Knobs,
        best_score: &mut Score,
    ) -> Result<(), MeasureError> {
        if knobs == best {
            return Ok(());
        }
        let beat = Some(best_score.value).filter(|value| *value > 0.0);
        if let Some(score) = self.try_one(knobs, predicted, beat, "")?
            && score.value > best_score.value
        {
            (*best, *best_score) = (knobs.clone(), score);
        }
        Ok(())
    }

    /// Half and twice the largest batch, and other depths.
    fn neighbours(&self, best: &Knobs) -> Vec<Knobs> {
        let fixed = &self.plan.fixed;
        let mut all = Vec::new();
        if fixed.max_batch.is_none() {
            all.push(Knobs { max_batch: (best.max_batch / 2).max(1), ..best.clone() });
            all.push(Knobs { max_batch: (best.max_batch * 2).min(self.plan.rows_max), ..best.clone() });
        }
        if fixed.depth.is_none() {
            all.extend([1, 3].map(|depth| Knobs { depth, ..best.clone() }));
        }
        all.retain(|knobs| knobs != best);
        all.truncate(NEIGHBOURS);
        all
    }

    /// The best and the usual configuration once more, in turn: the best was chosen for a figure that was lucky too.
    fn duel(&mut self, best: Knobs, best_score: &Score, usual_score: &Score) -> Result<Found, MeasureError> {
        let usual = self.usual.clone();
        let again = self.try_one(&best, best_score.value, None, AGAIN)?.unwrap_or_default();
        let found = |knobs: Knobs, score: Score, usual_score: Score| Found {
            knobs,
            score,
            usual: usual.clone(),
            usual_score,
            reasons: Reasons::default(),
            seconds: 0.0,
        };
        if best == usual {
            return Ok(found(best, again.clone(), again));
        }
        let usual_again = match usual_score.value > 0.0 {
            true => self.try_one(&usual, usual_score.value, None, AGAIN)?.unwrap_or_default(),
            false => usual_score.clone(),
        };
        if usual_again.value > again.value {
            return Ok(found(usual.clone(), usual_again.clone(), usual_again));
        }
        Ok(found(best, again, usual_again))
    }

    /// What a configuration reaches; none where it cannot be used. Not measured again where it was before.
    fn try_one(
        &mut self,
        knobs: &Knobs,
        predicted: f64,
        beat: Option<f64>,
        mark: &str,
    ) -> Result<Option<Score>, MeasureError> {
        let name = format!("{knobs}{mark}");
        if let Some(tried) = self.state.tried.get(&name) {
            self.observer.done(&Done::Tried(knobs, tried));
            return Ok(tried.score.clone());
        }
        self.begin(&Step::Try(knobs))?;
        let probe = (self.plan.budget / PROBES).clamp(PROBE_MIN, PROBE_MAX);
        let observer = &mut *self.observer;
        let (done, total) = (self.done, self.total);
        let mut watch = || observer.begins(&Step::Try(knobs), done, total);
        let tried = match self.subject.trial(self.plan, knobs, predicted.max(1.0), beat, probe, &mut watch) {
            Ok(score) => Tried { score: Some(score), unusable: None },
            Err(MeasureError::Engine(error)) => Tried { score: None, unusable: Some(error.to_string()) },
            Err(error) => return Err(error),
        };
        self.observer.done(&Done::Tried(knobs, &tried));
        self.state.tried.insert(name, tried.clone());
        self.keep();
        Ok(tried.score)
    }

    fn begin(&mut self, step: &Step<'_>) -> Result<(), MeasureError> {
        self.done += 1;
        match self.observer.begins(step, self.done, self.total.max(self.done)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(MeasureError::Interrupted),
        }
    }

    /// A search that cannot be gone on with is only slower the next time.
    fn keep(&self) {
        if let Some(path) = &self.path {
            let _ = self.state.store(path);
        }
    }
}

/// Configurations that are tried because they differ little from the best.
const NEIGHBOURS: usize = 4;
/// Marks a configuration that is measured once more.
const AGAIN: &str = " (again)";

/// The best predictions, of each variant at most two with different policies.
fn finalists(predictions: &[Prediction], most: usize) -> Vec<&Prediction> {
    let mut chosen: Vec<&Prediction> = Vec::new();
    for prediction in predictions.iter().filter(|prediction| prediction.value > 0.0) {
        let same = chosen.iter().filter(|other| other.knobs.variant == prediction.knobs.variant);
        let policies: Vec<&str> = same.map(|other| other.knobs.policy.as_str()).collect();
        if policies.len() < 2 && !policies.contains(&prediction.knobs.policy.as_str()) {
            chosen.push(prediction);
        }
        if chosen.len() == most {
            break;
        }
    }
    chosen
}
