use std::path::PathBuf;

use phalanx_backend::BackendError;

/// Every way in which workers can fail to be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// There is no executable that could be a worker.
    #[error("found no executable for worker processes: {tried}")]
    NoExecutable {
        /// Where it was looked for.
        tried: String,
    },
    /// This process is a worker, and was about to start workers of its own.
    #[error(
        "this process was started as a worker, but its executable went on instead of calling worker_main"
    )]
    Inside,
    /// The system has no sockets, memory or threads to spare.
    #[error("failed to {what} for a worker process: {message}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's words.
        message: String,
    },
    /// The executable cannot be started.
    #[error("failed to start {}: {message}", .exe.display())]
    Spawn {
        /// The executable.
        exe: PathBuf,
        /// The system's words.
        message: String,
    },
    /// The executable was started, and did not speak as a worker does.
    #[error("{} did not answer as a worker: it {how}", .exe.display())]
    Silent {
        /// The executable.
        exe: PathBuf,
        /// What it did instead.
        how: String,
        /// The last lines it wrote to its standard error.
        stderr: String,
    },
    /// The executable is a worker of another version.
    #[error("{} is a worker of version {got}, expected {expected}", .exe.display())]
    Version {
        /// The executable.
        exe: PathBuf,
        /// This version.
        expected: String,
        /// Its version.
        got: String,
    },
    /// The worker could not prepare the model.
    #[error(transparent)]
    Prepare(#[from] BackendError),
    /// The worker died before it was ready.
    #[error("the worker process {pid} {how} before it was ready")]
    Died {
        /// Its process id.
        pid: u32,
        /// How it ended.
        how: String,
        /// The last lines it wrote to its standard error.
        stderr: String,
    },
}

impl WorkerError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoExecutable { .. } => {
                "name the phalanx program as worker_exe (or in PHALANX_WORKER_EXE), or an executable that calls \
                 worker_main"
            }
            Self::Inside => "call worker_main first thing in main, where is_worker says so",
            Self::Spawn { .. } | Self::Version { .. } => "worker_exe must be this version's phalanx program",
            Self::Silent { stderr, .. } => {
                let hint = "worker_exe must be the phalanx program, or call worker_main first thing in main";
                let wrote = if stderr.is_empty() { String::new() } else { format!("; it wrote: {stderr}") };
                return Some(format!("{hint}{wrote}"));
            }
            Self::Prepare(BackendError::Unavailable { hint, .. } | BackendError::NoWorker { hint, .. }) => {
                return hint.clone();
            }
            Self::Died { stderr, .. } if !stderr.is_empty() => return Some(format!("it wrote: {stderr}")),
            Self::System { .. } | Self::Prepare(_) | Self::Died { .. } => return None,
        };
        Some(hint.to_owned())
    }

    pub(crate) fn system(what: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::System { what, message: error.to_string() }
    }
}

impl From<WorkerError> for BackendError {
    fn from(error: WorkerError) -> Self {
        match error {
            WorkerError::Prepare(error) => error,
            WorkerError::Died { pid, how, stderr } => Self::WorkerDied { pid, how, stderr },
            other => Self::NoWorker { message: other.to_string(), hint: other.hint() },
        }
    }
}
