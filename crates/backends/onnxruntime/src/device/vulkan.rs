use std::ffi::{CStr, FromBytesUntilNulError};

use ash::vk;
use phalanx_backend::{BackendError, Device, DeviceInfo};

use crate::errors::unavailable;

/// Mesa's software driver before this version ends the process when the runtime compiles a shader on it.
const SOFTWARE_MESA_MAJOR_MIN: u32 = 25;

/// What Vulkan says of an adapter.
struct Adapter {
    name: String,
    kind: vk::PhysicalDeviceType,
    /// Such as `Mesa 25.0.7 (LLVM 15.0.6)`.
    driver: String,
}

/// The adapter that the runtime's WebGPU would take. Only the driver is asked: no device is made.
///
/// # Errors
/// [`BackendError::Unavailable`] where the only one is too old to be tried.
pub(super) fn find() -> Result<Option<DeviceInfo>, BackendError> {
    choose(adapters().unwrap_or_default())
}

fn choose(adapters: Vec<Adapter>) -> Result<Option<DeviceInfo>, BackendError> {
    let Some(best) = adapters.into_iter().min_by_key(|adapter| rank(adapter.kind)) else {
        return Ok(None);
    };
    let Adapter { name, kind, driver } = best;
    let is_software = kind == vk::PhysicalDeviceType::CPU;
    if is_software && mesa_major(&driver).is_some_and(|major| major < SOFTWARE_MESA_MAJOR_MIN) {
        let reason = format!(
            "the one Vulkan adapter is {name}: expected Mesa {SOFTWARE_MESA_MAJOR_MIN} or newer, got {driver}"
        );
        let hint = "install mesa-vulkan-drivers of the distribution's backports".to_owned();
        return Err(unavailable(reason, Some(hint)));
    }
    let driver = if driver.is_empty() { "Vulkan".to_owned() } else { format!("Vulkan, {driver}") };
    Ok(Some(DeviceInfo { device: Device::WebGpu, description: format!("{name} through {driver}") }))
}

/// `25` of `Mesa 25.0.7-2 (LLVM 15.0.6)`; `None` for another vendor's driver.
fn mesa_major(driver: &str) -> Option<u32> {
    driver.strip_prefix("Mesa ")?.split('.').next()?.parse().ok()
}

/// The order in which Dawn takes adapters where high performance is asked for, as the runtime does.
fn rank(kind: vk::PhysicalDeviceType) -> u8 {
    match kind {
        vk::PhysicalDeviceType::DISCRETE_GPU => 0,
        vk::PhysicalDeviceType::INTEGRATED_GPU => 1,
        vk::PhysicalDeviceType::CPU => 2,
        _ => 3,
    }
}

/// Every adapter; `None` where there is no Vulkan.
fn adapters() -> Option<Vec<Adapter>> {
    // SAFETY: the system's Vulkan loader is made to be loaded by any process.
    let entry = unsafe { ash::Entry::load() }.ok()?;
    let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_2);
    let description = vk::InstanceCreateInfo::default().application_info(&application);
    // SAFETY: the description is complete, and outlives the call; the instance is destroyed below.
    let instance = unsafe { entry.create_instance(&description, None) }.ok()?;
    // SAFETY: the instance is alive.
    let handles = unsafe { instance.enumerate_physical_devices() }.unwrap_or_default();
    let adapters = handles.into_iter().map(|handle| adapter(&instance, handle)).collect();
    // SAFETY: nothing of the instance is left.
    unsafe { instance.destroy_instance(None) };
    Some(adapters)
}

fn adapter(instance: &ash::Instance, handle: vk::PhysicalDevice) -> Adapter {
    // SAFETY: the handle is this instance's.
    let properties = unsafe { instance.get_physical_device_properties(handle) };
    let mut driver = vk::PhysicalDeviceDriverProperties::default();
    // Before 1.2 neither the call nor the structure is sure to be known.
    if properties.api_version >= vk::API_VERSION_1_2 {
        let mut chain = vk::PhysicalDeviceProperties2::default().push_next(&mut driver);
        // SAFETY: the handle is this instance's, which was made for version 1.2; the chain outlives the call.
        unsafe { instance.get_physical_device_properties2(handle, &mut chain) };
    }
    Adapter {
        name: text(properties.device_name_as_c_str()),
        kind: properties.device_type,
        driver: text(driver.driver_info_as_c_str()),
    }
}

fn text(name: Result<&CStr, FromBytesUntilNulError>) -> String {
    name.map_or_else(|_| String::new(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(name: &str, kind: vk::PhysicalDeviceType, driver: &str) -> Adapter {
        Adapter { name: name.to_owned(), kind, driver: driver.to_owned() }
    }

    #[test]
    fn old_software_drivers_are_refused_with_a_reason() {
        let software = |driver| vec![adapter("llvmpipe", vk::PhysicalDeviceType::CPU, driver)];
        let error = choose(software("Mesa 22.3.6 (LLVM 15.0.6)")).unwrap_err().to_string();
        assert!(error.contains("expected Mesa 25 or newer, got Mesa 22.3.6"), "{error}");
        for driver in ["Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6)", "", "something else"] {
            assert!(choose(software(driver)).unwrap().unwrap().description.contains("llvmpipe"), "{driver}");
        }
        assert_eq!(choose(Vec::new()), Ok(None));
    }

    #[test]
    fn hardware_goes_before_software() {
        let gpu = adapter("GPU", vk::PhysicalDeviceType::DISCRETE_GPU, "");
        let software = adapter("llvmpipe", vk::PhysicalDeviceType::CPU, "Mesa 22.3.6");
        let chosen = choose(vec![software, gpu]).unwrap().unwrap();
        assert_eq!(chosen.description, "GPU through Vulkan");
    }
}
