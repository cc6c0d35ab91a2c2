use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use phalanx_handoff::block_on_spinning;
use phalanx_model::Model;
use phalanx_tensor::Signature;

use crate::burst::Burst;
use crate::hub::{Hub, lock};
use crate::metrics::Degraded;
use crate::run::Run;
use crate::threads::Roster;
use crate::{EngineBuilder, EngineError, EngineInfo, Infer, Metrics, Request, Response};

/// How long a stopping engine waits for a lane that is busy, once nobody waits for an answer any more.
const JOIN_PATIENCE: Duration = Duration::from_secs(5);

/// Runs a model for many callers at once. Clones share one engine; the last one to go stops it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Arc<Hub>,
    info: EngineInfo,
    roster: Arc<Roster>,
    mover: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    /// Starts describing an engine for `model`.
    #[must_use]
    pub fn builder(model: Model) -> EngineBuilder {
        EngineBuilder::new(model)
    }

    pub(crate) fn assemble(
        hub: Arc<Hub>,
        info: EngineInfo,
        roster: Arc<Roster>,
        mover: JoinHandle<()>,
    ) -> Self {
        Self { inner: Arc::new(Inner { hub, info, roster, mover: Mutex::new(Some(mover)) }) }
    }

    /// Hands a request in. It is admitted or refused at once; the answer is awaited, and dropping it cancels.
    ///
    /// The answer is one of: the request's own rows, or [`EngineError::InvalidInput`], [`EngineError::QueueFull`],
    /// [`EngineError::DeadlineExceeded`], [`EngineError::Cancelled`], [`EngineError::BackendFailed`],
    /// [`EngineError::ShuttingDown`].
    pub fn infer(&self, request: Request) -> Infer {
        let hub = &self.inner.hub;
        let deadline_ns = request.deadline.map(|deadline| hub.at_ns(deadline));
        match hub.admit(request.inputs, deadline_ns, request.priority, hub.now_ns()) {
            Ok(admitted) => Infer::waiting(Arc::clone(hub), admitted.call, admitted.generation),
            Err(error) => Infer::refused(error),
        }
    }

    /// Hands a request in together with others: they leave when [`Burst::go`] is called, unless they fill a batch
    /// before. Whoever reads many requests off sockets at a time forms larger batches this way.
    ///
    /// The answer is one of those of [`Engine::infer`].
    pub fn infer_in(&self, burst: &mut Burst, request: Request) -> Infer {
        burst.hold(&self.inner.hub);
        self.infer(request)
    }

    /// Hands a request in and sleeps until it is answered; awake for the first while, where the engine spins.
    ///
    /// # Errors
    /// As [`Engine::infer`].
    pub fn infer_blocking(&self, request: Request) -> Result<Response, EngineError> {
        block_on_spinning(self.infer(request), self.inner.hub.settings.spin)
    }

    /// Runs a whole dataset: the answers come in the order of the requests, and no more requests are taken from the
    /// iterator than all lanes can use.
    pub fn run<I>(&self, requests: I) -> Run<I::IntoIter>
    where
        I: IntoIterator,
        I::Item: Into<Request>,
    {
        let info = self.info();
        let in_flight_rows = info.max_batch * info.lanes * (info.depth + 1);
        Run::new(self.clone(), requests.into_iter(), in_flight_rows.min(info.queue_limit / 2).max(1))
    }

    /// What it was built as.
    #[must_use]
    pub fn info(&self) -> &EngineInfo {
        &self.inner.info
    }

    /// Inputs and outputs of the model.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.inner.hub.settings.signature
    }

    /// What runs the batches at present, where the backend it was built on has failed.
    #[must_use]
    pub fn degraded(&self) -> Option<Degraded> {
        let (candidate, reason) = self.inner.hub.stack.degraded()?;
        Some(Degraded { backend: candidate.backend, device: candidate.device, reason })
    }

    /// What it has done so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let hub = &self.inner.hub;
        let stack = &hub.stack;
        Metrics {
            degraded: self.degraded(),
            workers: stack.programs().flat_map(|program| program.workers()).collect(),
            queued_rows: hub.queued_rows(),
            groups: hub.groups(),
            slots: hub.slots.stats(),
            idle_answer_bytes: hub.buffers.idle_bytes(),
            input_bytes: hub.input_bytes(),
            host_bytes: memory_stats::memory_stats().map(|stats| stats.physical_mem as u64),
            device_bytes: stack.primary().memory().device_bytes,
            ..hub.recorder.snapshot(Duration::from_nanos(hub.now_ns()), hub.lanes.len())
        }
    }

    /// Stops: nothing more is admitted, and what was admitted is answered within `grace`, else with
    /// [`EngineError::ShuttingDown`]. Whether everything was answered in time.
    pub fn stop(&self, grace: Duration) -> bool {
        self.inner.stop(grace)
    }
}

impl Inner {
    fn stop(&self, grace: Duration) -> bool {
        self.hub.begin_stop();
        let in_time = self.hub.wait_answered(grace);
        self.hub.refuse_rest();
        self.hub.exit();
        self.roster.join(JOIN_PATIENCE);
        self.hub.inbox.close();
        if let Some(mover) = lock(&self.mover).take() {
            // The last engine may go inside a caller's waker, that is on the mover's own thread.
            if mover.thread().id() != std::thread::current().id() {
                // It ends with its inbox; panics of wakers are caught where they happen.
                let _ = mover.join();
            }
        }
        in_time
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("info", self.info()).finish_non_exhaustive()
    }
}
