use tract_onnx::prelude::OutletId;
use tract_onnx::tract_core::internal::TypedNode;
use tract_onnx::tract_core::ops::array::Gather;

use super::constant::scalar;
use super::{Lowering, Refusal};
use crate::constant::Constant;
use crate::kernel::{Builder, Class, Node, Scalar};
use crate::op::{Map, Op, Operand};
use crate::stride::dense;
use crate::view::{Factor, View, size};

impl Lowering<'_> {
    /// Elements at indices: strides where the indices are constant and evenly spaced, else an indirect load.
    pub(super) fn gather(&mut self, node: &TypedNode, op: &Gather) -> Result<View, Refusal> {
        let inputs = self.inputs_of(node)?;
        let (data, indices) = (&inputs[0], &inputs[1]);
        let length = size(&data.axes[op.axis]);
        if let Some((start, picks)) = self.draft.constant(indices.value).and_then(|it| even(it, length)) {
            if let Some(view) = data.pick(op.axis, start, &picks) {
                return Ok(view);
            }
            let copy = self.materialise(&node.name, data);
            return copy.pick(op.axis, start, &picks).ok_or_else(|| "axes that do not split".to_owned());
        }
        let data = if data.strides().is_some() { data.clone() } else { self.materialise(&node.name, data) };
        self.gather_at(node, op.axis, &data, indices)
    }

    fn gather_at(
        &mut self,
        node: &TypedNode,
        axis: usize,
        data: &View,
        indices: &View,
    ) -> Result<View, Refusal> {
        let dtype = self.dtype(OutletId::new(node.id, 0))?;
        if Class::of(dtype).is_none() || Class::of(self.dtype_of(indices.value)) != Some(Class::Integer) {
            return Err(dtype.to_string());
        }
        let strides = data.strides().ok_or("axes that do not join")?;
        let (outside, inside) = (&data.axes[..axis], &data.axes[axis + 1..]);
        let parts = |axes: &[Vec<Factor>]| axes.iter().flatten().copied().collect::<Vec<_>>();
        let (before, at, after) = (parts(outside), parts(&indices.axes), parts(inside));
        let all = [&before[..], &at, &after].concat();
        let sizes: Vec<usize> = all.iter().map(|part| part.size).collect();
        let is_index = |place: usize| place >= before.len() && place < before.len() + at.len();
        let along = |of_index: bool| {
            let stride =
                |(place, part): (usize, &Factor)| if is_index(place) == of_index { part.stride } else { 0 };
            all.iter().enumerate().map(stride).collect::<Vec<_>>()
        };
        let mut builder = Builder::default();
        let index =
            builder.load(Operand { value: indices.value, offset: indices.offset, strides: along(true) });
        let operand =
            builder.operand(Operand { value: data.value, offset: data.offset, strides: along(false) });
        let (stride, size) = (strides[axis], size(&data.axes[axis]));
        let root = builder.push(Node::LoadAt { operand, index, stride, size });
        let value = self.draft.add_result(dtype, &sizes);
        let store = dense(&sizes);
        let map = Map { shape: sizes.clone(), kernel: builder.finish(root), store, store_offset: 0 };
        self.draft.add_step(&node.name, Op::Map(map), value);
        let shape: Vec<usize> =
            outside.iter().chain(&indices.axes).chain(inside).map(|axis| crate::view::size(axis)).collect();
        View::dense(value, &sizes).reshape(0, sizes.len(), &shape).ok_or_else(|| "its shape".to_owned())
    }
}

/// Constant indices as `start + Σ coordinate · step` with (size, step) for each of their axes, where they are that.
fn even(indices: &Constant, length: usize) -> Option<(usize, Vec<(usize, usize)>)> {
    let tensor = &indices.tensor;
    let width = tensor.dtype().size_bytes()?;
    let index = |bytes| match scalar(tensor.dtype(), bytes)? {
        Scalar::I64(index) if index < 0 => usize::try_from(index + length as i64).ok(),
        Scalar::I64(index) => usize::try_from(index).ok(),
        _ => None,
    };
    let places: Vec<usize> = tensor.bytes().chunks_exact(width).map(index).collect::<Option<_>>()?;
    if places.iter().any(|&place| place >= length) {
        return None;
    }
    let (start, strides) = (*places.first()?, dense(tensor.shape()));
    let step = |(&size, &stride): (&usize, &usize)| {
        if size == 1 { Some((1, 0)) } else { Some((size, places[stride].checked_sub(start)?)) }
    };
    let picks: Vec<(usize, usize)> = tensor.shape().iter().zip(&strides).map(step).collect::<Option<_>>()?;
    let expected = |place: usize| {
        let coordinates =
            strides.iter().zip(&picks).map(|(stride, (size, step))| place / stride % size * step);
        start + coordinates.sum::<usize>()
    };
    (0..places.len()).all(|place| places[place] == expected(place)).then_some((start, picks))
}
