use tract_onnx::prelude::OutletId;
use tract_onnx::tract_core::internal::TypedNode;
use tract_onnx::tract_core::ops::cnn::{MaxPool, PoolSpec, SumPool};

use super::conv::{channels_as, channels_first, dense_in, windows};
use super::layout::{order_like, pick, strides_in};
use super::{Lowering, Refusal};
use crate::kernel::Class;
use crate::op::{Op, Pool, PoolKind};
use crate::view::View;

impl Lowering<'_> {
    pub(super) fn max_pool(&mut self, node: &TypedNode, op: &MaxPool) -> Result<View, Refusal> {
        if op.with_index_outputs.is_some() {
            return Err("with indices".to_owned());
        }
        self.pool(node, &op.pool_spec, PoolKind::Max)
    }

    pub(super) fn sum_pool(&mut self, node: &TypedNode, op: &SumPool) -> Result<View, Refusal> {
        let kind = match (op.normalize, op.count_include_pad) {
            (false, _) => PoolKind::Sum,
            (true, false) => PoolKind::Mean,
            (true, true) => PoolKind::MeanWithPadding,
        };
        self.pool(node, &op.pool_spec, kind)
    }

    fn pool(&mut self, node: &TypedNode, spec: &PoolSpec, kind: PoolKind) -> Result<View, Refusal> {
        let dtype = self.dtype(OutletId::new(node.id, 0))?;
        if Class::of(dtype) != Some(Class::Float) {
            return Err(dtype.to_string());
        }
        let images = channels_first(&self.view(node.inputs[0])?, spec.data_format);
        let (input, sizes) = self.walked(&node.name, &images)?;
        let windows = windows(spec, &sizes[2..]);
        // The result lies as the input does.
        let along = input.strides.iter().zip(&sizes);
        let along: Vec<usize> =
            along.map(|(&stride, &size)| if size == 1 { usize::MAX } else { stride }).collect();
        let order = order_like(&along);
        let mut pool = Pool { kind, batch: sizes[0], channels: sizes[1], windows, input, store: Vec::new() };
        let shape = pool.shape();
        pool.store = strides_in(&order, &shape);
        let result = dense_in(&shape, &pool.store);
        let value = self.draft.add_result(dtype, &pick(&order, &shape));
        self.draft.add_step(&node.name, Op::Pool(pool), value);
        Ok(channels_as(&View { value, offset: 0, axes: result }, spec.data_format))
    }
}
