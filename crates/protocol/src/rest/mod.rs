//! Messages as REST carries them: JSON, and behind it the bytes of those tensors that are sent in binary form.
//!
//! What the [binary tensor extension] leaves open is settled as Triton settles it: sections follow the JSON in the order
//! of the tensors, without gaps; a length of 0 in `Inference-Header-Content-Length` means that the whole body is the
//! only input's values; members of an object that nobody knows are ignored. FP16 and BF16 travel in binary form only,
//! and numbers that JSON has none for as the words `NaN`, `Infinity` and `-Infinity`.
//!
//! [binary tensor extension]: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/extension_binary_data.md

mod decode;
mod encode;
mod json;
pub mod metadata;
pub mod schema;

use bytes::Bytes;

pub use decode::{decode_request, decode_response};
pub use encode::{encode_request, encode_response};

/// The header that says how long the JSON before the binary sections is.
pub const JSON_LENGTH_HEADER: &str = "inference-header-content-length";

/// A message ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// What [`JSON_LENGTH_HEADER`] has to say; `None` where the body is JSON and nothing else.
    pub json_len: Option<usize>,
    /// The body.
    pub body: Bytes,
}
