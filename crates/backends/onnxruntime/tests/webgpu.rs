//! The backend suite on WebGPU, with the library that `PHALANX_ONNXRUNTIME_WEBGPU` names (`ci/webgpu.sh` prints it).
//! A test target of its own, since a process loads one library.

mod common;

use std::sync::Arc;

use phalanx_backend::Device;
use phalanx_backend_suite::Subject;

fn subject() -> Option<Subject> {
    let runtime = common::named("PHALANX_ONNXRUNTIME_WEBGPU")?;
    Some(Subject::new(Arc::new(runtime), Device::WebGpu))
}

phalanx_backend_suite::backend_suite!(subject());
