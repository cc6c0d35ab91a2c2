use std::collections::HashSet;
use std::iter::Sum;
use std::ops::Add;

use phalanx_backend::Precision;
use phalanx_model::Model;

use crate::error::PlanError;
use crate::kernel::{Kernel, Node};
use crate::op::{Op, Operand};
use crate::plan::{Plan, Step};
use crate::source::Source;
use crate::value::{Place, ValueId};

/// What a run costs at the least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Arithmetic operations: a multiplication and an addition are two, a function such as `exp` is one.
    pub flops: u64,
    /// Bytes that are read of weights and other constants.
    pub constant_bytes: u64,
    /// Bytes that are read of inputs and of what other operations wrote.
    pub read_bytes: u64,
    /// Bytes that are written.
    pub written_bytes: u64,
}

impl Cost {
    /// All bytes that are moved.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.constant_bytes + self.read_bytes + self.written_bytes
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            flops: self.flops + other.flops,
            constant_bytes: self.constant_bytes + other.constant_bytes,
            read_bytes: self.read_bytes + other.read_bytes,
            written_bytes: self.written_bytes + other.written_bytes,
        }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}

/// What one run of a model costs for a batch of this many rows, in fp32: each operation of its plan reads what it reads
/// and writes what it writes once.
///
/// # Errors
/// As [`Source::new`] and [`Source::plan_rows`].
pub fn model_cost(model: &Model, rows: usize) -> Result<Cost, PlanError> {
    Ok(Source::new(model)?.plan_rows(rows, Precision::Fp32)?.cost())
}

impl Plan {
    /// What one step costs. Elements that are read more than once count once.
    #[must_use]
    pub fn step_cost(&self, step: &Step) -> Cost {
        let mut cost = Cost { flops: flops(&step.op), ..Cost::default() };
        let mut seen: HashSet<(ValueId, usize, Vec<usize>)> = HashSet::new();
        for (operand, shape) in step.op.operands() {
            if !seen.insert((operand.value, operand.offset, operand.strides.clone())) {
                continue;
            }
            let value = self.value(operand.value);
            let read = distinct(&step.op, operand, &shape).min(value.elements());
            let bytes = (read * value.dtype.size_bytes().unwrap_or(0)) as u64;
            match value.place {
                Place::Constant(_) => cost.constant_bytes += bytes,
                _ => cost.read_bytes += bytes,
            }
        }
        let width = self.value(step.output).dtype.size_bytes().unwrap_or(0);
        cost.written_bytes = (elements(&step.op.shape()) * width) as u64;
        cost
    }
}

fn elements(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Elements of an operand that are read; of one that indices choose from, one for each index.
fn distinct(op: &Op, operand: &Operand, shape: &[usize]) -> usize {
    let indices = |kernel: &Kernel| {
        let at = kernel.operands.iter().position(|other| other == operand)?;
        kernel.nodes.iter().find_map(|node| match *node {
            Node::LoadAt { operand: of, index, .. } if of == at => match kernel.nodes[index] {
                Node::Load(index) => Some(kernel.operands[index].distinct(shape)),
                _ => Some(elements(shape)),
            },
            _ => None,
        })
    };
    let times = op.kernels().into_iter().find_map(|(kernel, _)| indices(kernel)).unwrap_or(1);
    operand.distinct(shape) * times
}

/// Arithmetic of one operation.
fn flops(op: &Op) -> u64 {
    let after = |operands: usize, scale: f32, is_active: bool| {
        operands + usize::from(scale != 1.0) + usize::from(is_active)
    };
    let epilogue = |epilogue: &crate::Epilogue| {
        let is_active = epilogue.activation != crate::Activation::None;
        after(epilogue.operands().count(), epilogue.scale, is_active)
    };
    let flops = match op {
        Op::Product(op) => elements(&op.shape()) * (2 * op.k + epilogue(&op.epilogue)),
        Op::Conv(op) => {
            let window: usize = op.windows.iter().map(|window| window.kernel).product();
            elements(&op.shape()) * (2 * op.channels_in * window + epilogue(&op.epilogue))
        }
        Op::Attention(op) => {
            // The softmax subtracts, exponentiates, sums and divides.
            let score = 2 * op.width + op.score.flops() + 4;
            elements(&op.score_shape()) * (score + 2 * op.value_width)
        }
        Op::Rows(op) => {
            let full = elements(&op.full_shape());
            full * (op.before.flops() + reduction(op.reduction)) + elements(&op.shape()) * op.after.flops()
        }
        Op::Map(op) => elements(&op.shape) * op.kernel.flops(),
        Op::Pool(op) => {
            let window: usize = op.windows.iter().map(|window| window.kernel).product();
            elements(&op.shape()) * window
        }
    };
    flops as u64
}

/// Operations for each element of a row.
fn reduction(reduction: crate::Reduction) -> usize {
    match reduction {
        crate::Reduction::Sum | crate::Reduction::Product | crate::Reduction::Max | crate::Reduction::Min => {
            1
        }
        crate::Reduction::MeanOfSquares => 2,
        crate::Reduction::RmsNorm { .. } => 3,
        crate::Reduction::Softmax | crate::Reduction::LogSoftmax => 4,
        crate::Reduction::LayerNorm { .. } => 5,
    }
}
