//! The shared suite, on the CPU.

use std::sync::Arc;

use phalanx_backend::Device;
use phalanx_backend_suite::Subject;
use phalanx_tract::Tract;

fn subject() -> Subject {
    Subject::new(Arc::new(Tract), Device::Cpu).with_gaps(&[("identity_bf16", "tract has no bfloat16")])
}

phalanx_backend_suite::backend_suite!(subject());
