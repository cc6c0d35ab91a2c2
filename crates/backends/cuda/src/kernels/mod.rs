//! Generated kernels: the steps of a plan as CUDA C++ and calls of a library, without a device.
//!
//! Sizes and strides are literals in the texts; only the size of the outermost axis is an argument, so that the buckets
//! of a model share their programs. Texts need no headers. Everything is summed in fp32, as the plan says.

mod attention;
mod chip;
mod conv;
mod copy;
mod epilogue;
mod error;
mod expression;
mod launch;
mod map;
mod pool;
mod product;
mod rows;
mod source;
mod strand;
mod window;

pub(crate) use self::chip::Chip;
pub(crate) use self::copy::copy;
pub(crate) use self::epilogue::epilogue;
pub(crate) use self::error::LowerError;
pub(crate) use self::launch::{Argument, Bias, Launch, Lowered, Matrix, Pointer, ProductCall, Task};
pub(crate) use self::product::{LoraCall, lora, small_product, small_square, small_tile};

use phalanx_plan::{Op, Plan, Step};

/// What a step becomes on a chip. Of the tasks of a product each is a [`Task::Product`] whose epilogue is whole: what
/// runs it decides whether it or [`epilogue`] computes that.
///
/// # Errors
/// [`LowerError`] where the step has elements that kernels cannot compute with, or too many.
pub(crate) fn lower(plan: &Plan, step: &Step, chip: &Chip) -> Result<Lowered, LowerError> {
    match &step.op {
        Op::Map(op) => map::lower(plan, op, step.output).map(Lowered::launch),
        Op::Rows(op) => rows::lower(plan, op, step.output).map(Lowered::launch),
        Op::Pool(op) => pool::lower(plan, op, step.output).map(Lowered::launch),
        Op::Attention(op) => attention::lower(plan, op, step.output, chip).map(Lowered::launch),
        Op::Conv(op) => conv::lower(plan, op, step.output, chip),
        Op::Product(op) => {
            let tasks = product::lower(plan, op, step.output)?.into_iter().map(Task::Product).collect();
            Ok(Lowered { tasks, scratch_bytes: 0 })
        }
    }
}

// The emulated device needs a C++ compiler and the contexts of Linux.
#[cfg(all(test, target_os = "linux"))]
mod tests;
