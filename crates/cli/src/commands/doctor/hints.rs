use phalanx_measure::proof::{Outcome, Proof};

use super::report::{ProofReport, Report};

/// Files that a server with its usual 4096 connections may have open.
const OPEN_FILES_MIN: u64 = 8192;

/// Shared memory below which clients soon find none: containers have 64 MiB unless told.
const SHARED_MEMORY_BYTES_MIN: u64 = 256 << 20;

/// Memory below which even small models may not fit.
const MEMORY_BYTES_MIN: u64 = 1 << 30;

/// What the user can do about what is missing or low.
pub(super) fn of(report: &Report) -> Vec<String> {
    let mut hints = Vec::new();
    backends(report, &mut hints);
    graphics(report, &mut hints);
    limits(report, &mut hints);
    hints
}

fn backends(report: &Report, hints: &mut Vec<String>) {
    for backend in &report.backends {
        if let (Some(why), Some(hint)) = (&backend.unavailable, &backend.hint) {
            hints.push(format!("{why}: {hint}"));
        }
        for device in &backend.devices {
            let ProofReport::Ended(Proof { outcome: Outcome::Failed { message, hint, is_missing }, .. }) =
                &device.proof
            else {
                continue;
            };
            match hint {
                Some(hint) => hints.push(format!("{} is not used: {message}: {hint}", device.device)),
                None if *is_missing => hints.push(format!("{} is not used: {message}", device.device)),
                None => {}
            }
        }
    }
}

fn graphics(report: &Report, hints: &mut Vec<String>) {
    let has = |name: &str| {
        let devices = report.backends.iter().flat_map(|backend| &backend.devices);
        devices.into_iter().any(|device| device.device.starts_with(name))
    };
    for node in report.device_nodes.iter().filter(|node| !node.is_usable) {
        let path = node.path.display();
        hints.push(format!("{path} may not be opened: add this user to its group (often render or video)"));
    }
    let is_nvidia = |text: &str| text.contains("nvidia") || text.contains("NVIDIA");
    let nvidia = report.drivers.iter().any(|driver| is_nvidia(driver.name))
        || report.device_nodes.iter().any(|node| is_nvidia(&node.path.to_string_lossy()));
    if nvidia && !has("cuda") {
        hints.push(
            "an NVIDIA GPU is here and no backend uses it: pip install onnxruntime-gpu[cuda,cudnn]"
                .to_owned(),
        );
    }
    let vulkan = report.drivers.iter().any(|driver| driver.name.starts_with("Vulkan"));
    if !report.device_nodes.is_empty() && !nvidia && !vulkan {
        hints.push("a GPU is here and no Vulkan: install libvulkan1 and mesa-vulkan-drivers".to_owned());
    }
}

fn limits(report: &Report, hints: &mut Vec<String>) {
    let limits = &report.limits;
    if let Some(files) = limits.open_files.filter(|&files| files < OPEN_FILES_MIN) {
        hints.push(format!(
            "{files} open files are too few for a server's 4096 connections: `ulimit -n 65536` before it starts"
        ));
    }
    let shared = limits.shared_memory.as_ref().map(|memory| memory.total_bytes);
    if let Some(bytes) = shared.filter(|&bytes| bytes < SHARED_MEMORY_BYTES_MIN) {
        hints.push(format!(
            "{} MiB of shared memory are few for clients that send tensors by it: a container is given more with --shm-size=1g",
            bytes >> 20
        ));
    }
    if let Some(bytes) = limits.memory_available_bytes.filter(|&bytes| bytes < MEMORY_BYTES_MIN) {
        hints.push(format!("only {} MiB of memory are free: give less of it to others", bytes >> 20));
    }
}

#[cfg(test)]
mod tests {
    use phalanx_measure::Machine;
    use phalanx_measure::evidence::Keeper;
    use phalanx_measure::host::{DeviceNode, Limits, SharedMemory};

    use super::*;
    use crate::commands::doctor::report::{BackendReport, DeviceReport};
    use crate::listing::Listing;

    fn report() -> Report {
        let mut limits = Limits::here();
        limits.open_files = Some(1 << 20);
        limits.shared_memory = None;
        limits.memory_available_bytes = None;
        Report {
            phalanx: "0",
            machine: Machine::here(),
            limits,
            crashes: Keeper::here(),
            drivers: Vec::new(),
            device_nodes: Vec::new(),
            backends: Vec::new(),
            choices: Vec::new(),
            hints: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn only(report: &Report, part: &str) {
        let hints = of(report);
        assert!(matches!(&*hints, [hint] if hint.contains(part)), "{part}: {hints:?}");
    }

    #[test]
    fn nothing_is_said_where_all_is_well() {
        assert!(of(&report()).is_empty());
    }

    #[test]
    fn low_limits_have_hints() {
        let mut low = report();
        low.limits.open_files = Some(1024);
        only(&low, "ulimit -n");
        let mut low = report();
        let memory = SharedMemory { path: "/dev/shm", total_bytes: 64 << 20, free_bytes: 0 };
        low.limits.shared_memory = Some(memory);
        only(&low, "--shm-size");
        let mut low = report();
        low.limits.memory_available_bytes = Some(100 << 20);
        only(&low, "100 MiB");
    }

    #[test]
    fn devices_that_nobody_uses_have_hints() {
        let node = |path: &str, is_usable| DeviceNode { path: path.into(), is_usable };
        let mut here = report();
        here.device_nodes = vec![node("/dev/nvidia0", true)];
        only(&here, "onnxruntime-gpu");
        here.device_nodes = vec![node("/dev/dri/renderD128", true)];
        only(&here, "mesa-vulkan-drivers");
    }

    #[test]
    fn what_is_missing_is_a_hint_and_no_fault() {
        let listing = Listing {
            unavailable: Some("onnxruntime is not available: no library".to_owned()),
            hint: Some("pip install onnxruntime".to_owned()),
            ..Listing::unknown("onnxruntime")
        };
        let mut here = report();
        let mut backend = BackendReport::new(listing, None);
        assert_eq!(backend.faults().count(), 0);
        here.backends = vec![BackendReport::new(Listing::unknown("tract"), None)];
        here.backends[0].unavailable = backend.unavailable.take();
        here.backends[0].hint = backend.hint.take();
        only(&here, "no library: pip install onnxruntime");
        let message = "its provider does not start".to_owned();
        let outcome = Outcome::Failed { message, hint: None, is_missing: true };
        let proof = ProofReport::Ended(Proof { ready_s: None, outcome });
        let device = "cuda:0".to_owned();
        backend.devices = vec![DeviceReport { device, description: String::new(), proof, cpu_ratio: None }];
        assert_eq!(backend.faults().count(), 0);
        here.backends = vec![backend];
        only(&here, "cuda:0 is not used: its provider");
    }
}
