use phalanx_tensor::DType;

use crate::proto::NodeProto;
use crate::{GraphBuilder, Model};

/// A valid model that no runtime can run: `x` to `y`, both f32 `[batch, 4]`, through `example.phalanx.Mystery`.
#[must_use]
pub fn unknown_operator() -> Model {
    const DOMAIN: &str = "example.phalanx";
    let mut graph = GraphBuilder::new("unknown_operator");
    graph.import(DOMAIN, 1);
    graph.input("x", DType::F32, &super::rows(&[4]));
    graph.node("rectified", "Relu", &["x"], &[]);
    graph.push(NodeProto {
        input: vec!["rectified".to_owned()],
        output: vec!["y".to_owned()],
        op_type: "Mystery".to_owned(),
        domain: DOMAIN.to_owned(),
        ..NodeProto::default()
    });
    graph.output("y", DType::F32, &super::rows(&[4]));
    super::finish(graph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_operator_with_its_domain() {
        let model = unknown_operator();
        assert_eq!(model.operators()["example.phalanx.Mystery"], 1);
        assert_eq!(model.opset(), 17);
    }
}
