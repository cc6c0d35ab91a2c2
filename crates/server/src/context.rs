use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use phalanx_shm::Regions;
use tokio::sync::Semaphore;

use crate::api::{ModelControl, Settings};
use crate::observe::Observed;
use crate::serving::Registry;
use crate::{ServeError, ServerOptions};

/// How soon a client may come back when the server itself is full: what is in flight then is answered by all models
/// together, so no one model's batch times tell.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// What all connections of a server share.
pub(crate) struct Context {
    pub(crate) options: ServerOptions,
    pub(crate) registry: Registry,
    pub(crate) started: Instant,
    /// One permit for every connection that may be open.
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) observed: Observed,
    /// Shared memory that clients registered.
    pub(crate) regions: Regions,
    /// What clients set about logs and traces.
    pub(crate) settings: Settings,
    /// Who loads and unloads models for clients, where they may.
    pub(crate) control: OnceLock<Arc<dyn ModelControl>>,
    stopping: AtomicBool,
    /// Whether models that are wanted at start are still to come.
    held: AtomicBool,
    in_flight_bytes: AtomicUsize,
}

/// Bytes of a request's body, counted until it is answered.
pub(crate) struct InFlight<'a> {
    context: &'a Context,
    bytes: usize,
}

/// Bytes of an answer, counted until it is sent.
pub(crate) struct Held {
    context: Arc<Context>,
    bytes: usize,
}

impl Context {
    pub(crate) fn new(options: ServerOptions) -> Self {
        let connections = Arc::new(Semaphore::new(options.limits.connections_max));
        let held = options.held;
        Self {
            options,
            connections,
            registry: Registry::default(),
            started: Instant::now(),
            observed: Observed::default(),
            regions: Regions::default(),
            settings: Settings::default(),
            control: OnceLock::new(),
            stopping: AtomicBool::new(false),
            held: AtomicBool::new(held),
            in_flight_bytes: AtomicUsize::new(0),
        }
    }

    /// Whether nothing new is to be started.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn release(&self) {
        self.held.store(false, Ordering::Relaxed);
    }

    /// Whether requests can be answered: no model is still loading or to come, and the server is not stopping.
    pub(crate) fn is_ready(&self) -> bool {
        !self.is_stopping() && !self.held.load(Ordering::Relaxed) && self.registry.all_ready()
    }

    pub(crate) fn in_flight_bytes(&self) -> usize {
        self.in_flight_bytes.load(Ordering::Relaxed)
    }

    /// Counts `bytes` of an answer until it is sent. They are there already, so it is what comes next that is refused.
    pub(crate) fn hold(self: &Arc<Self>, bytes: usize) -> Held {
        self.in_flight_bytes.fetch_add(bytes, Ordering::Relaxed);
        Held { context: Arc::clone(self), bytes }
    }

    /// Counts `bytes` of a body, if there is room.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<InFlight<'_>, ServeError> {
        let mut reserved = InFlight { context: self, bytes: 0 };
        reserved.grow(bytes)?;
        Ok(reserved)
    }
}

impl InFlight<'_> {
    /// Counts `bytes` more.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), ServeError> {
        let before = self.context.in_flight_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.context.options.limits.in_flight_bytes_max {
            self.context.in_flight_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(ServeError::Overloaded { retry_after: RETRY_AFTER });
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.context.in_flight_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.context.in_flight_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_beyond_the_limit_are_refused_and_given_back() {
        let mut options = ServerOptions::default();
        options.limits.in_flight_bytes_max = 10;
        let context = Context::new(options);
        let mut first = context.reserve(6).unwrap();
        assert!(context.reserve(5).is_err());
        first.grow(4).unwrap();
        assert_eq!(context.in_flight_bytes(), 10);
        assert!(first.grow(1).is_err());
        drop(first);
        assert_eq!(context.in_flight_bytes(), 0);
    }

    #[test]
    fn answers_that_wait_to_be_sent_leave_less_room() {
        let mut options = ServerOptions::default();
        options.limits.in_flight_bytes_max = 10;
        let context = Arc::new(Context::new(options));
        let held = context.hold(20);
        assert!(context.reserve(1).is_err());
        drop(held);
        assert!(context.reserve(10).is_ok());
    }
}
