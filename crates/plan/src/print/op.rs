use super::{batch, sizes, stepped};
use crate::op::{Attention, Conv, Op, Pool, Product, Rows};
use crate::plan::Plan;

impl Plan {
    /// What an operation does to which operands.
    pub(super) fn described(&self, op: &Op) -> String {
        match op {
            Op::Product(op) => self.product(op),
            Op::Conv(op) => self.conv(op),
            Op::Attention(op) => self.attention(op),
            Op::Rows(op) => self.rows(op),
            Op::Map(op) => format!("map {} {}", sizes(&op.shape), self.kernel(&op.kernel)),
            Op::Pool(op) => self.pool(op),
        }
    }

    fn product(&self, op: &Product) -> String {
        let (a, b) = (self.operand(&op.a), self.operand(&op.b));
        let size = format!("{}{}x{}x{}", batch(&op.batch), op.m, op.n, op.k);
        format!("product {size} ({a}, {b}){}", self.epilogue(&op.epilogue))
    }

    fn conv(&self, op: &Conv) -> String {
        let (input, kernel) = (sizes(&op.input_shape()), sizes(&op.weight_shape()[2..]));
        let steps = stepped(op.windows.iter().map(|window| window.stride));
        let groups = if op.groups > 1 { format!(" groups {}", op.groups) } else { String::new() };
        let (channels, operands) =
            (op.groups * op.channels_out, [self.operand(&op.input), self.operand(&op.weight)].join(", "));
        format!(
            "conv {input} by {channels} of {kernel}{steps}{groups} ({operands}){}",
            self.epilogue(&op.epilogue)
        )
    }

    fn attention(&self, op: &Attention) -> String {
        let operands = [&op.query, &op.key, &op.value].map(|operand| self.operand(operand)).join(", ");
        let size = format!("{}{} queries {} keys of {}", batch(&op.batch), op.queries, op.keys, op.width);
        format!("attention {size} ({operands}) score {}", self.kernel(&op.score))
    }

    fn rows(&self, op: &Rows) -> String {
        let size = format!("{}|{}", sizes(&op.outer), sizes(&op.inner));
        let after =
            if op.after.is_given() { String::new() } else { format!(" then {}", self.kernel(&op.after)) };
        format!("{} {size} of {}{after}", op.reduction.name(), self.kernel(&op.before))
    }

    fn pool(&self, op: &Pool) -> String {
        let kernel: Vec<usize> = op.windows.iter().map(|window| window.kernel).collect();
        let steps = stepped(op.windows.iter().map(|window| window.stride));
        let (input, operand) = (sizes(&op.input_shape()), self.operand(&op.input));
        format!("{} pool {input} by {}{steps} ({operand})", op.kind.name(), sizes(&kernel))
    }
}
