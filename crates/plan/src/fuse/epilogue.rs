use super::bijection::Follower;
use crate::draft::Draft;
use crate::kernel::affine::{Affine, affine_of};
use crate::kernel::{Binary, Class, Kernel, Node, NodeId, Scalar, Unary};
use crate::op::{Activation, Epilogue, Op, Operand};
use crate::stride::is_matrix;

/// An element-wise operation after a product or convolution becomes its epilogue.
pub(super) fn epilogue(draft: &mut Draft, index: usize) -> bool {
    let (column, old) = match &draft.steps[index].op {
        Op::Product(product) => (product.batch.len() + 1, &product.epilogue),
        Op::Conv(conv) => (1, &conv.epilogue),
        _ => return false,
    };
    let Some(follower) = Follower::of(draft, index) else { return false };
    let Some(form) = Form::of(&follower) else { return false };
    let op = &draft.steps[index].op;
    let target = Target { draft, shape: op.shape(), store: op.store().to_vec(), column };
    let Some(new) = extended(&target, old, &form, &follower) else { return false };
    let Some(store) = follower.along(&target.shape, &target.store, &follower.map.store) else { return false };
    if matches!(op, Op::Product(_)) && !is_row_major(&target.shape, &store) {
        return false;
    }
    let mut op = op.clone();
    *op.store_mut() = store;
    match &mut op {
        Op::Product(product) => product.epilogue = new,
        Op::Conv(conv) => conv.epilogue = new,
        _ => return false,
    }
    draft.steps[follower.index].op = op;
    draft.steps.remove(index);
    true
}

/// A kernel as `activation(scale · x + loads)`.
struct Form {
    sum: Affine,
    activation: Activation,
}

impl Form {
    fn of(follower: &Follower) -> Option<Self> {
        let kernel = &follower.map.kernel;
        let given = kernel.inline(|index| (index == follower.operand).then(Kernel::given), None);
        let (activation, inner) = split(&given);
        let sum = affine_of(&given, inner)?;
        // Numbers of operands as the map has them.
        let place = |load: &usize| kernel.operands.iter().position(|other| *other == given.operands[*load]);
        let loads = sum.loads.iter().map(place).collect::<Option<_>>()?;
        (sum.constant == 0.0 && sum.scale != 0.0).then_some(Self { sum: Affine { loads, ..sum }, activation })
    }
}

/// The activation that a kernel ends with, and what it is applied to.
fn split(kernel: &Kernel) -> (Activation, NodeId) {
    let root = match kernel.nodes[kernel.root()] {
        Node::Cast(dtype, of) if Class::of(dtype) == Some(Class::Float) => of,
        _ => kernel.root(),
    };
    let is_zero =
        |id: NodeId| matches!(kernel.nodes[id], Node::Literal(Scalar::F32(number)) if number == 0.0);
    match kernel.nodes[root] {
        Node::Binary(Binary::Max, x, zero) if is_zero(zero) => (Activation::Relu, x),
        Node::Binary(Binary::Max, zero, x) if is_zero(zero) => (Activation::Relu, x),
        Node::Unary(Unary::GeluErf, x) => (Activation::GeluErf, x),
        Node::Unary(Unary::GeluTanh, x) => (Activation::GeluTanh, x),
        _ => (Activation::None, root),
    }
}

/// The result that an epilogue is for.
struct Target<'a> {
    draft: &'a Draft,
    shape: Vec<usize>,
    store: Vec<usize>,
    /// The axis that a bias differs along.
    column: usize,
}

impl Target<'_> {
    /// Whether an operand differs along the column only, lying densely there.
    fn is_bias(&self, operand: &Operand) -> bool {
        let expected = |axis: usize| usize::from(axis == self.column && self.shape[axis] > 1);
        operand.strides.iter().enumerate().all(|(axis, &stride)| stride == expected(axis))
    }

    /// Whether an operand has an element for each of the result, in rows as the result has.
    fn is_residual(&self, operand: &Operand) -> bool {
        let repeats = operand.strides.iter().zip(&self.shape).any(|(&stride, &size)| size > 1 && stride == 0);
        !repeats && (self.column == 1 && self.shape.len() > 2 || is_row_major(&self.shape, &operand.strides))
    }
}

fn extended(target: &Target<'_>, old: &Epilogue, form: &Form, follower: &Follower) -> Option<Epilogue> {
    let mut new = old.clone();
    let is_copy = form.sum.scale == 1.0 && form.sum.loads.is_empty() && form.activation == Activation::None;
    let is_scaled = form.sum.scale != 1.0;
    let has_operands = old.operands().next().is_some();
    if (old.activation != Activation::None && !is_copy) || (is_scaled && has_operands) {
        return None;
    }
    new.scale *= form.sum.scale;
    if form.activation != Activation::None {
        new.activation = form.activation;
    }
    for &load in &form.sum.loads {
        let operand = &follower.map.kernel.operands[load];
        let dtype = target.draft.value(operand.value).dtype;
        let strides = follower.along(&target.shape, &target.store, &operand.strides)?;
        let operand = Operand { strides, ..operand.clone() };
        let free = if Class::of(dtype) != Some(Class::Float) {
            None
        } else if target.is_bias(&operand) && new.bias.is_none() {
            Some(&mut new.bias)
        } else if target.is_residual(&operand) && new.residual.is_none() {
            Some(&mut new.residual)
        } else {
            None
        };
        *free? = Some(operand);
    }
    Some(new)
}

/// Whether the last two axes are a matrix whose columns lie next to each other.
fn is_row_major(shape: &[usize], strides: &[usize]) -> bool {
    match (shape, strides) {
        ([.., rows, columns], [.., row, column]) => {
            (*columns == 1 || *column == 1) && is_matrix((*rows, *row), (*columns, *column))
        }
        _ => false,
    }
}
