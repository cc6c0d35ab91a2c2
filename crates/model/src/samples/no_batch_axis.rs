use phalanx_tensor::{DType, Dim};

use super::weights::scalar;
use crate::proto::AttributeProto;
use crate::{GraphBuilder, Model};

/// No batch axis: of `x` f32 `[3]`, `double` `[3]` is twice each number and the scalar `sum` adds them up.
#[must_use]
pub fn no_batch_axis() -> Model {
    let mut graph = GraphBuilder::new("no_batch_axis");
    graph.input("x", DType::F32, &[Dim::Fixed(3)]);
    graph.constant("two", &scalar(2.0_f32));
    graph.node("double", "Mul", &["x", "two"], &[]);
    graph.node("sum", "ReduceSum", &["x"], &[AttributeProto::int("keepdims", 0)]);
    graph.output("double", DType::F32, &[Dim::Fixed(3)]);
    graph.output("sum", DType::F32, &[]);
    super::finish(graph)
}

#[cfg(test)]
mod tests {
    use phalanx_tensor::BatchAxis;

    use super::*;

    #[test]
    fn a_scalar_output_has_axes_and_none_of_them() {
        let model = no_batch_axis();
        assert_eq!(model.signature().outputs[1].dims, Some(vec![]));
        assert!(matches!(model.signature().batch_axis(), BatchAxis::None(_)));
    }
}
