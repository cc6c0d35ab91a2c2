use std::sync::Arc;

use bytes::Bytes;
use phalanx_tensor::{Shape, Tensor};
use tract_onnx::prelude::{DatumType, Tensor as TractTensor};

use super::dtype;

/// Bytes that tract owns.
struct Owned(Arc<TractTensor>);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        self.0.try_as_plain_ram().map_or(&[], |plain| plain.as_bytes())
    }
}

/// tract's tensor as one of ours, without a copy.
///
/// # Errors
/// Text, where its elements are none that a plan can hold.
pub(crate) fn constant(tensor: &Arc<TractTensor>) -> Result<Tensor, String> {
    let kind = || format!("a constant of {:?}", tensor.datum_type());
    let dtype = dtype(tensor.datum_type()).ok_or_else(kind)?;
    let owner = if tensor.datum_type() == DatumType::TDim {
        let sizes = tensor.cast_to_dt(DatumType::I64).map_err(|error| format!("{error:#}"))?;
        Arc::new(sizes.into_owned())
    } else {
        Arc::clone(tensor)
    };
    if owner.try_as_plain_ram().is_err() {
        return Err(kind());
    }
    let shape = Shape::new(owner.shape());
    Tensor::from_bytes(dtype, shape, Bytes::from_owner(Owned(owner))).map_err(|error| error.to_string())
}
