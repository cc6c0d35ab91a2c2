use phalanx_backend::{BackendError, Device, Precision};
use tract_onnx::prelude::{TractResult, TypedModel, f16};
use tract_onnx::tract_core::floats::FloatPrecisionTranslator;
use tract_onnx::tract_core::internal::{Datum, TypedNode};
use tract_onnx::tract_core::transform::ModelTransform;

use crate::NAME;

/// Operators that stay in fp32: they sum many elements or leave the range of half precision, as their names begin in
/// tract.
const FP32_OPERATORS: [&str; 8] =
    ["Softmax", "Reduce", "RmsNorm", "Pow", "Exp", "Square", "Rsqrt", "Recip"];

/// Whether `device` computes in `precision` at a speed that is of use.
///
/// # Errors
/// [`BackendError::UnsupportedOption`]. Half precision on an x86 processor is emulated, and 200 times slower.
pub(crate) fn check(precision: Precision, device: Device) -> Result<(), BackendError> {
    let has_f16 = cfg!(target_arch = "aarch64");
    match precision {
        Precision::Fp32 => Ok(()),
        Precision::Fp16 if has_f16 => Ok(()),
        _ => Err(BackendError::UnsupportedOption {
            backend: NAME,
            device,
            option: format!("precision {precision}"),
        }),
    }
}

/// Computes in half precision what does not need more. Inputs and outputs change their dtype with it.
pub(crate) fn to_f16(model: &mut TypedModel) -> TractResult<()> {
    FloatPrecisionTranslator::with_filter(f32::datum_type(), f16::datum_type(), |node| !needs_f32(node))
        .transform(model)
}

fn needs_f32(node: &TypedNode) -> bool {
    let name = node.op.name();
    FP32_OPERATORS.iter().any(|operator| name.starts_with(operator))
}
