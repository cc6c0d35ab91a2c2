//! A convolution as products: the windows of each pixel are written out as the rows of a matrix whose columns are in
//! the order of the weights, so that these are used as they lie in memory.

use phalanx_plan::{Conv, Operand, Plan, Precision, ValueId};

use super::unfold::{self, Unfolded};
use crate::kernels::expression::pointer;
use crate::kernels::strand::Joined;
use crate::kernels::{Bias, LowerError, Lowered, Matrix, Pointer, ProductCall, Task};

/// Unfolded windows that are in memory at once: what stays in the cache of a large chip.
const SCRATCH_BYTES_MAX: usize = 32 << 20;

/// The products of a convolution; `None` where its result or weights do not lie as those of products.
pub(super) fn lower(plan: &Plan, conv: &Conv, output: ValueId) -> Result<Option<Lowered>, LowerError> {
    let store = Operand { value: output, offset: 0, strides: conv.store.clone() };
    let Some(form) = Form::of(conv, &store) else { return Ok(None) };
    let unfolded =
        Unfolded { conv, dtype: plan.value(conv.weight.value).dtype, order: &form.order, depth: form.depth };
    let image_bytes = unfolded.image_bytes();
    let fitting = (SCRATCH_BYTES_MAX / image_bytes.max(1)).clamp(1, conv.batch.max(1));
    let chunks = conv.batch.div_ceil(fitting);
    let images = conv.batch.div_ceil(chunks.max(1)).max(1);
    let mut tasks = Vec::new();
    for first in (0..conv.batch).step_by(images) {
        let images = images.min(conv.batch - first);
        tasks.push(Task::Launch(unfold::launch(plan, &unfolded, first, images)?));
        tasks.push(Task::Product(form.product(plan, &unfolded, &store, first, images)));
    }
    Ok(Some(Lowered { tasks, scratch_bytes: images * image_bytes }))
}

/// How the operands of a convolution are matrices.
struct Form {
    /// The axes of the weights but the first, in the order in which they lie in memory.
    order: Vec<usize>,
    depth: usize,
    row: usize,
    residual_row: usize,
}

impl Form {
    fn of(conv: &Conv, store: &Operand) -> Option<Self> {
        let (order, depth) = weight_order(conv)?;
        let residual_row = match &conv.epilogue.residual {
            Some(residual) => pixel_stride(conv, residual)?,
            None => 0,
        };
        let leads = conv.groups == 1 || conv.weight.strides[0] == depth;
        leads.then_some(())?;
        Some(Self { order, depth, row: pixel_stride(conv, store)?, residual_row })
    }

    fn product(
        &self,
        plan: &Plan,
        unfolded: &Unfolded<'_>,
        store: &Operand,
        first: usize,
        images: usize,
    ) -> ProductCall {
        let conv = unfolded.conv;
        let m = images * unfolded.pixels();
        let size = |operand: &Operand| plan.value(operand.value).dtype.size_bytes().unwrap_or(0);
        let pixels = |operand: &Operand, leading: usize| Matrix {
            pointer: pointer(plan, operand).advanced(first * unfolded.pixels() * leading * size(operand)),
            dtype: plan.value(operand.value).dtype,
            leading,
            is_transposed: false,
            batch_stride: conv.channels_out,
        };
        let bias = conv.epilogue.bias.as_ref().map(|bias| Bias {
            pointer: pointer(plan, bias),
            dtype: plan.value(bias.value).dtype,
            batch_stride: conv.channels_out,
        });
        ProductCall {
            m,
            n: conv.channels_out,
            k: self.depth,
            batch: conv.groups,
            a: Matrix {
                pointer: Pointer::Scratch { offset_bytes: 0 },
                dtype: unfolded.dtype,
                leading: self.depth,
                is_transposed: false,
                batch_stride: m * self.depth,
            },
            b: Matrix {
                pointer: pointer(plan, &conv.weight),
                dtype: unfolded.dtype,
                leading: conv.weight.strides[0].max(self.depth),
                is_transposed: true,
                batch_stride: conv.channels_out * self.depth,
            },
            c: conv.epilogue.residual.as_ref().map(|residual| pixels(residual, self.residual_row)),
            d: pixels(store, self.row),
            scale: conv.epilogue.scale,
            bias,
            activation: conv.epilogue.activation,
            allow_tf32: plan.precision == Precision::Tf32,
        }
    }
}

/// The axes of the weights of one output channel as they lie in memory, if they do so densely, and their elements.
fn weight_order(conv: &Conv) -> Option<(Vec<usize>, usize)> {
    let (shape, strides) = (conv.weight_shape(), &conv.weight.strides);
    let mut order: Vec<usize> = (1..shape.len()).collect();
    order.sort_by_key(|&axis| (std::cmp::Reverse(if shape[axis] > 1 { strides[axis] } else { 0 }), axis));
    let mut inside = 1;
    for &axis in order.iter().rev().filter(|&&axis| shape[axis] > 1) {
        if strides[axis] != inside {
            return None;
        }
        inside *= shape[axis];
    }
    (conv.groups * conv.channels_out == 1 || strides[0] >= inside).then_some((order, inside))
}

/// The stride from one pixel to the next, over all images, where there is a single one and channels lie densely.
fn pixel_stride(conv: &Conv, operand: &Operand) -> Option<usize> {
    let channels = conv.groups * conv.channels_out;
    let is_dense = channels == 1 || operand.strides[1] == 1;
    let shape = conv.shape();
    let axes: Vec<(usize, usize)> =
        (0..shape.len()).filter(|&axis| axis != 1).map(|axis| (shape[axis], operand.strides[axis])).collect();
    match (is_dense, Joined::new(&axes).axes()) {
        (true, []) => Some(channels),
        (true, &[(_, stride)]) => (stride >= channels).then_some(stride),
        _ => None,
    }
}
