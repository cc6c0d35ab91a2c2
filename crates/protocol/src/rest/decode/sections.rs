use bytes::Bytes;

use crate::ProtocolError;
use crate::place::Place;

/// The bytes behind the JSON, handed out section by section.
pub(super) struct Sections {
    rest: Bytes,
    len: usize,
}

/// Parts a body into JSON and what follows it.
pub(super) fn split(body: &Bytes, json_len: Option<usize>) -> Result<(&[u8], Sections), ProtocolError> {
    let json_len = json_len.unwrap_or(body.len());
    let Some(json) = body.get(..json_len) else {
        let expected = format!("at most the body's {} bytes", body.len());
        return Err(ProtocolError::field("Inference-Header-Content-Length", expected, json_len));
    };
    let rest = body.slice(json_len..);
    Ok((json, Sections { len: rest.len(), rest }))
}

impl Sections {
    /// The next `size` bytes, shared with the body.
    pub(super) fn take(&mut self, size: u64, place: Place) -> Result<Bytes, ProtocolError> {
        match usize::try_from(size) {
            Ok(size) if size <= self.rest.len() => Ok(self.rest.split_to(size)),
            _ => {
                let expected = format!("at most the {} bytes left behind the JSON", self.rest.len());
                Err(place.error("parameters.binary_data_size", expected, size))
            }
        }
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), ProtocolError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let expected = format!("{} bytes, as binary_data_size says in all", self.len - self.rest.len());
        Err(ProtocolError::field("binary data", expected, self.len))
    }
}
