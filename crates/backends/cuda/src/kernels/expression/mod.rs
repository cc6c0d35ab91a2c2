//! Expressions of a plan as functions of a kernel.

mod names;
mod write;

use phalanx_plan::{Class, Kernel, Node, Operand, Plan};
use phalanx_tensor::DType;

pub(super) use self::names::{class, element, float};
pub(super) use self::write::Signature;
use super::strand::{Axes, Lanes, Strand};
use super::{Argument, LowerError, Pointer};

/// An expression over groups of axes, each numbered by one variable, that is computed for some neighbours at once.
#[derive(Debug)]
pub(super) struct Expression<'a> {
    plan: &'a Plan,
    kernel: &'a Kernel,
    strands: Vec<Strand>,
    /// The group whose last axis numbers the neighbours.
    lane_group: usize,
    /// Whether its result is rounded to 16 bits.
    is_rounded: bool,
}

/// Splits an operand's strides into the axes of each group.
pub(super) fn strand(groups: &[&[usize]], strides: &[usize]) -> Strand {
    let mut strides = strides.iter().copied();
    let axes = |sizes: &&[usize]| sizes.iter().copied().zip(strides.by_ref()).collect::<Axes>();
    Strand::new(&groups.iter().map(axes).collect::<Vec<_>>())
}

impl<'a> Expression<'a> {
    /// An expression whose operands' strides are over the axes of all groups, one after the other.
    pub(super) fn new(plan: &'a Plan, kernel: &'a Kernel, groups: &[&[usize]], lane_group: usize) -> Self {
        let strands = kernel.operands.iter().map(|operand| strand(groups, &operand.strides)).collect();
        Self { plan, kernel, strands, lane_group, is_rounded: false }
    }

    /// The same, faster where what comes out is only stored in `dtype`.
    pub(super) fn stored_as(self, dtype: DType) -> Self {
        Self { is_rounded: matches!(dtype, DType::F16 | DType::BF16), ..self }
    }

    /// Whether this many neighbours can be computed at once.
    pub(super) fn allows(&self, width: usize) -> bool {
        (0..self.strands.len()).all(|operand| self.lanes(operand, width).is_some())
    }

    /// How many elements of its widest dense operand make 16 bytes; `None` where no operand is dense.
    pub(super) fn width(&self) -> Option<usize> {
        let dense = (0..self.strands.len()).filter(|&operand| self.lanes(operand, 2) == Some(Lanes::Dense));
        let bytes =
            dense.filter_map(|operand| self.plan.value(self.operand(operand).value).dtype.size_bytes());
        bytes.map(|bytes| (16 / bytes).max(1)).min()
    }

    /// What it computes.
    pub(super) fn class(&self, given: Option<Class>) -> Result<Class, LowerError> {
        let dtype = |index: usize| Some(self.plan.value(self.kernel.operands.get(index)?.value).dtype);
        self.kernel
            .class(dtype, given)
            .ok_or(LowerError::Inconsistent { expected: "an expression that fits its operands" })
    }

    /// Addresses of the operands, in the order of the parameters.
    pub(super) fn arguments(&self) -> Vec<Argument> {
        self.kernel.operands.iter().map(|operand| Argument::Pointer(pointer(self.plan, operand))).collect()
    }

    fn operand(&self, index: usize) -> &Operand {
        &self.kernel.operands[index]
    }

    fn lanes(&self, index: usize, width: usize) -> Option<Lanes> {
        let lanes = self.strands[index].lanes(self.lane_group, width, self.operand(index).offset)?;
        // Where an index chooses the place, its steps have to keep the alignment too.
        let is_kept = self.kernel.nodes.iter().all(|node| match *node {
            Node::LoadAt { operand, stride, .. } => operand != index || stride.is_multiple_of(width),
            _ => true,
        });
        Some(if lanes == Lanes::Dense && !is_kept { Lanes::Apart(1) } else { lanes })
    }
}

/// Where an operand begins.
pub(super) fn pointer(plan: &Plan, operand: &Operand) -> Pointer {
    let bytes = plan.value(operand.value).dtype.size_bytes().unwrap_or(0);
    Pointer::Value { id: operand.value, offset_bytes: operand.offset * bytes }
}
