//! From bytes to messages.

mod data;
mod fields;
mod parameters;
mod request;
mod response;
mod sections;
mod tensor;

pub use request::decode_request;
pub use response::decode_response;
