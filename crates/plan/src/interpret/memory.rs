use std::borrow::Cow;

use bytes::Bytes;
use half::{bf16, f16};
use phalanx_backend::Precision;
use phalanx_tensor::{DType, Element, HostBuffer, Tensor};

use super::lanes::{Lanes, rounded};
use crate::error::PlanError;
use crate::kernel::Class;
use crate::plan::Plan;
use crate::value::{Place, Value, ValueId};

/// All memory of a run.
pub(super) struct Memory<'a> {
    plan: &'a Plan,
    inputs: &'a [Tensor],
    outputs: Vec<HostBuffer>,
    arena: HostBuffer,
}

/// The elements of a value, in the class that kernels compute with.
pub(super) enum Elements<'a> {
    Floats(Cow<'a, [f32]>),
    Integers(Cow<'a, [i64]>),
    Booleans(&'a [u8]),
}

impl<'a> Memory<'a> {
    /// Memory in which nothing has been computed yet.
    ///
    /// # Errors
    /// As [`interpret`](super::interpret).
    pub(super) fn new(plan: &'a Plan, inputs: &'a [Tensor]) -> Result<Self, PlanError> {
        if inputs.len() != plan.inputs.len() {
            return Err(PlanError::InputCount { expected: plan.inputs.len(), got: inputs.len() });
        }
        for (port, tensor) in plan.inputs.iter().zip(inputs) {
            let (dtype, shape) = plan.port(port);
            if (tensor.dtype(), tensor.shape()) != (dtype, shape) {
                return Err(PlanError::Input {
                    name: port.name.clone(),
                    expected: format!("{dtype} {shape}"),
                    got: format!("{} {}", tensor.dtype(), tensor.shape()),
                });
            }
        }
        let sizes = plan.outputs.iter().map(|port| plan.value(port.value).size_bytes());
        let outputs = sizes.map(HostBuffer::heap).collect();
        let mut arena = HostBuffer::heap(plan.arena.bytes);
        // So that reading what was never written shows: all bits set are NaN in every float.
        arena.as_mut_slice().fill(0xFF);
        Ok(Self { plan, inputs, outputs, arena })
    }

    pub(super) fn precision(&self) -> Precision {
        self.plan.precision
    }

    pub(super) fn elements(&self, id: ValueId) -> Elements<'_> {
        let value = self.plan.value(id);
        match Class::of(value.dtype) {
            Some(Class::Boolean) => Elements::Booleans(self.bytes(value)),
            Some(Class::Integer) => Elements::Integers(integers(self.bytes(value), value.dtype)),
            Some(Class::Float) | None => Elements::Floats(self.floats(id)),
        }
    }

    /// The elements of a value of floats.
    pub(super) fn floats(&self, id: ValueId) -> Cow<'_, [f32]> {
        let value = self.plan.value(id);
        if let Place::Constant(index) = value.place {
            let tensor = &self.plan.constants[index].tensor;
            let exact = floats(tensor.bytes(), tensor.dtype());
            if tensor.dtype() == value.dtype {
                return exact;
            }
            return exact.iter().map(|&number| rounded(number, value.dtype)).collect();
        }
        floats(self.bytes(value), value.dtype)
    }

    fn bytes(&self, value: &Value) -> &[u8] {
        match value.place {
            Place::Input(index) => self.inputs[index].bytes(),
            Place::Output(index) => self.outputs[index].as_slice(),
            Place::Constant(index) => self.plan.constants[index].tensor.bytes(),
            Place::Arena { offset_bytes } => {
                &self.arena.as_slice()[offset_bytes..offset_bytes + value.size_bytes()]
            }
        }
    }

    /// Stores numbers at these places of a value.
    pub(super) fn write(&mut self, id: ValueId, places: &[usize], numbers: &Lanes) {
        let value = self.plan.value(id);
        let bytes = match value.place {
            Place::Output(index) => self.outputs[index].as_mut_slice(),
            Place::Arena { offset_bytes } => {
                &mut self.arena.as_mut_slice()[offset_bytes..offset_bytes + value.size_bytes()]
            }
            // A plan that was checked writes nowhere else.
            Place::Input(_) | Place::Constant(_) => return,
        };
        match numbers.cast(value.dtype) {
            Lanes::Floats(numbers) => match value.dtype {
                DType::F16 => put(bytes, places, numbers.into_iter().map(f16::from_f32)),
                DType::BF16 => put(bytes, places, numbers.into_iter().map(bf16::from_f32)),
                _ => put(bytes, places, numbers.into_iter()),
            },
            Lanes::Integers(numbers) => {
                let numbers = numbers.into_iter();
                match value.dtype {
                    DType::I8 | DType::U8 => put(bytes, places, numbers.map(|number| number as u8)),
                    DType::I16 | DType::U16 => put(bytes, places, numbers.map(|number| number as u16)),
                    DType::I32 | DType::U32 => put(bytes, places, numbers.map(|number| number as u32)),
                    _ => put(bytes, places, numbers),
                }
            }
            Lanes::Booleans(flags) => put(bytes, places, flags.into_iter().map(u8::from)),
        }
    }

    pub(super) fn outputs(self) -> Result<Vec<Tensor>, PlanError> {
        let ports = self.plan.outputs.iter().zip(self.outputs);
        let tensors = ports.map(|(port, buffer)| {
            let (dtype, shape) = self.plan.port(port);
            Tensor::from_bytes(dtype, shape.clone(), Bytes::from_owner(buffer))
        });
        tensors
            .collect::<Result<_, _>>()
            .map_err(|error| PlanError::Inconsistent { message: format!("an output: {error}") })
    }
}

fn put<T: Element>(bytes: &mut [u8], places: &[usize], numbers: impl Iterator<Item = T>) {
    let width = std::mem::size_of::<T>();
    for (&place, number) in places.iter().zip(numbers) {
        bytes[place * width..(place + 1) * width].copy_from_slice(bytemuck::bytes_of(&number));
    }
}

/// Elements in place where they are aligned.
fn cast<T: Element>(bytes: &[u8]) -> Cow<'_, [T]> {
    bytemuck::try_cast_slice(bytes)
        .map_or_else(|_| Cow::Owned(bytemuck::pod_collect_to_vec(bytes)), Cow::Borrowed)
}

fn floats(bytes: &[u8], dtype: DType) -> Cow<'_, [f32]> {
    match dtype {
        DType::F16 => cast::<f16>(bytes).iter().map(|number| number.to_f32()).collect(),
        DType::BF16 => cast::<bf16>(bytes).iter().map(|number| number.to_f32()).collect(),
        _ => cast(bytes),
    }
}

fn integers(bytes: &[u8], dtype: DType) -> Cow<'_, [i64]> {
    fn widened<T: Element + Into<i64>>(bytes: &[u8]) -> Cow<'_, [i64]> {
        cast::<T>(bytes).iter().map(|&number| number.into()).collect()
    }
    match dtype {
        DType::I8 => widened::<i8>(bytes),
        DType::I16 => widened::<i16>(bytes),
        DType::I32 => widened::<i32>(bytes),
        DType::U8 => widened::<u8>(bytes),
        DType::U16 => widened::<u16>(bytes),
        DType::U32 => widened::<u32>(bytes),
        _ => cast(bytes),
    }
}
