use phalanx_tensor::DType;

use super::{Kernel, Node, Scalar, Unary};

/// What a number in an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Computed in fp32.
    Float,
    /// Computed in 64 bits.
    Integer,
    /// True or false.
    Boolean,
}

impl Class {
    /// What elements of this dtype become when they are loaded; `None` for doubles, strings and 64 bits without sign,
    /// which no class can hold.
    #[must_use]
    pub const fn of(dtype: DType) -> Option<Self> {
        match dtype {
            DType::F16 | DType::BF16 | DType::F32 => Some(Self::Float),
            DType::Bool => Some(Self::Boolean),
            DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 => {
                Some(Self::Integer)
            }
            _ => None,
        }
    }
}

impl Kernel {
    /// The class of the result, given the dtype of each operand and the class of what is given.
    ///
    /// `None` where a node is applied to a class that it is not for, or refers to a node that does not come before.
    #[must_use]
    pub fn class(&self, dtype: impl Fn(usize) -> Option<DType>, given: Option<Class>) -> Option<Class> {
        let mut classes: Vec<Class> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            if node.inputs().any(|input| input >= classes.len()) {
                return None;
            }
            let class = match *node {
                Node::Given => given?,
                Node::Load(operand) => Class::of(dtype(operand)?)?,
                Node::LoadAt { operand, index, size, .. } => {
                    (classes[index] == Class::Integer && size > 0).then_some(())?;
                    Class::of(dtype(operand)?)?
                }
                Node::Literal(Scalar::F32(_)) => Class::Float,
                Node::Literal(Scalar::I64(_)) => Class::Integer,
                Node::Literal(Scalar::Bool(_)) => Class::Boolean,
                Node::Unary(function, of) => unary(function, classes[of])?,
                Node::Binary(function, left, right) => {
                    (classes[left] == classes[right]).then_some(())?;
                    binary(function, classes[left])?
                }
                Node::Select { condition, then, otherwise } => {
                    let fits = classes[condition] == Class::Boolean && classes[then] == classes[otherwise];
                    fits.then_some(classes[then])?
                }
                Node::Cast(dtype, _) => Class::of(dtype)?,
            };
            classes.push(class);
        }
        classes.last().copied()
    }
}

fn unary(function: Unary, of: Class) -> Option<Class> {
    let fits = match function {
        Unary::Not => of == Class::Boolean,
        Unary::Neg | Unary::Abs | Unary::Sign => of != Class::Boolean,
        _ => of == Class::Float,
    };
    fits.then_some(of)
}

fn binary(function: super::Binary, of: Class) -> Option<Class> {
    if function.is_comparison() {
        return Some(Class::Boolean);
    }
    if function.is_logical() {
        return (of == Class::Boolean).then_some(Class::Boolean);
    }
    (of != Class::Boolean).then_some(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Binary, Builder};
    use crate::op::Operand;
    use crate::value::ValueId;

    #[test]
    fn expressions_have_a_class_or_none() {
        let mut builder = Builder::default();
        let load = |value| Operand { value: ValueId(value), offset: 0, strides: vec![1] };
        let (float, integer) = (builder.load(load(0)), builder.load(load(1)));
        let is_less = builder.binary(Binary::Less, float, float);
        let mixed = builder.binary(Binary::Add, float, integer);
        let cast = builder.cast(DType::F32, integer);
        let sum = builder.binary(Binary::Add, float, cast);
        let root = builder.unary(Unary::Exp, integer);
        let class = |root| {
            let kernel = builder.finish(root);
            let dtype = |index: usize| {
                let dtypes = [DType::F16, DType::I32];
                kernel.operands.get(index).map(|operand: &Operand| dtypes[operand.value.0])
            };
            kernel.class(dtype, None)
        };
        assert_eq!(class(is_less), Some(Class::Boolean));
        assert_eq!(class(sum), Some(Class::Float));
        assert_eq!((class(mixed), class(root)), (None, None));
        assert_eq!(Kernel::given().class(|_| None, None), None);
        assert_eq!(Class::of(DType::F64), None);
    }
}
