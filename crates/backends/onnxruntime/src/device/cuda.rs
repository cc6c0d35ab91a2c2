use std::ffi::{CStr, c_char, c_int, c_uint};

use libloading::{Library, Symbol};
use phalanx_backend::{Device, DeviceInfo};

/// `CUDA_SUCCESS`.
const SUCCESS: c_int = 0;

/// Bytes of a device's name that are read.
const NAME_BYTES: usize = 256;

/// The GPUs that the driver shows to this process. None where there is no driver, or none that answers.
pub(super) fn list() -> Vec<DeviceInfo> {
    // SAFETY: the driver's library is made to be loaded by any process, and does nothing until `cuInit`.
    let Ok(driver) = (unsafe { Library::new("libcuda.so.1") }) else {
        return Vec::new();
    };
    let devices = query(&driver).unwrap_or_default();
    // The driver's state is the process's: unloaded, it would be gone under whoever else uses it.
    std::mem::forget(driver);
    devices
}

/// `cuInit`, `cuDeviceGetCount`, `cuDeviceGet` and `cuDeviceGetName` of the CUDA driver API.
fn query(driver: &Library) -> Option<Vec<DeviceInfo>> {
    // SAFETY: the types of these four functions are part of the driver's stable interface; each place for an answer
    // outlives its call, and the name's is as long as it is said to be.
    unsafe {
        let init: Symbol<'_, unsafe extern "C" fn(c_uint) -> c_int> = driver.get(b"cuInit\0").ok()?;
        let get_count: Symbol<'_, unsafe extern "C" fn(*mut c_int) -> c_int> =
            driver.get(b"cuDeviceGetCount\0").ok()?;
        let get: Symbol<'_, unsafe extern "C" fn(*mut c_int, c_int) -> c_int> =
            driver.get(b"cuDeviceGet\0").ok()?;
        let get_name: Symbol<'_, unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_int> =
            driver.get(b"cuDeviceGetName\0").ok()?;
        let mut count = 0;
        if init(0) != SUCCESS || get_count(&mut count) != SUCCESS {
            return None;
        }
        let describe = |index: c_int| {
            let (mut device, mut name) = (0, [0_u8; NAME_BYTES]);
            let len = c_int::try_from(NAME_BYTES).ok()?;
            let named = get(&mut device, index) == SUCCESS
                && get_name(name.as_mut_ptr().cast(), len, device) == SUCCESS;
            let name = CStr::from_bytes_until_nul(&name).ok().filter(|_| named)?;
            let device = Device::Cuda(u32::try_from(index).ok()?);
            Some(DeviceInfo { device, description: name.to_string_lossy().into_owned() })
        };
        Some((0..count).filter_map(describe).collect())
    }
}
