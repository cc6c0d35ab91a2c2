//! A convolution as a product whose rows are loaded straight from the input, window by window, in tiles of 64 pixels ×
//! 64 channels: nothing is unfolded in memory.

use std::fmt::Write as _;
use std::sync::Arc;

use phalanx_plan::{Conv, Operand, Plan, Precision, ValueId};

use super::{Finish, groups};
use crate::kernels::error::count;
use crate::kernels::expression::{self, element, pointer};
use crate::kernels::product::Arithmetic;
use crate::kernels::source::{self, fill};
use crate::kernels::strand::Lanes;
use crate::kernels::{Argument, Chip, Launch, LowerError};

const THREADS: u32 = 128;
const TILE: usize = 64;
/// Most output channels of a group: of more a library makes more than unfolding costs.
const CHANNELS_MAX: usize = 128;

/// The kernel of a convolution; `None` where it is not of the form that it is for.
pub(super) fn lower(
    plan: &Plan,
    conv: &Conv,
    output: ValueId,
    chip: &Chip,
) -> Result<Option<Launch>, LowerError> {
    let dtypes = [&conv.input, &conv.weight].map(|operand| plan.value(operand.value).dtype);
    let arithmetic = Arithmetic::of(dtypes, plan.precision == Precision::Tf32, chip);
    let (Some(arithmetic), Some(pack)) = (arithmetic, pack(plan, conv)) else { return Ok(None) };
    let kernel = super::finish(conv);
    let finish = Finish::new(plan, conv, &kernel);
    let width = if conv.channels_out.is_multiple_of(2) && finish.allows(2) { 2 } else { 1 };
    let text = text(plan, conv, output, &finish, (arithmetic, pack, width))?;
    let rows = conv.batch * conv.windows.iter().map(|window| window.output).product::<usize>();
    let written = Operand { value: output, offset: 0, strides: Vec::new() };
    let operands = [&written, &conv.input, &conv.weight];
    let mut arguments: Vec<Argument> =
        operands.iter().map(|operand| Argument::Pointer(pointer(plan, operand))).collect();
    arguments.extend(finish.expression.arguments());
    arguments.push(Argument::U32(count("pixels of a convolution", rows)?));
    Ok(Some(Launch {
        source: Arc::from(text),
        entry: "conv",
        grid: [
            count("tiles of a convolution", rows.div_ceil(TILE).max(1))?,
            count("tiles of a convolution", conv.channels_out.div_ceil(TILE))?,
            count("groups of a convolution", conv.groups)?,
        ],
        block: [THREADS, 1, 1],
        shared_bytes: 0,
        arguments,
    }))
}

/// Channels that are loaded at once; `None` where they do not lie densely, or the kernel is not worth it.
fn pack(plan: &Plan, conv: &Conv) -> Option<usize> {
    let input_shape = conv.input_shape();
    let input = expression::strand(&groups(&input_shape), &conv.input.strides);
    let bytes = plan.value(conv.input.value).dtype.size_bytes()?;
    let is_dense = |width: usize| {
        conv.channels_in.is_multiple_of(width)
            && input.lanes(1, width, conv.input.offset) == Some(Lanes::Dense)
    };
    let pack = source::widest(16 / bytes.max(1), is_dense);
    let fits = conv.channels_out <= CHANNELS_MAX && conv.groups <= usize::from(u16::MAX);
    (pack > 1 && fits).then_some(pack)
}

fn text(
    plan: &Plan,
    conv: &Conv,
    output: ValueId,
    finish: &Finish<'_>,
    (arithmetic, pack, width): (Arithmetic, usize, usize),
) -> Result<String, LowerError> {
    let taps: usize = conv.windows.iter().map(|window| window.kernel).product();
    let mut names = finish.names(width)?;
    names.extend([
        ("STORED", element(plan.value(output).dtype, "a result of a convolution")?.to_owned()),
        ("NUMBER", element(plan.value(conv.input.value).dtype, "an input of a convolution")?.to_owned()),
        ("B_TURNED", "true".to_owned()),
        ("PACK", pack.to_string()),
        ("CHANNELS_IN", conv.channels_in.to_string()),
        ("CHANNELS_OUT", conv.channels_out.to_string()),
        ("TAPS", taps.to_string()),
        ("PIXELS", conv.windows.iter().map(|window| window.output).product::<usize>().to_string()),
        ("INPUT_IMAGE", conv.input.strides[0].to_string()),
        ("WEIGHT_OUT", conv.weight.strides[0].to_string()),
        ("WEIGHT_IN", conv.weight.strides[1].to_string()),
        ("WEIGHT_TAP", weight_tap(conv)),
        ("LOCALS", locals(conv)),
        ("DECLARED", (0..conv.windows.len()).fold(String::new(), |text, axis| text + &format!(" o{axis},"))),
        ("COORDINATES", coordinates(conv)),
        ("WINDOW", window(conv)),
    ]);
    let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut text = source::start();
    text.push_str(&finish.function(width)?);
    text.push_str(&arithmetic.text(&names));
    text.push_str(&fill(include_str!("../cuda/conv_implicit.cu"), &names));
    Ok(text)
}

/// Declares the coordinates of a result under the names that what follows has for them.
fn locals(conv: &Conv) -> String {
    let spatial = (0..conv.windows.len()).map(|axis| format!("o{axis} = side.o{axis}"));
    let all: Vec<String> = ["image = side.image".to_owned()].into_iter().chain(spatial).collect();
    format!("const unsigned {};", all.join(", "))
}

/// Where the weight of element `tap` of the window lies.
fn weight_tap(conv: &Conv) -> String {
    let mut text = "0u".to_owned();
    let mut inside = 1;
    for (window, stride) in conv.windows.iter().zip(&conv.weight.strides[2..]).rev() {
        let _ = write!(text, " + tap / {inside}u % {}u * {stride}u", window.kernel);
        inside *= window.kernel;
    }
    text
}

/// Says by the number `pixel` of an image where its result lies.
fn coordinates(conv: &Conv) -> String {
    let mut text = String::new();
    let mut inside = 1;
    for (axis, window) in conv.windows.iter().enumerate().rev() {
        let _ = writeln!(text, "    side.o{axis} = pixel / {inside}u % {}u;", window.output);
        inside *= window.output;
    }
    text
}

/// Says where element `tap` of a side's window lies, and whether in the input.
fn window(conv: &Conv) -> String {
    let mut text = String::new();
    let mut inside = 1;
    for (axis, window) in conv.windows.iter().enumerate().rev() {
        let (step, dilation, pad) = (window.stride, window.dilation, window.pad_before);
        let tap = format!("tap / {inside}u % {}u * {dilation}u", window.kernel);
        let _ = writeln!(text, "    const unsigned i{axis} = side.o{axis} * {step}u + {tap} - {pad}u;");
        let _ = writeln!(text, "    is_inside = is_inside && i{axis} < {}u;", window.input);
        let _ = writeln!(text, "    place += i{axis} * {}u;", conv.input.strides[axis + 2]);
        inside *= window.kernel;
    }
    text
}
