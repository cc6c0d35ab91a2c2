use tract_onnx::prelude::OutletId;
use tract_onnx::tract_core::internal::TypedNode;
use tract_onnx::tract_core::ops::array::TypedConcat;

use super::{Lowering, Refusal};
use crate::kernel::Kernel;
use crate::op::{Map, Op, Operand};
use crate::view::{View, refine, size};

impl Lowering<'_> {
    /// Copies of each input into its part of one value.
    pub(super) fn concat(&mut self, node: &TypedNode, op: &TypedConcat) -> Result<View, Refusal> {
        let outlet = OutletId::new(node.id, 0);
        let (shape, dtype) = (self.shape(outlet)?, self.dtype(outlet)?);
        let inputs = self.inputs_of(node)?;
        let value = self.draft.add_result(dtype, &shape);
        let whole = View::dense(value, &shape);
        let mut start = 0;
        for input in &inputs {
            let length = size(&input.axes[op.axis]);
            let part = whole.slice(op.axis, start, length).ok_or("parts that do not fit")?;
            let fits = |axis: usize| size(&input.axes[axis]) == size(&part.axes[axis]);
            if !(0..shape.len()).all(fits) {
                return Err("parts that do not fit".to_owned());
            }
            let refined = refine(&[input, &part]).ok_or("parts that do not fit")?;
            let [from, store] = [0, 1].map(|slot| refined.strides[slot].clone());
            let operand = Operand { value: input.value, offset: input.offset, strides: from };
            let kernel = Kernel::load(operand);
            let map = Map { shape: refined.sizes(), kernel, store, store_offset: part.offset };
            self.draft.add_step(&node.name, Op::Map(map), value);
            start += length;
        }
        Ok(whole)
    }
}
