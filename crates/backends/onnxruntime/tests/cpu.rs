//! The backend suite on the CPU, with the library that is found as users' is.

mod common;

use std::sync::Arc;

use phalanx_backend::Device;
use phalanx_backend_suite::Subject;

fn subject() -> Option<Subject> {
    common::runtime(None).map(|runtime| Subject::new(Arc::new(runtime), Device::Cpu))
}

phalanx_backend_suite::backend_suite!(subject());
