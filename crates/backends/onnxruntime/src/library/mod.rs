//! The runtime's shared library: where it may be, and the one that this process has loaded.

mod elf;
mod locate;
mod log;
mod open;
mod python;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::sys::{OrtAllocatorType, OrtApi, OrtMemType, OrtMemoryInfo};
use phalanx_backend::BackendError;

use crate::sys::{Fault, Handle};
use locate::Place;
use open::Opened;

static LOADED: OnceLock<Library> = OnceLock::new();

/// Held while a library is loaded, so that two threads do not load two.
static LOADING: Mutex<()> = Mutex::new(());

/// ONNX Runtime's shared library. A process loads at most one, and keeps it.
pub struct Library {
    path: PathBuf,
    version: String,
    api: &'static OrtApi,
    environment: Environment,
    cpu_memory: Handle<OrtMemoryInfo>,
}

impl Library {
    /// The file it was loaded from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its version, such as `1.31.1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn api(&self) -> &'static OrtApi {
        self.api
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The description of memory of the process's own.
    pub(crate) fn cpu_memory(&self) -> &Handle<OrtMemoryInfo> {
        &self.cpu_memory
    }

    /// The library at `given`, or where it is found; loaded by the first call that succeeds.
    pub(crate) fn get(given: Option<&Path>) -> Result<&'static Self, BackendError> {
        let _loading = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
        match (LOADED.get(), given) {
            (Some(library), None) => Ok(library),
            (Some(library), Some(path)) => library.expect_path(path),
            (None, _) => {
                let library = Self::load(given)?;
                Ok(LOADED.get_or_init(|| library))
            }
        }
    }

    fn load(given: Option<&Path>) -> Result<Self, BackendError> {
        let opened = match locate::find(given)? {
            Place::File(path) => Opened::file(&path)?,
            Place::System => Opened::system()?,
        };
        Self::start(opened)
    }

    fn start(opened: Opened) -> Result<Self, BackendError> {
        let Opened { path, version } = opened;
        let refuse = |reason: String| crate::errors::unavailable(reason, None);
        let builder = ort::init_from(&path).map_err(|error| refuse(error.to_string()))?;
        let environment = builder
            .with_name(env!("CARGO_PKG_NAME"))
            .with_telemetry(false)
            .with_logger(log::forward())
            .build()
            .map_err(|error| refuse(format!("{}: {error}", path.display())))?;
        environment.set_log_level(log::level());
        let api = ort::api();
        let cpu_memory =
            cpu_memory(api).map_err(|fault| refuse(format!("{}: {}", path.display(), fault.message)))?;
        tracing::debug!(path = %path.display(), version, "loaded onnxruntime");
        Ok(Self { path, version, api, environment, cpu_memory })
    }

    /// This library, if it is the one at `path`.
    fn expect_path(&'static self, path: &Path) -> Result<&'static Self, BackendError> {
        let same = path.canonicalize().is_ok_and(|path| path == self.path);
        if same {
            return Ok(self);
        }
        let (loaded, asked) = (self.path.display(), path.display());
        let reason = format!("this process has loaded {loaded} and can load no other, got {asked}");
        Err(crate::errors::unavailable(reason, Some("start another process for another library".to_owned())))
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library").field("path", &self.path).field("version", &self.version).finish()
    }
}

fn cpu_memory(api: &'static OrtApi) -> Result<Handle<OrtMemoryInfo>, Fault> {
    let (kind, place) = (OrtAllocatorType::OrtDeviceAllocator, OrtMemType::OrtMemTypeDefault);
    // SAFETY: the description is a new object.
    unsafe { Handle::create(api, |out| (api.CreateCpuMemoryInfo)(kind, place, out)) }
}
