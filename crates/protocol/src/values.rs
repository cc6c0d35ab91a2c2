//! The values of a tensor that came as bytes.

use bytes::Bytes;
use phalanx_tensor::{DType, Shape, Tensor};

use crate::place::Place;
use crate::{Limits, ProtocolError, datatype, dims, strings};

/// A tensor that shares `bytes`; `field` is what errors name.
pub(crate) fn from_bytes(
    dtype: DType,
    shape: Shape,
    bytes: Bytes,
    place: Place,
    field: &str,
    limits: &Limits,
) -> Result<Tensor, ProtocolError> {
    if dtype == DType::String {
        return strings::decode(&bytes, shape, place, field, limits);
    }
    check_size(dtype, &shape, bytes.len() as u64, place, field)?;
    if dtype == DType::Bool && bytes.iter().any(|&byte| byte > 1) {
        return Err(place.error(field, "bytes that are 0 or 1 for BOOL", "others"));
    }
    Tensor::from_bytes(dtype, shape, bytes).map_err(|error| place.error(field, "a tensor", error))
}

/// That a tensor of this type and shape takes `size` bytes. BYTES may take any.
pub(crate) fn check_size(
    dtype: DType,
    shape: &Shape,
    size: u64,
    place: Place,
    field: &str,
) -> Result<(), ProtocolError> {
    let elements = dims::elements(dtype, shape, place)?;
    let Some(element) = dtype.size_bytes() else { return Ok(()) };
    let expected = elements * element;
    if expected as u64 != size {
        let expected = format!("{expected} bytes for {} {shape}", datatype(dtype));
        return Err(place.error(field, expected, size));
    }
    Ok(())
}
