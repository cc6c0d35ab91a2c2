//! Plans as text.

mod kernel;
mod op;

use std::fmt::{self, Write};

use crate::op::{Activation, Epilogue, Operand};
use crate::plan::{Plan, Step};
use crate::value::{Place, ValueId};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, ports) in [("input", &self.inputs), ("output", &self.outputs)] {
            for (index, port) in ports.iter().enumerate() {
                let (dtype, shape) = self.port(port);
                writeln!(f, "{kind} {index}: {} {dtype} {shape} = {}", port.name, port.value)?;
            }
        }
        for (index, step) in self.steps.iter().enumerate() {
            writeln!(f, "{index:>4}  {}", self.line(step))?;
        }
        f.write_str(&self.totals())
    }
}

impl Plan {
    /// One step as a line of text.
    #[must_use]
    pub fn line(&self, step: &Step) -> String {
        let output = self.value(step.output);
        let cost = self.step_cost(step);
        format!(
            "{} {} {} @{} = {}  [{} FLOP, {} B]  {}",
            step.output,
            output.dtype,
            output.shape,
            output.place,
            self.described(&step.op),
            cost.flops,
            cost.bytes(),
            step.name
        )
    }

    fn totals(&self) -> String {
        let cost = self.cost();
        let constants: usize = self
            .values
            .iter()
            .filter(|value| matches!(value.place, Place::Constant(_)))
            .map(crate::Value::size_bytes)
            .sum();
        let mut text =
            format!("{} operations, {} constants of {constants} B\n", self.steps.len(), self.constants.len());
        let arena = &self.arena;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "arena {} B; at most {} B live at once; {} B unshared",
            arena.bytes, arena.bytes_min, arena.bytes_unshared
        );
        let _ = writeln!(
            text,
            "total {} FLOP; {} B moved: {} of constants, {} read, {} written",
            cost.flops,
            cost.bytes(),
            cost.constant_bytes,
            cost.read_bytes,
            cost.written_bytes
        );
        text
    }

    fn operand(&self, operand: &Operand) -> String {
        let Operand { value, offset, strides } = operand;
        let strides: Vec<String> = strides.iter().map(ToString::to_string).collect();
        let offset = if *offset == 0 { String::new() } else { format!("+{offset}") };
        format!("{}{offset}:{}", self.named(*value), strides.join(","))
    }

    fn named(&self, value: ValueId) -> String {
        match self.value(value).place {
            Place::Input(index) => format!("in{index}"),
            Place::Constant(index) => format!("const{index}"),
            Place::Output(_) | Place::Arena { .. } => value.to_string(),
        }
    }

    fn epilogue(&self, epilogue: &Epilogue) -> String {
        let mut text = String::new();
        if epilogue.scale != 1.0 {
            let _ = write!(text, " *{}", epilogue.scale);
        }
        for operand in epilogue.operands() {
            let _ = write!(text, " + {}", self.operand(operand));
        }
        if epilogue.activation != Activation::None {
            let _ = write!(text, " {}", epilogue.activation.name());
        }
        text
    }
}

fn sizes(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    if sizes.is_empty() { "1".to_owned() } else { sizes.join("x") }
}

fn batch(shape: &[usize]) -> String {
    if shape.is_empty() { String::new() } else { format!("{} of ", sizes(shape)) }
}

fn stepped(steps: impl Iterator<Item = usize>) -> String {
    let steps: Vec<usize> = steps.collect();
    if steps.iter().all(|&step| step == 1) { String::new() } else { format!(" step {}", sizes(&steps)) }
}
