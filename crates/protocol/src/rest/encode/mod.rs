//! From messages to bytes.

mod request;
mod response;
mod shortest;
mod singles;
mod tensor;
mod text;

pub use request::encode_request;
pub use response::encode_response;
