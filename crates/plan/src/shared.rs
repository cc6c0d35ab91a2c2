use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use phalanx_tensor::{Shape, Tensor};

use crate::constant::{Constant, ContentHash};

/// The constants of all plans of a model that exist: equal ones share their bytes.
#[derive(Debug, Default)]
pub(crate) struct SharedConstants(Mutex<HashMap<(ContentHash, Shape), Weak<Tensor>>>);

/// Bytes that constants of several plans hold on to.
struct Holder(Arc<Tensor>);

impl AsRef<[u8]> for Holder {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl SharedConstants {
    /// Lets a constant share the bytes of an equal one, or others share its.
    pub(crate) fn share(&self, constant: &mut Constant) {
        let (dtype, shape) = (constant.tensor.dtype(), constant.tensor.shape().clone());
        let key = (constant.hash, shape.clone());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = known.get(&key).and_then(Weak::upgrade).unwrap_or_else(|| {
            known.retain(|_, tensor| tensor.strong_count() > 0);
            let owner = Arc::new(constant.tensor.clone());
            known.insert(key, Arc::downgrade(&owner));
            owner
        });
        // The bytes are those of a tensor of this dtype and shape.
        if let Ok(tensor) = Tensor::from_bytes(dtype, shape, Bytes::from_owner(Holder(owner))) {
            constant.tensor = tensor;
        }
    }
}
