use phalanx_tensor::DType;

use crate::proto::AttributeProto;
use crate::{GraphBuilder, Model};

/// Rows that are not independent, although the signature looks like it: `y` is `x` less the mean over axis 0, both
/// f32 `[batch, 4]`. A row alone gives zeros.
#[must_use]
pub fn batch_dependent() -> Model {
    let mut graph = GraphBuilder::new("batch_dependent");
    graph.input("x", DType::F32, &super::rows(&[4]));
    graph.node("mean", "ReduceMean", &["x"], &[AttributeProto::ints("axes", &[0])]);
    graph.node("y", "Sub", &["x", "mean"], &[]);
    graph.output("y", DType::F32, &super::rows(&[4]));
    super::finish(graph)
}

#[cfg(test)]
mod tests {
    use phalanx_tensor::BatchAxis;

    use super::*;

    #[test]
    fn looks_as_if_it_could_be_batched() {
        assert_eq!(batch_dependent().signature().batch_axis(), BatchAxis::Dynamic);
    }
}
