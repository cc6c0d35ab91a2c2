//! What differs between the devices.

#[cfg_attr(not(target_os = "macos"), path = "no_metal.rs")]
mod metal;

use phalanx_backend::{BackendError, Device, DeviceInfo, Placement};
use tract_onnx::prelude::TypedModel;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::source::TypedSource;

pub(crate) use metal::prepare;

use crate::NAME;

/// The devices that are here, best first.
pub(crate) fn devices() -> Vec<DeviceInfo> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cpu = format!("{} with {cores} threads", std::env::consts::ARCH);
    let cpu = DeviceInfo { device: Device::Cpu, description: cpu };
    let metal = metal::description().map(|description| DeviceInfo { device: Device::Metal, description });
    metal.into_iter().chain([cpu]).collect()
}

/// Whether `device` is here.
///
/// # Errors
/// [`BackendError::NoSuchDevice`].
pub(crate) fn check(device: Device) -> Result<(), BackendError> {
    let available: Vec<Device> = devices().into_iter().map(|info| info.device).collect();
    if available.contains(&device) {
        Ok(())
    } else {
        Err(BackendError::NoSuchDevice { backend: NAME, device, available })
    }
}

/// Where the nodes of a prepared model run.
pub(crate) fn placement(device: Device, model: &TypedModel) -> Placement {
    let names = model.nodes().iter().filter(|node| !node.op_is::<Const>() && !node.op_is::<TypedSource>());
    let names: Vec<String> = names.map(|node| node.op.name().into_owned()).collect();
    let on_cpu = if device == Device::Cpu { Vec::new() } else { left_on_cpu(&names) };
    Placement { nodes: names.len(), on_cpu }
}

/// Operators that no GPU runtime of tract translated, most frequent first: those keep the names they have on the CPU.
fn left_on_cpu(names: &[String]) -> Vec<(String, usize)> {
    const TRANSLATED: [&str; 3] = ["Metal", "Gpu", "DeviceSync"];
    let mut counts: Vec<(String, usize)> = Vec::new();
    for name in names.iter().filter(|name| !TRANSLATED.iter().any(|prefix| name.starts_with(prefix))) {
        match counts.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name.clone(), 1)),
        }
    }
    counts.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_left_behind_are_counted() {
        let names = ["MetalMul", "Gather", "GpuSlice", "TopK", "DeviceSyncToHost", "TopK"].map(str::to_owned);
        assert_eq!(left_on_cpu(&names), [("TopK".to_owned(), 2), ("Gather".to_owned(), 1)]);
    }

    #[test]
    fn a_device_that_is_not_here_gives_those_that_are() {
        assert_eq!(check(Device::Cpu), Ok(()));
        match check(Device::Cuda(0)) {
            Err(BackendError::NoSuchDevice { available, .. }) => assert!(available.contains(&Device::Cpu)),
            other => panic!("{other:?}"),
        }
    }
}
