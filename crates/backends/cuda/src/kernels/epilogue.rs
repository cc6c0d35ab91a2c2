//! What follows a product or convolution.

use phalanx_plan::{Activation, Binary, Epilogue, Kernel, Map, Node, Operand, Plan, Scalar, Unary};

use super::map;
use super::{Launch, LowerError, Matrix, Pointer, ProductCall};

/// `activation(scale · sum + bias + residual)` in place over the sums of a product, for what a library does not do
/// itself: all that the call asks for beside the sums.
///
/// # Errors
/// As [`lower`](super::lower); [`LowerError::Inconsistent`] where the result is no value of the plan.
pub(crate) fn epilogue(plan: &Plan, call: &ProductCall) -> Result<Launch, LowerError> {
    let along = |matrix: &Matrix| match matrix.is_transposed {
        false => vec![matrix.batch_stride, matrix.leading, 1],
        true => vec![matrix.batch_stride, 1, matrix.leading],
    };
    let sums = operand(plan, call.d.pointer, along(&call.d))?;
    let bias =
        call.bias.map(|bias| operand(plan, bias.pointer, vec![bias.batch_stride, 0, 1])).transpose()?;
    let residual = call.c.map(|c| operand(plan, c.pointer, along(&c))).transpose()?;
    let epilogue = Epilogue { scale: call.scale, bias, residual, activation: call.activation };
    let (output, store_offset, store) = (sums.value, sums.offset, sums.strides.clone());
    let kernel = kernel(&epilogue, Some(sums));
    map::lower(plan, &Map { shape: vec![call.batch, call.m, call.n], kernel, store, store_offset }, output)
}

/// What a pointer points to, over the axes of a product.
fn operand(plan: &Plan, pointer: Pointer, strides: Vec<usize>) -> Result<Operand, LowerError> {
    let expected = "a product whose results are a value";
    let Pointer::Value { id, offset_bytes } = pointer else {
        return Err(LowerError::Inconsistent { expected });
    };
    let bytes = plan.value(id).dtype.size_bytes().ok_or(LowerError::Inconsistent { expected })?;
    Ok(Operand { value: id, offset: offset_bytes / bytes, strides })
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
