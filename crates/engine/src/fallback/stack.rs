use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use phalanx_backend::{BackendError, Device, Program};
use phalanx_batch::Nanos;

use super::health::Health;
use super::{Change, Pace};
use crate::hub::lock;

/// Prepares the program of a candidate that has not been needed so far.
type Prepare = Box<dyn Fn() -> Result<Arc<dyn Program>, BackendError> + Send + Sync>;

/// A backend that could run the model.
pub(crate) struct Candidate {
    pub(crate) backend: &'static str,
    pub(crate) device: Device,
    program: OnceLock<Result<Arc<dyn Program>, BackendError>>,
    prepare: Prepare,
}

impl Candidate {
    /// One that is prepared.
    pub(crate) fn ready(backend: &'static str, device: Device, program: Arc<dyn Program>) -> Self {
        let unused: Prepare = Box::new(|| {
            Err(BackendError::Panicked { message: "a program that is there was asked for again".to_owned() })
        });
        Self { backend, device, program: OnceLock::from(Ok(program)), prepare: unused }
    }

    /// One that is prepared when another one has failed: memory for two programs is only taken where both are needed.
    pub(crate) fn later(backend: &'static str, device: Device, prepare: Prepare) -> Self {
        Self { backend, device, program: OnceLock::new(), prepare }
    }
}

/// The backends that can run the model, the preferred first, and which of them does at present.
pub(crate) struct Stack {
    candidates: Vec<Candidate>,
    primary: Arc<dyn Program>,
    /// A copy of what `health` says, read before every batch.
    active: AtomicUsize,
    health: Mutex<Health>,
    /// Why the preferred one does not run the batches.
    reason: Mutex<Option<BackendError>>,
}

impl Stack {
    /// `primary` is the first candidate's program.
    pub(crate) fn new(
        first: Candidate,
        primary: Arc<dyn Program>,
        others: Vec<Candidate>,
        pace: Pace,
    ) -> Self {
        let mut candidates = vec![first];
        candidates.extend(others);
        let health = Mutex::new(Health::new(candidates.len(), pace));
        Self { candidates, primary, active: AtomicUsize::new(0), health, reason: Mutex::default() }
    }

    /// The preferred program: the one that layouts and slots come from.
    pub(crate) fn primary(&self) -> &Arc<dyn Program> {
        &self.primary
    }

    /// Which candidate runs the batches.
    pub(crate) fn active(&self) -> usize {
        self.active.load(Ordering::Acquire)
    }

    /// The candidate of a level.
    pub(crate) fn candidate(&self, level: usize) -> &Candidate {
        &self.candidates[level]
    }

    /// That candidate, and why it is not the preferred one.
    pub(crate) fn degraded(&self) -> Option<(&Candidate, Option<BackendError>)> {
        let active = self.active();
        (active > 0).then(|| (&self.candidates[active], lock(&self.reason).clone()))
    }

    /// A candidate's program; prepared on the calling thread where it has not been needed before.
    pub(crate) fn program(&self, level: usize) -> Result<Arc<dyn Program>, BackendError> {
        let candidate = &self.candidates[level];
        let program = candidate.program.get_or_init(|| (candidate.prepare)()).clone();
        if program.is_err() {
            self.health().unusable(level);
        }
        program
    }

    /// All programs that exist by now.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &Arc<dyn Program>> {
        self.candidates.iter().filter_map(|candidate| candidate.program.get()?.as_ref().ok())
    }

    /// The level to try where `level` has failed.
    pub(crate) fn below(&self, level: usize) -> Option<usize> {
        // Almost always there is one candidate, and nothing to look up.
        if self.candidates.len() == 1 { None } else { self.health().below(level) }
    }

    /// A batch failed on `level` with `error`, and another level has run it.
    pub(crate) fn failed(&self, level: usize, error: &BackendError, now_ns: Nanos) -> Option<Change> {
        let change = self.health().failed(level, now_ns);
        self.apply(change, Some(error))
    }

    /// Nothing can be run on `level` any more.
    pub(crate) fn gone(&self, level: usize, error: &BackendError, now_ns: Nanos) -> Option<Change> {
        let change = self.health().gone(level, now_ns);
        self.apply(change, Some(error))
    }

    /// The level that the next batch should try in order to find the way back.
    pub(crate) fn probe(&self, now_ns: Nanos) -> Option<usize> {
        if self.active() == 0 { None } else { self.health().probe(now_ns) }
    }

    /// The batch that tried another level has ended.
    pub(crate) fn probed(&self, level: usize, well: bool, now_ns: Nanos) -> Option<Change> {
        let change = self.health().probed(level, well, now_ns);
        self.apply(change, None)
    }

    fn apply(&self, change: Option<Change>, error: Option<&BackendError>) -> Option<Change> {
        change?;
        let active = self.health().active();
        *lock(&self.reason) = error.filter(|_| active > 0).cloned();
        self.active.store(active, Ordering::Release);
        change
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        lock(&self.health)
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.backend, self.device)
    }
}
