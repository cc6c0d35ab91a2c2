use cudarc::driver::sys::{self, CUdeviceptr};
use phalanx_backend::BackendError;
use phalanx_plan::{Plan, Port};

use super::slot::HostPlace;
use crate::driver::{Stream, failed};

/// Copies the inputs of a plan from pinned memory.
///
/// # Errors
/// What the driver says.
pub(super) fn to_device(
    plan: &Plan,
    host: &[HostPlace],
    device: &[CUdeviceptr],
    stream: &Stream,
) -> Result<(), BackendError> {
    each(plan, &plan.inputs, host, device, |place, address, len_bytes| {
        // SAFETY: both have room for the bytes, and live until the stream has come to this point.
        let copied = unsafe { sys::cuMemcpyHtoDAsync_v2(address, place as *const _, len_bytes, stream.raw()) };
        copied.result().map_err(failed("copy to the GPU"))
    })
}

/// Copies the outputs of a plan to pinned memory.
///
/// # Errors
/// What the driver says.
pub(super) fn to_host(
    plan: &Plan,
    device: &[CUdeviceptr],
    host: &[HostPlace],
    stream: &Stream,
) -> Result<(), BackendError> {
    each(plan, &plan.outputs, host, device, |place, address, len_bytes| {
        // SAFETY: as above.
        let copied = unsafe { sys::cuMemcpyDtoHAsync_v2(place as *mut _, address, len_bytes, stream.raw()) };
        copied.result().map_err(failed("copy from the GPU"))
    })
}

fn each(
    plan: &Plan,
    ports: &[Port],
    host: &[HostPlace],
    device: &[CUdeviceptr],
    mut copy: impl FnMut(usize, CUdeviceptr, usize) -> Result<(), BackendError>,
) -> Result<(), BackendError> {
    for ((port, place), &address) in ports.iter().zip(host).zip(device) {
        let len_bytes = plan.value(port.value).size_bytes().min(place.len_bytes);
        if len_bytes > 0 {
            copy(place.address, address, len_bytes)?;
        }
    }
    Ok(())
}
