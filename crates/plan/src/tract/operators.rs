use std::collections::BTreeSet;

use tract_onnx::model::Onnx;
use tract_onnx::pb::{GraphProto, ModelProto};

/// The domains whose operators tract's register means; it keeps their names alone.
const DOMAINS: [&str; 4] = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft"];

/// Every operator of the model that tract has never heard of, bodies of branches and loops included.
pub(crate) fn unknown(onnx: &Onnx, proto: &ModelProto) -> Vec<String> {
    let mut found = BTreeSet::new();
    if let Some(graph) = &proto.graph {
        collect(onnx, graph, &mut found);
    }
    found.into_iter().collect()
}

fn collect(onnx: &Onnx, graph: &GraphProto, found: &mut BTreeSet<String>) {
    for node in &graph.node {
        let domain = node.domain.as_str();
        if !DOMAINS.contains(&domain) || !onnx.op_register.0.contains_key(&node.op_type) {
            let is_default = matches!(domain, "" | "ai.onnx");
            found.insert(if is_default {
                node.op_type.clone()
            } else {
                format!("{domain}.{}", node.op_type)
            });
        }
        for attribute in &node.attribute {
            attribute.g.iter().chain(&attribute.graphs).for_each(|body| collect(onnx, body, found));
        }
    }
}
