//! Kernels from source: compiled once for an architecture, kept on disk, loaded once in a process.

mod disk;
mod nvrtc;

use std::collections::HashMap;
use std::ffi::CString;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use phalanx_backend::BackendError;
use twox_hash::XxHash3_128;

use crate::driver::{Function, Module};
use crate::kernels::{Chip, Launch};
use crate::{NAME, error};

pub(crate) use nvrtc::version;

/// Loaded modules that are kept; past it all are loaded again.
const MODULES_MAX: usize = 4096;

/// The kernels that are loaded on one GPU, by the hash of their source.
#[derive(Debug, Default)]
pub(crate) struct Kernels(Mutex<HashMap<u128, Arc<Module>>>);

impl Kernels {
    /// The kernel of a launch, on the GPU that is bound to this thread.
    ///
    /// # Errors
    /// [`BackendError::Prepare`] where it does not compile, and what the driver says.
    pub(crate) fn function(
        &self,
        launch: &Launch,
        chip: &Chip,
        folder: Option<&Path>,
    ) -> Result<Function, BackendError> {
        let entry = CString::new(launch.entry.as_bytes())
            .map_err(|_| error::prepare("the name of a kernel has a zero byte".to_owned()))?;
        self.module(&launch.source, chip, folder)?.function(&entry, launch.shared_bytes)
    }

    fn module(&self, source: &str, chip: &Chip, folder: Option<&Path>) -> Result<Arc<Module>, BackendError> {
        let key = key(source, chip)?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(module) = known {
            return Ok(module);
        }
        let module = Arc::new(load(key, source, chip, folder)?);
        let mut modules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if modules.len() >= MODULES_MAX {
            modules.clear();
        }
        Ok(Arc::clone(modules.entry(key).or_insert(module)))
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What the machine code depends on.
fn key(source: &str, chip: &Chip) -> Result<u128, BackendError> {
    let mut hash = XxHash3_128::new();
    hash.write(nvrtc::version()?.as_bytes());
    hash.write(&chip.major.to_le_bytes());
    hash.write(&chip.minor.to_le_bytes());
    hash.write(source.as_bytes());
    Ok(hash.finish_128())
}

/// What was compiled before, where the driver takes it; a file that it refuses is replaced.
fn load(key: u128, source: &str, chip: &Chip, folder: Option<&Path>) -> Result<Module, BackendError> {
    if let Some(module) =
        folder.and_then(|folder| disk::read(folder, key)).and_then(|code| Module::load(&code).ok())
    {
        return Ok(module);
    }
    let code = nvrtc::compile(source, chip)?;
    if let Some(folder) = folder
        && let Err(error) = disk::write(folder, key, &code)
    {
        tracing::debug!(backend = NAME, %error, "a compiled kernel was not kept on disk");
    }
    Module::load(&code)
}
