//! What can be seen of a running server: metrics, the live page's figures, logs.

mod live;
mod logs;
mod metrics;
mod openapi;
mod process;
mod requests;
mod routes;
mod snapshot;
mod traffic;

use std::time::SystemTime;

pub use logs::{LogError, LogFormat, LogOptions, Logging, init, log_level, set_log_level};
pub(crate) use logs::{request_span, traced};
pub(crate) use requests::Requests;
pub(crate) use routes::router;
pub(crate) use traffic::Traffic;

/// What a server keeps for those who watch it.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) started: SystemTime,
    pub(crate) traffic: Traffic,
    pub(crate) requests: Requests,
}

impl Default for Observed {
    fn default() -> Self {
        Self { started: SystemTime::now(), traffic: Traffic::default(), requests: Requests::default() }
    }
}
