//! The graphs within a model: its own, those inside nodes (the bodies of `If`, `Loop` and `Scan`), those of functions.

use crate::proto::{AttributeProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto};

/// All graphs inside these nodes, at any depth.
pub(crate) fn inside(nodes: &[NodeProto]) -> Vec<&GraphProto> {
    let mut found: Vec<&GraphProto> = attributes(nodes).flat_map(subgraphs).collect();
    let mut next = 0;
    while let Some(&graph) = found.get(next) {
        found.extend(attributes(&graph.node).flat_map(subgraphs));
        next += 1;
    }
    found
}

/// All graphs of the model: the main one first.
pub(crate) fn all(model: &ModelProto) -> Vec<&GraphProto> {
    let mut found: Vec<&GraphProto> = Vec::new();
    if let Some(main) = &model.graph {
        found.push(main);
        found.extend(inside(&main.node));
    }
    model.functions.iter().for_each(|function| found.extend(inside(&function.node)));
    found
}

/// The constants that graphs name; of a sparse one, the elements that are stored.
pub(crate) fn initializers(model: &ModelProto) -> impl Iterator<Item = &TensorProto> {
    all(model).into_iter().flat_map(|graph| {
        let sparse = graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref());
        graph.initializer.iter().chain(sparse)
    })
}

/// Every tensor whose elements may lie in another file: constants, and the attributes of nodes.
pub(crate) fn tensors(model: &ModelProto) -> impl Iterator<Item = &TensorProto> {
    let graphs = all(model);
    let indices: Vec<&TensorProto> = graphs
        .iter()
        .flat_map(|graph| &graph.sparse_initializer)
        .filter_map(|sparse| sparse.indices.as_ref())
        .collect();
    let bodies = model.functions.iter().map(|function| function.node.as_slice());
    let nodes = graphs.into_iter().map(|graph| graph.node.as_slice()).chain(bodies);
    let of_nodes = nodes.flat_map(attributes).flat_map(attribute_tensors);
    initializers(model).chain(indices).chain(of_nodes)
}

fn attributes(nodes: &[NodeProto]) -> impl Iterator<Item = &AttributeProto> {
    nodes.iter().flat_map(|node| &node.attribute)
}

fn subgraphs(attribute: &AttributeProto) -> impl Iterator<Item = &GraphProto> {
    attribute.g.as_deref().into_iter().chain(&attribute.graphs)
}

fn attribute_tensors(attribute: &AttributeProto) -> impl Iterator<Item = &TensorProto> {
    let sparse = attribute.sparse_tensor.as_deref().into_iter().chain(&attribute.sparse_tensors);
    attribute.t.as_deref().into_iter().chain(&attribute.tensors).chain(sparse.flat_map(parts))
}

fn parts(sparse: &SparseTensorProto) -> impl Iterator<Item = &TensorProto> {
    sparse.values.iter().chain(&sparse.indices)
}
