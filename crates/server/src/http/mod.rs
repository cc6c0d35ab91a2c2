//! HTTP/1.1: one service for a connection, which answers inferences itself and leaves everything else to a router.

pub(crate) mod auth;
mod body;
pub(crate) mod compression;
mod front;
mod infer;
mod path;
pub(crate) mod reply;
mod routes;

pub(crate) use infer::server_timing;
pub(crate) use routes::{openapi, router};

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;

use self::front::Front;
use crate::io::{Endpoint, Guarded, Order, Phase, Progress, Stream, drive};

/// Headers of one request.
const HEADERS_MAX: usize = 100;

/// Answers a connection's requests until it ends.
pub(crate) async fn serve<S: Stream>(stream: Guarded<S>, endpoint: Endpoint, progress: Arc<Progress>) {
    let header_bytes_max = endpoint.context.options.limits.header_bytes_max;
    let front = Arc::new(Front::new(endpoint, Arc::clone(&progress)));
    let service = hyper::service::service_fn(|request| {
        let front = Arc::clone(&front);
        async move { Ok::<_, std::convert::Infallible>(front.answer(request).await) }
    });
    let connection = http1::Builder::new()
        // The patrol sees to slow headers.
        .header_read_timeout(None)
        .max_headers(HEADERS_MAX)
        .max_buf_size(header_bytes_max.max(8 << 10))
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    progress.enter(Phase::Idle);
    drive(&progress, connection, Order::Finish, |connection| connection.graceful_shutdown()).await;
}
