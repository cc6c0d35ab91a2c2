use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use phalanx_tensor::{Shape, Tensor};
use tract_onnx::prelude::{DatumType, Tensor as TractTensor};

use super::dtype;
use crate::constant::ContentHash;

/// The constants of the plans that exist of one model: equal ones share their bytes.
#[derive(Debug, Default)]
pub(crate) struct Constants(Mutex<HashMap<ContentHash, Weak<TractTensor>>>);

impl Constants {
    /// tract's tensor as one of ours, without a copy; one that shares the bytes of an equal one where there is one.
    ///
    /// # Errors
    /// Text, where its elements are none that a plan can hold.
    pub(crate) fn intern(&self, tensor: &Arc<TractTensor>) -> Result<Tensor, String> {
        let (converted, owner) = convert(tensor)?;
        let hash = ContentHash::of(&converted);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.get(&hash).and_then(Weak::upgrade) {
            return convert(&same).map(|(tensor, _)| tensor);
        }
        known.retain(|_, tensor| tensor.strong_count() > 0);
        known.insert(hash, Arc::downgrade(&owner));
        Ok(converted)
    }
}

/// Bytes that tract owns.
struct Shared(Arc<TractTensor>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.try_as_plain_ram().map_or(&[], |plain| plain.as_bytes())
    }
}

/// Ours, and who owns its bytes.
fn convert(tensor: &Arc<TractTensor>) -> Result<(Tensor, Arc<TractTensor>), String> {
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
    let bytes = Bytes::from_owner(Shared(Arc::clone(&owner)));
    let tensor =
        Tensor::from_bytes(dtype, Shape::new(owner.shape()), bytes).map_err(|error| error.to_string())?;
    Ok((tensor, owner))
}
