use bytes::Bytes;
use phalanx_protocol::ProtocolError;
use serde::de::DeserializeOwned;

use crate::ServeError;

/// The JSON of a body; what `T` is by default where there is none.
///
/// # Errors
/// [`ServeError::Protocol`] for anything else.
pub(super) fn optional<T: DeserializeOwned + Default>(body: &Bytes) -> Result<T, ServeError> {
    if body.trim_ascii().is_empty() { Ok(T::default()) } else { required(body) }
}

/// The JSON of a body.
///
/// # Errors
/// As [`optional`].
pub(super) fn required<T: DeserializeOwned>(body: &Bytes) -> Result<T, ServeError> {
    serde_json::from_slice(body).map_err(|error| ProtocolError::Json { message: error.to_string() }.into())
}
