use std::collections::BTreeSet;

use phalanx_tensor::{Shape, Signature};

use super::Lowering;
use crate::kernel::{Builder, Class};
use crate::op::{Map, Op, Operand};
use crate::plan::Port;
use crate::value::Place;

impl Lowering<'_> {
    /// Adds a copy of each output to where the caller reads it; fusing makes the operation before write there.
    pub(super) fn outputs(&mut self, signature: &Signature, refused: &mut BTreeSet<String>) {
        for (index, (&outlet, info)) in self.model.outputs.iter().zip(&signature.outputs).enumerate() {
            let (Ok(view), Ok(shape)) = (self.view(outlet), self.shape(outlet)) else {
                refused.insert(format!("output {:?} of {}", info.name, info.dtype));
                continue;
            };
            let from = self.dtype_of(view.value);
            if Class::of(from).is_none() || Class::of(info.dtype).is_none() {
                refused.insert(format!("output {:?} of {}", info.name, info.dtype));
                continue;
            }
            let value = self.draft.add_value(info.dtype, Shape::new(&shape), Place::Output(index));
            let parts: Vec<_> = view.axes.iter().flatten().copied().collect();
            let sizes: Vec<usize> = parts.iter().map(|part| part.size).collect();
            let strides = parts.iter().map(|part| part.stride).collect();
            let mut builder = Builder::default();
            let loaded = builder.load(Operand { value: view.value, offset: view.offset, strides });
            let root = if from == info.dtype { loaded } else { builder.cast(info.dtype, loaded) };
            let store = crate::stride::dense(&sizes);
            let map = Map { shape: sizes, kernel: builder.finish(root), store, store_offset: 0 };
            self.draft.add_step(&info.name, Op::Map(map), value);
            self.draft.outputs.push(Port { name: info.name.clone(), value });
        }
    }
}
