use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use serde::Serialize;

/// Folders in which Linux shows devices, and what the names of graphics processors there begin with.
const NODES: [(&str, &str); 2] = [("/dev/dri", "renderD"), ("/dev", "nvidia")];

/// The node of a graphics processor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DeviceNode {
    /// Where it is.
    pub path: PathBuf,
    /// Whether this process may use it.
    pub is_usable: bool,
}

/// The nodes of graphics processors that Linux shows; none on other systems.
#[must_use]
pub fn device_nodes() -> Vec<DeviceNode> {
    let mut nodes: Vec<DeviceNode> = NODES
        .iter()
        .filter_map(|(folder, name)| Some((fs::read_dir(folder).ok()?, *name)))
        .flat_map(|(entries, name)| entries.flatten().map(move |entry| (entry, name)))
        .filter(|(entry, name)| entry.file_name().to_str().is_some_and(|file| is_numbered(file, name)))
        .map(|(entry, _)| {
            let path = entry.path();
            let is_usable = OpenOptions::new().read(true).write(true).open(&path).is_ok();
            DeviceNode { path, is_usable }
        })
        .collect();
    nodes.sort();
    nodes
}

/// `nvidia0`, and not `nvidiactl`.
fn is_numbered(file: &str, name: &str) -> bool {
    let number = file.strip_prefix(name).unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbered_nodes_are_devices() {
        assert!(is_numbered("nvidia0", "nvidia") && is_numbered("renderD128", "renderD"));
        for other in ["nvidiactl", "nvidia", "nvidia-uvm", "card0"] {
            assert!(!is_numbered(other, "nvidia"), "{other}");
        }
    }
}
