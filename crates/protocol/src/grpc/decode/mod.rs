//! From protobuf to messages.

mod contents;
mod parameters;
mod request;
mod response;
mod tensor;

pub use request::decode_request;
pub use response::decode_response;
