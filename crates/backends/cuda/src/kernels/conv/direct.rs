//! One thread some neighbouring output channels of a pixel; the weights of small windows are kept in shared memory.

use phalanx_plan::{Conv, Plan, ValueId};

use super::Finish;
use crate::kernels::expression::element;
use crate::kernels::source::{self, fill};
use crate::kernels::window;
use crate::kernels::{Launch, LowerError};

/// Most output channels of a thread.
const WIDTH_MAX: usize = 8;
/// Most weights that are kept in shared memory, as floats.
pub(super) const SHARED_MAX: usize = 4096;

/// Weights of all groups.
pub(super) fn weight_elements(conv: &Conv) -> usize {
    conv.weight_shape().iter().product()
}

pub(super) fn lower(plan: &Plan, conv: &Conv, output: ValueId) -> Result<Launch, LowerError> {
    let kernel = super::finish(conv);
    let finish = Finish::new(plan, conv, &kernel);
    let width =
        source::widest(WIDTH_MAX, |width| conv.channels_out.is_multiple_of(width) && finish.allows(width));
    let text = text(plan, conv, output, &finish, width)?;
    finish.launch(plan, conv, output, (text, width))
}

fn text(
    plan: &Plan,
    conv: &Conv,
    output: ValueId,
    finish: &Finish<'_>,
    width: usize,
) -> Result<String, LowerError> {
    let type_of = |id: ValueId, what| element(plan.value(id).dtype, what);
    let shape = conv.shape();
    let mut widths = vec![1; shape.len()];
    widths[1] = width;
    let is_shared = weight_elements(conv) <= SHARED_MAX;
    let mut names = finish.names(width)?;
    names.extend([
        ("STORED", type_of(output, "a result of a convolution")?.to_owned()),
        ("READ", type_of(conv.input.value, "an input of a convolution")?.to_owned()),
        ("WEIGHT", type_of(conv.weight.value, "weights")?.to_owned()),
        ("IS_SHARED", is_shared.to_string()),
        ("WEIGHTS", weight_elements(conv).to_string()),
        ("CHANNELS", (conv.groups * conv.channels_out).to_string()),
        ("CHANNELS_IN", conv.channels_in.to_string()),
        ("CHANNELS_OUT", conv.channels_out.to_string()),
        ("INPUT_IMAGE", conv.input.strides[0].to_string()),
        ("INPUT_CHANNEL", conv.input.strides[1].to_string()),
        ("WEIGHT_PLACE", weight_place(conv)),
        ("COORDINATES", window::coordinates(&finish.names, &shape, &conv.store, &widths)),
        ("LOOPS", window::loops(&conv.windows, &body(conv))),
    ]);
    let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut text = source::start();
    text.push_str(&finish.function(width)?);
    text.push_str(&fill(include_str!("../cuda/conv_direct.cu"), &names));
    Ok(text)
}

/// Where the weight of output channel `channel`, input channel `in` and element `tap` of the window lies.
fn weight_place(conv: &Conv) -> String {
    let strides = &conv.weight.strides;
    let mut text = format!("channel * {}u + in * {}u", strides[0], strides[1]);
    let mut inside = 1;
    for (window, stride) in conv.windows.iter().zip(&strides[2..]).rev() {
        text.push_str(&format!(" + tap / {inside}u % {}u * {stride}u", window.kernel));
        inside *= window.kernel;
    }
    text
}

fn body(conv: &Conv) -> String {
    let place = window::place('i', &conv.input.strides[2..]);
    let tap = conv
        .windows
        .iter()
        .enumerate()
        .fold("0u".to_owned(), |text, (axis, window)| format!("({text}) * {}u + k{axis}", window.kernel));
    format!("    window({place}, {tap});\n")
}
