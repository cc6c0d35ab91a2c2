use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use half::{bf16, f16};
use phalanx_backend::BackendError;
use phalanx_plan::{Constant, ContentHash};
use phalanx_tensor::{DType, Tensor};

use crate::driver::{DeviceMemory, Stream};
use crate::error;

/// The constants of a model on the device. They live as long as a bucket that reads them.
#[derive(Debug)]
pub(super) struct Weights {
    stream: Arc<Stream>,
    loaded: Mutex<HashMap<(ContentHash, DType), Weak<DeviceMemory>>>,
}

impl Weights {
    pub(super) fn new(stream: &Arc<Stream>) -> Self {
        Self { stream: Arc::clone(stream), loaded: Mutex::default() }
    }

    /// These constants on the device, in their order; those that are there already are shared.
    ///
    /// # Errors
    /// [`BackendError::OutOfMemory`].
    pub(super) fn load(&self, constants: &[Constant]) -> Result<Vec<Arc<DeviceMemory>>, BackendError> {
        let loaded: Result<Vec<_>, _> = constants.iter().map(|constant| self.load_one(constant)).collect();
        // Other streams read them from now on.
        self.stream.finish()?;
        loaded
    }

    fn load_one(&self, constant: &Constant) -> Result<Arc<DeviceMemory>, BackendError> {
        let key = (constant.hash, constant.dtype);
        let known = self.lock().get(&key).and_then(Weak::upgrade);
        if let Some(memory) = known {
            return Ok(memory);
        }
        let bytes = rounded(&constant.tensor, constant.dtype)?;
        let memory = Arc::new(DeviceMemory::new(&self.stream, bytes.len())?);
        memory.upload(&bytes)?;
        let mut loaded = self.lock();
        loaded.retain(|_, memory| memory.strong_count() > 0);
        loaded.insert(key, Arc::downgrade(&memory));
        Ok(memory)
    }

    /// What they take.
    pub(super) fn size_bytes(&self) -> usize {
        self.lock().values().filter_map(Weak::upgrade).map(|memory| memory.len_bytes()).sum()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(ContentHash, DType), Weak<DeviceMemory>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of a constant in the dtype in which it is read.
fn rounded(tensor: &Tensor, dtype: DType) -> Result<Vec<u8>, BackendError> {
    if tensor.dtype() == dtype {
        return Ok(tensor.bytes().to_vec());
    }
    let floats: Vec<f32> = tensor.to_vec().map_err(|error| error::prepare(error.to_string()))?;
    match dtype {
        DType::F16 => Ok(floats.into_iter().flat_map(|value| f16::from_f32(value).to_ne_bytes()).collect()),
        DType::BF16 => Ok(floats.into_iter().flat_map(|value| bf16::from_f32(value).to_ne_bytes()).collect()),
        other => Err(error::prepare(format!("a constant of {} cannot be stored as {other}", tensor.dtype()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_rounded_to_the_nearest() {
        let tensor = Tensor::from_vec([3], vec![1.0_f32, -2.5, 65504.0]).expect("3 numbers");
        let halves: Vec<u8> =
            [1.0, -2.5, 65504.0].iter().flat_map(|&it| f16::from_f32(it).to_ne_bytes()).collect();
        assert_eq!(rounded(&tensor, DType::F16).expect("is rounded"), halves);
        assert_eq!(rounded(&tensor, DType::F32).expect("is copied"), tensor.bytes());
        assert!(rounded(&tensor, DType::I8).is_err());
    }
}
