use tract_onnx::prelude::OutletId;
use tract_onnx::tract_core::internal::TypedNode;
use tract_onnx::tract_core::ops::array::{Gather, MultiBroadcastTo, Slice, TypedConcat};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::cnn::{Conv, MaxPool, SumPool};
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::identity::Identity;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::logic::Iff;
use tract_onnx::tract_core::ops::nn::{Reduce, RmsNorm, Softmax};
use tract_onnx::tract_core::ops::source::TypedSource;

use super::{Lowering, Refusal};

impl Lowering<'_> {
    /// Lowers one node, whose inputs have been.
    pub(super) fn node(&mut self, node: &TypedNode) -> Result<(), Refusal> {
        let op = &node.op;
        let outlet = OutletId::new(node.id, 0);
        self.shape(outlet)?;
        if op.is::<TypedSource>() {
            return Ok(());
        }
        let view = if let Some(op) = op.downcast_ref::<Const>() {
            self.constant(op)?
        } else if op.is::<Identity>() {
            self.view(node.inputs[0])?
        } else if let Some(op) = op.downcast_ref::<AxisOp>() {
            self.axis_op(node, op)?
        } else if let Some(op) = op.downcast_ref::<MultiBroadcastTo>() {
            self.broadcast(node, op)?
        } else if let Some(op) = op.downcast_ref::<Slice>() {
            self.slice(node, op)?
        } else if let Some(op) = op.downcast_ref::<TypedConcat>() {
            self.concat(node, op)?
        } else if let Some(op) = op.downcast_ref::<Gather>() {
            self.gather(node, op)?
        } else if let Some(op) = op.downcast_ref::<TypedBinOp>() {
            self.binary(node, op)?
        } else if let Some(op) = op.downcast_ref::<ElementWiseOp>() {
            self.unary(node, op)?
        } else if op.is::<Iff>() {
            self.select(node)?
        } else if op.is::<Cast>() {
            self.cast(node)?
        } else if let Some(op) = op.downcast_ref::<Reduce>() {
            self.reduce(node, op)?
        } else if let Some(op) = op.downcast_ref::<Softmax>() {
            self.softmax(node, op)?
        } else if let Some(op) = op.downcast_ref::<RmsNorm>() {
            self.rms_norm(node, op)?
        } else if let Some(op) = op.downcast_ref::<EinSum>() {
            self.einsum(node, op)?
        } else if let Some(op) = op.downcast_ref::<Conv>() {
            self.conv(node, op)?
        } else if let Some(op) = op.downcast_ref::<MaxPool>() {
            self.max_pool(node, op)?
        } else if let Some(op) = op.downcast_ref::<SumPool>() {
            self.sum_pool(node, op)?
        } else {
            return Err(String::new());
        };
        self.views.insert(outlet, view);
        Ok(())
    }
}
