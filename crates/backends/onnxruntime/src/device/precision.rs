use phalanx_backend::{BackendError, Device, Precision};
use phalanx_model::Model;
use phalanx_tensor::DType;

use crate::NAME;

/// Makes sure that `device` can run `model` in `precision`: the runtime rewrites no model, so half precision is only
/// there where the model brings it.
pub(crate) fn check(device: Device, precision: Precision, model: &Model) -> Result<(), BackendError> {
    let supported = match precision {
        Precision::Fp32 => true,
        Precision::Tf32 => matches!(device, Device::Cuda(_)),
        Precision::Fp16 => device != Device::Cpu && is_half(model),
        Precision::Bf16 => device == Device::Cpu && has_bf16_products(),
    };
    if supported {
        return Ok(());
    }
    Err(BackendError::UnsupportedOption { backend: NAME, device, option: format!("precision {precision}") })
}

/// Whether the floats that `model` takes are all half precision.
fn is_half(model: &Model) -> bool {
    let mut floats = model.signature().inputs.iter().map(|info| info.dtype).filter(|dtype| dtype.is_float());
    floats.next() == Some(DType::F16) && floats.all(|dtype| dtype == DType::F16)
}

/// Whether the runtime's CPU kernels can round the factors of products to bfloat16: on Linux on Arm, where the
/// processor has the instructions.
#[cfg(all(target_arch = "aarch64", target_os = "linux"))]
fn has_bf16_products() -> bool {
    std::arch::is_aarch64_feature_detected!("bf16")
}

/// Whether the runtime's CPU kernels can round the factors of products to bfloat16: nowhere but on Linux on Arm.
#[cfg(not(all(target_arch = "aarch64", target_os = "linux")))]
fn has_bf16_products() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use phalanx_model::samples;

    use super::*;

    #[test]
    fn what_a_device_cannot_do_is_refused_by_name() {
        let (single, half) = (samples::tiny(), samples::f16_model(1));
        let refused = [
            (Device::Cpu, Precision::Tf32, &single),
            (Device::Cpu, Precision::Fp16, &half),
            (Device::WebGpu, Precision::Tf32, &single),
            (Device::Cuda(0), Precision::Fp16, &single),
            (Device::Cuda(0), Precision::Bf16, &single),
        ];
        for (device, precision, model) in refused {
            let error = check(device, precision, model).unwrap_err().to_string();
            assert_eq!(error, format!("onnxruntime on {device} does not support precision {precision}"));
        }
        for device in [Device::Cpu, Device::WebGpu, Device::CoreMl, Device::Cuda(0)] {
            check(device, Precision::Fp32, &single).unwrap();
        }
        check(Device::Cuda(0), Precision::Tf32, &single).unwrap();
        check(Device::Cuda(0), Precision::Fp16, &half).unwrap();
    }
}
