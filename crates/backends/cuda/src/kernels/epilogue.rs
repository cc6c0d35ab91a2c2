//! What follows a product or convolution.

use phalanx_plan::{Activation, Binary, Epilogue, Kernel, Map, Node, Operand, Plan, Product, Scalar, Unary, ValueId};

use super::map;
use super::{Launch, LowerError};

/// `activation(scale · sum + bias + residual)` in place over the sums of a product, for what a library does not do
/// itself.
///
/// # Errors
/// As [`lower`](super::lower).
pub(crate) fn epilogue(plan: &Plan, product: &Product, output: ValueId) -> Result<Launch, LowerError> {
    let sums = Operand { value: output, offset: 0, strides: product.store.clone() };
    let map = Map {
        shape: product.shape(),
        kernel: kernel(&product.epilogue, Some(sums)),
        store: product.store.clone(),
        store_offset: 0,
    };
    map::lower(plan, &map, output)
}

/// An epilogue as an expression of the sum: what it is given, or an operand.
pub(super) fn kernel(epilogue: &Epilogue, sum: Option<Operand>) -> Kernel {
    let mut operands = Vec::new();
    let mut nodes = Vec::new();
    match sum {
        Some(sum) => {
            operands.push(sum);
            nodes.push(Node::Load(0));
        }
        None => nodes.push(Node::Given),
    }
    let mut root = 0;
    if epilogue.scale != 1.0 {
        nodes.push(Node::Literal(Scalar::F32(epilogue.scale)));
        nodes.push(Node::Binary(Binary::Mul, root, root + 1));
        root = nodes.len() - 1;
    }
    for operand in epilogue.operands() {
        nodes.push(Node::Load(operands.len()));
        operands.push(operand.clone());
        nodes.push(Node::Binary(Binary::Add, root, nodes.len() - 1));
        root = nodes.len() - 1;
    }
    match epilogue.activation {
        Activation::None => {}
        Activation::Relu => {
            nodes.push(Node::Literal(Scalar::F32(0.0)));
            nodes.push(Node::Binary(Binary::Max, root, nodes.len() - 1));
        }
        Activation::GeluErf => nodes.push(Node::Unary(Unary::GeluErf, root)),
        Activation::GeluTanh => nodes.push(Node::Unary(Unary::GeluTanh, root)),
    }
    Kernel { operands, nodes }
}
