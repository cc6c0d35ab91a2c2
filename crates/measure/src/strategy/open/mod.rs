//! An open loop on an engine: requests come when they come.

mod collect;
mod shape;

pub use shape::Shape;

use std::sync::Arc;
use std::time::{Duration, Instant};

use phalanx_engine::{Engine, Request};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use self::collect::{Collector, Sent};
use super::{Label, Parameters, Rule, Strategy, Window};
use crate::answers::Answers;
use crate::remote::{Arrivals, Due};
use crate::{MeasureError, Samples};

/// What the thread that sends sleeps short of: the system wakes it about this late.
const OVERSLEEP: Duration = Duration::from_micros(60);

/// Requests that arrive independently of each other, at a rate that steps or ramps through what the engine can do and
/// beyond it. A sample counts when it is answered within the SLO.
pub struct Open {
    engine: Engine,
    samples: Samples,
    answers: Arc<Answers>,
    parameters: Parameters,
    shape: Shape,
    /// What the multiples of the shape are of, in samples a second.
    rate: f64,
    slo: Duration,
    /// Every window has arrivals of its own.
    seed: u64,
}

impl Open {
    /// `rate` is what the engine answers at the most; `parameters` are what its row is known by.
    #[must_use]
    pub fn new(
        engine: &Engine,
        samples: &Samples,
        answers: &Arc<Answers>,
        parameters: Parameters,
        (shape, rate): (Shape, f64),
        slo: Duration,
    ) -> Self {
        let (engine, samples, answers) = (engine.clone(), samples.clone(), Arc::clone(answers));
        Self { engine, samples, answers, parameters, shape, rate, slo, seed: 1 }
    }

    /// Sends what is due when it is due, or at once where that is past. The channel needs no bound of its own: the
    /// engine refuses what its queue has no room for.
    fn send(&self, begin: Instant, due: impl Iterator<Item = Due>, answered: &UnboundedSender<Sent>) {
        for (sample, due) in due.enumerate() {
            let due = begin + due.at;
            let ahead = due.saturating_duration_since(Instant::now());
            if ahead > OVERSLEEP {
                std::thread::sleep(ahead - OVERSLEEP);
            }
            let infer = self.engine.infer(Request::new(self.samples.get(sample).to_vec()));
            if answered.send(Sent { sample, due, infer }).is_err() {
                return;
            }
        }
    }
}

impl Strategy for Open {
    fn label(&self) -> Label {
        Label {
            strategy: "policy",
            parameters: self.parameters.clone().with("load", self.shape),
            n: 1,
            rule: Rule::OpenLoop,
            waiting: "requests are sent when they are due; a sample counts when it is answered within the SLO, counted \
                      from when it was due",
            ..Label::default()
        }
    }

    fn window(&mut self, length: Duration) -> Result<Window, MeasureError> {
        self.seed += 1;
        let profile = self.shape.profile(self.rate, length)?;
        let due = profile.due(Arrivals::Poisson.gaps(self.seed));
        let collector = Collector { answers: Arc::clone(&self.answers), slo: self.slo };
        let (sender, sent) = unbounded_channel();
        let this = &*self;
        let begin = Instant::now();
        let window = std::thread::scope(|scope| {
            scope.spawn(move || this.send(begin, due, &sender));
            collector.collect(sent)
        });
        Ok(Window { elapsed: begin.elapsed().max(length), ..window? })
    }
}
