use phalanx_tensor::{DType, Dim};

use super::weights::{Weights, scalar, vector};
use crate::proto::AttributeProto;
use crate::{GraphBuilder, Model};

/// Ids that [`sequence()`] knows: 0 up to this, exclusive. Any other makes a run fail.
pub const SEQUENCE_IDS: usize = 32;

/// Rows of any length, as of a text model: `ids` i64 and `mask` f32, both `[batch, seq]`, to `pooled` f32
/// `[batch, 8]`, the mean of the embeddings under the mask, and `tokens` f32 `[batch, seq, 8]`, all of them.
///
/// Padding with mask 0 changes neither `pooled` nor the `tokens` before it.
#[must_use]
pub fn sequence(seed: u64) -> Model {
    const WIDTH: usize = 8;
    let axes = || vec![Dim::Symbol("batch".into()), Dim::Symbol("seq".into())];
    let mut graph = GraphBuilder::new("sequence");
    graph.input("ids", DType::I64, &axes());
    graph.input("mask", DType::F32, &axes());
    graph.constant("table", &Weights::new(seed).draw([SEQUENCE_IDS, WIDTH], WIDTH));
    graph.constant("one", &scalar(1.0_f32));
    graph.constant("seq_axis", &vector(&[1_i64]));
    graph.constant("feature_axis", &vector(&[2_i64]));
    let (keep, drop) = ([AttributeProto::int("keepdims", 1)], [AttributeProto::int("keepdims", 0)]);
    graph.node("tokens", "Gather", &["table", "ids"], &[AttributeProto::int("axis", 0)]);
    graph.node("wide_mask", "Unsqueeze", &["mask", "feature_axis"], &[]);
    graph.node("masked", "Mul", &["tokens", "wide_mask"], &[]);
    graph.node("sum", "ReduceSum", &["masked", "seq_axis"], &drop);
    graph.node("count", "ReduceSum", &["mask", "seq_axis"], &keep);
    graph.node("count_min_one", "Max", &["count", "one"], &[]);
    graph.node("pooled", "Div", &["sum", "count_min_one"], &[]);
    graph.output("pooled", DType::F32, &super::rows(&[WIDTH]));
    graph.output("tokens", DType::F32, &[axes(), vec![Dim::Fixed(WIDTH)]].concat());
    super::finish(graph)
}

#[cfg(test)]
mod tests {
    use phalanx_tensor::BatchAxis;

    use super::*;

    #[test]
    fn both_axes_are_named() {
        let model = sequence(1);
        assert_eq!(model.signature().inputs[0].to_string(), "ids i64 [batch, seq]");
        assert_eq!(model.signature().outputs[1].to_string(), "tokens f32 [batch, seq, 8]");
        assert_eq!(model.signature().batch_axis(), BatchAxis::Dynamic);
    }
}
