use http::{HeaderMap, HeaderName};

use crate::ServeError;
use crate::http::compression::Encoding;

pub(super) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPTED: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// What those messages of a call are compressed with that say they are.
pub(super) fn of_messages(headers: &HeaderMap) -> Result<Option<Encoding>, ServeError> {
    match headers.get(ENCODING).map(http::HeaderValue::as_bytes) {
        None | Some(b"identity" | b"") => Ok(None),
        Some(b"gzip") => Ok(Some(Encoding::Gzip)),
        Some(b"deflate") => Ok(Some(Encoding::Deflate)),
        Some(other) => {
            let what = format!("{ENCODING} {:?}", String::from_utf8_lossy(other));
            Err(ServeError::Unsupported { what })
        }
    }
}

/// What to compress the answer with: what the client compresses with itself. One that does not only says what it could
/// read, and gains nothing from our compressing.
pub(super) fn of_answer(headers: &HeaderMap, of_messages: Option<Encoding>) -> Option<Encoding> {
    let encoding = of_messages?;
    let accepted = headers.get(ACCEPTED)?.to_str().ok()?;
    accepted.split(',').any(|name| name.trim() == encoding.name()).then_some(encoding)
}
