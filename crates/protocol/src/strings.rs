//! BYTES tensors in binary form: each element's length in four bytes, the lowest first, and then the element.

use bytes::Bytes;
use phalanx_tensor::{DType, Shape, Tensor};

use crate::place::Place;
use crate::{Limits, ProtocolError};

/// Bytes of the length before each element.
const LENGTH_BYTES: usize = 4;

/// Reads a tensor's elements; `field` is what errors name.
pub(crate) fn decode(
    bytes: &[u8],
    shape: Shape,
    place: Place,
    field: &str,
    limits: &Limits,
) -> Result<Tensor, ProtocolError> {
    let elements = crate::dims::elements_read(DType::String, &shape, place, limits)?;
    let least = elements.saturating_mul(LENGTH_BYTES);
    if bytes.len() < least {
        let expected = format!("at least {least} bytes for {elements} elements of BYTES");
        return Err(place.error(field, expected, bytes.len()));
    }
    let mut values = Vec::with_capacity(elements);
    let mut rest = bytes;
    while !rest.is_empty() {
        if values.len() == elements {
            let expected = format!("nothing behind {elements} elements of BYTES");
            return Err(place.error(field, expected, format_args!("{} bytes", rest.len())));
        }
        let (element, after) = split(rest).ok_or_else(|| {
            let got = format!("the end within element {}", values.len());
            place.error(field, "elements of BYTES, each behind its length in four bytes", got)
        })?;
        values.push(text(element, values.len(), place, field)?.to_owned());
        rest = after;
    }
    let got = values.len();
    Tensor::from_strings(shape, values)
        .map_err(|_| place.error(field, format_args!("{elements} elements of BYTES"), got))
}

/// The first element and what follows it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// An element as text: a model's strings are UTF-8.
pub(crate) fn text<'a>(
    element: &'a [u8],
    index: usize,
    place: Place,
    field: &str,
) -> Result<&'a str, ProtocolError> {
    std::str::from_utf8(element).map_err(|error| {
        let got = format!("byte {:#04x} in element {index}", element[error.valid_up_to()]);
        place.error(field, "BYTES that are UTF-8, as a model's strings are", got)
    })
}

/// How long [`encode`] makes these.
pub(crate) fn encoded_len(values: &[String]) -> usize {
    values.iter().map(|text| LENGTH_BYTES + text.len()).sum()
}

/// Appends a tensor's elements.
///
/// # Errors
/// Where one is longer than four bytes can say.
pub(crate) fn encode(out: &mut Vec<u8>, values: &[String], place: Place) -> Result<(), ProtocolError> {
    for text in values {
        let length = u32::try_from(text.len()).map_err(|_| {
            place.error("data", "elements shorter than 4 GiB", format_args!("{} bytes", text.len()))
        })?;
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    Ok(())
}

/// The elements in a buffer of their own.
pub(crate) fn encoded(values: &[String], place: Place) -> Result<Bytes, ProtocolError> {
    let mut out = Vec::with_capacity(encoded_len(values));
    encode(&mut out, values, place)?;
    Ok(out.into())
}
