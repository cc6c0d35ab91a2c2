use std::path::{Path, PathBuf};

use crate::WorkerError;

/// Names the executable where no option does.
const VARIABLE: &str = "PHALANX_WORKER_EXE";
/// The program that is its own worker.
const PROGRAM: &str = "phalanx";

/// The executable for worker processes: `worker_exe` where one is given, else what the variable `PHALANX_WORKER_EXE`
/// names, else this program where it is `phalanx`, else a `phalanx` in the same folder.
///
/// # Errors
/// [`WorkerError::NoExecutable`] where there is none, or what is named is no file.
pub fn find_executable(worker_exe: Option<&Path>) -> Result<PathBuf, WorkerError> {
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let this = std::env::current_exe().ok();
    choose(worker_exe, variable.as_deref(), this.as_deref())
}

fn choose(
    given: Option<&Path>,
    variable: Option<&Path>,
    this: Option<&Path>,
) -> Result<PathBuf, WorkerError> {
    for (named, source) in [(given, "worker_exe"), (variable, VARIABLE)] {
        let Some(path) = named else { continue };
        return match std::path::absolute(path) {
            Ok(path) if path.is_file() => Ok(path),
            _ => Err(missing(format!("{} of {source} is no file", path.display()))),
        };
    }
    let Some(this) = this else { return Err(missing("this program's own file is not known".to_owned())) };
    if this.file_name().is_some_and(is_program) {
        return Ok(still_there(this));
    }
    let beside = this.with_file_name(PROGRAM);
    if beside.is_file() {
        return Ok(beside);
    }
    Err(missing(format!("this program is not {PROGRAM}, and there is none beside {}", this.display())))
}

fn is_program(name: &std::ffi::OsStr) -> bool {
    // Linux says so where the file was replaced while it runs.
    name == PROGRAM || name == "phalanx (deleted)"
}

/// The file of this program, or where a newer one took its place, what the kernel still has of it.
fn still_there(this: &Path) -> PathBuf {
    let kept = Path::new("/proc/self/exe");
    if !this.is_file() && kept.exists() { kept.to_owned() } else { this.to_owned() }
}

fn missing(tried: String) -> WorkerError {
    WorkerError::NoExecutable { tried }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_comes_first_and_has_to_be_there() {
        let test = std::env::current_exe().unwrap();
        let nowhere = Path::new("/nowhere/phalanx");
        assert_eq!(choose(Some(&test), Some(nowhere), None), Ok(test.clone()));
        assert_eq!(choose(None, Some(&test), None), Ok(test.clone()));
        for (given, variable) in [(Some(nowhere), None), (None, Some(nowhere)), (Some(nowhere), Some(&*test))]
        {
            let error = choose(given, variable, Some(&test)).expect_err("is not there");
            assert!(error.to_string().contains("/nowhere/phalanx"), "{error}");
            assert!(error.hint().is_some());
        }
        assert!(matches!(choose(None, None, None), Err(WorkerError::NoExecutable { .. })));
        let elsewhere = Path::new("/nowhere/python3");
        assert!(choose(None, None, Some(elsewhere)).is_err());
    }
}
