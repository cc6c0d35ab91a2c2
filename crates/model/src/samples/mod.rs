//! Small models built in memory: for demonstrations, and for the tests of everything that runs models.
//!
//! [`mlp()`], [`encoder()`] and [`conv()`] are shaped like models people serve. The others are small and awkward, each in
//! one way that something which runs models must handle. All are the same on every machine; weights are drawn from a
//! seed. Operators are those of opset 17.

mod batch_dependent;
mod conv;
mod data_dependent_shape;
mod encoder;
mod external_data;
mod f16_model;
mod fixed_batch;
mod identity;
mod mlp;
mod no_batch_axis;
mod sequence;
mod tiny;
mod two_outputs;
mod unknown_operator;
mod weights;

pub use batch_dependent::batch_dependent;
pub use conv::conv;
pub use data_dependent_shape::data_dependent_shape;
pub use encoder::{EncoderConfig, encoder};
pub use external_data::external_data;
pub use f16_model::f16_model;
pub use fixed_batch::fixed_batch;
pub use identity::identity;
pub use mlp::mlp;
pub use no_batch_axis::no_batch_axis;
pub use sequence::{SEQUENCE_IDS, sequence};
pub use tiny::tiny;
pub use two_outputs::two_outputs;
pub use unknown_operator::unknown_operator;

use phalanx_tensor::{DType, Dim};

use crate::{GraphBuilder, Model};

fn finish(graph: GraphBuilder) -> Model {
    Model::from_proto(&graph.finish()).expect("every sample is built and read back in a test of its own")
}

/// The shape of `[batch, ..tail]`.
fn rows(tail: &[usize]) -> Vec<Dim> {
    std::iter::once(Dim::Symbol("batch".into())).chain(tail.iter().map(|&size| Dim::Fixed(size))).collect()
}

/// A graph of this name that gives `y = 2x + 1`, both of shape `dims`.
fn double_plus_one(name: &str, dims: &[Dim]) -> GraphBuilder {
    let mut graph = GraphBuilder::new(name);
    graph.input("x", DType::F32, dims);
    graph.constant("two", &weights::scalar(2.0_f32));
    graph.constant("one", &weights::scalar(1.0_f32));
    graph.node("doubled", "Mul", &["x", "two"], &[]);
    graph.node("y", "Add", &["doubled", "one"], &[]);
    graph.output("y", DType::F32, dims);
    graph
}
