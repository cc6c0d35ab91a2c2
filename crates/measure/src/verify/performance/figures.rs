use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::Program;
use phalanx_engine::{Batching, Engine};
use serde::{Deserialize, Serialize};

use crate::answers::Answers;
use crate::report::grouped;
use crate::stats::median;
use crate::strategy::{Callers, Raw, Strategy, Window};
use crate::verify::Plan;
use crate::verify::book::Page;
use crate::verify::finding::Finding;
use crate::verify::setup::Candidate;
use crate::{MeasureError, Samples, WaitedLane};

/// How long the answers that are compared with may take to compute.
const ANSWERS_BUDGET: Duration = Duration::from_secs(2);

/// What was measured of one candidate, a figure a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Samples a second of concurrent callers.
    pub samples_per_s: Vec<f64>,
    /// Milliseconds within which 99 % of them were answered.
    pub p99_ms: Vec<f64>,
    /// Samples a second of the program by itself, in batches of one row.
    pub batch_1_samples_per_s: Vec<f64>,
    /// The same in the engine's largest batches; empty where those have one row.
    pub batch_max_samples_per_s: Vec<f64>,
    /// Rows of those.
    pub batch_max: usize,
    /// Samples a second of the same callers with a depth of 1; empty where the engine has that anyway.
    pub depth_1_samples_per_s: Vec<f64>,
    /// The engine's depth.
    pub depth: usize,
}

/// Measures every run, with engines of its own.
pub(super) fn measure(
    plan: &Plan,
    candidate: &Candidate<'_>,
    page: &mut Page<'_, '_>,
) -> Result<Figures, MeasureError> {
    let mut figures = Figures::default();
    for _ in 0..plan.performance.runs {
        Run::prepare(plan, candidate)?.measure(plan, &mut figures)?;
        page.step()?;
    }
    Ok(figures)
}

/// One run: an engine, one with a depth of 1, and the program by itself.
struct Run {
    engine: Engine,
    shallow: Option<Engine>,
    program: Arc<dyn Program>,
    samples: Samples,
    answers: Arc<Answers>,
}

impl Run {
    fn prepare(plan: &Plan, candidate: &Candidate<'_>) -> Result<Self, MeasureError> {
        let engine = plan.setup.engine(candidate)?;
        let info = engine.info();
        // The same largest batch: warm-up need not choose the same one twice.
        let shallow = plan.setup.builder(candidate).depth(1).max_batch(info.max_batch);
        let shallow = if info.depth > 1 { Some(shallow.build()?) } else { None };
        let program = plan.setup.program(candidate.subject, info, info.max_batch)?;
        let (answers, samples) = Answers::of(&*program, info.precision, &plan.setup.samples, ANSWERS_BUDGET)?;
        Ok(Self { engine, shallow, program, samples, answers: Arc::new(answers) })
    }

    fn measure(&self, plan: &Plan, figures: &mut Figures) -> Result<(), MeasureError> {
        let window = plan.performance.window;
        let callers = |engine: &Engine| {
            let count = plan.performance.callers;
            Callers::new("callers", engine, &self.samples, &self.answers, count)
        };
        let seen = steady(&mut callers(&self.engine), window)?;
        figures.samples_per_s.push(seen.samples_per_s());
        figures.p99_ms.extend(seen.latencies.quantile_us(0.99).map(|us| us / 1e3));
        if let Some(shallow) = &self.shallow {
            figures.depth_1_samples_per_s.push(steady(&mut callers(shallow), window)?.samples_per_s());
        }
        figures.depth = self.engine.info().depth;
        self.batches(window, figures)
    }

    fn batches(&self, window: Duration, figures: &mut Figures) -> Result<(), MeasureError> {
        let info = self.engine.info();
        let largest = match info.batching {
            Batching::Batched if self.samples.batched() => info.max_batch,
            // A batch of one row costs as much as a full one, or there is none of several.
            _ => 1,
        };
        let lane = Rc::new(RefCell::new(WaitedLane::open(&*self.program)?));
        let raw = |rows: usize| {
            let mut raw = Raw::new(&*self.program, &lane, &self.samples, rows)?;
            Ok::<f64, MeasureError>(steady(&mut raw, window)?.samples_per_s())
        };
        figures.batch_1_samples_per_s.push(raw(1)?);
        if largest > 1 {
            figures.batch_max_samples_per_s.push(raw(largest)?);
        }
        figures.batch_max = figures.batch_max.max(largest);
        Ok(())
    }
}

/// A window after a warm-up of half its length.
fn steady(strategy: &mut dyn Strategy, window: Duration) -> Result<Window, MeasureError> {
    strategy.window(window / 2)?;
    strategy.window(window)
}

impl Figures {
    /// The figures by their names, and whether more is better.
    pub(super) fn named(&self) -> [(&'static str, &[f64], bool); 5] {
        [
            ("samples_per_s", &self.samples_per_s, true),
            ("p99_ms", &self.p99_ms, false),
            ("batch_1_samples_per_s", &self.batch_1_samples_per_s, true),
            ("batch_max_samples_per_s", &self.batch_max_samples_per_s, true),
            ("depth_1_samples_per_s", &self.depth_1_samples_per_s, true),
        ]
    }

    pub(super) fn finding(&self, callers: usize) -> Finding {
        let rate = median(&self.samples_per_s).unwrap_or(0.0);
        let p99 = median(&self.p99_ms).unwrap_or(0.0);
        let runs = self.samples_per_s.len();
        let detail = format!(
            "{} samples/s, p99 {} ms with {callers} callers, median of {runs} runs",
            grouped(rate),
            grouped(p99)
        );
        let medians = self.named().map(|(name, values, _)| (name, median(values)));
        medians
            .into_iter()
            .fold(Finding::passed(detail), |finding, (name, value)| finding.with_some(name, value))
    }
}
