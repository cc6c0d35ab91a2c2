use std::sync::Arc;

use axum::Router;
use phalanx_handoff::Bell;

use crate::context::Context;

/// What the connections of one I/O thread answer with.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) context: Arc<Context>,
    /// Wakes this thread's tasks.
    pub(crate) bell: Arc<Bell>,
    /// Answers whatever is not an inference over HTTP.
    pub(crate) router: Router,
}
