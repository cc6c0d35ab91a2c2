use std::ptr;

use ort::sys::OrtValue;
use phalanx_backend::BackendError;
use phalanx_tensor::{DType, HostBuffer, Signature, Tensor, TensorInfo};
use smallvec::SmallVec;

use crate::sys::{Fault, Session, Value};
use crate::{Library, errors};

/// Runs `inputs` as they are: any shapes the model takes, strings too. The runtime allocates the outputs.
///
/// # Errors
/// [`BackendError::Input`] where the inputs do not fit the signature, and what the runtime says of the run.
pub(crate) fn run_single(
    library: &'static Library,
    session: &Session,
    signature: &Signature,
    inputs: &[Tensor],
) -> Result<Vec<Tensor>, BackendError> {
    expect(signature, inputs)?;
    let fed: Vec<Fed> = inputs
        .iter()
        .map(|tensor| Fed::new(library, tensor))
        .collect::<Result<_, _>>()
        .map_err(errors::run)?;
    let pointers: SmallVec<[*const OrtValue; 8]> =
        fed.iter().map(|fed| fed.value.as_ptr().cast_const()).collect();
    let mut outputs: SmallVec<[*mut OrtValue; 8]> =
        SmallVec::from_elem(ptr::null_mut(), signature.outputs.len());
    // SAFETY: the inputs' values are alive, and so are the tensors they lie over; there is one for each input. All
    // outputs are null.
    unsafe { session.run(&pointers, &mut outputs) }.map_err(errors::run)?;
    // SAFETY: the run has given these away.
    let values = outputs.into_iter().map(|output| unsafe { Value::take(library.api(), output) });
    // All are taken over before one is copied, so that none is left behind when a copy fails.
    let values: Vec<Option<Value>> = values.collect();
    let copy = |value: Option<Value>| match value {
        Some(value) => value.to_tensor(),
        None => Err(Fault::new("the runtime gave no output")),
    };
    values.into_iter().map(copy).collect::<Result<_, _>>().map_err(errors::run)
}

/// An input's value, with what it lies over if that is not the tensor itself.
struct Fed {
    value: Value,
    _aligned: Option<HostBuffer>,
}

impl Fed {
    fn new(library: &'static Library, tensor: &Tensor) -> Result<Self, Fault> {
        if let Some(values) = tensor.strings() {
            let value = Value::strings(library, values, tensor.shape())?;
            return Ok(Self { value, _aligned: None });
        }
        let bytes = tensor.bytes();
        let element = tensor.dtype().size_bytes().unwrap_or(1);
        // Bytes off the network may lie anywhere, and the runtime's kernels take alignment for granted.
        let aligned = (!(bytes.as_ptr() as usize).is_multiple_of(element)).then(|| {
            let mut buffer = HostBuffer::heap(bytes.len());
            buffer.as_mut_slice().copy_from_slice(bytes);
            buffer
        });
        let data = aligned.as_ref().map_or(bytes, HostBuffer::as_slice);
        let place = (data.as_ptr().cast_mut(), data.len());
        // SAFETY: the data outlive this value: the tensor's for the run that it is borrowed for, the copy's beside it.
        // Inputs are only read.
        let value = unsafe { Value::over(library, place, tensor.dtype(), tensor.shape())? };
        Ok(Self { value, _aligned: aligned })
    }
}

fn expect(signature: &Signature, inputs: &[Tensor]) -> Result<(), BackendError> {
    if signature.inputs.len() != inputs.len() {
        let (expected, got) = (format!("{} inputs", signature.inputs.len()), inputs.len().to_string());
        return Err(BackendError::Input { input: String::new(), expected, got });
    }
    let mut pairs = signature.inputs.iter().zip(inputs);
    match pairs.find(|(info, tensor)| info.dtype != tensor.dtype() || !info.accepts(tensor.shape())) {
        None => Ok(()),
        Some((info, tensor)) => Err(mismatch(info, tensor.dtype(), tensor)),
    }
}

fn mismatch(info: &TensorInfo, dtype: DType, tensor: &Tensor) -> BackendError {
    BackendError::Input {
        input: info.name.clone(),
        expected: format!("{} {}", info.dtype, info.dims_text()),
        got: format!("{dtype} {}", tensor.shape()),
    }
}
