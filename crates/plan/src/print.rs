//! Plans as text.

use std::fmt::{self, Write};

use crate::kernel::{Kernel, Node, Scalar};
use crate::op::{Activation, Epilogue, Op, Operand};
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

    fn described(&self, op: &Op) -> String {
        match op {
            Op::Product(op) => format!(
                "product {}{}x{}x{} ({}, {}){}",
                batch(&op.batch),
                op.m,
                op.n,
                op.k,
                self.operand(&op.a),
                self.operand(&op.b),
                self.epilogue(&op.epilogue)
            ),
            Op::Conv(op) => format!(
                "conv {} {} * {}{}{} ({}, {}){}",
                sizes(&op.input_shape()),
                op.channels_out,
                sizes(&op.weight_shape()[2..]),
                stepped(op.windows.iter().map(|window| window.stride)),
                if op.groups > 1 { format!(" groups {}", op.groups) } else { String::new() },
                self.operand(&op.input),
                self.operand(&op.weight),
                self.epilogue(&op.epilogue)
            ),
            Op::Attention(op) => format!(
                "attention {}{} queries {} keys, width {} ({}, {}, {}) score {}",
                batch(&op.batch),
                op.queries,
                op.keys,
                op.width,
                self.operand(&op.query),
                self.operand(&op.key),
                self.operand(&op.value),
                self.kernel(&op.score)
            ),
            Op::Rows(op) => {
                let after = if op.after.is_given() {
                    String::new()
                } else {
                    format!(" then {}", self.kernel(&op.after))
                };
                format!(
                    "{} {}|{} of {}{after}",
                    op.reduction.name(),
                    sizes(&op.outer),
                    sizes(&op.inner),
                    self.kernel(&op.before)
                )
            }
            Op::Map(op) => format!("map {} {}", sizes(&op.shape), self.kernel(&op.kernel)),
            Op::Pool(op) => {
                let kernel: Vec<usize> = op.windows.iter().map(|window| window.kernel).collect();
                format!(
                    "{:?} pool {} {} ({})",
                    op.kind,
                    sizes(&op.input_shape()),
                    sizes(&kernel),
                    self.operand(&op.input)
                )
                .to_lowercase()
            }
        }
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

    /// An expression as text: what is used more than once is written out each time.
    fn kernel(&self, kernel: &Kernel) -> String {
        let mut texts: Vec<String> = Vec::with_capacity(kernel.nodes.len());
        for node in &kernel.nodes {
            let text = match *node {
                Node::Given => "x".to_owned(),
                Node::Load(operand) => self.operand(&kernel.operands[operand]),
                Node::LoadAt { operand, index, .. } => {
                    format!("{}[{}]", self.operand(&kernel.operands[operand]), texts[index])
                }
                Node::Literal(Scalar::F32(number)) => format!("{number:?}"),
                Node::Literal(Scalar::I64(number)) => number.to_string(),
                Node::Literal(Scalar::Bool(flag)) => flag.to_string(),
                Node::Unary(function, of) => format!("{}({})", function.name(), texts[of]),
                Node::Binary(function, left, right) => {
                    format!("({} {} {})", texts[left], function.name(), texts[right])
                }
                Node::Select { condition, then, otherwise } => {
                    format!("({} ? {} : {})", texts[condition], texts[then], texts[otherwise])
                }
                Node::Cast(dtype, of) => format!("{dtype}({})", texts[of]),
            };
            texts.push(clipped(text));
        }
        texts.pop().unwrap_or_default()
    }
}

/// Characters of an expression, at most.
const EXPRESSION_CHARS_MAX: usize = 400;

fn clipped(text: String) -> String {
    match text.char_indices().nth(EXPRESSION_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
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
