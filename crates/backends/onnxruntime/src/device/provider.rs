use std::ffi::CString;

use phalanx_backend::{BackendError, Device, Precision};

use crate::Library;
use crate::errors::unavailable;
use crate::sys::{Alone, Fault, SessionOptions};

/// The execution provider of `device`, as the runtime lists it; `None` for a device it has none for.
pub(crate) fn provider_name(device: Device) -> Option<&'static str> {
    match device {
        Device::Cpu => Some("CPUExecutionProvider"),
        Device::WebGpu => Some("WebGpuExecutionProvider"),
        Device::CoreMl => Some("CoreMLExecutionProvider"),
        Device::Cuda(_) => Some("CUDAExecutionProvider"),
        _ => None,
    }
}

/// What of their work the sessions on `device` must do alone.
pub(crate) fn alone(device: Device) -> Alone {
    match device {
        Device::WebGpu => Alone::Always,
        Device::Cuda(_) => Alone::Loading,
        _ => Alone::Never,
    }
}

/// Has the nodes that `device` can run placed on it.
pub(crate) fn append(
    library: &Library,
    options: &mut SessionOptions,
    device: Device,
    precision: Precision,
) -> Result<(), BackendError> {
    // The first to ask for WebGPU makes the device that all its sessions share.
    let _turn = alone(device).load();
    let appended = match device {
        Device::WebGpu => options.append_provider(c"WebGPU", &[]),
        // What has no static shape stays on the CPU: with a dynamic one, CoreML may end the process.
        Device::CoreMl => options.append_provider(
            c"CoreML",
            &[(c"ModelFormat", c"MLProgram"), (c"RequireStaticInputShapes", c"1")],
        ),
        Device::Cuda(index) => append_cuda(library, options, index, precision),
        _ => append_cpu(options, precision),
    };
    appended.map_err(|fault| {
        let reason = format!("its provider for {device} does not start: {}", fault.message);
        unavailable(reason, hint(device))
    })
}

fn append_cpu(options: &mut SessionOptions, precision: Precision) -> Result<(), Fault> {
    match precision {
        Precision::Bf16 => options.set(c"mlas.enable_gemm_fastmath_arm64_bfloat16", c"1"),
        _ => Ok(()),
    }
}

fn append_cuda(
    library: &Library,
    options: &mut SessionOptions,
    index: u32,
    precision: Precision,
) -> Result<(), Fault> {
    super::cuda_libraries::preload(library);
    let index = CString::new(index.to_string()).map_err(|error| Fault::new(error.to_string()))?;
    let tf32 = if precision == Precision::Tf32 { c"1" } else { c"0" };
    options.append_cuda(&[(c"device_id", &index), (c"use_tf32", tf32)])
}

fn hint(device: Device) -> Option<String> {
    match device {
        Device::Cuda(_) => Some("pip install onnxruntime-gpu[cuda,cudnn]".to_owned()),
        Device::WebGpu => Some("pip install onnxruntime-webgpu".to_owned()),
        _ => None,
    }
}
