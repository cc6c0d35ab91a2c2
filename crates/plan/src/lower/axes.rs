use tract_onnx::prelude::{OutletId, TDim};
use tract_onnx::tract_core::internal::TypedNode;
use tract_onnx::tract_core::ops::array::{MultiBroadcastTo, Slice};
use tract_onnx::tract_core::ops::change_axes::AxisOp;

use super::{Lowering, Refusal};
use crate::view::{Axis, View};

impl Lowering<'_> {
    /// Moves, splits and joins axes: nothing is done, unless joining takes a copy.
    pub(super) fn axis_op(&mut self, node: &TypedNode, op: &AxisOp) -> Result<View, Refusal> {
        let mut view = self.view(node.inputs[0])?;
        match op {
            AxisOp::Add(at) => view.axes.insert(*at, Axis::new()),
            AxisOp::Rm(at) => drop(view.axes.remove(*at)),
            AxisOp::Move(from, to) => view.move_axis(*from, *to),
            AxisOp::Reshape(at, from, to) => {
                let sizes = to.iter().map(size).collect::<Result<Vec<_>, _>>()?;
                return match view.reshape(*at, from.len(), &sizes) {
                    Some(view) => Ok(view),
                    None => {
                        let copy = self.materialise(&node.name, &view);
                        copy.reshape(*at, from.len(), &sizes).ok_or_else(|| format!("{op:?}"))
                    }
                };
            }
        }
        Ok(view)
    }

    pub(super) fn broadcast(&mut self, node: &TypedNode, _: &MultiBroadcastTo) -> Result<View, Refusal> {
        let shape = self.shape(OutletId::new(node.id, 0))?;
        let mut view = self.view(node.inputs[0])?;
        while view.axes.len() < shape.len() {
            view.axes.insert(0, Axis::new());
        }
        Ok(view.broadcast(&shape))
    }

    pub(super) fn slice(&mut self, node: &TypedNode, op: &Slice) -> Result<View, Refusal> {
        let (start, end) = (size(&op.start)?, size(&op.end)?);
        let length = end.checked_sub(start).ok_or("an end before its start")?;
        let view = self.view(node.inputs[0])?;
        if let Some(part) = view.slice(op.axis, start, length) {
            return Ok(part);
        }
        let copy = self.materialise(&node.name, &view);
        copy.slice(op.axis, start, length).ok_or_else(|| format!("{start}..{end}"))
    }
}

fn size(dim: &TDim) -> Result<usize, Refusal> {
    let size = dim.as_i64().and_then(|size| usize::try_from(size).ok());
    size.ok_or_else(|| format!("size {dim} is not fixed"))
}
