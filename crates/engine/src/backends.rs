use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use phalanx_backend::Backend;

/// Which backend runs the model.
#[derive(Clone, Default)]
pub enum BackendChoice {
    /// The fastest of the built-in ones whose answers are right; see [`choice`](crate::choice).
    #[default]
    Auto,
    /// The fastest of these whose answers are right, the preferred first. Where candidates are tried in processes of
    /// their own, their program must know them by name.
    Among(Vec<Arc<dyn Backend>>),
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
            Self::Auto | Self::Among(_) => f.write_str("auto"),
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
    let all: Vec<Arc<dyn Backend>> = vec![
        #[cfg(all(feature = "cuda", not(target_os = "macos")))]
        Arc::new(cuda()),
        #[cfg(feature = "onnxruntime")]
        Arc::new(library.map_or_else(
            phalanx_onnxruntime::OnnxRuntime::new,
            phalanx_onnxruntime::OnnxRuntime::with_library,
        )),
        #[cfg(feature = "tract")]
        Arc::new(phalanx_tract::Tract),
    ];
    #[cfg(feature = "chaos")]
    let all = with_chaos(all);
    all
}

/// With its compiled kernels kept where all that can be found out again is.
#[cfg(all(feature = "cuda", not(target_os = "macos")))]
fn cuda() -> phalanx_cuda::Cuda {
    crate::choice::cache_folder().map_or_else(phalanx_cuda::Cuda::new, |folder| {
        phalanx_cuda::Cuda::with_kernels_folder(folder.join("kernels"))
    })
}

/// Before all others, the first that is here as the variable `PHALANX_CHAOS` has it misbehave.
#[cfg(feature = "chaos")]
fn with_chaos(mut all: Vec<Arc<dyn Backend>>) -> Vec<Arc<dyn Backend>> {
    let plan = phalanx_chaos::Plan::from_environment()
        .unwrap_or_else(|error| panic!("{}: {error}", phalanx_chaos::VARIABLE));
    // Asking for a version loads the runtime, which nobody expects of a list.
    let Some(plan) = plan else { return all };
    if let Some(inner) = all.iter().find(|backend| backend.version().is_ok()).cloned() {
        all.insert(0, Arc::new(phalanx_chaos::Chaos::over(inner, plan)));
    }
    all
}
