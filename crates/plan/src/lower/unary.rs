use phalanx_tensor::DType;
use tract_onnx::prelude::OutletId;
use tract_onnx::tract_core::internal::TypedNode;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::PowConst;
use tract_onnx::tract_core::ops::nn::{GeluApproximate, LeakyRelu};

use super::{Lowering, Refusal};
use crate::kernel::{Binary, Builder, Class, Node, NodeId, Scalar, Unary};
use crate::view::View;

impl Lowering<'_> {
    pub(super) fn unary(&mut self, node: &TypedNode, op: &ElementWiseOp) -> Result<View, Refusal> {
        let outlet = OutletId::new(node.id, 0);
        let (shape, dtype) = (self.shape(outlet)?, self.dtype(outlet)?);
        let inputs = self.inputs_of(node)?;
        let from = self.dtype_of(inputs[0].value);
        let class = Class::of(from).ok_or_else(|| from.to_string())?;
        self.elementwise(&node.name, &inputs, &shape, dtype, |builder, nodes| {
            let result = build(builder, op, class, nodes[0]).ok_or_else(|| from.to_string())?;
            Ok(if class == Class::Integer && dtype != DType::I64 {
                builder.cast(dtype, result)
            } else {
                result
            })
        })
    }

    /// Another dtype.
    pub(super) fn cast(&mut self, node: &TypedNode) -> Result<View, Refusal> {
        let outlet = OutletId::new(node.id, 0);
        let (shape, dtype) = (self.shape(outlet)?, self.dtype(outlet)?);
        let inputs = self.inputs_of(node)?;
        let same = self.dtype_of(inputs[0].value) == dtype;
        self.elementwise(&node.name, &inputs, &shape, dtype, |builder, nodes| {
            Ok(if same { nodes[0] } else { builder.cast(dtype, nodes[0]) })
        })
    }
}

fn build(builder: &mut Builder, op: &ElementWiseOp, class: Class, x: NodeId) -> Option<NodeId> {
    let op = &op.0;
    if class == Class::Float {
        if let Some(op) = op.downcast_ref::<LeakyRelu>() {
            return Some(leaky_relu(builder, op.alpha, x));
        }
        if let Some(op) = op.downcast_ref::<PowConst>() {
            let exponent = builder.literal(Scalar::F32(op.exponent));
            return Some(builder.binary(Binary::Pow, x, exponent));
        }
        if op.downcast_ref::<GeluApproximate>().is_some_and(|op| op.fast_impl) {
            return None;
        }
        if op.name() == "Square" {
            return Some(builder.binary(Binary::Mul, x, x));
        }
    }
    function(&op.name(), class).map(|function| builder.unary(function, x))
}

fn leaky_relu(builder: &mut Builder, alpha: f32, x: NodeId) -> NodeId {
    let (zero, alpha) = (builder.literal(Scalar::F32(0.0)), builder.literal(Scalar::F32(alpha)));
    let condition = builder.binary(Binary::Less, x, zero);
    let then = builder.binary(Binary::Mul, x, alpha);
    builder.push(Node::Select { condition, then, otherwise: x })
}

/// The function of tract's name.
fn function(name: &str, class: Class) -> Option<Unary> {
    let of_any_number = match name {
        "Neg" => Some(Unary::Neg),
        "Abs" => Some(Unary::Abs),
        "Sign" => Some(Unary::Sign),
        _ => None,
    };
    match class {
        Class::Boolean => matches!(name, "Not" | "BitNot").then_some(Unary::Not),
        Class::Integer => of_any_number,
        Class::Float => of_any_number.or_else(|| of_floats(name)),
    }
}

fn of_floats(name: &str) -> Option<Unary> {
    Some(match name {
        "Exp" => Unary::Exp,
        "Ln" => Unary::Ln,
        "Sqrt" => Unary::Sqrt,
        "Rsqrt" => Unary::Rsqrt,
        "Recip" => Unary::Recip,
        "Sin" => Unary::Sin,
        "Cos" => Unary::Cos,
        "Tan" => Unary::Tan,
        "Sinh" => Unary::Sinh,
        "Cosh" => Unary::Cosh,
        "Tanh" => Unary::Tanh,
        "Asin" => Unary::Asin,
        "Acos" => Unary::Acos,
        "Atan" => Unary::Atan,
        "Asinh" => Unary::Asinh,
        "Acosh" => Unary::Acosh,
        "Atanh" => Unary::Atanh,
        "Erf" => Unary::Erf,
        "Floor" => Unary::Floor,
        "Ceil" => Unary::Ceil,
        "Round" => Unary::Round,
        "RoundHalfToEven" => Unary::RoundEven,
        "Sigmoid" => Unary::Sigmoid,
        "Silu" => Unary::Silu,
        "GeluExact" => Unary::GeluErf,
        "GeluApproximate" => Unary::GeluTanh,
        "HardSwish" => Unary::HardSwish,
        _ => return None,
    })
}
