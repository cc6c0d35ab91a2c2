use std::sync::Arc;

use super::Shared;
use crate::WorkerError;
use crate::process::{Reason, Worker};

/// Starts the thread that looks after the workers. It ends soon after the program and its last worker have.
pub(super) fn start(shared: &Arc<Shared>) -> Result<(), WorkerError> {
    let tick = shared.options.tick;
    let shared = Arc::downgrade(shared);
    let thread = std::thread::Builder::new().name("phalanx-supervisor".to_owned());
    let look_after = move || {
        while let Some(()) = shared.upgrade().map(|shared| shared.tick()) {
            std::thread::park_timeout(tick);
        }
    };
    thread.spawn(look_after).map(drop).map_err(WorkerError::system("start a thread"))
}

impl Shared {
    fn tick(&self) {
        self.oom.tick();
        self.all_workers().iter().for_each(|worker| worker.tick(&self.options));
    }

    /// The life of one worker, on a thread of its own: started, served, waited for.
    pub(super) fn keep_worker(self: Arc<Self>) {
        if !self.wait_for_start() {
            return self.not_started(None, None);
        }
        let worker = match Worker::spawn(&self.recipe, &self.options) {
            Ok(worker) => worker,
            Err(error) => return self.not_started(None, Some(error)),
        };
        if !self.entered(&worker) {
            worker.kill(Reason::Closed);
        }
        let ready = match worker.wait_until_ready(&self.recipe, &self.options, &self.oom) {
            Ok(ready) => ready,
            Err(error) => return self.not_started(Some(&worker), Some(error)),
        };
        let smallest = self.ready.get_or_init(|| ready).buckets().fit(1).unwrap_or(1);
        let timeout = self.options.prepare_timeout;
        if !worker.rehearse(&self.recipe, (&self.sample, &self.slots), smallest, timeout) {
            let end = worker.wait_for_end(&self.oom);
            tracing::info!(pid = worker.pid(), "the worker {} while it was warmed up", end.how);
            return self.gave_out(&worker, end.is_own.then_some(end.error));
        }
        worker.set_ready();
        tracing::debug!(pid = worker.pid(), "a worker is ready");
        if !self.joined(&worker) {
            worker.kill(Reason::Closed);
        }
        worker.serve(&self.recipe, &self.sample, || self.first_answer());
        let end = worker.wait_for_end(&self.oom);
        tracing::info!(pid = worker.pid(), "the worker {}", end.how);
        let is_early = end.is_own && !worker.has_answered();
        self.left(&worker, is_early.then_some(end.error));
    }
}
