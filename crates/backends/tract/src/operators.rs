use std::collections::BTreeSet;

use tract_onnx::model::{Onnx, ParsingContext};
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};

/// The domains whose operators tract's register means: it keeps their names alone, so that `Relu` of any other
/// domain would silently run as the one of ONNX.
const DOMAINS: [&str; 4] = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft"];

/// Every operator of the model, bodies of branches and loops included, that is not in the register. A call of a
/// function local to the model counts as an operator of the function's domain.
pub(crate) fn unknown(onnx: &Onnx, proto: &ModelProto) -> Vec<String> {
    let mut found = BTreeSet::new();
    if let Some(graph) = &proto.graph {
        collect(onnx, graph, &mut found);
    }
    found.into_iter().collect()
}

fn collect(onnx: &Onnx, graph: &GraphProto, found: &mut BTreeSet<String>) {
    for node in &graph.node {
        let known = DOMAINS.contains(&node.domain.as_str()) && onnx.op_register.0.contains_key(&node.op_type);
        if !known {
            found.insert(name(node));
        }
        for attribute in &node.attribute {
            for body in attribute.g.iter().chain(&attribute.graphs) {
                collect(onnx, body, found);
            }
        }
    }
}

/// Every operator of the main graph that is in the register and yet cannot be built with the attributes it has here,
/// with the reason.
pub(crate) fn refused(onnx: &Onnx, proto: &ModelProto, folder: Option<&str>) -> Vec<String> {
    let Some(graph) = &proto.graph else { return Vec::new() };
    let opset = proto.opset_import.iter().find(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
    let context = ParsingContext {
        onnx_operator_set_version: opset.map_or(0, |set| set.version),
        framework: onnx,
        model: proto,
        parent_graphs: vec![graph],
        model_dir: folder,
        template: Default::default(),
    };
    let mut found = BTreeSet::new();
    for node in &graph.node {
        if let Some(builder) = onnx.op_register.0.get(&node.op_type)
            && let Err(error) = builder(&context, node)
        {
            found.insert(format!("{} ({error:#})", name(node)));
        }
    }
    found.into_iter().collect()
}

fn name(node: &NodeProto) -> String {
    match node.domain.as_str() {
        "" | "ai.onnx" => node.op_type.clone(),
        domain => format!("{domain}.{}", node.op_type),
    }
}
