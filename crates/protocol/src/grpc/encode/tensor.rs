use bytes::Bytes;
use phalanx_tensor::{Shape, Tensor};

use crate::place::Place;
use crate::{ProtocolError, strings};

/// Dimensions as protobuf has them.
pub(super) fn shape(shape: &Shape, place: Place) -> Result<Vec<i64>, ProtocolError> {
    let signed = |&dim: &usize| {
        i64::try_from(dim).map_err(|_| place.error("shape", "dimensions that 63 bits hold", dim))
    };
    shape.iter().map(signed).collect()
}

/// A tensor's values as raw contents.
pub(super) fn raw(tensor: &Tensor, place: Place) -> Result<Bytes, ProtocolError> {
    match tensor.strings() {
        Some(values) => strings::encoded(values, place),
        None => Ok(Bytes::copy_from_slice(tensor.bytes())),
    }
}
