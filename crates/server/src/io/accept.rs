use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{Endpoint, Guarded, IoThreads, Order, Patrol, Phase, Progress};
use crate::ServerError;
use crate::context::Context;

/// How long accepting pauses where the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(20);

/// What a listener's connections speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

/// A bound address whose connections are accepted and dealt out to the I/O threads in turn.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    task: tokio::task::AbortHandle,
}

/// Where a connection goes.
#[derive(Clone)]
struct Place {
    handle: Handle,
    endpoint: Endpoint,
    patrol: Arc<Patrol>,
}

impl Listening {
    pub(crate) fn start(
        address: SocketAddr,
        protocol: Protocol,
        context: &Arc<Context>,
        router: &Router,
        tls: Option<TlsAcceptor>,
        threads: &IoThreads,
    ) -> Result<Self, ServerError> {
        let places: Vec<Place> = threads
            .0
            .iter()
            .map(|thread| Place {
                handle: thread.handle.clone(),
                endpoint: Endpoint {
                    context: Arc::clone(context),
                    bell: Arc::clone(&thread.bell),
                    router: router.clone(),
                },
                patrol: Arc::clone(&thread.patrol),
            })
            .collect();
        let failed = |error: std::io::Error| ServerError::Bind { address, message: error.to_string() };
        let first = &threads.0[0].handle;
        let entered = first.enter();
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        drop(entered);
        let accepting = accept(listener, protocol, Arc::clone(&context.connections), tls, places);
        Ok(Self { address, task: first.spawn(accepting).abort_handle() })
    }

    /// Accepts nothing more.
    pub(crate) fn close(&self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    protocol: Protocol,
    connections: Arc<Semaphore>,
    tls: Option<TlsAcceptor>,
    places: Vec<Place>,
) {
    for place in places.iter().cycle() {
        let (stream, permit) = next(&listener, &connections).await;
        // Answers are written whole; waiting for more to send with them only delays them.
        let _ = stream.set_nodelay(true);
        let Ok(stream) = stream.into_std() else { continue };
        let connection = connect(stream, protocol, tls.clone(), place.clone(), permit);
        place.handle.spawn(connection);
    }
}

/// The next connection there is room for. Those beyond the limit are closed at once: left waiting they would time out
/// at the client, with nothing to tell why.
async fn next(listener: &TcpListener, connections: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => match Arc::clone(connections).try_acquire_owned() {
                Ok(permit) => return (stream, permit),
                Err(_) => tracing::warn!("a connection was closed: as many are open as are allowed"),
            },
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn connect(
    stream: std::net::TcpStream,
    protocol: Protocol,
    tls: Option<TlsAcceptor>,
    place: Place,
    permit: OwnedSemaphorePermit,
) {
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let progress = Arc::new(Progress::default());
    place.patrol.watch(&progress);
    match tls {
        None => {
            let stream = Guarded::new(stream, Arc::clone(&progress));
            serve(stream, protocol, place.endpoint, progress).await;
        }
        Some(tls) => {
            progress.enter(Phase::Head);
            let Some(stream) = handshake(&tls, stream, &progress).await else { return };
            progress.enter(Phase::Idle);
            let stream = Guarded::new(stream, Arc::clone(&progress));
            serve(stream, protocol, place.endpoint, progress).await;
        }
    }
    drop(permit);
}

async fn serve<S: super::Stream>(
    stream: Guarded<S>,
    protocol: Protocol,
    endpoint: Endpoint,
    progress: Arc<Progress>,
) {
    match protocol {
        Protocol::Http => crate::http::serve(stream, endpoint, progress).await,
        Protocol::Grpc => crate::grpc::serve(stream, endpoint, progress).await,
    }
}

/// The decrypted stream, unless the handshake fails or takes too long.
async fn handshake(
    tls: &TlsAcceptor,
    stream: TcpStream,
    progress: &Progress,
) -> Option<TlsStream<TcpStream>> {
    let mut accepted = None;
    let accepting = async { accepted = tls.accept(stream).await.ok() };
    super::drive(progress, std::pin::pin!(accepting), Order::Finish, |_| ()).await;
    accepted
}
