//! The backend suite on WebGPU, with the library that `PHALANX_ONNXRUNTIME_WEBGPU` names (`ci/webgpu.sh` prints it).
//! A test target of its own, since a process loads one library.

mod common;

use std::sync::Arc;

use phalanx_backend::{Backend, Device, PrepareOptions};
use phalanx_backend_suite::Subject;
use phalanx_model::samples;
use phalanx_onnxruntime::OnnxRuntime;

fn runtime() -> Option<OnnxRuntime> {
    common::runtime(Some("PHALANX_ONNXRUNTIME_WEBGPU"))
}

fn subject() -> Option<Subject> {
    runtime().map(|runtime| Subject::new(Arc::new(runtime), Device::WebGpu))
}

phalanx_backend_suite::backend_suite!(subject());

#[test]
fn the_device_is_listed_before_the_cpu() {
    let Some(runtime) = runtime() else { return };
    let devices: Vec<Device> = runtime.devices().unwrap().iter().map(|info| info.device).collect();
    assert_eq!(devices.first(), Some(&Device::WebGpu));
    assert_eq!(devices.last(), Some(&Device::Cpu));
}

/// WebGPU has no kernel for `NonZero`, and has one for everything in `tiny`.
#[test]
fn nodes_left_on_the_cpu_are_counted() {
    let Some(runtime) = runtime() else { return };
    let placement = |model| {
        let program = runtime.prepare(&model, Device::WebGpu, &PrepareOptions::default()).unwrap();
        program.placement()
    };
    let all = placement(samples::tiny());
    assert!(all.nodes > 0 && all.on_cpu.is_empty(), "{all:?}");
    let some = placement(samples::data_dependent_shape());
    assert!(some.on_cpu.contains(&("NonZero".to_owned(), 1)), "{some:?}");
    assert!(some.cpu_share() > 0.0 && some.cpu_share() < 1.0 + f64::EPSILON);
}
