use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use phalanx_backend::BackendError;

use super::python;
use crate::errors::unavailable;

/// Where an explicit path can be given without a word to this program.
const VARIABLE: &str = "ORT_DYLIB_PATH";

/// Names for the system's loader, best first.
#[cfg(target_os = "macos")]
pub(super) const SYSTEM_NAMES: [&str; 1] = ["libonnxruntime.dylib"];
/// Names for the system's loader, best first. A distribution's package for users has only the second.
#[cfg(not(target_os = "macos"))]
pub(super) const SYSTEM_NAMES: [&str; 2] = ["libonnxruntime.so", "libonnxruntime.so.1"];

/// Where the library is to be loaded from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// This file.
    File(PathBuf),
    /// Wherever the system's loader finds it.
    System,
}

/// The first place where there is a library: `given`, what the environment names, beside the executable, in the
/// site-packages of `python3`, the system.
///
/// A path that somebody wrote down must be right: it is never skipped for the next.
pub(super) fn find(given: Option<&Path>) -> Result<Place, BackendError> {
    if let Some(path) = given {
        return named(path, "");
    }
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return named(Path::new(&path), &format!("{VARIABLE}: "));
    }
    let beside = std::env::current_exe().ok().and_then(|exe| newest(exe.parent()?));
    let found = beside.or_else(|| {
        python::search_path().iter().find_map(|folder| newest(&folder.join("onnxruntime").join("capi")))
    });
    Ok(found.map_or(Place::System, Place::File))
}

fn named(path: &Path, by: &str) -> Result<Place, BackendError> {
    if path.is_file() {
        return Ok(Place::File(path.to_owned()));
    }
    let got = if path.exists() { "something else" } else { "nothing" };
    Err(unavailable(format!("{by}expected a file at {}, got {got}", path.display()), None))
}

/// The library of the highest version in `folder`: PyPI's wheels have the version in its name.
fn newest(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let libraries = entries.flatten().filter_map(|entry| {
        let version = version(&entry.file_name())?;
        Some((version, entry.path()))
    });
    libraries.max().map(|(_, path)| path)
}

/// The version in a name such as `libonnxruntime.so.1.31.1` or `libonnxruntime.1.31.1.dylib`, empty where it has
/// none; `None` for any other name.
fn version(name: &OsStr) -> Option<Vec<u32>> {
    let rest = name.to_str()?.strip_prefix("libonnxruntime.")?;
    let version = if cfg!(target_os = "macos") {
        rest.strip_suffix("dylib")?.trim_end_matches('.')
    } else {
        rest.strip_prefix("so")?.trim_start_matches('.')
    };
    if version.is_empty() {
        return Some(Vec::new());
    }
    version.split('.').map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name that a library of this version has here.
    fn name(version: &str) -> String {
        match (cfg!(target_os = "macos"), version.is_empty()) {
            (true, true) => "libonnxruntime.dylib".to_owned(),
            (true, false) => format!("libonnxruntime.{version}.dylib"),
            (false, true) => "libonnxruntime.so".to_owned(),
            (false, false) => format!("libonnxruntime.so.{version}"),
        }
    }

    #[test]
    fn the_highest_version_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(newest(folder.path()), None);
        for file in ["libonnxruntime_providers_shared.so", "onnxruntime.txt", "libonnxruntime.so.old"] {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        assert_eq!(newest(folder.path()), None);
        for version in ["", "1.9.0", "1.31.1", "1.4.2"] {
            std::fs::write(folder.path().join(name(version)), "").unwrap();
        }
        assert_eq!(newest(folder.path()), Some(folder.path().join(name("1.31.1"))));
    }

    #[test]
    fn a_path_that_was_named_is_never_skipped() {
        let folder = tempfile::tempdir().unwrap();
        for (path, got) in
            [(folder.path().join("none.so"), "got nothing"), (folder.path().into(), "got some")]
        {
            let error = find(Some(&path)).unwrap_err().to_string();
            assert!(error.contains(got), "{error}");
        }
        let file = folder.path().join(name("1.31.1"));
        std::fs::write(&file, "").unwrap();
        assert_eq!(find(Some(&file)).unwrap(), Place::File(file));
    }
}
