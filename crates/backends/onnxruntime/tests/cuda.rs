//! The backend suite on CUDA, with the library that `PHALANX_ONNXRUNTIME_CUDA` names: PyPI's `onnxruntime-gpu`, with
//! CUDA's own libraries beside it (`pip install onnxruntime-gpu[cuda,cudnn]`) or in the system. Without it the cases
//! do nothing, also where the runtime must be there: few machines have the hardware.

mod common;

use std::sync::Arc;

use phalanx_backend::{Backend, Device, Precision, PrepareOptions};
use phalanx_backend_suite::{Rig, Subject};
use phalanx_model::samples;
use phalanx_onnxruntime::OnnxRuntime;
use phalanx_tensor::{DType, Tensor};

const LIBRARY: &str = "PHALANX_ONNXRUNTIME_CUDA";

fn runtime() -> Option<OnnxRuntime> {
    if std::env::var_os(LIBRARY).is_some() {
        return common::runtime(Some(LIBRARY));
    }
    common::say_skipped(&format!("{LIBRARY} names no library"));
    None
}

fn subject() -> Option<Subject> {
    runtime().map(|runtime| Subject::new(Arc::new(runtime), Device::Cuda(0)))
}

phalanx_backend_suite::backend_suite!(subject());

#[test]
fn tf32_differs_and_fp32_does_not() {
    let Some(runtime) = runtime() else { return };
    let input = [Tensor::from_vec([64, 256], vec![0.1_f32; 64 * 256]).unwrap()];
    let [fp32, tf32, cpu] = [
        (Precision::Fp32, Device::Cuda(0)),
        (Precision::Tf32, Device::Cuda(0)),
        (Precision::Fp32, Device::Cpu),
    ]
    .map(|(precision, device)| {
        let options = PrepareOptions { precision, ..PrepareOptions::default() };
        let program = runtime.prepare(&samples::mlp(1), device, &options).unwrap();
        Rig::open(&program).unwrap().batch(&input).unwrap()
    });
    let far = |left: &[Tensor], right: &[Tensor]| {
        phalanx_backend_suite::difference(&left[0], &right[0], 1e-5).is_some()
    };
    assert!(!far(&cpu, &fp32));
    assert!(far(&cpu, &tf32));
}

/// CUDA has no kernel for strings, and one for every node of `encoder` that is not about shapes.
#[test]
fn nodes_left_on_the_cpu_are_counted() {
    let Some(runtime) = runtime() else { return };
    let placement = |model| {
        let program = runtime.prepare(&model, Device::Cuda(0), &PrepareOptions::default()).unwrap();
        program.placement()
    };
    let all = placement(samples::mlp(1));
    assert!(all.nodes > 0 && all.on_cpu.is_empty(), "{all:?}");
    assert!(!placement(samples::identity(DType::String)).on_cpu.is_empty());
}
