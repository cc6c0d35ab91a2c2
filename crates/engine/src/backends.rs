use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use phalanx_backend::{Backend, BackendError, Device, PrepareOptions, Program};
use phalanx_model::Model;

use crate::EngineError;
use crate::choice::Candidate;

/// Which backend runs the model.
#[derive(Clone, Default)]
pub enum BackendChoice {
    /// onnxruntime where its library is found, else tract; the next where one cannot run the model.
    #[default]
    Auto,
    /// The one of this name, or an error.
    Named(String),
    /// One that is not built in.
    Custom(Arc<dyn Backend>),
    /// These, the preferred first: the next takes over where one cannot run the model, or fails while it serves.
    Ranked(Vec<Arc<dyn Backend>>),
}

impl FromStr for BackendChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "auto" { Self::Auto } else { Self::Named(text.to_owned()) })
    }
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Named(name) => f.write_str(name),
            Self::Custom(backend) => f.write_str(backend.name()),
            Self::Ranked(backends) => {
                let names: Vec<&str> = backends.iter().map(|backend| backend.name()).collect();
                f.write_str(&names.join(", else "))
            }
        }
    }
}

impl fmt::Debug for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackendChoice({self})")
    }
}

/// The built-in backends, the preferred first. `library` is where onnxruntime is, where it is not to be searched for.
#[must_use]
#[cfg_attr(not(feature = "onnxruntime"), expect(unused_variables, reason = "only onnxruntime has a library"))]
pub fn backends(library: Option<&Path>) -> Vec<Arc<dyn Backend>> {
    vec![
        #[cfg(feature = "onnxruntime")]
        Arc::new(library.map_or_else(
            phalanx_onnxruntime::OnnxRuntime::new,
            phalanx_onnxruntime::OnnxRuntime::with_library,
        )),
        #[cfg(feature = "tract")]
        Arc::new(phalanx_tract::Tract),
    ]
}

/// A prepared model, and what was learned on the way.
pub(crate) struct Prepared {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) device: Device,
    pub(crate) program: Arc<dyn Program>,
    /// What may take over where this fails, the preferred first. None was prepared, so each may yet refuse the model.
    pub(crate) fallbacks: Vec<(Arc<dyn Backend>, Device)>,
    pub(crate) warnings: Vec<String>,
    pub(crate) hints: Vec<String>,
}

impl Prepared {
    /// What may take over, in words.
    pub(crate) fn fallback_candidates(&self) -> Vec<Candidate> {
        self.fallbacks
            .iter()
            .filter_map(|(backend, device)| Candidate::of(&**backend, *device).ok())
            .collect()
    }
}

/// Prepares `model` with the chosen backend; of several candidates with the first that can.
pub(crate) fn prepare(
    choice: &BackendChoice,
    library: Option<&Path>,
    model: &Model,
    device: Device,
    options: &PrepareOptions,
) -> Result<Prepared, EngineError> {
    let explicit_library = library.is_some();
    let candidates = candidates(choice, library)?;
    let single = candidates.len() == 1;
    let (mut warnings, mut hints, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    let mut candidates = candidates.into_iter();
    while let Some(backend) = candidates.next() {
        match backend.prepare(model, device, options) {
            Ok(program) => {
                let rest = candidates.filter(|backend| backend.version().is_ok());
                let fallbacks = rest.map(|backend| (backend, device)).collect();
                return Ok(Prepared { backend, device, program, fallbacks, warnings, hints });
            }
            Err(error) if single => return Err(EngineError::Prepare(error)),
            // A library that was named must not be passed over silently.
            Err(error @ BackendError::Unavailable { .. }) if explicit_library => {
                return Err(EngineError::Prepare(error));
            }
            Err(BackendError::Unavailable { hint: Some(hint), reason, backend }) => {
                failures.push(format!("{backend} is not available: {reason}"));
                hints.push(hint);
            }
            Err(error) => {
                warnings.push(format!("{} was passed over: {error}", backend.name()));
                failures.push(error.to_string());
            }
        }
    }
    Err(EngineError::NoBackend { device, failures })
}

/// What may run the model, the preferred first.
fn candidates(choice: &BackendChoice, library: Option<&Path>) -> Result<Vec<Arc<dyn Backend>>, EngineError> {
    let name = match choice {
        BackendChoice::Custom(backend) => return Ok(vec![Arc::clone(backend)]),
        BackendChoice::Ranked(backends) => return Ok(backends.clone()),
        BackendChoice::Auto => return Ok(backends(library)),
        BackendChoice::Named(name) => name,
    };
    let all = backends(library);
    let names: Vec<&str> = all.iter().map(|backend| backend.name()).collect();
    let unknown = EngineError::invalid_option("backend", format!("auto, {}", names.join(" or ")), name);
    Ok(vec![all.into_iter().find(|backend| backend.name() == name).ok_or(unknown)?])
}
