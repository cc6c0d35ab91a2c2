use std::ffi::{CStr, OsStr, c_char, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ort::sys::{ORT_API_VERSION, OrtApi, OrtApiBase};
use phalanx_backend::BackendError;

use super::{elf, locate};
use crate::errors::{missing, unavailable};

/// What an old or damaged installation calls for.
const UPGRADE: &str = "pip install --upgrade onnxruntime";

/// `OrtGetApiBase`: the one function that the library exports.
type GetApiBase = unsafe extern "C" fn() -> *const OrtApiBase;

/// A library that is loaded, has been looked at, and is one this crate can use.
///
/// `ort` panics on a library that is not what it expects, so everything it takes for granted is checked here first.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) version: String,
}

impl Opened {
    /// Loads the file at `path`.
    pub(super) fn file(path: &Path) -> Result<Self, BackendError> {
        let place = path.display();
        let path = path.canonicalize().map_err(|error| unavailable(format!("{place}: {error}"), None))?;
        let refuse =
            |words: String| unavailable(format!("failed to load {place}: {words}"), Some(UPGRADE.to_owned()));
        elf::check_complete(&path).map_err(refuse)?;
        Self::load(path.as_os_str()).map_err(|error| refuse(reason(&error)))?
    }

    /// Loads what the system's loader finds by the library's usual names.
    pub(super) fn system() -> Result<Self, BackendError> {
        locate::SYSTEM_NAMES
            .iter()
            .find_map(|name| Self::load(OsStr::new(name)).ok())
            .unwrap_or_else(|| Err(missing()))
    }

    /// The outer error: nothing was loaded. The inner one: something was, and it is of no use.
    fn load(name: &OsStr) -> Result<Result<Self, BackendError>, libloading::Error> {
        // SAFETY: loading runs the library's initialisers, which is what the user asks for by naming or installing
        // it; nothing can be checked before.
        let library = unsafe { libloading::Library::new(name)? };
        // SAFETY: `GetApiBase` is the type of this function in every version of the library.
        let function = unsafe { library.get::<GetApiBase>(b"OrtGetApiBase\0") }.map(|symbol| *symbol);
        // A C++ library with threads of its own does not survive being unloaded.
        std::mem::forget(library);
        Ok(match function {
            Ok(function) => Self::inspect(name, function),
            Err(_) => Err(unavailable(
                format!(
                    "{}: expected onnxruntime's shared library, got one without OrtGetApiBase",
                    name.display()
                ),
                None,
            )),
        })
    }

    fn inspect(name: &OsStr, function: GetApiBase) -> Result<Self, BackendError> {
        let place = name.display();
        // SAFETY: the function takes nothing and gives a table that lives as long as the library, or null.
        let base = unsafe { function().as_ref() };
        let base = base.ok_or_else(|| unavailable(format!("{place}: OrtGetApiBase gave nothing"), None))?;
        // SAFETY: a terminated string that lives as long as the library.
        let version = unsafe { CStr::from_ptr((base.GetVersionString)()) }.to_string_lossy().into_owned();
        let old = || {
            let reason = format!("{place}: expected onnxruntime 1.{ORT_API_VERSION} or newer, got {version}");
            unavailable(reason, Some(UPGRADE.to_owned()))
        };
        // Asked for a version it does not have, the library complains on stderr: so its name is read first.
        if minor(&version).is_none_or(|minor| minor < ORT_API_VERSION) {
            return Err(old());
        }
        // SAFETY: any version may be asked for; what is not there is null.
        let api: *const OrtApi = unsafe { (base.GetApi)(ORT_API_VERSION) };
        if api.is_null() {
            return Err(old());
        }
        let path = origin(function).unwrap_or_else(|| PathBuf::from(name));
        Ok(Self { path, version })
    }
}

/// `31` of `1.31.1`; `None` for another major version.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("1.")?.split('.').next()?.parse().ok()
}

/// The loader's own words: `libloading` keeps them as the cause.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// The file that `function` was loaded from.
fn origin(function: GetApiBase) -> Option<PathBuf> {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `info` has room for the answer, and any address may be asked about; zero says that there is none.
    let found = unsafe { libc::dladdr(function as *const c_void, info.as_mut_ptr()) };
    // SAFETY: a structure of pointers is valid when zeroed, and so is one that was filled in.
    let file: *const c_char = unsafe { info.assume_init() }.dli_fname;
    if found == 0 || file.is_null() {
        return None;
    }
    // SAFETY: a terminated string that lives as long as the library.
    let file = unsafe { CStr::from_ptr(file) };
    Path::new(OsStr::from_bytes(file.to_bytes())).canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_second_number() {
        assert_eq!(minor("1.31.1"), Some(31));
        assert_eq!(minor("1.9"), Some(9));
        for other in ["", "2.0.0", "1", "1.x.0", "11.2"] {
            assert_eq!(minor(other), None, "{other}");
        }
    }
}
