use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use phalanx_engine::EngineInfo;
use phalanx_model::Model;

use crate::context::Context;
use crate::io::{IoThreads, Listening, Order, Protocol, acceptor};
use crate::repository::Repository;
use crate::serving::{ModelOptions, ModelState, Served};
use crate::{RepositoryError, RepositoryOptions, ServeError, ServerError, ServerOptions};

/// How long a stopping server waits for clients that keep a connection open and send nothing.
const LINGER: Duration = Duration::from_millis(500);

/// A server that listens.
pub struct Server {
    context: Arc<Context>,
    listening: Vec<Listening>,
    threads: IoThreads,
    repository: OnceLock<Arc<Repository>>,
}

impl Server {
    /// Binds the addresses and starts to answer. Nothing is served yet, and so the server is ready only if asked for
    /// no model.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn start(options: ServerOptions) -> Result<Self, ServerError> {
        let threads = IoThreads::start(options.io_threads, options.timeouts)?;
        let addresses = [(options.http, Protocol::Http), (options.grpc, Protocol::Grpc)];
        let tls = options.tls.clone();
        let context = Arc::new(Context::new(options));
        let router = crate::http::router(&context).merge(crate::observe::router(&context));
        let mut listening = Vec::new();
        for (address, protocol) in addresses {
            let Some(address) = address else { continue };
            let tls = tls.as_ref().map(|tls| acceptor(tls, protocol)).transpose()?;
            listening.push(Listening::start(address, protocol, &context, &router, tls, &threads)?);
        }
        Ok(Self { context, listening, threads, repository: OnceLock::new() })
    }

    /// Where it listens: HTTP before gRPC.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listening.iter().map(|listening| listening.address).collect()
    }

    /// Says that a model is going to be served: until it is, whoever asks for it is told that it is loading.
    pub fn expect(&self, name: &str, version: u64) {
        self.context.registry.set_state(name, version, ModelState::Loading);
    }

    /// Prepares a model and puts it into service, in place of what answered to its name and version. Says what runs it.
    ///
    /// # Errors
    /// [`ServeError::Failed`]; what answered before goes on doing so.
    pub fn serve(
        &self,
        name: &str,
        version: u64,
        model: Model,
        options: ModelOptions,
    ) -> Result<EngineInfo, ServeError> {
        self.context.registry.set_state(name, version, ModelState::Loading);
        match Served::start(name, &version.to_string(), model, options) {
            Ok(served) => {
                let info = served.info().clone();
                self.context.registry.install(version, Arc::new(served));
                Ok(info)
            }
            Err(error) => {
                let reason = error.to_string();
                self.context.registry.set_state(name, version, ModelState::Failed { reason });
                Err(error)
            }
        }
    }

    /// What answers: the name, the version and what runs it.
    #[must_use]
    pub fn served(&self) -> Vec<(String, String, EngineInfo)> {
        let served = self.context.registry.served();
        let named = served
            .iter()
            .map(|served| (served.name.to_string(), served.version.to_string(), served.info().clone()));
        named.collect()
    }

    /// All models that are wanted at start are there: from now on the server is ready whenever they are. Only a server
    /// that was started [`held`](ServerOptions::held) waits for this.
    pub fn release(&self) {
        self.context.release();
    }

    /// Serves the models of a repository, beside what is served already. Returns when those that are wanted at start
    /// answer, or have failed.
    ///
    /// # Errors
    /// [`RepositoryError`]. Models that were loaded by then are served.
    pub fn open_repository(&self, options: RepositoryOptions) -> Result<(), RepositoryError> {
        let repository = Repository::open(&self.context, options)?;
        self.repository.set(repository).map_err(|_| RepositoryError::AlreadyOpen)
    }

    /// Looks at a polled repository now rather than when its interval is over. What changed since the look before is
    /// left alone until the next; everything else is loaded or unloaded when this returns.
    ///
    /// # Errors
    /// [`RepositoryError::NotPolled`], [`RepositoryError::Closed`]; [`RepositoryError::Root`] or
    /// [`RepositoryError::TooManyModels`], and then everything stays as it is.
    pub fn poll_repository(&self) -> Result<(), RepositoryError> {
        self.repository.get().ok_or(RepositoryError::Closed)?.look()
    }

    /// Readiness turns false and no connection is accepted any more; what comes over those that are open is answered,
    /// and closes them. [`Server::stop`] begins with this.
    pub fn begin_stop(&self) {
        self.context.begin_stop();
        self.listening.iter().for_each(Listening::close);
        self.threads.tell_all(Order::Leave);
    }

    /// Stops: readiness turns false, nothing new is accepted, and what was accepted is answered within `grace`.
    /// Whether all of it was.
    pub fn stop(&self, grace: Duration) -> bool {
        let deadline = Instant::now() + grace;
        self.begin_stop();
        let left = || deadline.saturating_duration_since(Instant::now());
        // Every answer closes its connection now; what is open without a request after a while is closed by us.
        if !self.wait_closed(left().min(LINGER)) {
            self.threads.tell_all(Order::Finish);
        }
        let in_time = self.wait_closed(left());
        self.threads.tell_all(Order::Drop);
        self.threads.join();
        for served in self.context.registry.served() {
            served.engine().stop(left());
        }
        in_time
    }

    /// Waits until no connection is open.
    fn wait_closed(&self, patience: Duration) -> bool {
        let all = u32::try_from(self.context.options.limits.connections_max).unwrap_or(u32::MAX);
        let connections = Arc::clone(&self.context.connections);
        if connections.available_permits() == self.context.options.limits.connections_max {
            return true;
        }
        let (sender, closed) = std::sync::mpsc::channel();
        let waiting = self.threads.0[0].handle.spawn(async move {
            let permits = connections.acquire_many_owned(all).await;
            // Nobody listens any more where it took too long.
            let _ = sender.send(permits.is_ok());
        });
        let in_time = closed.recv_timeout(patience).unwrap_or(false);
        waiting.abort();
        in_time
    }
}
