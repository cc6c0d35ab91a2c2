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
