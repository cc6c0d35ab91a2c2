use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use phalanx_backend::BackendError;

use super::Shared;
use super::back_off::back_off;
use crate::lock;
use crate::process::{Reason, Worker};
use crate::{WorkerError, WorkerOptions};

/// The workers of a program.
#[derive(Default)]
pub(super) struct Pool {
    /// All whose process was started and not yet waited for.
    workers: Vec<Arc<Worker>>,
    /// Those that are ready and that no lane uses.
    idle: Vec<Arc<Worker>>,
    /// Threads that are about to bring one.
    starting: usize,
    /// Lanes and calls that wait for one.
    waiting: usize,
    /// Whether a worker has ever answered: from then on there is a spare, which is warmed up with what was answered.
    had_answer: bool,
    /// Workers in a row that died before they answered a first batch.
    deaths: u32,
    /// When the next may be started after the last of these deaths.
    not_before: Option<Instant>,
    /// Why the first worker did not start.
    first_error: Option<WorkerError>,
    /// Why none is started any more.
    exhausted: Option<BackendError>,
    is_retired: bool,
}

impl Shared {
    /// Starts the first worker and waits for it.
    ///
    /// # Errors
    /// Every [`WorkerError`] of a start; nothing is tried again.
    pub(super) fn start_first(self: &Arc<Self>) -> Result<(), WorkerError> {
        let mut pool = lock(&self.pool);
        self.start_one(&mut pool)?;
        while self.ready.get().is_none() {
            if let Some(error) = pool.first_error.take() {
                return Err(error);
            }
            pool = self.wait(pool);
        }
        Ok(())
    }

    /// A worker for a lane: the spare, where there is one.
    ///
    /// # Errors
    /// [`BackendError::NoWorker`] where too many have died, or the program is retired.
    pub(super) fn lease(self: &Arc<Self>) -> Result<Arc<Worker>, BackendError> {
        let mut pool = lock(&self.pool);
        pool.waiting += 1;
        let leased = loop {
            if let Some(worker) = pool.take_idle() {
                break Ok(worker);
            }
            match self.ensure_one_comes(&mut pool) {
                Ok(()) => pool = self.wait(pool),
                Err(error) => break Err(error),
            }
        };
        pool.waiting -= 1;
        // The spare that was taken is replaced in the background.
        let _ = self.ensure_one_comes(&mut pool);
        leased
    }

    /// Takes back the worker of a lane that was closed.
    pub(crate) fn release(&self, worker: Arc<Worker>) {
        let mut pool = lock(&self.pool);
        let idle_max = if self.options.spare { 2 } else { 1 };
        let is_wanted = worker.is_ready() && worker.flight().is_empty() && pool.idle.len() < idle_max;
        if is_wanted && !pool.is_retired && pool.has(&worker) {
            pool.idle.push(worker);
            drop(pool);
            self.changed.notify_all();
        } else {
            drop(pool);
            worker.close();
        }
    }

    /// A worker to ask something, whoever uses it.
    ///
    /// # Errors
    /// As [`Shared::lease`].
    pub(super) fn any_worker(self: &Arc<Self>) -> Result<Arc<Worker>, BackendError> {
        let mut pool = lock(&self.pool);
        pool.waiting += 1;
        let found = loop {
            let candidates = pool.idle.iter().chain(&pool.workers);
            if let Some(worker) = candidates.into_iter().find(|worker| worker.is_ready()) {
                break Ok(Arc::clone(worker));
            }
            match self.ensure_one_comes(&mut pool) {
                Ok(()) => pool = self.wait(pool),
                Err(error) => break Err(error),
            }
        };
        pool.waiting -= 1;
        found
    }

    /// Starts as many workers as are waited for, and the spare.
    fn ensure_one_comes(self: &Arc<Self>, pool: &mut Pool) -> Result<(), BackendError> {
        if pool.is_retired {
            return Err(self.no_worker("the program is not used any more".to_owned()));
        }
        if let Some(error) = &pool.exhausted {
            return Err(error.clone());
        }
        let wanted = pool.waiting + usize::from(self.options.spare && pool.had_answer);
        while pool.idle.len() + pool.starting < wanted {
            self.start_one(pool)?;
        }
        Ok(())
    }

    /// Starts the thread that brings a worker.
    fn start_one(self: &Arc<Self>, pool: &mut Pool) -> Result<(), WorkerError> {
        let shared = Arc::clone(self);
        let thread = std::thread::Builder::new().name("phalanx-worker".to_owned());
        thread.spawn(move || shared.keep_worker()).map_err(WorkerError::system("start a thread"))?;
        pool.starting += 1;
        Ok(())
    }

    /// No worker is needed any more but those that lanes use.
    pub(super) fn retire(&self) {
        let mut pool = lock(&self.pool);
        pool.is_retired = true;
        let idle = std::mem::take(&mut pool.idle);
        let unready: Vec<_> =
            pool.workers.iter().filter(|worker| !worker.is_ready()).map(Arc::clone).collect();
        drop(pool);
        self.changed.notify_all();
        for worker in idle.iter().chain(&unready) {
            // What has been given to a worker that is closed, it may finish.
            if worker.flight().is_empty() {
                worker.kill(Reason::Closed);
            }
        }
    }

    /// All workers that are ready, and whether each is one that no lane uses.
    pub(super) fn members(&self) -> Vec<(Arc<Worker>, bool)> {
        let pool = lock(&self.pool);
        let ready = pool.workers.iter().filter(|worker| worker.is_ready());
        ready.map(|worker| (Arc::clone(worker), pool.is_idle(worker))).collect()
    }

    /// All workers that have not been waited for.
    pub(super) fn all_workers(&self) -> Vec<Arc<Worker>> {
        lock(&self.pool).workers.clone()
    }

    /// Waits until a worker may be started; false where none is needed any more.
    pub(super) fn wait_for_start(&self) -> bool {
        let mut pool = lock(&self.pool);
        loop {
            if pool.is_retired || pool.exhausted.is_some() {
                return false;
            }
            let now = Instant::now();
            let left = pool.not_before.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
            if left.is_zero() {
                return true;
            }
            let waited = self.changed.wait_timeout(pool, left).unwrap_or_else(PoisonError::into_inner);
            pool = waited.0;
        }
    }

    /// A process was started; false where it is not needed any more.
    pub(super) fn entered(&self, worker: &Arc<Worker>) -> bool {
        let mut pool = lock(&self.pool);
        pool.workers.push(Arc::clone(worker));
        !pool.is_retired
    }

    /// A worker is ready; false where it is not needed any more.
    pub(super) fn joined(&self, worker: &Arc<Worker>) -> bool {
        let mut pool = lock(&self.pool);
        pool.starting -= 1;
        let is_needed = !pool.is_retired;
        if is_needed {
            pool.idle.push(Arc::clone(worker));
        }
        drop(pool);
        self.changed.notify_all();
        is_needed
    }

    /// No worker came of a start.
    pub(super) fn not_started(self: &Arc<Self>, worker: Option<&Arc<Worker>>, error: Option<WorkerError>) {
        let mut pool = lock(&self.pool);
        pool.starting -= 1;
        worker.into_iter().for_each(|worker| pool.remove(worker));
        match error {
            Some(error) if self.ready.get().is_none() => pool.first_error = Some(error),
            Some(error) => {
                pool.note_death(&self.options, error.into());
                let _ = self.ensure_one_comes(&mut pool);
            }
            None => {}
        }
        drop(pool);
        self.changed.notify_all();
    }

    /// A worker has ended; `early` is what happened where it had not answered anything and that was its own doing.
    pub(super) fn left(self: &Arc<Self>, worker: &Arc<Worker>, early: Option<BackendError>) {
        let mut pool = lock(&self.pool);
        pool.remove(worker);
        if let Some(error) = early {
            pool.note_death(&self.options, error);
        }
        // Who waits learns of an error by itself.
        let _ = self.ensure_one_comes(&mut pool);
        drop(pool);
        self.changed.notify_all();
    }

    /// A worker has ended before it was ready, and had prepared the model; `early` as for [`Shared::left`].
    pub(super) fn gave_out(self: &Arc<Self>, worker: &Arc<Worker>, early: Option<BackendError>) {
        lock(&self.pool).starting -= 1;
        self.left(worker, early);
    }

    /// A worker has answered its first batch: whatever killed those before it does not kill all.
    pub(super) fn first_answer(self: &Arc<Self>) {
        let mut pool = lock(&self.pool);
        pool.deaths = 0;
        pool.not_before = None;
        pool.had_answer = true;
        // That no spare can be started is noticed when one is needed.
        let _ = self.ensure_one_comes(&mut pool);
        drop(pool);
        self.changed.notify_all();
    }

    fn wait<'a>(&self, pool: MutexGuard<'a, Pool>) -> MutexGuard<'a, Pool> {
        self.changed.wait(pool).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    /// The idle worker that was used most recently, which is the warmest. Those that have died meanwhile are left to their
    /// threads.
    fn take_idle(&mut self) -> Option<Arc<Worker>> {
        std::iter::from_fn(|| self.idle.pop()).find(|worker| worker.is_ready() && !worker.has_exited())
    }

    fn has(&self, worker: &Arc<Worker>) -> bool {
        self.workers.iter().any(|other| Arc::ptr_eq(other, worker))
    }

    fn is_idle(&self, worker: &Arc<Worker>) -> bool {
        self.idle.iter().any(|other| Arc::ptr_eq(other, worker))
    }

    fn remove(&mut self, worker: &Arc<Worker>) {
        self.workers.retain(|other| !Arc::ptr_eq(other, worker));
        self.idle.retain(|other| !Arc::ptr_eq(other, worker));
    }

    fn note_death(&mut self, options: &WorkerOptions, error: BackendError) {
        self.deaths = self.deaths.saturating_add(1);
        let wait = back_off(self.deaths, options.back_off_unit, options.back_off_max);
        tracing::warn!(deaths = self.deaths, wait_ms = wait.as_millis() as u64, "{error}");
        self.not_before = Some(Instant::now() + wait);
        if self.deaths > options.restarts_max {
            let message = format!("{} in a row died before they answered; the last: {error}", self.deaths);
            let hint = match error {
                BackendError::WorkerDied { stderr, .. } if !stderr.is_empty() => {
                    Some(format!("it wrote: {stderr}"))
                }
                BackendError::NoWorker { hint, .. } => hint,
                _ => None,
            };
            self.exhausted = Some(BackendError::NoWorker { message, hint });
        }
    }
}
