use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use phalanx_engine::Engine;

use super::super::book::Page;
use super::super::finding::Finding;
use super::super::setup::Candidate;
use super::super::{Plan, setup::Setup};
use crate::MeasureError;
use crate::answers::Answers;
use crate::disturb::{Disturb, Disturbed, Strike};

/// Of the throughput between the strikes, this much has to be kept while workers are struck.
const KEPT_MIN: f64 = 0.8;

/// From a strike until everybody who was waiting has an answer, in 99 of 100 cases.
const RECOVERY_MS_MAX: f64 = 1000.0;

/// How long the answers may take that others are compared with.
const ANSWERS_BUDGET: Duration = Duration::from_millis(500);

/// How often the watch is asked meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How workers are disturbed, where lanes are worker processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strikes {
    /// What is done to them, one after the other.
    pub kinds: Vec<Strike>,
    /// How often, where that is given: else a worker is killed every second, and stopped every ten, since it takes half a
    /// second to be sure that one hangs.
    pub every: Option<Duration>,
    /// For how long, each; two strikes, and ten seconds at least, where that is not given.
    pub duration: Option<Duration>,
    /// Concurrent callers.
    pub callers: usize,
}

impl Default for Strikes {
    fn default() -> Self {
        Self { kinds: vec![Strike::Kill, Strike::Stop], every: None, duration: None, callers: 64 }
    }
}

impl Strikes {
    fn disturb(&self, strike: Strike) -> Disturb {
        let usual = match strike {
            Strike::Kill => Duration::from_secs(1),
            Strike::Stop => Duration::from_secs(10),
        };
        let every = self.every.unwrap_or(usual);
        let duration = self.duration.unwrap_or_else(|| (every * 2).max(Duration::from_secs(10)));
        Disturb { callers: self.callers, strike, every, duration }
    }
}

/// Whether all is answered, soon enough, while one worker after the other is struck.
pub(super) fn check(
    plan: &Plan,
    candidate: &Candidate<'_>,
    strike: Strike,
    page: &mut Page<'_, '_>,
) -> Result<Finding, MeasureError> {
    let disturb = plan.stability.strikes.disturb(strike);
    let engine = plan.setup.engine(candidate)?;
    let (answers, samples) = answers(&plan.setup, candidate, &engine)?;
    let stop = Arc::new(AtomicBool::new(false));
    let done = std::thread::scope(|scope| {
        let stopped = Arc::clone(&stop);
        let watch = move |_| match stopped.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let (engine, samples, answers) = (&engine, &samples, &answers);
        let running = scope.spawn(move || disturb.run(engine, samples, answers, watch));
        let looked = look_while(&running, page);
        stop.store(looked.is_err(), Ordering::Relaxed);
        let ended = running.join().unwrap_or_else(|_| {
            Err(MeasureError::Thread { message: "the load generator panicked".to_owned() })
        });
        looked.and(ended)
    })?;
    Ok(finding(strike, &done))
}

/// Lets the watch look on until the thread has ended.
fn look_while<T>(running: &ScopedJoinHandle<'_, T>, page: &mut Page<'_, '_>) -> Result<(), MeasureError> {
    while !running.is_finished() {
        page.look()?;
        std::thread::park_timeout(LOOK_EVERY);
    }
    Ok(())
}

fn answers(
    setup: &Setup,
    candidate: &Candidate<'_>,
    engine: &Engine,
) -> Result<(Arc<Answers>, crate::Samples), MeasureError> {
    let info = engine.info();
    let program = setup.program(candidate.subject, info, 1)?;
    let (answers, samples) = Answers::of(&*program, info.precision, &setup.samples, ANSWERS_BUDGET)?;
    Ok((Arc::new(answers), samples))
}

fn finding(strike: Strike, done: &Disturbed) -> Finding {
    let Disturbed { strikes, requests, kept, recovery_p99_ms, .. } = *done;
    let what = match strike {
        Strike::Kill => "killed",
        Strike::Stop => "stopped",
    };
    let words = format!(
        "{strikes} workers {what}: {requests} requests answered, none lost; {:.0} % of the throughput kept, \
         99 % of the recoveries within {recovery_p99_ms:.0} ms",
        100.0 * kept
    );
    let is_well = strikes > 0 && kept >= KEPT_MIN && recovery_p99_ms <= RECOVERY_MS_MAX;
    let finding = match is_well {
        true => Finding::passed(words),
        false => Finding::failed(format!(
            "{words}; expected at least {:.0} % and at most {RECOVERY_MS_MAX:.0} ms",
            100.0 * KEPT_MIN
        )),
    };
    finding
        .with("strikes", strikes as f64)
        .with("requests", requests as f64)
        .with("checked", done.checked as f64)
        .with("undisturbed_per_s", done.undisturbed_per_s)
        .with("disturbed_per_s", done.disturbed_per_s)
        .with("kept", kept)
        .with("recovery_p50_ms", done.recovery_p50_ms)
        .with("recovery_p99_ms", recovery_p99_ms)
        .with("reruns", done.reruns as f64)
}
