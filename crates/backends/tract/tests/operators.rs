//! Every operator that stops tract is named at once.

use phalanx_backend::{Backend, BackendError, Device, PrepareOptions};
use phalanx_model::proto::{AttributeProto, NodeProto};
use phalanx_model::{GraphBuilder, Model, samples};
use phalanx_tensor::{DType, Dim};
use phalanx_tract::Tract;

fn graph() -> GraphBuilder {
    let mut graph = GraphBuilder::new("operators");
    graph.input("x", DType::F32, &dims());
    graph
}

fn dims() -> [Dim; 2] {
    [Dim::Symbol("batch".into()), Dim::Fixed(4)]
}

fn refusal(mut graph: GraphBuilder, output: &str) -> Vec<String> {
    graph.output(output, DType::F32, &dims());
    let model = Model::from_proto(&graph.finish()).expect("is valid");
    match Tract.prepare(&model, Device::Cpu, &PrepareOptions::default()).map(|_| ()) {
        Err(BackendError::UnsupportedOperators { backend: "tract", operators }) => operators,
        other => panic!("expected unsupported operators, got {other:?}"),
    }
}

#[test]
fn all_unknown_operators_are_listed_once() {
    let mut graph = graph();
    graph.node("a", "Riddle", &["x"], &[]);
    graph.node("b", "Relu", &["a"], &[]);
    graph.node("c", "Mystery", &["b"], &[]);
    graph.node("d", "Riddle", &["c"], &[]);
    assert_eq!(refusal(graph, "d"), ["Mystery", "Riddle"]);
}

#[test]
fn a_known_name_in_an_unknown_domain_is_another_operator() {
    let mut graph = graph();
    graph.import("example.phalanx", 1);
    graph.push(NodeProto {
        input: vec!["x".to_owned()],
        output: vec!["y".to_owned()],
        op_type: "Relu".to_owned(),
        domain: "example.phalanx".to_owned(),
        ..NodeProto::default()
    });
    assert_eq!(refusal(graph, "y"), ["example.phalanx.Relu"]);
}

#[test]
fn bodies_of_branches_are_searched() {
    let body = |operator: &str| {
        let mut body = GraphBuilder::new("body");
        body.node("inner", operator, &["x"], &[]);
        body.output("inner", DType::F32, &dims());
        body.finish().graph.unwrap()
    };
    let mut graph = graph();
    graph.input("flag", DType::Bool, &[]);
    let branches = [
        AttributeProto::graph("then_branch", body("Relu")),
        AttributeProto::graph("else_branch", body("Enigma")),
    ];
    graph.node("y", "If", &["flag"], &branches);
    assert_eq!(refusal(graph, "y"), ["Enigma"]);
}

#[test]
fn operators_with_attributes_that_tract_refuses_are_listed_with_the_reason() {
    let mut graph = graph();
    graph.node("a", "Cast", &["x"], &[AttributeProto::int("to", 9999)]);
    graph.node("b", "Relu", &["a"], &[]);
    graph.node("c", "Cast", &["b"], &[AttributeProto::int("to", 16)]);
    let operators = refusal(graph, "c");
    assert!(
        operators.len() == 2 && operators.iter().all(|operator| operator.starts_with("Cast (")),
        "{operators:?}"
    );
}

#[test]
fn dtypes_that_tract_lacks_are_named() {
    let model = samples::identity(DType::BF16);
    match Tract.prepare(&model, Device::Cpu, &PrepareOptions::default()).map(|_| ()) {
        Err(BackendError::Prepare { message, .. }) => assert!(message.contains("\"x\" is bf16"), "{message}"),
        other => panic!("{other:?}"),
    }
}
