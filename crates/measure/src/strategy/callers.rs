use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_engine::{Engine, Metrics};

use super::window::Cost;
use super::{Label, Parameters, Rule, Strategy, Window};
use crate::answers::Answers;
use crate::load::{Among, Answered, Load, Tally};
use crate::{MeasureError, Samples, cpu_time};

/// The share of a window that callers run before it begins, uncounted: at the start their requests all come at once.
const RAMP: f64 = 0.2;

const EACH: &str = "each caller waits for its answer before it sends its next request";
const EVERY: &str = "each caller sends several requests and waits for the last of them, which it reads";

/// Counts the allocations that all threads of the program have made so far.
pub type AllocationCount = fn() -> u64;

/// Concurrent callers of the engine, as async tasks on one thread or several, one sample each.
pub struct Callers {
    load: Load,
    threads: usize,
    parameters: Parameters,
    /// What is varied, where it is not the callers.
    n: Option<usize>,
    allocations: Option<AllocationCount>,
}

impl Callers {
    /// `callers` tasks. `strategy` is the name that their row has.
    #[must_use]
    pub fn new(
        strategy: &'static str,
        engine: &Engine,
        samples: &Samples,
        answers: &Arc<Answers>,
        callers: usize,
    ) -> Self {
        let (engine, samples, answers) = (engine.clone(), samples.clone(), Arc::clone(answers));
        let among = Among::only(callers);
        let load = Load { strategy, engine, samples, answers, callers, wait_every: 1, among };
        Self { load, threads: 1, parameters: Parameters::default(), n: None, allocations: None }
    }

    /// What its row is known by, beside the callers.
    #[must_use]
    pub fn parameters(mut self, parameters: Parameters) -> Self {
        self.parameters = parameters;
        self
    }

    /// Shares the callers out over so many threads: one thread sends and reads some hundred thousand samples a second.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.clamp(1, self.load.callers.max(1));
        self
    }

    /// How much the strategy does at once, where it varies something else than the callers.
    #[must_use]
    pub fn n(mut self, n: usize) -> Self {
        self.n = Some(n);
        self
    }

    /// Each caller sends so many requests and waits for the last, with which it waits for the others.
    #[must_use]
    pub fn wait_every(mut self, requests: usize) -> Self {
        self.load.wait_every = requests.max(1);
        self
    }

    /// Counts allocations too.
    #[must_use]
    pub fn allocations(mut self, count: Option<AllocationCount>) -> Self {
        self.allocations = count;
        self
    }
}

impl Strategy for Callers {
    fn label(&self) -> Label {
        let parameters = match self.n {
            None => self.parameters.clone().scaled("callers", self.load.callers),
            Some(_) => self.parameters.clone().with("callers", self.load.callers),
        };
        Label {
            strategy: self.load.strategy,
            parameters: match self.threads {
                1 => parameters,
                threads => parameters.with("threads", threads),
            },
            n: self.n.unwrap_or(self.load.callers),
            in_flight: Some(self.load.callers * self.load.wait_every),
            batch: None,
            callers: Some(self.load.callers),
            rule: Rule::every(self.load.wait_every),
            waiting: if self.load.wait_every == 1 { EACH } else { EVERY },
        }
    }

    fn window(&mut self, length: Duration) -> Result<Window, MeasureError> {
        let begin = Instant::now();
        let start = begin + length.mul_f64(RAMP);
        let tally = |callers: usize| WindowTally {
            engine: self.load.engine.clone(),
            allocations: self.allocations,
            callers: callers as u64,
            start,
            end: start + length,
            ramp: 0,
            last: begin,
            before: None,
            window: Window::default(),
            done: false,
        };
        if self.threads == 1 {
            return Ok(self.load.drive(tally(self.load.callers))?.window);
        }
        let windows: Result<Vec<Window>, MeasureError> = std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .shares()
                .map(|load| {
                    let tally = tally(load.callers);
                    scope.spawn(move || Ok(load.drive(tally)?.window))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().map_err(|_| panicked())?).collect()
        });
        Ok(together(windows?))
    }

    fn worker_bytes(&self) -> u64 {
        let workers = self.load.engine.metrics().workers;
        workers.iter().filter_map(|worker| worker.resident_bytes).sum()
    }
}

impl Callers {
    /// The callers of each thread.
    fn shares(&self) -> impl Iterator<Item = Load> {
        let (all, threads) = (self.load.callers, self.threads);
        let first = move |thread: usize| all * thread / threads;
        (0..threads).map(move |thread| Load {
            callers: first(thread + 1) - first(thread),
            among: Among { first: first(thread), all },
            ..self.load.clone()
        })
    }
}

fn panicked() -> MeasureError {
    MeasureError::Thread { message: "a thread of callers panicked".to_owned() }
}

/// What several threads of callers counted in the same time. Batches, CPU time and allocations are those of the whole
/// process, which each of them saw.
fn together(windows: Vec<Window>) -> Window {
    let mut windows = windows.into_iter();
    let mut all = windows.next().unwrap_or_default();
    for window in windows {
        all.merge(&Window { batches: BTreeMap::new(), ..window });
    }
    if let Some(cost) = &mut all.cost {
        cost.requests = all.samples;
    }
    all
}

/// Counts from the last answer before the window to the last one in it: answers come in bursts, a batch at a time,
/// and the window's own ends would cut one in two.
///
/// The window begins when every caller could have had an answer, and holds at least two for each, however slow the
/// model is.
struct WindowTally {
    engine: Engine,
    allocations: Option<AllocationCount>,
    callers: u64,
    start: Instant,
    end: Instant,
    /// Answers before the window.
    ramp: u64,
    last: Instant,
    before: Option<Before>,
    window: Window,
    done: bool,
}

/// How things stood when the window began.
struct Before {
    answered: Instant,
    cpu: Duration,
    allocations: Option<u64>,
    metrics: Metrics,
}

impl Tally for WindowTally {
    fn answered(&mut self, answer: Answered) -> ControlFlow<()> {
        if self.done {
            return ControlFlow::Break(());
        }
        if let Some(error) = answer.error {
            self.window.checked += 1;
            self.window.error_max = self.window.error_max.max(error);
        }
        if self.before.is_none() {
            if answer.answered < self.start || self.ramp < self.callers {
                self.ramp += 1;
                self.last = answer.answered;
                return ControlFlow::Continue(());
            }
            self.before = Some(self.standing());
        }
        if answer.answered >= self.end && self.window.samples >= 2 * self.callers {
            self.finish();
            return ControlFlow::Break(());
        }
        self.last = answer.answered;
        self.window.samples += 1;
        self.window.latencies.record(answer.answered - answer.sent);
        ControlFlow::Continue(())
    }
}

impl WindowTally {
    fn standing(&self) -> Before {
        Before {
            answered: self.last,
            metrics: self.engine.metrics(),
            allocations: self.allocations.map(|count| count()),
            cpu: cpu_time(),
        }
    }

    fn finish(&mut self) {
        let after = self.standing();
        self.done = true;
        if let Some(before) = self.before.take() {
            let allocations = after.allocations.zip(before.allocations).map(|(after, before)| after - before);
            let cpu = after.cpu.saturating_sub(before.cpu);
            self.window.elapsed = after.answered.saturating_duration_since(before.answered);
            self.window.cost = Some(Cost { requests: self.window.samples, cpu, allocations });
            self.window.batches = batches_between(&before.metrics, &after.metrics);
        }
    }
}

/// Batches run between two snapshots, by their rows.
pub(super) fn batches_between(before: &Metrics, after: &Metrics) -> BTreeMap<usize, u64> {
    let earlier = before.batch_sizes.iter().copied().chain(std::iter::repeat(0));
    let counts = after.batch_sizes.iter().zip(earlier).map(|(&after, before)| after.saturating_sub(before));
    (1..).zip(counts).filter(|&(_, count)| count > 0).collect()
}
