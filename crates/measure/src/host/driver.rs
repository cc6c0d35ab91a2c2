use std::path::{Path, PathBuf};

use serde::Serialize;

/// Folders with the system's libraries, on the usual distributions.
const LIBRARIES: [&str; 8] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/wsl/lib",
    "/usr/local/cuda/compat",
];

/// Folders with the descriptions of Vulkan's drivers.
const VULKAN_DRIVERS: [&str; 3] =
    ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];

/// Variables that name such descriptions, the newer first.
const VULKAN_VARIABLES: [&str; 2] = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

/// Software between a runtime and a device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Driver {
    /// What it is, such as `CUDA driver`.
    pub name: &'static str,
    /// Its version, where that can be told without loading it.
    pub version: Option<String>,
    /// Where it was found.
    pub path: PathBuf,
}

/// The drivers that are here. None of them is loaded. On macOS they are part of the system, and not listed.
#[must_use]
pub fn drivers() -> Vec<Driver> {
    let kernel = Path::new("/proc/driver/nvidia/version");
    let version = std::fs::read_to_string(kernel).ok();
    let kernel = version.map(|text| Driver {
        name: "NVIDIA kernel module",
        version: kernel_module_version(&text),
        path: kernel.to_owned(),
    });
    let cuda = library("CUDA driver", "libcuda.so.1");
    let vulkan = library("Vulkan loader", "libvulkan.so.1");
    kernel.into_iter().chain(cuda).chain(vulkan).chain(vulkan_drivers()).collect()
}

/// A library, and the version that the name it links to ends with.
fn library(name: &'static str, file: &str) -> Option<Driver> {
    let given = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let folders = std::env::split_paths(&given).chain(LIBRARIES.iter().map(PathBuf::from));
    let path = folders.map(|folder| folder.join(file)).find(|path| path.exists())?;
    let target = std::fs::canonicalize(&path).ok();
    let version =
        target.as_deref().and_then(Path::file_name).and_then(|name| library_version(name.to_str()?));
    Some(Driver { name, version, path })
}

/// `570.86.10` of `libcuda.so.570.86.10`; nothing of `libcuda.so.1`.
fn library_version(file: &str) -> Option<String> {
    let (_, version) = file.split_once(".so.")?;
    version.contains('.').then(|| version.to_owned())
}

/// `570.86.10` of `NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.10  Wed ...`.
fn kernel_module_version(text: &str) -> Option<String> {
    let words = text.lines().next()?.split_whitespace();
    let is_version =
        |word: &&str| word.contains('.') && word.chars().all(|one| one.is_ascii_digit() || one == '.');
    words.into_iter().find(is_version).map(str::to_owned)
}

fn vulkan_drivers() -> Vec<Driver> {
    let named = VULKAN_VARIABLES.iter().find_map(std::env::var_os);
    let files: Vec<PathBuf> = match named {
        Some(named) => std::env::split_paths(&named).collect(),
        None => {
            let folders = VULKAN_DRIVERS.iter().filter_map(|folder| std::fs::read_dir(folder).ok());
            let mut files: Vec<PathBuf> = folders.flatten().flatten().map(|entry| entry.path()).collect();
            files.sort();
            files
        }
    };
    let is_manifest = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    files.into_iter().filter(is_manifest).map(|path| vulkan_driver(&path)).collect()
}

/// The driver that a manifest describes: its library, whose name tells whose it is.
fn vulkan_driver(manifest: &Path) -> Driver {
    let text = std::fs::read_to_string(manifest).unwrap_or_default();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let library = document.pointer("/ICD/library_path").and_then(serde_json::Value::as_str);
    let path = library.map_or_else(|| manifest.to_owned(), PathBuf::from);
    Driver { name: "Vulkan driver", version: None, path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_where_they_are() {
        assert_eq!(library_version("libcuda.so.570.86.10").as_deref(), Some("570.86.10"));
        assert_eq!(library_version("libcuda.so.1"), None);
        let text =
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.10  Wed Jan 1 2025\nGCC version: 12.2";
        assert_eq!(kernel_module_version(text).as_deref(), Some("570.86.10"));
        assert_eq!(kernel_module_version(""), None);
    }

    #[test]
    fn a_manifest_names_its_library() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("lvp_icd.json");
        std::fs::write(&manifest, r#"{"ICD":{"library_path":"/usr/lib/libvulkan_lvp.so"}}"#).unwrap();
        assert_eq!(vulkan_driver(&manifest).path, Path::new("/usr/lib/libvulkan_lvp.so"));
        std::fs::write(&manifest, "not JSON").unwrap();
        assert_eq!(vulkan_driver(&manifest).path, manifest);
    }
}
