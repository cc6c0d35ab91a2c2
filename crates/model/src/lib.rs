//! ONNX files: what they declare, what they are made of, and small ones built for tests and demonstrations.
//!
//! [`Model`] reads a file and says what it takes and gives; nothing here runs one. [`proto`] has the messages that a
//! file consists of, [`GraphBuilder`] puts one together, and [`samples`] has some that are ready.

mod builder;
mod constants;
mod decode;
mod error;
mod external;
mod graphs;
mod half_gemm;
mod memory;
mod model;
mod operators;
pub mod proto;
mod read;
pub mod samples;
mod signature;
mod wire;

pub use builder::GraphBuilder;
pub use error::{ModelError, Origin};
pub use half_gemm::half_gemm_spelled_out;
pub use model::Model;
