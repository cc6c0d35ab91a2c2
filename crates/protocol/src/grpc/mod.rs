//! Messages as gRPC carries them: the service `inference.GRPCInferenceService`.
//!
//! Tensors are read from typed contents or from raw ones, whichever a message has, and always written raw, which is
//! many times cheaper. A message with both is refused, as Triton refuses it.

mod codes;
mod decode;
mod encode;
pub mod proto;

use bytes::Bytes;

pub use codes::CODES;
pub use decode::{decode_request, decode_response};
pub use encode::{encode_request, encode_response};

use crate::ProtocolError;

/// Reads any of the messages in [`proto`]; their raw contents share `body`'s memory.
///
/// # Errors
/// [`ProtocolError::Protobuf`] for bytes that are no such message.
pub fn parse<M: prost::Message + Default>(body: Bytes) -> Result<M, ProtocolError> {
    M::decode(body).map_err(|error| ProtocolError::Protobuf { message: error.to_string() })
}
