//! The shared suite, on the first NVIDIA GPU. Without one the cases say so and check nothing, or fail where
//! `PHALANX_REQUIRE_CUDA` is set.
#![expect(clippy::print_stdout, reason = "says why nothing is checked")]

use std::sync::Arc;

use phalanx_backend::{Backend, Device};
use phalanx_backend_suite::Subject;
use phalanx_cuda::Cuda;

const GAPS: &[(&str, &str)] = &[
    ("identity_bf16", "tract, which reads the models that plans are made of, has no bfloat16"),
    ("identity_f64", "kernels compute in single precision"),
    ("identity_u64", "kernels compute with signed integers"),
    ("identity_string", "a GPU has no strings"),
    ("data_dependent_shape", "a graph is recorded for fixed shapes"),
];

fn subject() -> Option<Subject> {
    let missing = match Cuda::new().devices() {
        Ok(devices) if !devices.is_empty() => {
            return Some(Subject::new(Arc::new(Cuda::new()), Device::Cuda(0)).with_gaps(GAPS));
        }
        Ok(_) => "the driver has no GPU".to_owned(),
        Err(error) => error.to_string(),
    };
    assert!(std::env::var_os("PHALANX_REQUIRE_CUDA").is_none(), "{missing}");
    println!("nothing is checked: {missing}");
    None
}

phalanx_backend_suite::backend_suite!(subject());
