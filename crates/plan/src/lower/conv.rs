use tract_onnx::prelude::OutletId;
use tract_onnx::tract_core::internal::TypedNode;
use tract_onnx::tract_core::ops::cnn::{Conv as TractConv, KernelFormat, PoolSpec};
use tract_onnx::tract_core::ops::nn::DataFormat;

use super::layout::strides_in;
use super::{Lowering, Refusal};
use crate::kernel::{Class, Scalar};
use crate::op::{Conv, Epilogue, Op, Operand, Window};
use crate::view::{Axis, View, axis};

impl Lowering<'_> {
    pub(super) fn conv(&mut self, node: &TypedNode, op: &TractConv) -> Result<View, Refusal> {
        let dtype = self.dtype(OutletId::new(node.id, 0))?;
        if op.q_params.is_some() || Class::of(dtype) != Some(Class::Float) {
            return Err(dtype.to_string());
        }
        let (spec, format) = (&op.pool_spec, op.pool_spec.data_format);
        let images = channels_first(&self.view(node.inputs[0])?, format);
        let (input, sizes) = self.walked(&node.name, &images)?;
        let weight = weight_first(&self.view(node.inputs[1])?, op)?;
        let (weight, weight_sizes) = self.walked(&node.name, &weight)?;
        let windows = windows(spec, &sizes[2..]);
        let channels_out = weight_sizes[0] / op.group;
        let mut conv = Conv {
            batch: sizes[0],
            groups: op.group,
            channels_in: weight_sizes[1],
            channels_out,
            windows,
            input,
            weight,
            store: Vec::new(),
            epilogue: Epilogue::default(),
        };
        let shape = conv.shape();
        if conv.input_shape() != sizes || conv.weight_shape() != weight_sizes {
            return Err(format!("shapes {sizes:?} and {weight_sizes:?}"));
        }
        conv.epilogue.bias = self.conv_bias(node, &shape)?;
        // Channels last: what the rows of an implicit matrix product are.
        let order: Vec<usize> = [0].into_iter().chain(2..shape.len()).chain([1]).collect();
        conv.store = strides_in(&order, &shape);
        let result = dense_in(&shape, &conv.store);
        let lies: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        let value = self.draft.add_result(dtype, &lies);
        self.draft.add_step(&node.name, Op::Conv(conv), value);
        Ok(channels_as(&View { value, offset: 0, axes: result }, format))
    }

    /// What is added to each channel, unless it is nothing.
    fn conv_bias(&self, node: &TypedNode, shape: &[usize]) -> Result<Option<Operand>, Refusal> {
        let Some(&outlet) = node.inputs.get(2) else { return Ok(None) };
        let bias = self.view(outlet)?;
        let uniform = self.draft.constant(bias.value).and_then(super::constant::uniform);
        if uniform == Some(Scalar::F32(0.0)) {
            return Ok(None);
        }
        let strides = bias.strides().ok_or("a bias of several axes")?;
        let sizes = bias.shape();
        let stride = match (sizes.iter().product::<usize>(), strides.as_slice()) {
            (1, _) => 0,
            (channels, [stride]) if channels == shape[1] => *stride,
            _ => return Err(format!("a bias of shape {sizes:?}")),
        };
        let strides = (0..shape.len()).map(|axis| if axis == 1 { stride } else { 0 }).collect();
        Ok(Some(Operand { value: bias.value, offset: bias.offset, strides }))
    }

    /// A view as an operand with one stride for each axis, copied where that takes it; and its shape.
    pub(super) fn walked(&mut self, name: &str, view: &View) -> Result<(Operand, Vec<usize>), Refusal> {
        let view = if view.strides().is_some() { view.clone() } else { self.materialise(name, view) };
        let strides = view.strides().ok_or("axes that do not join")?;
        Ok((Operand { value: view.value, offset: view.offset, strides }, view.shape()))
    }
}

/// How windows move over axes of these sizes.
pub(super) fn windows(spec: &PoolSpec, sizes: &[usize]) -> Vec<Window> {
    let padding = spec.computed_padding(sizes);
    let windows = padding.iter().enumerate().map(|(axis, padded)| Window {
        input: sizes[axis],
        output: padded.convoluted,
        kernel: spec.kernel_shape[axis],
        stride: spec.stride(axis),
        dilation: spec.dilation(axis),
        pad_before: padded.pad_before,
        pad_after: padded.pad_after,
    });
    windows.collect()
}

/// A view of images with the axes batch, channel, then those of space.
pub(super) fn channels_first(view: &View, format: DataFormat) -> View {
    let mut view = view.clone();
    if !format.has_n() {
        view.axes.insert(0, Axis::new());
    }
    if format.c_is_last() {
        let last = view.axes.len() - 1;
        view.move_axis(last, 1);
    }
    view
}

/// The reverse of [`channels_first`].
pub(super) fn channels_as(view: &View, format: DataFormat) -> View {
    let mut view = view.clone();
    if format.c_is_last() {
        let last = view.axes.len() - 1;
        view.move_axis(1, last);
    }
    if !format.has_n() {
        view.axes.remove(0);
    }
    view
}

pub(super) fn dense_in(shape: &[usize], strides: &[usize]) -> Vec<Axis> {
    shape.iter().zip(strides).map(|(&size, &stride)| axis(size, stride)).collect()
}

/// Weights with the axes output channel, input channel of a group, then those of space.
fn weight_first(view: &View, op: &TractConv) -> Result<View, Refusal> {
    let mut view = view.clone();
    let last = view.axes.len() - 1;
    match op.kernel_fmt {
        KernelFormat::OIHW => {}
        _ if op.group != 1 => return Err(format!("{:?} in {} groups", op.kernel_fmt, op.group)),
        KernelFormat::OHWI => view.move_axis(last, 1),
        KernelFormat::HWIO => {
            view.move_axis(last, 0);
            view.move_axis(last, 1);
        }
    }
    Ok(view)
}
