use tract_onnx::prelude::OutletId;
use tract_onnx::tract_core::internal::TypedNode;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer, RmsNorm, Softmax, SoftmaxKind};

use super::layout::{order_like, pick};
use super::{Lowering, Refusal};
use crate::kernel::{Class, Kernel};
use crate::op::{Op, Operand, Reduction, Rows};
use crate::stride::dense;
use crate::view::{Axis, Factor, View};

impl Lowering<'_> {
    pub(super) fn reduce(&mut self, node: &TypedNode, op: &Reduce) -> Result<View, Refusal> {
        let reduction = match op.reducer {
            Reducer::Sum => Reduction::Sum,
            Reducer::Prod => Reduction::Product,
            Reducer::Max => Reduction::Max,
            Reducer::Min => Reduction::Min,
            Reducer::MeanOfSquares => Reduction::MeanOfSquares,
            _ => return Err(String::new()),
        };
        self.rows(node, &op.axes, reduction)
    }

    pub(super) fn softmax(&mut self, node: &TypedNode, op: &Softmax) -> Result<View, Refusal> {
        let reduction = match op.kind {
            SoftmaxKind::Softmax => Reduction::Softmax,
            SoftmaxKind::LogSoftmax => Reduction::LogSoftmax,
        };
        self.rows(node, &op.axes, reduction)
    }

    pub(super) fn rms_norm(&mut self, node: &TypedNode, op: &RmsNorm) -> Result<View, Refusal> {
        let epsilon = op.eps.cast_to_scalar::<f32>().map_err(|error| format!("{error:#}"))?;
        self.rows(node, &[op.axis], Reduction::RmsNorm { epsilon })
    }

    fn rows(&mut self, node: &TypedNode, axes: &[usize], reduction: Reduction) -> Result<View, Refusal> {
        let outlet = OutletId::new(node.id, 0);
        let view = self.view(node.inputs[0])?;
        let dtype = self.dtype(outlet)?;
        if Class::of(dtype) != Some(Class::Float) {
            return Err(dtype.to_string());
        }
        let parts: Vec<(usize, Factor)> = view
            .axes
            .iter()
            .enumerate()
            .flat_map(|(index, axis)| axis.iter().map(move |&part| (index, part)))
            .collect();
        let (inner, outer): (Vec<_>, Vec<_>) =
            (0..parts.len()).partition(|&part| axes.contains(&parts[part].0));
        let sorted = |group: &[usize]| {
            let strides: Vec<usize> = group.iter().map(|&part| parts[part].1.stride).collect();
            pick(&order_like(&strides), group)
        };
        let (outer, inner) = (sorted(&outer), sorted(&inner));
        let order = [&outer[..], &inner].concat();
        let sizes = |group: &[usize]| group.iter().map(|&part| parts[part].1.size).collect::<Vec<_>>();
        let strides = order.iter().map(|&part| parts[part].1.stride).collect();
        let operand = Operand { value: view.value, offset: view.offset, strides };
        let (outer_sizes, inner_sizes) = (sizes(&outer), sizes(&inner));
        let stored = if reduction.is_per_element() { &order } else { &outer };
        let store = dense(&sizes(stored));
        let value = self.draft.add_result(dtype, &sizes(stored));
        let mut result = vec![Axis::new(); view.axes.len()];
        for (part, &(axis, Factor { size, .. })) in parts.iter().enumerate() {
            if let Some(place) = stored.iter().position(|&other| other == part) {
                result[axis].push(Factor { size, stride: store[place] });
            }
        }
        let (before, after) = (Kernel::load(operand), Kernel::given());
        let rows = Rows { outer: outer_sizes, inner: inner_sizes, before, reduction, after, store };
        self.draft.add_step(&node.name, Op::Rows(rows), value);
        Ok(View { value, offset: 0, axes: result })
    }
}
