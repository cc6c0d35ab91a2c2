use std::collections::HashSet;

use bytes::Bytes;
use half::f16;
use phalanx_tensor::Tensor;
use prost::Message;

use crate::proto::type_proto::Value;
use crate::proto::{AttributeProto, DataType, GraphProto, NodeProto, TensorProto, TypeProto};
use crate::{Model, ModelError};

/// The file's bytes with every half-precision `Gemm` written as the products and sums that it stands for
/// (<https://onnx.ai/onnx/operators/onnx__Gemm.html>), for runtimes whose `Gemm` is of single precision only. The same
/// bytes where there is none.
///
/// # Errors
/// [`ModelError`] where the bytes are not the message that they were when the model was read.
pub fn half_gemm_spelled_out(model: &Model) -> Result<Bytes, ModelError> {
    if !model.operators().contains_key("Gemm") {
        return Ok(model.bytes().clone());
    }
    let mut proto = model.to_proto()?;
    let is_changed = proto.graph.as_mut().is_some_and(spell_out);
    Ok(if is_changed { proto.encode_to_vec().into() } else { model.bytes().clone() })
}

fn spell_out(graph: &mut GraphProto) -> bool {
    let halves = halves(graph);
    let is_half =
        |node: &NodeProto| node.op_type == "Gemm" && node.input.iter().any(|name| halves.contains(name));
    if !graph.node.iter().any(is_half) {
        return false;
    }
    let mut nodes = Vec::with_capacity(graph.node.len());
    for node in std::mem::take(&mut graph.node) {
        if is_half(&node) {
            Gemm { node: &node, nodes: &mut nodes, constants: &mut graph.initializer }.spell_out();
        } else {
            nodes.push(node);
        }
    }
    graph.node = nodes;
    true
}

/// Names of the values that are declared or stored in half precision: a `Gemm` has weights among them.
fn halves(graph: &GraphProto) -> HashSet<String> {
    let half = DataType::Float16 as i32;
    let is_half =
        |kind: &TypeProto| matches!(&kind.value, Some(Value::TensorType(tensor)) if tensor.elem_type == half);
    let stored =
        graph.initializer.iter().filter(|tensor| tensor.data_type == half).map(|tensor| &tensor.name);
    let declared = graph
        .input
        .iter()
        .chain(&graph.value_info)
        .filter(|value| value.r#type.as_ref().is_some_and(is_half));
    stored.chain(declared.map(|value| &value.name)).cloned().collect()
}

/// One node on its way to several.
struct Gemm<'a> {
    node: &'a NodeProto,
    nodes: &'a mut Vec<NodeProto>,
    constants: &'a mut Vec<TensorProto>,
}

impl Gemm<'_> {
    fn spell_out(mut self) {
        let [a, b] = ["transA", "transB"].map(|name| self.integer(name) != 0);
        let [alpha, beta] = ["alpha", "beta"].map(|name| self.factor(name));
        let input = |index: usize| self.node.input.get(index).cloned().unwrap_or_default();
        let (left, right, added) = (input(0), input(1), input(2));
        let left = if a { self.transposed(left, "a") } else { left };
        let right = if b { self.transposed(right, "b") } else { right };
        let has_sum = !added.is_empty();
        let product = self.push("MatMul", vec![left, right], "product", !has_sum && alpha == 1.0, &[]);
        let product = if alpha == 1.0 { product } else { self.times(product, alpha, "scaled", !has_sum) };
        if has_sum {
            let added = if beta == 1.0 { added } else { self.times(added, beta, "weighted", false) };
            self.push("Add", vec![product, added], "sum", true, &[]);
        }
    }

    fn transposed(&mut self, value: String, name: &str) -> String {
        self.push(
            "Transpose",
            vec![value],
            &format!("{name}_transposed"),
            false,
            &[AttributeProto::ints("perm", &[1, 0])],
        )
    }

    fn times(&mut self, value: String, factor: f32, name: &str, is_last: bool) -> String {
        let constant = format!("{}/{name}_by", self.output());
        // A scalar of one element always fits.
        if let Ok(tensor) = Tensor::from_vec([], vec![f16::from_f32(factor)]) {
            self.constants.push(TensorProto::from_tensor(&constant, &tensor));
        }
        self.push("Mul", vec![value, constant], name, is_last, &[])
    }

    /// Adds a node; the last one has the output and the name of the `Gemm`.
    fn push(
        &mut self,
        operator: &str,
        input: Vec<String>,
        name: &str,
        is_last: bool,
        attributes: &[AttributeProto],
    ) -> String {
        let output = if is_last { self.output().to_owned() } else { format!("{}/{name}", self.output()) };
        let name = if is_last { self.node.name.clone() } else { format!("{}/{name}", self.node.name) };
        self.nodes.push(NodeProto {
            input,
            output: vec![output.clone()],
            name,
            op_type: operator.to_owned(),
            attribute: attributes.to_vec(),
            ..NodeProto::default()
        });
        output
    }

    fn output(&self) -> &str {
        self.node.output.first().map_or("", String::as_str)
    }

    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    fn integer(&self, name: &str) -> i64 {
        self.attribute(name).and_then(|attribute| attribute.i).unwrap_or(0)
    }

    fn factor(&self, name: &str) -> f32 {
        self.attribute(name).and_then(|attribute| attribute.f).unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use phalanx_tensor::{DType, Dim};

    use super::*;
    use crate::GraphBuilder;

    fn gemm(dtype: DType, attributes: &[AttributeProto]) -> Model {
        let dims = [Dim::Symbol("batch".into()), Dim::Fixed(4)];
        let mut graph = GraphBuilder::new("gemm");
        graph.input("x", dtype, &dims);
        for (name, shape) in [("weight", &[4, 4][..]), ("bias", &[4])] {
            graph.constant(name, &Tensor::zeros(dtype, shape).expect("is small"));
        }
        graph.node("y", "Gemm", &["x", "weight", "bias"], attributes);
        graph.output("y", dtype, &dims);
        Model::from_proto(&graph.finish()).expect("is valid")
    }

    fn operators(bytes: Bytes) -> Vec<String> {
        let graph = Model::from_bytes(bytes).expect("is read").to_proto().expect("was read").graph;
        graph.expect("has a graph").node.into_iter().map(|node| node.op_type).collect()
    }

    #[test]
    fn half_precision_is_spelled_out() {
        let plain = half_gemm_spelled_out(&gemm(DType::F16, &[])).expect("is written");
        assert_eq!(operators(plain), ["MatMul", "Add"]);
        let attributes = [
            AttributeProto::int("transA", 1),
            AttributeProto::int("transB", 1),
            AttributeProto::float("alpha", 0.5),
            AttributeProto::float("beta", 2.0),
        ];
        let all = half_gemm_spelled_out(&gemm(DType::F16, &attributes)).expect("is written");
        assert_eq!(operators(all), ["Transpose", "Transpose", "MatMul", "Mul", "Mul", "Add"]);
    }

    #[test]
    fn the_output_keeps_its_name_whatever_the_last_node_is() {
        let dims = [Dim::Symbol("batch".into()), Dim::Fixed(4)];
        for attributes in [&[][..], &[AttributeProto::float("alpha", 0.5)]] {
            let mut graph = GraphBuilder::new("gemm");
            graph.input("x", DType::F16, &dims);
            graph.constant("weight", &Tensor::zeros(DType::F16, [4, 4]).expect("is small"));
            graph.node("y", "Gemm", &["x", "weight"], attributes);
            graph.output("y", DType::F16, &dims);
            let model = Model::from_proto(&graph.finish()).expect("is valid");
            let written =
                Model::from_bytes(half_gemm_spelled_out(&model).expect("is written")).expect("is read");
            let nodes = written.to_proto().expect("was read").graph.expect("has a graph").node;
            assert_eq!(nodes.last().expect("has nodes").output, ["y"]);
        }
    }

    #[test]
    fn single_precision_stays_as_it_is() {
        let model = gemm(DType::F32, &[]);
        assert_eq!(&half_gemm_spelled_out(&model).expect("is given"), model.bytes());
    }
}
