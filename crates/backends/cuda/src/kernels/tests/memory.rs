use half::{bf16, f16};
use phalanx_plan::{Place, Plan, ValueId};
use phalanx_tensor::{DType, Tensor};

use crate::kernels::Pointer;

/// Memory of a device: each value where the plan has it, aligned as a device aligns it.
pub(super) struct Memory<'a> {
    plan: &'a Plan,
    inputs: Vec<Vec<u128>>,
    outputs: Vec<Vec<u128>>,
    constants: Vec<Vec<u128>>,
    arena: Vec<u128>,
    scratch: Vec<u128>,
}

/// An address that kernels are given.
#[derive(Clone, Copy)]
pub(super) struct Address(pub(super) usize);

impl Address {
    pub(super) fn is_aligned_to_at_least(self, bytes: usize) -> bool {
        self.0.is_multiple_of(bytes)
    }
}

fn words(bytes: &[u8]) -> Vec<u128> {
    bytes
        .chunks(16)
        .map(|chunk| {
            let mut word = [0; 16];
            word[..chunk.len()].copy_from_slice(chunk);
            u128::from_ne_bytes(word)
        })
        .collect()
}

/// What was never written shows as NaN.
fn unwritten(bytes: usize) -> Vec<u128> {
    vec![u128::MAX; bytes.div_ceil(16)]
}

fn narrow(tensor: &Tensor, dtype: DType) -> Vec<u128> {
    match dtype {
        _ if tensor.dtype() == dtype => words(tensor.bytes()),
        DType::F16 => {
            words(bytemuck::cast_slice(&numbers(tensor).into_iter().map(f16::from_f32).collect::<Vec<_>>()))
        }
        DType::BF16 => {
            words(bytemuck::cast_slice(&numbers(tensor).into_iter().map(bf16::from_f32).collect::<Vec<_>>()))
        }
        other => panic!("no constant is rounded to {other}"),
    }
}

/// The elements of a tensor.
pub(super) fn numbers(tensor: &Tensor) -> Vec<f32> {
    decoded(tensor.bytes(), tensor.dtype())
}

fn decoded(bytes: &[u8], dtype: DType) -> Vec<f32> {
    match dtype {
        DType::F16 => bytemuck::pod_collect_to_vec::<u8, f16>(bytes).into_iter().map(f16::to_f32).collect(),
        DType::BF16 => {
            bytemuck::pod_collect_to_vec::<u8, bf16>(bytes).into_iter().map(bf16::to_f32).collect()
        }
        DType::I64 => bytemuck::pod_collect_to_vec::<u8, i64>(bytes).into_iter().map(|x| x as f32).collect(),
        DType::I32 => bytemuck::pod_collect_to_vec::<u8, i32>(bytes).into_iter().map(|x| x as f32).collect(),
        DType::U8 | DType::Bool => bytes.iter().map(|&x| x.into()).collect(),
        DType::I8 => bytes.iter().map(|&x| (x as i8).into()).collect(),
        _ => bytemuck::pod_collect_to_vec(bytes),
    }
}

impl<'a> Memory<'a> {
    pub(super) fn new(plan: &'a Plan, inputs: &[Tensor]) -> Self {
        let outputs = plan.outputs.iter().map(|port| unwritten(plan.value(port.value).size_bytes()));
        Self {
            plan,
            inputs: inputs.iter().map(|tensor| words(tensor.bytes())).collect(),
            outputs: outputs.collect(),
            constants: plan.constants.iter().map(|it| narrow(&it.tensor, it.dtype)).collect(),
            arena: unwritten(plan.arena.bytes),
            scratch: Vec::new(),
        }
    }

    pub(super) fn make_scratch(&mut self, bytes: usize) {
        self.scratch = unwritten(bytes);
    }

    fn place(&mut self, id: ValueId) -> (&mut Vec<u128>, usize) {
        match self.plan.value(id).place {
            Place::Input(index) => (&mut self.inputs[index], 0),
            Place::Output(index) => (&mut self.outputs[index], 0),
            Place::Constant(index) => (&mut self.constants[index], 0),
            Place::Arena { offset_bytes } => (&mut self.arena, offset_bytes),
        }
    }

    pub(super) fn address(&mut self, pointer: Pointer) -> Address {
        match pointer {
            Pointer::Value { id, offset_bytes } => {
                let (words, start) = self.place(id);
                Address(words.as_mut_ptr() as usize + start + offset_bytes)
            }
            Pointer::Scratch { offset_bytes } => Address(self.scratch.as_mut_ptr() as usize + offset_bytes),
        }
    }

    /// The bytes from a pointer to the end of what it points into.
    pub(super) fn bytes(&mut self, pointer: Pointer) -> &mut [u8] {
        let (words, start) = match pointer {
            Pointer::Value { id, offset_bytes } => {
                let (words, start) = self.place(id);
                (words, start + offset_bytes)
            }
            Pointer::Scratch { offset_bytes } => (&mut self.scratch, offset_bytes),
        };
        &mut bytemuck::cast_slice_mut(words)[start..]
    }

    /// The elements of a value.
    pub(super) fn numbers(&mut self, id: ValueId) -> Vec<f32> {
        let (dtype, size) = (self.plan.value(id).dtype, self.plan.value(id).size_bytes());
        decoded(&self.bytes(Pointer::Value { id, offset_bytes: 0 })[..size], dtype)
    }
}
