use std::env;
use std::path::PathBuf;

/// The environment variable that says where outcomes are kept.
const VARIABLE: &str = "PHALANX_CACHE_DIR";

/// Where the program keeps what it found out: `PHALANX_CACHE_DIR`, or `phalanx` in the folder that the system has for
/// what can be found out again. `None` where the user has no home.
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable(VARIABLE).or_else(|| system(variable).map(|folder| folder.join("phalanx")))
}

#[cfg(target_os = "macos")]
fn system(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    Some(variable("HOME")?.join("Library/Caches"))
}

#[cfg(windows)]
fn system(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    variable("LOCALAPPDATA")
}

/// The XDG Base Directory Specification, which has relative paths ignored.
#[cfg(not(any(target_os = "macos", windows)))]
fn system(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let given = variable("XDG_CACHE_HOME").filter(|folder| folder.is_absolute());
    given.or_else(|| Some(variable("HOME")?.join(".cache")))
}
