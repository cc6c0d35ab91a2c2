use std::sync::Arc;

use bytes::Bytes;
use phalanx_backend::BackendError;
use phalanx_tensor::{DType, Shape, Tensor};
use tract_onnx::prelude::tract_ndarray::ArrayD;
use tract_onnx::prelude::{IntoTValue, TValue, Tensor as TractTensor, TractResult};
use tract_onnx::tract_core::internal::{TractErrorContext, bail, ensure};

use crate::dtype::{datum_type, dtype};
use crate::{prepare_error, run_error};

/// A tensor to be filled before a run, in memory that tract allocated.
///
/// tract takes only tensors that it owns, so that one copy of a run's inputs is unavoidable. The tensor is kept
/// between runs, so that this is all: no allocation, no page faults.
pub(crate) fn empty(dtype: DType, shape: &Shape) -> Result<Arc<TractTensor>, BackendError> {
    let datum_type =
        datum_type(dtype).ok_or_else(|| prepare_error(format!("there are no tensors of {dtype}")))?;
    TractTensor::zero_dt(datum_type, shape).map(Arc::new).map_err(run_error)
}

/// Copies `bytes` into `tensor`, into a new one where tract still holds on to it.
pub(crate) fn fill(tensor: &mut Arc<TractTensor>, bytes: &[u8]) -> TractResult<()> {
    if Arc::get_mut(tensor).is_none() {
        *tensor = Arc::new(TractTensor::zero_dt(tensor.datum_type(), tensor.shape())?);
    }
    let target = Arc::get_mut(tensor).context("the tensor was just made")?;
    let is_bool = dtype(target.datum_type()) == Some(DType::Bool);
    let mut plain = target.try_as_plain_ram_mut()?;
    let target = plain.as_bytes_mut();
    ensure!(target.len() == bytes.len(), "expected {} bytes, got {}", target.len(), bytes.len());
    if is_bool {
        // Any other byte would be no valid `bool`.
        target.iter_mut().zip(bytes).for_each(|(target, &byte)| *target = u8::from(byte != 0));
    } else {
        target.copy_from_slice(bytes);
    }
    Ok(())
}

/// A request's tensor as tract's own.
pub(crate) fn to_tract(tensor: &Tensor) -> Result<TValue, BackendError> {
    if let Some(texts) = tensor.strings() {
        let array = ArrayD::from_shape_vec(&tensor.shape()[..], texts.to_vec()).map_err(run_error)?;
        return Ok(TractTensor::from(array).into_tvalue());
    }
    let mut copy = empty(tensor.dtype(), tensor.shape())?;
    fill(&mut copy, tensor.bytes()).map_err(run_error)?;
    Ok(copy.into_tvalue())
}

/// tract's tensor as one of ours.
pub(crate) fn from_tract(value: &TractTensor) -> TractResult<Tensor> {
    let dtype =
        dtype(value.datum_type()).with_context(|| format!("an output of {:?}", value.datum_type()))?;
    let shape = Shape::new(value.shape());
    let plain = value.try_as_plain_ram()?;
    if dtype == DType::String {
        return Ok(Tensor::from_strings(shape, plain.as_slice::<String>()?.to_vec())?);
    }
    Ok(Tensor::from_bytes(dtype, shape, Bytes::copy_from_slice(plain.as_bytes()))?)
}

/// Copies an output of the expected dtype and shape to `target`.
pub(crate) fn write(value: &TractTensor, expected: (DType, &Shape), target: &mut [u8]) -> TractResult<()> {
    let got = (dtype(value.datum_type()), value.shape());
    if got != (Some(expected.0), &expected.1[..]) {
        bail!("expected an output of {} {}, got {:?}", expected.0, expected.1, value.datum_type());
    }
    let plain = value.try_as_plain_ram()?;
    ensure!(plain.as_bytes().len() <= target.len(), "the slot is too small for its layout");
    target[..plain.as_bytes().len()].copy_from_slice(plain.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_come_back_as_they_went() {
        let strings = Tensor::from_strings([2], vec!["a".to_owned(), "雪".to_owned()]).unwrap();
        let numbers = Tensor::from_vec([2, 1], vec![i64::MIN, 7]).unwrap();
        let empty = Tensor::zeros(DType::F32, [0, 3]).unwrap();
        let scalar = Tensor::from_vec([], vec![1.5_f64]).unwrap();
        for tensor in [strings, numbers, empty, scalar] {
            assert_eq!(from_tract(&to_tract(&tensor).unwrap()).unwrap(), tensor);
        }
    }

    #[test]
    fn booleans_are_made_valid() {
        let odd = Tensor::from_bytes(DType::Bool, [3], Bytes::from_static(&[0, 1, 255])).unwrap();
        let back = from_tract(&to_tract(&odd).unwrap()).unwrap();
        assert_eq!(back.bytes(), [0, 1, 1]);
    }

    #[test]
    fn a_tensor_that_is_still_held_is_replaced() {
        let mut tensor = empty(DType::U8, &Shape::from([2])).unwrap();
        fill(&mut tensor, &[1, 2]).unwrap();
        let held = Arc::clone(&tensor);
        fill(&mut tensor, &[3, 4]).unwrap();
        assert_eq!(held.try_as_plain_ram().unwrap().as_bytes(), [1, 2]);
        assert_eq!(tensor.try_as_plain_ram().unwrap().as_bytes(), [3, 4]);
        assert!(fill(&mut tensor, &[1]).is_err());
    }
}
