use std::fmt;
use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, Device, DeviceInfo};

/// What is verified: a backend on a device.
#[derive(Clone)]
pub struct Subject {
    /// The runtime.
    pub backend: Arc<dyn Backend>,
    /// What it runs on.
    pub device: Device,
    /// The same runtime, where it harms nobody that it crashes; it itself where that is not to be feared.
    pub trial: Arc<dyn Backend>,
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
    /// A backend that may be run in this process.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>, device: Device) -> Self {
        Self { trial: Arc::clone(&backend), backend, device }
    }

    /// Every backend of these on every device that `look` finds for it, or only on `device`; and those that have none.
    /// What is no processor may take this process down, and is tried as `apart` has it.
    pub fn all(
        backends: &[Arc<dyn Backend>],
        device: Option<Device>,
        look: impl Fn(&dyn Backend) -> Result<Vec<DeviceInfo>, BackendError>,
        apart: impl Fn(Arc<dyn Backend>) -> Arc<dyn Backend>,
    ) -> (Vec<Self>, Vec<Absent>) {
        let (mut subjects, mut absent) = (Vec::new(), Vec::new());
        for backend in backends {
            let found: Vec<Device> = match look(&**backend) {
                Ok(found) => found.into_iter().map(|info| info.device).collect(),
                Err(error) => {
                    absent.push(Absent { backend: backend.name(), why: error.to_string() });
                    continue;
                }
            };
            let subject = |device| {
                let subject = Self::new(Arc::clone(backend), device);
                match device {
                    Device::Cpu => subject,
                    _ => Self { trial: apart(Arc::clone(backend)), ..subject },
                }
            };
            subjects.extend(device.map_or(found, |device| vec![device]).into_iter().map(subject));
        }
        (subjects, absent)
    }

    /// The subject as it is tried.
    pub(super) fn tried(&self) -> Self {
        Self { backend: Arc::clone(&self.trial), ..self.clone() }
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
