//! Finds the driver and the libraries beside it at run time, so that the same program starts on a machine without them.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libloading::Library;
use phalanx_backend::BackendError;

use crate::NAME;

/// The environment variable that names a folder with the libraries.
const VARIABLE: &str = "PHALANX_CUDA_LIBRARIES";

/// Folders in which installers put them and the loader does not look.
const FOLDERS: [&str; 4] = [
    "/usr/local/cuda/lib64",
    "/usr/local/nvidia/lib64",
    "/usr/local/cuda/targets/x86_64-linux/lib",
    "/usr/lib/wsl/lib",
];

/// Major versions of CUDA whose libraries can be used, the newest first.
const MAJORS: [u32; 2] = [13, 12];

/// Loads what is needed, once.
///
/// # Errors
/// [`BackendError::Unavailable`] with the library that is missing.
pub(crate) fn load() -> Result<(), BackendError> {
    static LOADED: OnceLock<Result<(), BackendError>> = OnceLock::new();
    LOADED.get_or_init(load_all).clone()
}

fn load_all() -> Result<(), BackendError> {
    open("libcuda.so.1", &["libcuda.so.1".to_owned()]).map_err(|_| BackendError::Unavailable {
        backend: NAME,
        reason: "there is no NVIDIA driver here (libcuda.so.1 was not found)".to_owned(),
        hint: None,
    })?;
    for (stem, package) in [("libnvrtc", "nvidia-cuda-nvrtc"), ("libcublasLt", "nvidia-cublas")] {
        let names: Vec<String> = MAJORS.iter().map(|major| format!("{stem}.so.{major}")).collect();
        open(stem, &names).map_err(|reason| BackendError::Unavailable {
            backend: NAME,
            reason,
            hint: Some(format!(
                "install CUDA's run-time libraries (`pip install {package}` has this one), or name their folder in {VARIABLE}"
            )),
        })?;
    }
    Ok(())
}

/// Opens the first of `names` that is found, and keeps it open for the life of the process: whoever asks the loader for
/// the same name later gets this one.
fn open(what: &str, names: &[String]) -> Result<(), String> {
    let folders = folders();
    for name in names {
        let by_folder = folders.iter().map(|folder| folder.join(name)).filter(|path| path.is_file());
        for path in [PathBuf::from(name)].into_iter().chain(by_folder) {
            // SAFETY: these are NVIDIA's libraries, whose initialisers have no preconditions.
            if let Ok(library) = unsafe { Library::new(&path) } {
                std::mem::forget(library);
                return Ok(());
            }
        }
    }
    let looked: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    Err(format!("{what} was not found by the loader nor in {}", looked.join(", ")))
}

fn folders() -> Vec<PathBuf> {
    let named = std::env::var_os(VARIABLE).into_iter().flat_map(|list| {
        let folders: Vec<PathBuf> = std::env::split_paths(&list).collect();
        folders
    });
    let python = std::env::var_os("VIRTUAL_ENV").into_iter().flat_map(|root| wheels(Path::new(&root)));
    named.chain(FOLDERS.iter().map(PathBuf::from)).chain(python).collect()
}

/// Where the wheels of CUDA's libraries lie in a Python environment.
fn wheels(environment: &Path) -> Vec<PathBuf> {
    let pythons = std::fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let packages = pythons.map(|python| python.path().join("site-packages/nvidia"));
    let parts = ["cu13", "cublas", "cuda_nvrtc"];
    packages.flat_map(|folder| parts.map(|part| folder.join(part).join("lib"))).collect()
}
