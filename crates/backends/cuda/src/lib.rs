//! The CUDA backend: a plan captured as one graph per bucket, for NVIDIA GPUs.
//!
//! A batch is one submission: its graph copies the inputs from pinned memory, runs the plan's steps, and copies the
//! outputs back; an event behind it says when it has ended. Each slot has a stream of its own, so that the copies of one
//! batch overlap with the computation of others. Products are cuBLASLt's, the fastest of its algorithms for each shape;
//! all else is generated (`kernels`), compiled by NVRTC and kept on disk.
//!
//! The driver and its libraries are found at run time: nothing here is linked to CUDA. It takes a driver for CUDA 12.0
//! (version 525) or newer, and NVRTC and cuBLASLt of CUDA 12 or 13.

mod backend;
mod compile;
mod driver;
mod error;
mod kernels;
mod lane;
mod libraries;
pub mod ops;
mod products;
mod program;

pub use backend::Cuda;

/// The name it is chosen by.
pub const NAME: &str = "cuda";
