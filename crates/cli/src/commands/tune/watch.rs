use std::ops::ControlFlow;
use std::time::Instant;

use phalanx_measure::report::grouped;
use phalanx_measure::tune::{Done, Observer, Step, Timed, Tried};

use crate::progress::Progress;
use crate::terminal;

/// Shows what is tried, what came of it, and the time that is left.
pub(crate) struct Watcher {
    progress: Progress,
    start: Instant,
}

impl Watcher {
    pub(crate) fn new() -> Self {
        Self { progress: Progress::steps(0), start: Instant::now() }
    }

    /// A line above the bar, with the time since the start.
    fn line(&self, text: &str) {
        let seconds = self.start.elapsed().as_secs();
        self.progress.aside(|| terminal::words(&format!("{seconds:>4} s  {text}")));
    }
}

impl Observer for Watcher {
    fn begins(&mut self, step: &Step<'_>, done: usize, total: usize) -> ControlFlow<()> {
        self.progress.length(total as u64);
        self.progress.position(done.saturating_sub(1) as u64);
        self.progress.message(&match step {
            Step::Time(variant) => format!("timing batches: {variant}"),
            Step::Simulate => "simulating".to_owned(),
            Step::Try(knobs) => format!("trying {knobs}"),
        });
        ControlFlow::Continue(())
    }

    fn done(&mut self, done: &Done<'_>) {
        self.line(&words(done));
    }
}

/// What was done, and what came of it.
pub(super) fn words(done: &Done<'_>) -> String {
    match done {
        Done::Resumed(steps) => format!("{steps} measurements are there from before"),
        Done::Timed(variant, timed) => format!("timed {variant}: {}", times(timed)),
        Done::Simulated(predictions) => {
            let best = predictions.first().map(|best| best.knobs.to_string()).unwrap_or_default();
            format!("simulated {} configurations, the best {best}", predictions.len())
        }
        Done::Tried(knobs, tried) => format!("tried {knobs}: {}", came_of_it(tried)),
    }
}

fn times(timed: &Timed) -> String {
    if let Some(why) = &timed.unusable {
        return format!("not used, because {why}");
    }
    let points = timed.points.iter().map(|(rows, ns)| format!("{rows} in {} ms", grouped(ns / 1e6)));
    points.collect::<Vec<_>>().join(", ")
}

fn came_of_it(tried: &Tried) -> String {
    match (&tried.score, &tried.unusable) {
        (Some(score), _) if score.value > 0.0 => {
            format!("{}, p99 {} ms", grouped(score.value), grouped(score.p99_ms))
        }
        (Some(_), _) => "not better".to_owned(),
        (None, why) => format!("not used, because {}", why.as_deref().unwrap_or("it failed")),
    }
}
