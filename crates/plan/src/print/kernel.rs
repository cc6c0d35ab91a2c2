use crate::kernel::{Kernel, Node, Scalar};
use crate::plan::Plan;

impl Plan {
    /// An expression as text: what is used more than once is written out each time.
    pub(super) fn kernel(&self, kernel: &Kernel) -> String {
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
