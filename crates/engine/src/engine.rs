use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use phalanx_handoff::block_on_spinning;
use phalanx_model::Model;
use phalanx_tensor::Signature;

use crate::burst::Burst;
use crate::hub::Hub;
use crate::metrics::{Degraded, Recorder};
use crate::pool::PoolStats;
use crate::queues::Queues;
use crate::run::Run;
use crate::{EngineBuilder, EngineError, EngineInfo, Infer, Metrics, Request, Response};

/// Runs a model for many callers at once. Clones share one engine; the last one to go stops it.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    queues: Queues,
    info: EngineInfo,
}

impl Engine {
    /// Starts describing an engine for `model`.
    #[must_use]
    pub fn builder(model: Model) -> EngineBuilder {
        EngineBuilder::new(model)
    }

    pub(crate) fn assemble(queues: Queues, info: EngineInfo) -> Self {
        Self { inner: Arc::new(Inner { queues, info }) }
    }

    /// Hands a request in. It is admitted or refused at once; the answer is awaited, and dropping it cancels.
    ///
    /// The answer is one of: the request's own rows, or [`EngineError::InvalidInput`], [`EngineError::QueueFull`],
    /// [`EngineError::DeadlineExceeded`], [`EngineError::Cancelled`], [`EngineError::BackendFailed`],
    /// [`EngineError::ShuttingDown`].
    pub fn infer(&self, request: Request) -> Infer {
        admit(self.inner.queues.choose(), request)
    }

    /// Hands a request in together with others: they leave when [`Burst::go`] is called, unless they fill a batch
    /// before. Whoever reads many requests off sockets at a time forms larger batches this way.
    ///
    /// The answer is one of those of [`Engine::infer`].
    pub fn infer_in(&self, burst: &mut Burst, request: Request) -> Infer {
        let hub = self.inner.queues.choose();
        burst.hold(hub);
        admit(hub, request)
    }

    /// Hands a request in and sleeps until it is answered; awake for the first while, where the engine spins.
    ///
    /// # Errors
    /// As [`Engine::infer`].
    pub fn infer_blocking(&self, request: Request) -> Result<Response, EngineError> {
        block_on_spinning(self.infer(request), self.inner.queues.first().settings.spin)
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
        &self.inner.queues.first().settings.signature
    }

    /// What runs the batches at present, where the backend it was built on has failed.
    #[must_use]
    pub fn degraded(&self) -> Option<Degraded> {
        let (candidate, reason) = self.inner.queues.hubs().find_map(|hub| hub.stack.degraded())?;
        Some(Degraded { backend: candidate.backend, device: candidate.device, reason })
    }

    /// What it has done so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let queues = &self.inner.queues;
        let hubs = || queues.hubs();
        // The queues of a device share its programs.
        let stacks = || hubs().filter(|hub| hub.settings.number.queue < hub.settings.number.devices);
        let device_bytes = stacks().map(|hub| hub.stack.primary().memory().device_bytes);
        let recorders: Vec<&Recorder> = hubs().map(|hub| &hub.recorder).collect();
        let uptime = Duration::from_nanos(queues.first().now_ns());
        Metrics {
            degraded: self.degraded(),
            workers: stacks()
                .flat_map(|hub| hub.stack.programs().flat_map(|program| program.workers()))
                .collect(),
            queued_rows: hubs().map(|hub| hub.queued_rows()).sum(),
            groups: hubs().map(|hub| hub.groups()).max().unwrap_or(0),
            slots: hubs().map(|hub| hub.slots.stats()).fold(PoolStats::default(), |sum, stats| sum + stats),
            idle_answer_bytes: hubs().map(|hub| hub.buffers.idle_bytes()).sum(),
            input_bytes: hubs().map(|hub| hub.input_bytes()).sum(),
            host_bytes: memory_stats::memory_stats().map(|stats| stats.physical_mem as u64),
            device_bytes: device_bytes.flatten().reduce(|sum, bytes| sum + bytes),
            ..Recorder::snapshot(&recorders, uptime, self.info().lanes)
        }
    }

    /// Stops: nothing more is admitted, and what was admitted is answered within `grace`, else with
    /// [`EngineError::ShuttingDown`]. Whether everything was answered in time.
    pub fn stop(&self, grace: Duration) -> bool {
        self.inner.queues.stop(grace)
    }
}

fn admit(hub: &Arc<Hub>, request: Request) -> Infer {
    let deadline_ns = request.deadline.map(|deadline| hub.at_ns(deadline));
    match hub.admit(request.inputs, deadline_ns, request.priority, hub.now_ns()) {
        Ok(admitted) => Infer::waiting(Arc::clone(hub), admitted.call, admitted.generation),
        Err(error) => Infer::refused(error),
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("info", self.info()).finish_non_exhaustive()
    }
}
