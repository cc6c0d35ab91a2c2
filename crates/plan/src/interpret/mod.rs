//! Plans run on the CPU, plainly: what every backend has to agree with.

mod attention;
mod conv;
mod epilogue;
mod functions;
mod kernel;
mod lanes;
mod memory;
mod pool;
mod product;
mod rows;
mod walk;

use phalanx_tensor::Tensor;

use self::lanes::Lanes;
use self::memory::Memory;
use crate::error::PlanError;
use crate::op::Op;
use crate::plan::{Plan, Step};

/// Runs a plan on the CPU, in an arena laid out as the plan says. Slow: every element of every operation is walked by
/// its strides.
///
/// # Errors
/// [`PlanError::InputCount`], [`PlanError::Input`]; [`PlanError::Inconsistent`] as [`Plan::check`].
pub fn interpret(plan: &Plan, inputs: &[Tensor]) -> Result<Vec<Tensor>, PlanError> {
    plan.check()?;
    let mut memory = Memory::new(plan, inputs)?;
    for step in &plan.steps {
        let result = run(&memory, step);
        let offset = if let Op::Map(map) = &step.op { map.store_offset } else { 0 };
        let places = walk::offsets(&step.op.shape(), step.op.store(), offset);
        memory.write(step.output, &places, &result);
    }
    memory.outputs()
}

/// The result of a step, over the axes of its operation.
fn run(memory: &Memory<'_>, step: &Step) -> Lanes {
    match &step.op {
        Op::Product(op) => Lanes::Floats(product::product(memory, op)),
        Op::Conv(op) => Lanes::Floats(conv::conv(memory, op)),
        Op::Attention(op) => Lanes::Floats(attention::attention(memory, op)),
        Op::Rows(op) => rows::rows(memory, op),
        Op::Map(op) => kernel::evaluate(memory, &op.kernel, &op.shape, None),
        Op::Pool(op) => Lanes::Floats(pool::pool(memory, op)),
    }
}
