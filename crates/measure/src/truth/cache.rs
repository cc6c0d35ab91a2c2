use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::PathBuf;

use phalanx_engine::choice::cache_folder;

use super::{Ceilings, Rig};
use crate::{Machine, MeasureError};

/// Changes with what is measured, so that what older versions kept is not taken for it.
const VERSION: u32 = 2;

/// The ceilings of a device: those that are kept, or measured now where none are, and kept.
///
/// # Errors
/// As [`Ceilings::measure`].
pub fn ceilings(rig: &Rig) -> Result<Ceilings, MeasureError> {
    match kept(rig) {
        Some(ceilings) => Ok(ceilings),
        None => measured_again(rig, None),
    }
}

/// The ceilings measured now, or those of before where they were higher; kept for the next time.
pub(super) fn measured_again(rig: &Rig, before: Option<Ceilings>) -> Result<Ceilings, MeasureError> {
    let now = Ceilings::measure(rig)?;
    let ceilings = match before {
        Some(before) => now.or(before),
        None => now,
    };
    keep(rig, &ceilings);
    Ok(ceilings)
}

fn kept(rig: &Rig) -> Option<Ceilings> {
    let text = std::fs::read_to_string(path(rig)?).ok()?;
    serde_json::from_str(&text).ok()
}

/// A folder that cannot be written to costs the next measurement its time, and nothing else.
fn keep(rig: &Rig, ceilings: &Ceilings) {
    let Some(path) = path(rig) else { return };
    let Ok(text) = serde_json::to_string_pretty(ceilings) else { return };
    let Some(folder) = path.parent() else { return };
    let written = || {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok::<(), std::io::Error>(())
    };
    drop(written());
}

/// Named by all that the ceilings depend on.
fn path(rig: &Rig) -> Option<PathBuf> {
    let machine = Machine::here();
    let mut hasher = DefaultHasher::new();
    (VERSION, machine.cpu, rig.cpus, rig.device.to_string(), rig.precision.to_string()).hash(&mut hasher);
    for backend in &rig.backends {
        (backend.name(), backend.version().ok()).hash(&mut hasher);
    }
    Some(cache_folder()?.join(format!("ceilings-{:016x}.json", hasher.finish())))
}
