use crate::Device;

/// Every way in which a backend can fail. Cheap to clone: each request of a failed batch is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// The runtime itself is not here, or not usable.
    #[error("{backend} is not available: {reason}")]
    Unavailable {
        /// The backend's name.
        backend: &'static str,
        /// What is missing.
        reason: String,
        /// What the user can do about it.
        hint: Option<String>,
    },
    /// The runtime is here, the device is not.
    #[error("{backend} has no device {device} here; it has {}", list(.available))]
    NoSuchDevice {
        /// The backend's name.
        backend: &'static str,
        /// What was asked for.
        device: Device,
        /// What there is.
        available: Vec<Device>,
    },
    /// The model has operators that this backend does not know.
    #[error("{backend} cannot run this model: {}", .operators.join(", "))]
    UnsupportedOperators {
        /// The backend's name.
        backend: &'static str,
        /// Each operator that stops it, with the reason where one is known.
        operators: Vec<String>,
    },
    /// The backend cannot do what an option asks for.
    #[error("{backend} on {device} does not support {option}")]
    UnsupportedOption {
        /// The backend's name.
        backend: &'static str,
        /// The device it was asked for.
        device: Device,
        /// Option and value, such as `precision fp16`.
        option: String,
    },
    /// The model could not be prepared.
    #[error("{backend} failed to prepare the model: {message}")]
    Prepare {
        /// The backend's name.
        backend: &'static str,
        /// The runtime's own words.
        message: String,
    },
    /// The inputs do not fit the program.
    #[error("input {input:?}: expected {expected}, got {got}")]
    Input {
        /// The input's name.
        input: String,
        /// What the program takes.
        expected: String,
        /// What came.
        got: String,
    },
    /// A run failed; the lane is still good.
    #[error("{backend} failed to run a batch: {message}")]
    Run {
        /// The backend's name.
        backend: &'static str,
        /// The runtime's own words.
        message: String,
    },
    /// There was no memory for a program, a slot or a run.
    #[error("{backend} ran out of memory: {message}")]
    OutOfMemory {
        /// The backend's name.
        backend: &'static str,
        /// What was being allocated.
        message: String,
    },
    /// The device or its driver is gone; nothing on it can be run any more.
    #[error("{backend} lost its device: {message}")]
    DeviceLost {
        /// The backend's name.
        backend: &'static str,
        /// The runtime's own words.
        message: String,
    },
    /// The process that ran a batch has died or was stopped because it did not answer.
    #[error("the worker process {pid} {how}")]
    WorkerDied {
        /// Its process id.
        pid: u32,
        /// How it ended, such as `was killed by SIGSEGV`.
        how: String,
        /// The last lines it wrote to its standard error.
        stderr: String,
    },
    /// Too many workers have died before they answered a first batch, or none can be started.
    #[error("no worker process can be kept: {message}")]
    NoWorker {
        /// What happened last.
        message: String,
        /// What the user can do about it.
        hint: Option<String>,
    },
    /// The runtime panicked; the lane it happened on is closed.
    #[error("the backend panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
}

fn list(devices: &[Device]) -> String {
    if devices.is_empty() {
        return "none".to_owned();
    }
    devices.iter().map(Device::to_string).collect::<Vec<_>>().join(", ")
}
