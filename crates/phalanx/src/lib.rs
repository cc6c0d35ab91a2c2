//! Runs a trained model (ONNX) for many callers at once, as fast as the machine allows.
//!
//! Many small requests become few large batches; the next batch is gathered while one computes; nothing waits except
//! where a result is handed out.
//!
//! ```
//! use phalanx::{Engine, Request, Tensor, samples};
//!
//! let engine = Engine::builder(samples::tiny()).build()?;
//! let row = Tensor::from_vec([1, 4], vec![1.0_f32, 2.0, 3.0, 4.0])?;
//! let response = engine.infer_blocking(Request::new(vec![row]))?;
//! assert_eq!(response.into_tensors()[0].as_slice::<f32>()?, [3.0, 5.0, 7.0, 9.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same from an async caller is `engine.infer(request).await`, on any runtime.

pub use phalanx_engine::*;
pub use phalanx_model::{Model, ModelError, samples};
pub use phalanx_tensor::{BatchAxis, DType, Dim, Element, Shape, Signature, Tensor, TensorError, TensorInfo};

/// What a runtime must offer to carry batches, to bring one of your own.
pub mod backend {
    pub use phalanx_backend::*;
}

pub use phalanx_backend::{BackendError, Device, DeviceInfo, Optimize, Precision};

/// The README's Rust blocks are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
