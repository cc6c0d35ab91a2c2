use phalanx_backend::{BackendError, Device, Precision};
use tract_onnx::prelude::{TractResult, TypedModel, f16};
use tract_onnx::tract_core::floats::FloatPrecisionTranslator;
use tract_onnx::tract_core::internal::{Datum, TypedNode};
use tract_onnx::tract_core::transform::ModelTransform;

use crate::NAME;

/// Operators that stay in fp32: they sum many elements or leave the range of half precision, as their names begin in
/// tract.
const FP32_OPERATORS: [&str; 8] = ["Softmax", "Reduce", "RmsNorm", "Pow", "Exp", "Square", "Rsqrt", "Recip"];

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

#[cfg(test)]
mod tests {
    use phalanx_backend::{Optimize, Precision};
    use phalanx_model::samples::{self, EncoderConfig};
    use phalanx_tensor::{DType, Shape};
    use tract_onnx::prelude::{IntoTValue, Tensor, tvec};
    use tract_onnx::tract_core::internal::TypedSimplePlan;

    use crate::graph::Graph;
    use crate::source::Source;

    use super::*;

    /// Through the whole path, which no x86 processor would be let take: slow there, and right.
    #[test]
    fn half_precision_keeps_edges_and_comes_close() {
        let config =
            EncoderConfig { layers: 1, heads: 2, head_width: 8, feed_forward: 16, tokens: 4, seed: 1 };
        let model = samples::encoder(&config);
        let shape = Shape::from([2, 4, 16]);
        let input = (0..128).map(|index| (index as f32 * 0.7).sin()).collect::<Vec<_>>();
        let input = Tensor::from_shape(&shape, &input).unwrap().into_tvalue();
        let [single, half] = [Precision::Fp32, Precision::Fp16].map(|precision| {
            let source = Source::new(&model).unwrap();
            let graph = Graph::new(source, model.signature(), Optimize::Basic, precision).unwrap();
            let typed = graph.at(std::slice::from_ref(&shape)).unwrap();
            let halves =
                typed.nodes().iter().filter(|node| node.outputs[0].fact.datum_type == f16::datum_type());
            assert_eq!(halves.count() > 10, precision == Precision::Fp16);
            TypedSimplePlan::new(typed).unwrap().run(tvec![input.clone()]).unwrap().remove(0)
        });
        assert_eq!(crate::dtype::dtype(half.datum_type()), Some(DType::F32));
        let [single, half] =
            [&single, &half].map(|value| value.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap());
        let worst = single.iter().zip(half).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
        assert!(worst > 0.0 && worst < 0.03, "{worst}");
    }
}
