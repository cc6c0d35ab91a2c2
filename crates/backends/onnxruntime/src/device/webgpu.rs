#[cfg(not(target_os = "linux"))]
use phalanx_backend::Device;
use phalanx_backend::{BackendError, DeviceInfo};

/// The adapter that the runtime would take; `None` where there is none.
///
/// # Errors
/// Where there is one that is known to take the process down.
#[cfg(target_os = "linux")]
pub(super) fn find() -> Result<Option<DeviceInfo>, BackendError> {
    super::vulkan::find()
}

/// The adapter that the runtime would take: Metal's, which every Mac has, or that of the system.
#[cfg(not(target_os = "linux"))]
pub(super) fn find() -> Result<Option<DeviceInfo>, BackendError> {
    let description = format!("WebGPU: default adapter of {}", std::env::consts::OS);
    Ok(Some(DeviceInfo { device: Device::WebGpu, description }))
}
