use super::build::renumber;
use super::{Builder, Kernel, Node, NodeId};

impl Kernel {
    /// This kernel with other kernels in place of the operands that `replacement` gives one for, and with `given` in
    /// place of what it is given. None of the replaced operands may be [indirect](Kernel::is_indirect).
    pub(crate) fn inline(&self, replacement: impl Fn(usize) -> Option<Self>, given: Option<&Self>) -> Self {
        let mut builder = Builder::default();
        let root = self.splice(&mut builder, &replacement, given);
        builder.finish(root)
    }

    /// Adds this kernel's nodes to `builder`; the number of its result there.
    pub(crate) fn splice(
        &self,
        builder: &mut Builder,
        replacement: &dyn Fn(usize) -> Option<Self>,
        given: Option<&Self>,
    ) -> NodeId {
        let mut moved = Vec::with_capacity(self.nodes.len());
        for &node in &self.nodes {
            let replaced = match node {
                Node::Load(operand) => replacement(operand),
                Node::Given => given.cloned(),
                _ => None,
            };
            let id = match replaced {
                Some(kernel) => kernel.splice(builder, &|_| None, None),
                None => {
                    let node = renumber(
                        node,
                        |id| moved[id],
                        |operand| builder.operand(self.operands[operand].clone()),
                    );
                    builder.push(node)
                }
            };
            moved.push(id);
        }
        moved.last().copied().unwrap_or(0)
    }

    /// The kernel that gives node `root` of this one, its nodes in the order in which the root needs them: equal for
    /// equal expressions.
    pub(crate) fn part(&self, root: NodeId) -> Self {
        let mut builder = Builder::default();
        let mut moved = vec![None; self.nodes.len()];
        let mut open = vec![root];
        while let Some(&id) = open.last() {
            let missing = self.nodes[id].inputs().find(|&input| moved[input].is_none());
            if let Some(input) = missing {
                open.push(input);
                continue;
            }
            let node = renumber(
                self.nodes[id],
                |input| moved[input].unwrap_or(0),
                |operand| builder.operand(self.operands[operand].clone()),
            );
            moved[id] = Some(builder.push(node));
            open.pop();
        }
        builder.finish(moved[root].unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Binary, Scalar, Unary};
    use crate::op::Operand;
    use crate::value::ValueId;

    fn operand(value: usize) -> Operand {
        Operand { value: ValueId(value), offset: 0, strides: vec![1] }
    }

    /// `exp(a) + b`.
    fn sum() -> Kernel {
        let mut builder = Builder::default();
        let (a, b) = (builder.load(operand(0)), builder.load(operand(1)));
        let exp = builder.unary(Unary::Exp, a);
        let root = builder.binary(Binary::Add, exp, b);
        builder.finish(root)
    }

    #[test]
    fn operands_become_what_computes_them() {
        let mut builder = Builder::default();
        let (b, two) = (builder.load(operand(1)), builder.literal(Scalar::F32(2.0)));
        let root = builder.binary(Binary::Mul, b, two);
        let doubled = builder.finish(root);
        let inlined = sum().inline(|index| (index == 0).then(|| doubled.clone()), None);
        // b is loaded once for both.
        assert_eq!(inlined.operands, [operand(1)]);
        let loads = inlined.nodes.iter().filter(|node| matches!(node, Node::Load(_)));
        assert_eq!((loads.count(), inlined.flops()), (1, 3));
    }

    #[test]
    fn equal_parts_are_equal() {
        let kernel = sum();
        let exp = kernel.part(2);
        assert_eq!((exp.operands.len(), exp.flops()), (1, 1));
        let mut builder = Builder::default();
        let _unused = builder.load(operand(7));
        let a = builder.load(operand(0));
        let root = builder.unary(Unary::Exp, a);
        assert_eq!(builder.finish(root).part(1), exp);
    }

    #[test]
    fn what_changes_nothing_is_left_out() {
        let mut builder = Builder::default();
        let x = builder.load(operand(0));
        let one = builder.literal(Scalar::F32(1.0));
        let scaled = builder.binary(Binary::Mul, one, x);
        let flag = builder.literal(Scalar::Bool(true));
        let root = builder.push(Node::Select { condition: flag, then: scaled, otherwise: one });
        assert!(builder.finish(root).is_load());
        let zero = builder.literal(Scalar::F32(0.0));
        // Not the same for -0.
        assert_ne!(builder.binary(Binary::Add, x, zero), x);
    }
}
