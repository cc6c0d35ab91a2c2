use std::fmt;
use std::fs::File;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Failure;

/// How a lane waits for its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// By the fence behind that batch.
    OwnFence,
    /// For all that the device was given, then by the fence, which has happened.
    DeviceWide,
    /// By the fence, with nobody else submitting or waiting meanwhile.
    GlobalLock,
}

impl Rule {
    pub(crate) const ALL: [Self; 3] = [Self::OwnFence, Self::DeviceWide, Self::GlobalLock];
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OwnFence => "own-fence",
            Self::DeviceWide => "device-wide",
            Self::GlobalLock => "global-lock",
        })
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|rule| rule.to_string() == text);
        found.ok_or_else(|| format!("expected own-fence, device-wide or global-lock, got {text}"))
    }
}

/// What all lanes share under [`Rule::GlobalLock`].
pub(crate) enum GlobalLock {
    /// Those of one process.
    Threads(Arc<Mutex<()>>),
    /// Those of several, each with a handle of its own.
    Processes(File),
}

impl GlobalLock {
    /// Does something that nobody else does at the same time.
    pub(crate) fn hold<T>(&self, run: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        match self {
            Self::Threads(lock) => {
                let _held = lock.lock().unwrap_or_else(PoisonError::into_inner);
                run()
            }
            Self::Processes(file) => {
                file.lock()?;
                let done = run();
                file.unlock()?;
                done
            }
        }
    }
}

/// Waits for everything that this process gave to the device: the only device-wide wait of this project, here to be
/// measured against the fences that are waited for everywhere else. The calling thread has opened a lane, which made the
/// GPU the one that its calls are about.
#[expect(clippy::disallowed_methods, reason = "it is what is measured")]
pub(crate) fn wait_for_the_device() -> Result<(), Failure> {
    cudarc::driver::result::ctx::synchronize()
        .map_err(|error| format!("failed to wait for the GPU: {error}").into())
}
