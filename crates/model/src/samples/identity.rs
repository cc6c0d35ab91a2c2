use phalanx_tensor::DType;

use crate::{GraphBuilder, Model};

/// Gives back what it takes: `x` to `y`, both of this dtype, `[batch, 3]`.
#[must_use]
pub fn identity(dtype: DType) -> Model {
    let mut graph = GraphBuilder::new(&format!("identity_{dtype}"));
    graph.input("x", dtype, &super::rows(&[3]));
    graph.node("y", "Identity", &["x"], &[]);
    graph.output("y", dtype, &super::rows(&[3]));
    super::finish(graph)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_survives_the_file() {
        for dtype in DType::ALL {
            let model = identity(dtype);
            assert_eq!(model.signature().inputs[0].dtype, dtype);
            assert_eq!(model.signature().outputs[0].to_string(), format!("y {dtype} [batch, 3]"));
        }
    }
}
