//! The devices that the loaded library can use on this machine.

mod cuda;
mod cuda_libraries;
mod precision;
mod provider;
#[cfg(target_os = "linux")]
mod vulkan;
mod webgpu;

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use phalanx_backend::{BackendError, Device, DeviceInfo};

use crate::sys::{Fault, check};
use crate::{Library, NAME};

pub(crate) use precision::check as check_precision;
pub(crate) use provider::{alone, append, provider_name};

/// Every device, best first. The CPU is always there.
pub(crate) fn list(library: &Library) -> Result<Vec<DeviceInfo>, BackendError> {
    let providers = providers(library).map_err(|fault| crate::errors::unavailable(fault.message, None))?;
    let has = |device| provider_name(device).is_some_and(|name| providers.iter().any(|have| have == name));
    let mut devices = Vec::new();
    if has(Device::Cuda(0)) {
        devices.extend(cuda::list());
    }
    if has(Device::WebGpu) {
        devices.extend(webgpu::find().ok().flatten());
    }
    if cfg!(target_os = "macos") && has(Device::CoreMl) {
        let description = "CoreML: CPU, GPU and Neural Engine".to_owned();
        devices.push(DeviceInfo { device: Device::CoreMl, description });
    }
    devices.push(cpu());
    Ok(devices)
}

/// Makes sure that `device` is here.
pub(crate) fn expect(library: &Library, device: Device) -> Result<(), BackendError> {
    if device == Device::Cpu {
        return Ok(());
    }
    let available: Vec<Device> = list(library)?.iter().map(|info| info.device).collect();
    if available.contains(&device) {
        return Ok(());
    }
    if device == Device::WebGpu {
        // An adapter that is there and of no use has a reason, which is worth more than the list.
        webgpu::find()?;
    }
    Err(BackendError::NoSuchDevice { backend: NAME, device, available })
}

fn cpu() -> DeviceInfo {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (s, arch) = (if cores == 1 { "" } else { "s" }, std::env::consts::ARCH);
    DeviceInfo { device: Device::Cpu, description: format!("CPU: {cores} core{s}, {arch}") }
}

/// The execution providers that are built into `library`, by their names.
fn providers(library: &Library) -> Result<Vec<String>, Fault> {
    let api = library.api();
    let (mut names, mut count): (*mut *mut c_char, c_int) = (ptr::null_mut(), 0);
    // SAFETY: both are places for the answer.
    check(api, unsafe { (api.GetAvailableProviders)(&mut names, &mut count) })?;
    let providers = (0..usize::try_from(count).unwrap_or(0))
        // SAFETY: there are `count` terminated strings, which live until they are released below.
        .map(|index| unsafe { CStr::from_ptr(*names.add(index)) }.to_string_lossy().into_owned())
        .collect();
    // SAFETY: what was given above is given back once.
    check(api, unsafe { (api.ReleaseAvailableProviders)(names, count) })?;
    Ok(providers)
}
