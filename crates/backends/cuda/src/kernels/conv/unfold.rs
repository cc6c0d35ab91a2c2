use std::fmt::Write as _;
use std::sync::Arc;

use phalanx_plan::{Conv, Plan};
use phalanx_tensor::DType;

use crate::kernels::error::count;
use crate::kernels::expression::{element, pointer};
use crate::kernels::source::{self, fill};
use crate::kernels::{Argument, Launch, LowerError, Pointer};

const THREADS: usize = 256;

/// The windows of a convolution, written out: a matrix of pixels × elements for each group.
pub(super) struct Unfolded<'a> {
    pub(super) conv: &'a Conv,
    /// What the elements are stored in.
    pub(super) dtype: DType,
    /// The axes of the weights in the order of the elements.
    pub(super) order: &'a [usize],
    /// Elements of one window.
    pub(super) depth: usize,
}

impl Unfolded<'_> {
    /// Pixels of one image's result.
    pub(super) fn pixels(&self) -> usize {
        self.conv.windows.iter().map(|window| window.output).product()
    }

    /// What the windows of one image take.
    pub(super) fn image_bytes(&self) -> usize {
        self.conv.groups * self.pixels() * self.depth * self.dtype.size_bytes().unwrap_or(0)
    }
}

/// The kernel that writes out the windows of some images.
pub(super) fn launch(
    plan: &Plan,
    unfolded: &Unfolded<'_>,
    first: usize,
    images: usize,
) -> Result<Launch, LowerError> {
    let Unfolded { conv, dtype, depth, .. } = unfolded;
    let from = plan.value(conv.input.value).dtype;
    let size = dtype.size_bytes().unwrap_or(16).max(1);
    let width = source::widest((16 / size).min(8), |width| depth.is_multiple_of(width));
    let mut text = source::start();
    text.push_str(&fill(
        include_str!("../cuda/conv_unfold.cu"),
        &[
            ("STORED", element(*dtype, "weights")?),
            ("READ", element(from, "an input of a convolution")?),
            ("WIDTH", &width.to_string()),
            ("DEPTH", &depth.to_string()),
            ("PIXELS", &unfolded.pixels().to_string()),
            ("INPUT_IMAGE", &conv.input.strides[0].to_string()),
            ("INPUT_GROUP", &(conv.input.strides[1] * conv.channels_in).to_string()),
            ("OUTPUT_AXES", &output_axes(conv)),
            ("ELEMENT_AXES", &element_axes(unfolded)),
        ],
    ));
    let rows = images * unfolded.pixels();
    let total = count("elements of windows", rows * depth / width)?;
    let groups = count("groups", conv.groups)?;
    let from_bytes = first * conv.input.strides[0] * from.size_bytes().unwrap_or(0);
    Ok(Launch {
        source: Arc::from(text),
        entry: "unfold",
        grid: [source::blocks(total, THREADS), groups, 1],
        block: [THREADS as u32, 1, 1],
        shared_bytes: 0,
        arguments: vec![
            Argument::Pointer(Pointer::Scratch { offset_bytes: 0 }),
            Argument::Pointer(pointer(plan, &conv.input).advanced(from_bytes)),
            Argument::U32(total),
        ],
    })
}

/// Declares the axes of the result by the number `pixel`.
fn output_axes(conv: &Conv) -> String {
    let mut text = String::new();
    let mut inside = 1;
    for (axis, window) in conv.windows.iter().enumerate().rev() {
        let _ = writeln!(text, "    const unsigned o{axis} = pixel / {inside}u % {}u;", window.output);
        inside *= window.output;
    }
    text
}

/// Says by the number `element` of a window where it lies, and whether in the input.
fn element_axes(unfolded: &Unfolded<'_>) -> String {
    let conv = unfolded.conv;
    let shape = conv.weight_shape();
    let mut text = String::new();
    let mut inside = 1;
    for &axis in unfolded.order.iter().rev() {
        let size = shape[axis];
        let number = format!("element / {inside}u % {size}u");
        inside *= size;
        let stride = conv.input.strides[axis];
        if axis == 1 {
            let _ = writeln!(text, "        place += {number} * {stride}u;");
            continue;
        }
        let spatial = axis - 2;
        let window = &conv.windows[spatial];
        let (step, dilation, pad) = (window.stride, window.dilation, window.pad_before);
        let input = format!("o{spatial} * {step}u + {number} * {dilation}u - {pad}u");
        let _ = writeln!(text, "        const unsigned i{spatial} = {input};");
        let _ = writeln!(text, "        is_inside = is_inside && i{spatial} < {}u;", window.input);
        let _ = writeln!(text, "        place += i{spatial} * {stride}u;");
    }
    text
}
