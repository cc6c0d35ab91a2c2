//! Each output channel is made of one input channel: one thread some neighbouring channels of a pixel.

use phalanx_plan::{Conv, Plan, ValueId};

use super::{Finish, groups};
use crate::kernels::expression::{self, element};
use crate::kernels::source::{self, fill};
use crate::kernels::strand::Lanes;
use crate::kernels::window;
use crate::kernels::{Launch, LowerError};

pub(super) fn lower(plan: &Plan, conv: &Conv, output: ValueId) -> Result<Launch, LowerError> {
    let kernel = super::finish(conv);
    let finish = Finish::new(plan, conv, &kernel);
    let input_shape = conv.input_shape();
    let input = expression::strand(&groups(&input_shape), &conv.input.strides);
    let from = plan.value(conv.input.value).dtype;
    let width = source::widest((16 / from.size_bytes().unwrap_or(16).max(1)).min(8), |width| {
        finish.allows(width) && input.lanes(1, width, conv.input.offset) == Some(Lanes::Dense)
    });
    let shape = conv.shape();
    let mut widths = vec![1; shape.len()];
    widths[1] = width;
    let mut names = finish.names(width)?;
    names.extend([
        ("STORED", element(plan.value(output).dtype, "a result of a convolution")?.to_owned()),
        ("READ", element(from, "an input of a convolution")?.to_owned()),
        ("WEIGHT", element(plan.value(conv.weight.value).dtype, "weights")?.to_owned()),
        ("INPUT_IMAGE", conv.input.strides[0].to_string()),
        ("INPUT_CHANNEL", conv.input.strides[1].to_string()),
        ("WEIGHT_CHANNEL", conv.weight.strides[0].to_string()),
        ("COORDINATES", window::coordinates(&finish.names, &shape, &conv.store, &widths)),
        ("LOOPS", window::loops(&conv.windows, &body(conv))),
    ]);
    let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut text = source::start();
    text.push_str(&finish.function(width)?);
    text.push_str(&fill(include_str!("../cuda/conv_depthwise.cu"), &names));
    finish.launch(plan, conv, output, (text, width))
}

fn body(conv: &Conv) -> String {
    let input = window::place('i', &conv.input.strides[2..]);
    let weight = window::place('k', &conv.weight.strides[2..]);
    format!("    window({input}, {weight});\n")
}
