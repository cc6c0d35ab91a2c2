//! From messages to protobuf.

mod parameters;
mod request;
mod response;
mod tensor;

pub use request::encode_request;
pub use response::encode_response;
