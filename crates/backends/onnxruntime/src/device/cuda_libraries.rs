use std::path::{Path, PathBuf};
use std::sync::Once;

use crate::Library;

/// What the CUDA provider links to, each before those that need it.
const NAMES: [&str; 8] = [
    "libcudart.so.",
    "libnvrtc.so.",
    "libnvJitLink.so.",
    "libcublasLt.so.",
    "libcublas.so.",
    "libcurand.so.",
    "libcufft.so.",
    "libcudnn.so.",
];

/// Loads CUDA's libraries out of PyPI's `nvidia-*` wheels, where they lie beside onnxruntime's: the provider links to
/// them by name, and the system's loader does not look there. Where there are none, the system's are used.
pub(super) fn preload(library: &Library) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The library is `onnxruntime/capi/libonnxruntime…` in the folder of packages.
        let packages = library.path().ancestors().nth(3);
        let libraries = packages.map(|folder| libraries(&folder.join("nvidia"))).unwrap_or_default();
        for name in NAMES {
            for path in libraries.iter().filter(|path| is_called(path, name)) {
                load(path);
            }
        }
    });
}

fn load(path: &Path) {
    // SAFETY: loading runs the library's initialisers; these are the ones that the provider would load itself.
    match unsafe { libloading::Library::new(path) } {
        // It must stay until the provider has been loaded, and the provider is never unloaded.
        Ok(library) => std::mem::forget(library),
        Err(error) => tracing::debug!(%error, path = %path.display(), "not preloaded"),
    }
}

/// Every file in `*/lib` below `folder`.
fn libraries(folder: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries(folder).flat_map(|package| entries(&package.path().join("lib"))).map(|file| file.path()).collect()
}

fn is_called(path: &Path, prefix: &str) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_of_all_wheels_are_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["cublas/lib/libcublas.so.12", "cublas/lib/libcublasLt.so.12", "cu13/lib/libcudart.so.13"]
        {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = libraries(folder.path());
        assert_eq!(found.len(), 3);
        assert_eq!(found.iter().filter(|path| is_called(path, "libcublas.so.")).count(), 1);
        assert!(libraries(&folder.path().join("missing")).is_empty());
    }
}
