use std::sync::Arc;

use phalanx_backend::BackendError;
use phalanx_backend::ops::Operation;
use phalanx_tensor::Tensor;

use super::Queue;
use super::lower::{NUMBERS, RESULT, scratch_bytes};
use crate::driver::{DeviceMemory, Stream};
use crate::kernels::{Argument, Pointer, ProductCall};
use crate::products::Addresses;

/// The operands and the result of one operation, each in memory of its own.
#[derive(Debug)]
pub struct Memory {
    pub(super) operation: Operation,
    stream: Arc<Stream>,
    operands: Vec<DeviceMemory>,
    numbers: Option<DeviceMemory>,
    pub(super) result: DeviceMemory,
    scratch: Option<DeviceMemory>,
}

impl Memory {
    pub(super) fn new(queue: &Queue, operation: &Operation, inputs: &[Tensor]) -> Result<Self, BackendError> {
        check(operation, inputs)?;
        let stream = &queue.stream;
        let filled = |bytes: &[u8]| -> Result<DeviceMemory, BackendError> {
            let memory = DeviceMemory::new(stream, bytes.len())?;
            memory.upload(bytes).map(|()| memory)
        };
        let operands = inputs.iter().map(|tensor| filled(tensor.bytes())).collect::<Result<_, _>>()?;
        let numbers = match operation {
            Operation::Products(_) => None,
            Operation::Lora(pairs) => {
                let bytes: Vec<u8> = pairs.chosen.iter().flat_map(|number| number.to_ne_bytes()).collect();
                Some(filled(&bytes)?)
            }
        };
        let result_bytes = operation.output().size_bytes(operation.dtype());
        let result_bytes = result_bytes.map_err(|error| crate::error::run(error.to_string()))?;
        let scratch_bytes = Some(scratch_bytes(operation)).filter(|&bytes| bytes > 0);
        Ok(Self {
            operation: operation.clone(),
            stream: Arc::clone(stream),
            operands,
            numbers,
            result: DeviceMemory::new(stream, result_bytes)?,
            scratch: scratch_bytes.map(|bytes| DeviceMemory::new(stream, bytes)).transpose()?,
        })
    }

    /// That it was made on this queue.
    pub(super) fn check(&self, queue: &Queue) -> Result<(), BackendError> {
        if Arc::ptr_eq(&self.stream, &queue.stream) {
            return Ok(());
        }
        Err(crate::error::run("expected memory of the same queue, got another's".to_owned()))
    }

    /// A parameter of a kernel.
    pub(super) fn word(&self, argument: &Argument) -> u64 {
        match argument {
            Argument::Pointer(pointer) => self.address(*pointer),
            Argument::U32(number) => u64::from(*number),
        }
    }

    /// Where the operands of a product lie.
    pub(super) fn addresses(
        &self,
        call: &ProductCall,
        (workspace, workspace_bytes): (u64, usize),
    ) -> Addresses {
        at(call, |pointer| self.address(pointer), workspace, workspace_bytes)
    }

    fn address(&self, pointer: Pointer) -> u64 {
        let memory = match pointer {
            Pointer::Scratch { .. } => self.scratch.as_ref(),
            Pointer::Value { id, .. } => match id.0 {
                NUMBERS => self.numbers.as_ref(),
                RESULT => Some(&self.result),
                index => self.operands.get(index),
            },
        };
        let memory = memory.expect("an operation is lowered to what its memory has");
        memory.address() + pointer.offset_bytes() as u64
    }
}

/// Addresses as any memory of an operation has them, as far as their alignment goes.
pub(super) fn alike(call: &ProductCall, workspace_bytes: usize) -> Addresses {
    /// Memory of a GPU begins at multiples of 256 bytes.
    const START: u64 = 256;
    at(call, |pointer| START + pointer.offset_bytes() as u64, START, workspace_bytes)
}

fn at(
    call: &ProductCall,
    address: impl Fn(Pointer) -> u64,
    workspace: u64,
    workspace_bytes: usize,
) -> Addresses {
    let output = address(call.d.pointer);
    Addresses {
        a: address(call.a.pointer),
        b: address(call.b.pointer),
        output,
        residual: output,
        bias: 0,
        workspace,
        workspace_bytes,
    }
}

fn check(operation: &Operation, inputs: &[Tensor]) -> Result<(), BackendError> {
    let expected = operation.inputs();
    let fits =
        |(tensor, shape): (&Tensor, &_)| tensor.dtype() == operation.dtype() && tensor.shape() == shape;
    if inputs.len() == expected.len() && inputs.iter().zip(&expected).all(fits) {
        return Ok(());
    }
    let shapes: Vec<String> =
        inputs.iter().map(|tensor| format!("{} {}", tensor.dtype(), tensor.shape())).collect();
    Err(BackendError::Input {
        input: "operands".to_owned(),
        expected: format!("{} {expected:?}", operation.dtype()),
        got: shapes.join(", "),
    })
}
