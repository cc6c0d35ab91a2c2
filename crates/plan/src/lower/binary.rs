use phalanx_tensor::DType;
use tract_onnx::prelude::OutletId;
use tract_onnx::tract_core::internal::TypedNode;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::logic::{CompEq, CompGT, CompGTE, CompLT, CompLTE, CompNE};

use super::{Lowering, Refusal};
use crate::kernel::{Binary, Class};
use crate::view::View;

impl Lowering<'_> {
    pub(super) fn binary(&mut self, node: &TypedNode, op: &TypedBinOp) -> Result<View, Refusal> {
        let outlet = OutletId::new(node.id, 0);
        let (shape, dtype) = (self.shape(outlet)?, self.dtype(outlet)?);
        let mut inputs = self.inputs_of(node)?;
        let class = Class::of(self.dtype_of(inputs[0].value));
        if class != Class::of(self.dtype_of(inputs[1].value)) {
            return Err("operands of different kinds".to_owned());
        }
        let name = op.0.name();
        if name == "SubF" {
            inputs.swap(0, 1);
        }
        let function = function(op, class).ok_or_else(|| self.dtype_of(inputs[0].value).to_string())?;
        self.elementwise(&node.name, &inputs, &shape, dtype, |builder, nodes| {
            let result = builder.binary(function, nodes[0], nodes[1]);
            // So that what follows sees an integer of the size it has in the model.
            let is_narrow = class == Some(Class::Integer) && Class::of(dtype) == class && dtype != DType::I64;
            Ok(if is_narrow { builder.cast(dtype, result) } else { result })
        })
    }
}

fn function(op: &TypedBinOp, class: Option<Class>) -> Option<Binary> {
    let op = &op.0;
    let comparison = [
        (op.is::<CompEq>(), Binary::Equal),
        (op.is::<CompNE>(), Binary::NotEqual),
        (op.is::<CompLT>(), Binary::Less),
        (op.is::<CompLTE>(), Binary::LessEqual),
        (op.is::<CompGT>(), Binary::Greater),
        (op.is::<CompGTE>(), Binary::GreaterEqual),
    ];
    if let Some((_, function)) = comparison.into_iter().find(|(is, _)| *is) {
        return Some(function);
    }
    let is_boolean = class == Some(Class::Boolean);
    Some(match (op.name(), is_boolean) {
        ("Add", false) => Binary::Add,
        ("Sub" | "SubF", false) => Binary::Sub,
        ("Mul", false) => Binary::Mul,
        ("Div", false) => Binary::Div,
        ("Rem", false) => Binary::Rem,
        ("Min", false) => Binary::Min,
        ("Max", false) => Binary::Max,
        ("Pow", false) if class == Some(Class::Float) => Binary::Pow,
        ("And" | "BitAnd", true) => Binary::And,
        ("Or" | "BitOr", true) => Binary::Or,
        ("Xor" | "BitXor", true) => Binary::Xor,
        _ => return None,
    })
}
