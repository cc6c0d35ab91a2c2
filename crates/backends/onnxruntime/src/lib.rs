//! The `onnxruntime` backend: Microsoft's ONNX Runtime on the CPU, on CUDA, on WebGPU and on CoreML.
//!
//! Its shared library is found at run time (see [`OnnxRuntime`]), so that a program built with this crate starts
//! where there is none. A program is one session that all lanes share; a lane runs it on the thread it was opened on,
//! over the buffers of its slots, without a copy of inputs or outputs on the CPU.
//!
//! The C interface is that of version 1.20, which every later library has; see `onnxruntime_c_api.h` in the sources
//! of ONNX Runtime.

mod backend;
mod device;
mod errors;
mod lane;
mod library;
mod program;
mod sys;

pub use backend::OnnxRuntime;
pub use library::Library;

/// The name this backend is chosen by.
pub(crate) const NAME: &str = "onnxruntime";
