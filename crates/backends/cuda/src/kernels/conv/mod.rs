//! Convolutions: directly where a window is small; as a product whose rows are loaded as windows where channels lie
//! innermost and are few; else as a product of unfolded windows.

mod columns;
mod depthwise;
mod direct;
mod implicit;
mod unfold;

use std::sync::Arc;

use phalanx_plan::{Class, Conv, Operand, Plan, ValueId};

use super::epilogue;
use super::error::count;
use super::expression::{self, Expression, Signature};
use super::strand::Strand;
use super::{Argument, Chip, Launch, LowerError, Lowered, source};

/// Threads of a block, of kernels whose threads work by themselves.
const THREADS: usize = 256;
/// Elements of a window, over all channels of a group, up to which it is not unfolded.
const DIRECT_WINDOW_MAX: usize = 64;

/// The tasks of a convolution.
pub(super) fn lower(plan: &Plan, conv: &Conv, output: ValueId, chip: &Chip) -> Result<Lowered, LowerError> {
    if conv.groups > 1 && conv.channels_in == 1 && conv.channels_out == 1 {
        return depthwise::lower(plan, conv, output).map(Lowered::launch);
    }
    let is_small =
        window_elements(conv) <= DIRECT_WINDOW_MAX && direct::weight_elements(conv) <= direct::SHARED_MAX;
    if is_small {
        return direct::lower(plan, conv, output).map(Lowered::launch);
    }
    if let Some(launch) = implicit::lower(plan, conv, output, chip)? {
        return Ok(Lowered::launch(launch));
    }
    match columns::lower(plan, conv, output)? {
        Some(lowered) => Ok(lowered),
        None => direct::lower(plan, conv, output).map(Lowered::launch),
    }
}

/// Elements that one of the result is made of.
fn window_elements(conv: &Conv) -> usize {
    conv.channels_in * conv.windows.iter().map(|window| window.kernel).product::<usize>()
}

/// What follows the sums, for threads that have neighbouring channels.
struct Finish<'a> {
    /// Over image, channel and the spatial axes.
    expression: Expression<'a>,
    store: Strand,
    names: Vec<String>,
}

/// The axes of a result, each by itself.
fn groups(shape: &[usize]) -> Vec<&[usize]> {
    shape.iter().map(std::slice::from_ref).collect()
}

impl<'a> Finish<'a> {
    fn new(plan: &'a Plan, conv: &Conv, kernel: &'a phalanx_plan::Kernel) -> Self {
        let shape = conv.shape();
        let groups = groups(&shape);
        Self {
            expression: Expression::new(plan, kernel, &groups, 1),
            store: expression::strand(&groups, &conv.store),
            names: super::window::names(conv.windows.len()),
        }
    }

    /// The launch of a kernel whose threads each make `width` neighbouring elements of the result.
    fn launch(
        &self,
        plan: &Plan,
        conv: &Conv,
        output: ValueId,
        (text, width): (String, usize),
    ) -> Result<Launch, LowerError> {
        let elements: usize = conv.shape().iter().product();
        let total = count("elements of a convolution", elements / width)?;
        let written = Operand { value: output, offset: 0, strides: Vec::new() };
        let operands = [&written, &conv.input, &conv.weight];
        let mut arguments: Vec<Argument> =
            operands.iter().map(|operand| Argument::Pointer(expression::pointer(plan, operand))).collect();
        arguments.extend(self.expression.arguments());
        arguments.push(Argument::U32(total));
        Ok(Launch {
            source: Arc::from(text),
            entry: "conv",
            grid: [source::blocks(total, THREADS), 1, 1],
            block: [THREADS as u32, 1, 1],
            shared_bytes: 0,
            arguments,
        })
    }

    fn variables(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    fn allows(&self, width: usize) -> bool {
        self.expression.allows(width) && self.store.lanes(1, width, 0).is_some()
    }

    fn function(&self, width: usize) -> Result<String, LowerError> {
        let variables = self.variables();
        let signature = Signature { name: "Finish", variables: &variables, width, given: Some(Class::Float) };
        self.expression.function(&signature)
    }

    /// Names in the text of every direct kernel.
    fn names(&self, width: usize) -> Result<Vec<(&'static str, String)>, LowerError> {
        let variables = self.variables();
        Ok(vec![
            ("WIDTH", width.to_string()),
            ("PARAMETERS", self.expression.parameters("p")?),
            ("PASSED", self.expression.passed("p")),
            ("VARIABLES", variables.join(", ")),
            ("PUT", super::source::put(&self.store, 1, width, 0, &variables)),
        ])
    }
}

/// The epilogue as an expression of the sum.
fn finish(conv: &Conv) -> phalanx_plan::Kernel {
    epilogue::kernel(&conv.epilogue, None)
}
