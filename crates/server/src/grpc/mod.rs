//! gRPC over HTTP/2: `inference.GRPCInferenceService`.
//!
//! Messages are framed here rather than by a generated service, so that one set of limits (bytes in flight, stalled
//! messages, compression, keys) holds for every call, and answers are written straight from tensors.

mod answer;
mod calls;
mod compression;
mod convert;
mod cork;
mod extensions;
mod front;
mod infer;
mod messages;
mod reply;
mod status;
mod stream;
mod timeout;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use self::calls::Calls;
use self::cork::Corked;
use self::front::Front;
use crate::io::{Endpoint, Guarded, Order, Progress, Stream, drive};

/// Bytes of one call's message that may be on their way unasked; more come as they are read.
const STREAM_WINDOW_BYTES: u32 = 512 << 10;
/// Bytes of all calls of a connection that may be.
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
/// The largest frame that is asked for: a message in one frame is not copied.
const FRAME_BYTES_MAX: u32 = 128 << 10;
/// How often a quiet client is asked whether it is still there, and how long it may take to answer.
const PING_INTERVAL: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Answers a connection's calls until it ends.
pub(crate) async fn serve<S: Stream>(stream: Guarded<S>, endpoint: Endpoint, progress: Arc<Progress>) {
    let limits = endpoint.context.options.limits;
    let stream = Corked::new(stream.multiplexed());
    let calls = Arc::new(Calls::new(Arc::clone(&endpoint.context), Arc::clone(&progress)));
    let front = Arc::new(Front::new(endpoint, Arc::clone(&calls)));
    // Boxed, since what answers is moved several times before it runs.
    let service = hyper::service::service_fn(|request| Box::pin(Arc::clone(&front).answer(request)));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream.share()), service);
    let connection = Uncorking { connection: Box::pin(connection), stream };
    tokio::pin!(connection);
    drive(&progress, connection, Order::Leave, |mut connection| {
        calls.close();
        connection.connection.as_mut().graceful_shutdown();
    })
    .await;
}

/// A connection that writes when it has done all it can do now.
struct Uncorking<C, S> {
    connection: Pin<Box<C>>,
    stream: Corked<S>,
}

impl<C: Future, S: Stream> Future for Uncorking<C, S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        match self.stream.poll_let_go(context) {
            // The client is gone; nobody is left to answer.
            Poll::Ready(Err(_)) => Poll::Ready(()),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }
}
