use phalanx_tensor::{DType, Dim};

use crate::proto::AttributeProto;
use crate::{GraphBuilder, Model};

/// An output as long as the data say: of `x` f32 `[batch, 4]`, `y` i64 `[count, 2]` has the row and column of every
/// number that is not zero. Its axis 0 is dynamic and yet no batch axis.
#[must_use]
pub fn data_dependent_shape() -> Model {
    let mut graph = GraphBuilder::new("data_dependent_shape");
    graph.input("x", DType::F32, &super::rows(&[4]));
    graph.node("places", "NonZero", &["x"], &[]);
    graph.node("y", "Transpose", &["places"], &[AttributeProto::ints("perm", &[1, 0])]);
    graph.output("y", DType::I64, &[Dim::Symbol("count".into()), Dim::Fixed(2)]);
    super::finish(graph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_its_length_otherwise_than_the_batch() {
        let model = data_dependent_shape();
        assert_eq!(model.signature().outputs[0].to_string(), "y i64 [count, 2]");
    }
}
