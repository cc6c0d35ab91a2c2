use std::fmt::Write as _;

use phalanx_plan::{Class, Node, NodeId, Unary};

use super::names;
use super::{Expression, Lanes, LowerError};

/// What a function is written for.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Signature<'a> {
    /// Its name.
    pub(in crate::kernels) name: &'a str,
    /// The variable of each group.
    pub(in crate::kernels) variables: &'a [&'a str],
    /// Neighbours.
    pub(in crate::kernels) width: usize,
    /// The class of what it is given, if anything.
    pub(in crate::kernels) given: Option<Class>,
}

impl Expression<'_> {
    /// Parameters of a kernel for the operands, each followed by a comma.
    pub(in crate::kernels) fn parameters(&self, name: &str) -> Result<String, LowerError> {
        let mut text = String::new();
        for (index, operand) in self.kernel.operands.iter().enumerate() {
            let element = names::element(self.plan.value(operand.value).dtype, "an operand")?;
            let _ = write!(text, "const {element}* {name}{index}, ");
        }
        Ok(text)
    }

    /// What is passed for [`parameters`](Self::parameters).
    pub(in crate::kernels) fn passed(&self, name: &str) -> String {
        (0..self.kernel.operands.len()).fold(String::new(), |mut text, index| {
            let _ = write!(text, "{name}{index}, ");
            text
        })
    }

    /// A struct of the operands that computes `width` neighbours when it is called as
    /// `(variables, given, result)`.
    pub(in crate::kernels) fn function(&self, signature: &Signature<'_>) -> Result<String, LowerError> {
        let Signature { name, variables, width, given } = *signature;
        let result = names::class(self.class(given)?);
        let fields = self.parameters("p")?.replace(", ", ";\n    ");
        let mut text = format!("struct {name} {{\n    {fields}__device__ __forceinline__ void operator()(");
        for variable in variables {
            let _ = write!(text, "unsigned {variable}, ");
        }
        if let Some(class) = given {
            let _ = write!(text, "const {} (&given)[{width}], ", names::class(class));
        }
        let _ = writeln!(text, "{result} (&result)[{width}]) const {{");
        self.body(signature, &mut text)?;
        text.push_str("    }\n};\n");
        Ok(text)
    }

    /// Loads and what all neighbours share first, then the rest for each of them.
    fn body(&self, signature: &Signature<'_>, text: &mut String) -> Result<(), LowerError> {
        let width = signature.width;
        for (index, strand) in self.strands.iter().enumerate() {
            let offset = strand.offset(signature.variables);
            let _ = writeln!(text, "        const auto at{index} = p{index} + ({offset});");
        }
        let is_shared = self.shared(width);
        for (id, node) in self.kernel.nodes.iter().enumerate() {
            if let Some(pack) = self.packed(id, *node, width, &is_shared) {
                let _ = writeln!(text, "        const auto pack{id} = pack<{width}>({pack});");
            } else if is_shared[id] {
                let _ =
                    writeln!(text, "        const auto n{id} = {};", self.computed(id, *node, width, false)?);
            }
        }
        let _ = writeln!(text, "#pragma unroll\n        for (int lane = 0; lane < {width}; ++lane) {{");
        for (id, node) in self.kernel.nodes.iter().enumerate().filter(|(id, _)| !is_shared[*id]) {
            let is_packed = self.packed(id, *node, width, &is_shared).is_some();
            let _ = writeln!(
                text,
                "            const auto n{id} = {};",
                self.computed(id, *node, width, is_packed)?
            );
        }
        let _ = writeln!(text, "            result[lane] = n{};\n        }}", self.kernel.root());
        Ok(())
    }

    /// Which nodes are the same for all neighbours.
    fn shared(&self, width: usize) -> Vec<bool> {
        let mut is_shared = Vec::with_capacity(self.kernel.nodes.len());
        for node in &self.kernel.nodes {
            let is_own = match *node {
                Node::Given => false,
                Node::Load(operand) | Node::LoadAt { operand, .. } => {
                    width == 1 || self.lanes(operand, width) == Some(Lanes::Same)
                }
                _ => true,
            };
            is_shared.push(is_own && node.inputs().all(|input| is_shared[input]));
        }
        is_shared
    }

    /// Where the elements lie that a node loads for all neighbours at once.
    fn packed(&self, id: NodeId, node: Node, width: usize, is_shared: &[bool]) -> Option<String> {
        let is_dense = |operand| self.lanes(operand, width) == Some(Lanes::Dense);
        match node {
            _ if is_shared[id] => None,
            Node::Load(operand) if is_dense(operand) => Some(format!("at{operand}")),
            Node::LoadAt { operand, index, .. } if is_dense(operand) && is_shared[index] => {
                Some(self.indexed(node, operand))
            }
            _ => None,
        }
    }

    fn indexed(&self, node: Node, operand: usize) -> String {
        match node {
            Node::LoadAt { index, stride, size, .. } => {
                format!("at{operand} + nearest(n{index}, {size}LL) * {stride}LL")
            }
            _ => format!("at{operand}"),
        }
    }

    fn computed(&self, id: NodeId, node: Node, width: usize, is_packed: bool) -> Result<String, LowerError> {
        Ok(match node {
            Node::Given => "given[lane]".to_owned(),
            _ if is_packed => format!("read(pack{id}.items[lane])"),
            Node::Load(operand) | Node::LoadAt { operand, .. } => {
                let place = self.indexed(node, operand);
                match self.lanes(operand, width) {
                    Some(Lanes::Apart(stride)) if width > 1 => format!("read(*({place} + lane * {stride}))"),
                    Some(Lanes::Dense) if width > 1 => format!("read(*({place} + lane))"),
                    _ => format!("read(*({place}))"),
                }
            }
            Node::Literal(scalar) => names::scalar(scalar),
            Node::Unary(Unary::GeluErf, of) if self.is_rounded => format!("gelu_for_16_bits(n{of})"),
            Node::Unary(function, of) => format!("{}(n{of})", names::unary(function)),
            Node::Binary(function, left, right) => {
                names::binary(function, &format!("n{left}"), &format!("n{right}"))
            }
            Node::Select { condition, then, otherwise } => format!("(n{condition} ? n{then} : n{otherwise})"),
            Node::Cast(dtype, of) => {
                format!("read(Stored<{}>::of(n{of}))", names::element(dtype, "a cast")?)
            }
        })
    }
}
