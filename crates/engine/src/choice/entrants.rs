use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, Device, DeviceInfo};

use super::Candidate;
use super::bench::{Bench, Unlisted};
use crate::EngineError;

/// A candidate that is here.
pub(crate) struct Entrant {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) candidate: Candidate,
    /// The device in the words of its driver; `None` for the processor, and where the backend does not have it.
    pub(crate) description: Option<String>,
}

/// Which devices are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// This one.
    Only(Device),
    /// All that a backend finds; of several of a kind the first.
    All,
}

/// Who may run a model.
#[derive(Default)]
pub(crate) struct Field {
    /// In the order of preference: the backends', and each one's devices best first.
    pub(crate) entrants: Vec<Entrant>,
    /// Why the others may not.
    pub(crate) failures: Vec<String>,
    pub(crate) hints: Vec<String>,
    /// What the user should know of devices that are not looked at.
    pub(crate) warnings: Vec<String>,
}

impl Field {
    /// Looks for candidates. `library_given` says that onnxruntime's library was named, so that it must be there. Devices
    /// are looked for on `bench`.
    ///
    /// # Errors
    /// [`EngineError::Prepare`] where it is not.
    pub(crate) fn of(
        backends: &[Arc<dyn Backend>],
        reach: Reach,
        bench: &dyn Bench,
        library_given: bool,
    ) -> Result<Self, EngineError> {
        let mut field = Self::default();
        for backend in backends {
            match field.entrants_of(backend, reach, bench) {
                Ok(entrants) => field.entrants.extend(entrants),
                Err(error @ BackendError::Unavailable { backend: "onnxruntime", .. }) if library_given => {
                    return Err(EngineError::Prepare(error));
                }
                Err(error) => field.missing(error),
            }
        }
        field.drop_hopeless(reach);
        Ok(field)
    }

    fn missing(&mut self, error: BackendError) {
        self.failures.push(error.to_string());
        if let BackendError::Unavailable { hint: Some(hint), .. } = error {
            self.hints.push(hint);
        }
    }

    /// Where some backend has the one device that was asked for, the others need not be tried; where none has, each
    /// says best itself what it lacks.
    fn drop_hopeless(&mut self, reach: Reach) {
        let is_here =
            |entrant: &Entrant| entrant.candidate.device == Device::Cpu || entrant.description.is_some();
        if reach != Reach::All && self.entrants.iter().any(is_here) {
            self.entrants.retain(is_here);
        }
    }
}

impl Field {
    fn entrants_of(
        &mut self,
        backend: &Arc<dyn Backend>,
        reach: Reach,
        bench: &dyn Bench,
    ) -> Result<Vec<Entrant>, BackendError> {
        let entrant = |device, description| {
            let candidate = Candidate::of(&**backend, device)?;
            Ok(Entrant { backend: Arc::clone(backend), candidate, description })
        };
        // Looking for other devices takes time, and is not needed.
        if reach == Reach::Only(Device::Cpu) {
            return Ok(vec![entrant(Device::Cpu, None)?]);
        }
        // Whoever is not here at all says best itself why.
        backend.version()?;
        let found = match bench.devices(&**backend) {
            Ok(found) => found,
            Err(Unlisted::Refused(error)) => return Err(error),
            Err(Unlisted::Crashed(how)) => {
                self.warnings.push(format!(
                    "{} may run on the processor only: the process that looked for its devices {how}",
                    backend.name()
                ));
                Vec::new()
            }
        };
        match reach {
            Reach::Only(device) => {
                let found = found.into_iter().find(|info| info.device == device);
                Ok(vec![entrant(device, found.map(|info| info.description))?])
            }
            Reach::All if found.is_empty() => Ok(vec![entrant(Device::Cpu, None)?]),
            Reach::All => {
                let found = first_of_each_kind(found).into_iter();
                found.map(|info| entrant(info.device, Some(info.description))).collect()
            }
        }
    }
}

fn first_of_each_kind(mut found: Vec<DeviceInfo>) -> Vec<DeviceInfo> {
    let mut kinds = Vec::new();
    found.retain(|info| {
        let kind = std::mem::discriminant(&info.device);
        let is_new = !kinds.contains(&kind);
        kinds.push(kind);
        is_new
    });
    found
}
