use phalanx_tensor::DType;

use super::weights::{scalar, vector};
use crate::{GraphBuilder, Model};

/// Two outputs whose rows differ in size: of `x` f32 `[batch, 4]`, `double` `[batch, 4]` is twice each number and
/// `sum` `[batch, 1]` adds a row up.
#[must_use]
pub fn two_outputs() -> Model {
    let mut graph = GraphBuilder::new("two_outputs");
    graph.input("x", DType::F32, &super::rows(&[4]));
    graph.constant("two", &scalar(2.0_f32));
    graph.constant("axes", &vector(&[1_i64]));
    graph.node("double", "Mul", &["x", "two"], &[]);
    graph.node("sum", "ReduceSum", &["x", "axes"], &[]);
    graph.output("double", DType::F32, &super::rows(&[4]));
    graph.output("sum", DType::F32, &super::rows(&[1]));
    super::finish(graph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_of_its_outputs() {
        let model = two_outputs();
        let names: Vec<&str> = model.signature().outputs.iter().map(|output| output.name.as_str()).collect();
        assert_eq!(names, ["double", "sum"]);
    }
}
