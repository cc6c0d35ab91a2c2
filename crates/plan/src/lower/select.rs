use tract_onnx::prelude::OutletId;
use tract_onnx::tract_core::internal::TypedNode;

use super::{Lowering, Refusal};
use crate::kernel::{Class, Node};
use crate::view::View;

impl Lowering<'_> {
    /// One of two, as a boolean says.
    pub(super) fn select(&mut self, node: &TypedNode) -> Result<View, Refusal> {
        let outlet = OutletId::new(node.id, 0);
        let (shape, dtype) = (self.shape(outlet)?, self.dtype(outlet)?);
        let inputs = self.inputs_of(node)?;
        let classes: Vec<_> = inputs.iter().map(|view| Class::of(self.dtype_of(view.value))).collect();
        if classes[0] != Some(Class::Boolean) || classes[1] != classes[2] {
            return Err("operands of different kinds".to_owned());
        }
        self.elementwise(&node.name, &inputs, &shape, dtype, |builder, nodes| {
            Ok(builder.push(Node::Select { condition: nodes[0], then: nodes[1], otherwise: nodes[2] }))
        })
    }
}
