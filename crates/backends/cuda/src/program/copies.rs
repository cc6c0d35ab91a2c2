use std::path::Path;

use cudarc::driver::sys::{self, CUdeviceptr};
use phalanx_backend::BackendError;
use phalanx_plan::{Plan, Port, ValueId};

use super::slot::HostPlace;
use crate::driver::{Function, Gpu, Stream, failed};
use crate::error;
use crate::kernels::{self, Launch, Pointer};

/// Up to this size the multiprocessors copy, by mapped memory: handing over to the copy engines and back takes longer.
const BY_KERNEL_BYTES_MAX: usize = 64 << 10;

/// Copies between the pinned memory of the host and the device.
#[derive(Clone, Debug)]
pub(crate) struct Copies(Function);

impl Copies {
    /// # Errors
    /// [`BackendError::Prepare`] where the kernel does not compile.
    pub(super) fn new(gpu: &Gpu, folder: Option<&Path>) -> Result<Self, BackendError> {
        gpu.bind()?;
        gpu.kernels.function(&launch(0)?, gpu.chip(), folder).map(Self)
    }

    /// Copies the inputs of a plan.
    ///
    /// # Errors
    /// What the driver says.
    pub(super) fn to_device(
        &self,
        plan: &Plan,
        host: &[HostPlace],
        device: &[CUdeviceptr],
        stream: &Stream,
    ) -> Result<(), BackendError> {
        each(plan, &plan.inputs, host, device, |place, address, len_bytes| {
            if len_bytes <= BY_KERNEL_BYTES_MAX {
                return self.by_kernel(place as u64, address, len_bytes, stream);
            }
            // SAFETY: both have room for the bytes, and live until the stream has come to this point.
            let copied =
                unsafe { sys::cuMemcpyHtoDAsync_v2(address, place as *const _, len_bytes, stream.raw()) };
            copied.result().map_err(failed("copy to the GPU"))
        })
    }

    /// Copies the outputs of a plan.
    ///
    /// # Errors
    /// What the driver says.
    pub(super) fn to_host(
        &self,
        plan: &Plan,
        device: &[CUdeviceptr],
        host: &[HostPlace],
        stream: &Stream,
    ) -> Result<(), BackendError> {
        each(plan, &plan.outputs, host, device, |place, address, len_bytes| {
            if len_bytes <= BY_KERNEL_BYTES_MAX {
                return self.by_kernel(address, place as u64, len_bytes, stream);
            }
            // SAFETY: as above.
            let copied =
                unsafe { sys::cuMemcpyDtoHAsync_v2(place as *mut _, address, len_bytes, stream.raw()) };
            copied.result().map_err(failed("copy from the GPU"))
        })
    }

    /// Pinned memory has the same address on the device as on the host (unified addressing, since Fermi).
    fn by_kernel(&self, from: u64, to: u64, len_bytes: usize, stream: &Stream) -> Result<(), BackendError> {
        let Launch { grid, block, shared_bytes, arguments, .. } = launch(len_bytes)?;
        let [vectors, rest] = [2, 3].map(|index| match arguments.get(index) {
            Some(kernels::Argument::U32(number)) => u64::from(*number),
            _ => 0,
        });
        // SAFETY: both places have room for the bytes, start at multiples of 16 and live until the stream has come to
        // this point; the parameters are those of the kernel.
        unsafe { self.0.launch(stream, grid, block, shared_bytes, &mut [to, from, vectors, rest]) }
    }
}

/// The launch that copies this many bytes; where from and to is filled in when it is submitted.
fn launch(len_bytes: usize) -> Result<Launch, BackendError> {
    let nowhere = Pointer::Value { id: ValueId(0), offset_bytes: 0 };
    kernels::copy(nowhere, nowhere, len_bytes).map_err(|error| error::prepare(error.to_string()))
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
