use std::sync::Mutex;

use super::logging::Logs;
use super::trace::Traces;

/// What clients set about logs and traces.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(super) logs: Logs,
    pub(super) traces: Mutex<Traces>,
}
