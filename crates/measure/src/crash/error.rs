use std::io;

/// Every way in which running a command can fail before it is known how it ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrashError {
    /// The program could not be started.
    #[error("failed to start {program:?}: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system would not say how the process ended.
    #[error("failed to wait for the process {pid}: {source}")]
    Wait {
        /// Its process id.
        pid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// [`stop_running`](super::stop_running) was called.
    #[error("interrupted")]
    Interrupted,
}
