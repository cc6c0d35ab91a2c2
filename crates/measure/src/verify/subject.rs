use std::fmt;
use std::sync::Arc;

use phalanx_backend::{Backend, Device};

/// What is verified: a backend on a device.
#[derive(Clone)]
pub struct Subject {
    /// The runtime.
    pub backend: Arc<dyn Backend>,
    /// What it runs on.
    pub device: Device,
}

/// A backend, or a device of one, that cannot be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// The backend's name.
    pub backend: &'static str,
    /// Why not.
    pub why: String,
}

impl Subject {
    /// Every backend of these on every device that it has here, or only on `device`; and those that have none.
    #[must_use]
    pub fn all(backends: &[Arc<dyn Backend>], device: Option<Device>) -> (Vec<Self>, Vec<Absent>) {
        let (mut subjects, mut absent) = (Vec::new(), Vec::new());
        for backend in backends {
            let found = match backend.devices() {
                Ok(found) => found.into_iter().map(|info| info.device).collect(),
                Err(error) => {
                    absent.push(Absent { backend: backend.name(), why: error.to_string() });
                    continue;
                }
            };
            let wanted: Vec<Device> = match device {
                Some(device) => vec![device],
                None => found,
            };
            let subject = |device| Self { backend: Arc::clone(backend), device };
            subjects.extend(wanted.into_iter().map(subject));
        }
        (subjects, absent)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.backend.name(), self.device)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({self})")
    }
}
