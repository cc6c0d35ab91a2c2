//! Open Inference Protocol v2, as KServe and Triton define it: its messages, as JSON with the binary tensor
//! extension and as protobuf. No I/O, and no knowledge of what a model is.
//!
//! [`InferRequest`] and [`InferResponse`] are what both transports mean; [`rest`] and [`grpc`] turn bytes into them and
//! back.

#[cfg(target_endian = "big")]
compile_error!("the protocol's bytes are little-endian, and tensors hold them as they are");

mod checked;
mod datatype;
mod dims;
mod error;
pub mod grpc;
mod limits;
mod message;
mod parameters;
mod place;
pub mod rest;
mod strings;
mod values;

pub use datatype::{datatype, dtype};
pub use error::ProtocolError;
pub use limits::Limits;
pub use message::{
    InferInput, InferOutput, InferRequest, InferResponse, InputData, OutputData, Placement, RequestedOutput,
    SharedMemory,
};
pub use parameters::{Parameter, Parameters};
