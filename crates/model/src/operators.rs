//! What a model's graph is made of.

use std::collections::{BTreeMap, HashMap};

use crate::graphs;
use crate::proto::{ModelProto, NodeProto};

/// How a node names what it calls, an operator or a function: domain, `op_type`, overload.
type Key<'a> = (&'a str, &'a str, &'a str);

/// How often each callee stands in a body, subgraphs included.
type Calls<'a> = HashMap<Key<'a>, usize>;

/// Counts of operators by name, where each call of a function counts what the function's body holds. Counts saturate.
///
/// # Errors
/// The name of a function that calls itself, if only through others.
pub(crate) fn count(model: &ModelProto) -> Result<BTreeMap<String, usize>, String> {
    let main = model.graph.as_ref().map_or(&[][..], |graph| &graph.node);
    let nodes = std::iter::once(main).chain(model.functions.iter().map(|function| &function.node[..]));
    let bodies: Vec<Calls<'_>> = nodes.map(calls).collect();
    let functions: HashMap<Key<'_>, usize> = model
        .functions
        .iter()
        .enumerate()
        .map(|(index, function)| (key(&function.domain, &function.name, &function.overload), index + 1))
        .collect();

    // Callers before callees, so that how often a body runs is known when it is its turn.
    let mut callers = vec![0_usize; bodies.len()];
    bodies
        .iter()
        .flat_map(HashMap::keys)
        .filter_map(|key| functions.get(key))
        .for_each(|&body| callers[body] += 1);
    let mut ready: Vec<usize> = (0..bodies.len()).filter(|&body| callers[body] == 0).collect();
    let mut runs = vec![0_usize; bodies.len()];
    runs[0] = 1;
    let mut counts = BTreeMap::new();
    while let Some(body) = ready.pop() {
        for (&callee, &calls) in &bodies[body] {
            let times = calls.saturating_mul(runs[body]);
            if let Some(&function) = functions.get(&callee) {
                runs[function] = runs[function].saturating_add(times);
                callers[function] -= 1;
                if callers[function] == 0 {
                    ready.push(function);
                }
            } else if times > 0 {
                let count: &mut usize = counts.entry(name(callee)).or_default();
                *count = count.saturating_add(times);
            }
        }
    }
    match callers.iter().skip(1).position(|&left| left > 0) {
        Some(function) => Err(model.functions[function].name.clone()),
        None => Ok(counts),
    }
}

fn calls(nodes: &[NodeProto]) -> Calls<'_> {
    let mut calls = Calls::new();
    let inner = graphs::inside(nodes);
    for node in nodes.iter().chain(inner.into_iter().flat_map(|graph| &graph.node)) {
        *calls.entry(key(&node.domain, &node.op_type, &node.overload)).or_default() += 1;
    }
    calls
}

/// `ai.onnx` is the long name of the default domain.
fn key<'a>(domain: &'a str, name: &'a str, overload: &'a str) -> Key<'a> {
    (if domain == "ai.onnx" { "" } else { domain }, name, overload)
}

fn name((domain, name, _): Key<'_>) -> String {
    if domain.is_empty() { name.to_owned() } else { format!("{domain}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{AttributeProto, FunctionProto, GraphProto};

    fn node(domain: &str, op_type: &str) -> NodeProto {
        NodeProto { domain: domain.to_owned(), op_type: op_type.to_owned(), ..NodeProto::default() }
    }

    fn function(name: &str, node: Vec<NodeProto>) -> FunctionProto {
        FunctionProto { domain: "local".to_owned(), name: name.to_owned(), node, ..FunctionProto::default() }
    }

    fn model(node: Vec<NodeProto>, functions: Vec<FunctionProto>) -> ModelProto {
        let graph = GraphProto { node, ..GraphProto::default() };
        ModelProto { graph: Some(graph), functions, ..ModelProto::default() }
    }

    fn expect(counts: &[(&str, usize)]) -> Result<BTreeMap<String, usize>, String> {
        Ok(counts.iter().map(|&(name, count)| (name.to_owned(), count)).collect())
    }

    #[test]
    fn domains_are_named_unless_default() {
        let nodes = vec![node("", "Relu"), node("ai.onnx", "Relu"), node("com.microsoft", "Gelu")];
        assert_eq!(count(&model(nodes, vec![])), expect(&[("Relu", 2), ("com.microsoft.Gelu", 1)]));
    }

    #[test]
    fn bodies_of_branches_and_loops_count() {
        let within = |node| GraphProto { node: vec![node], ..GraphProto::default() };
        let mut inner = node("", "Loop");
        inner.attribute.push(AttributeProto::graph("body", within(node("", "Add"))));
        let mut outer = node("", "If");
        outer.attribute.push(AttributeProto::graph("then_branch", within(inner)));
        outer.attribute.push(AttributeProto::graph("else_branch", within(node("", "Add"))));
        assert_eq!(count(&model(vec![outer], vec![])), expect(&[("Add", 2), ("If", 1), ("Loop", 1)]));
    }

    #[test]
    fn each_call_of_a_function_counts_its_body() {
        let functions = vec![
            function("Inner", vec![node("", "Mul")]),
            function("Outer", vec![node("local", "Inner"), node("local", "Inner"), node("", "Add")]),
            function("Unused", vec![node("", "Sin"), node("local", "Inner")]),
        ];
        let nodes = vec![node("local", "Outer"), node("local", "Outer"), node("local", "Inner")];
        assert_eq!(count(&model(nodes, functions)), expect(&[("Add", 2), ("Mul", 5)]));
    }

    #[test]
    fn doubling_functions_saturate_instead_of_running_away() {
        let mut functions: Vec<FunctionProto> = (1..100)
            .map(|level| {
                let callee = format!("F{}", level - 1);
                function(&format!("F{level}"), vec![node("local", &callee), node("local", &callee)])
            })
            .collect();
        functions.push(function("F0", vec![node("", "Add")]));
        assert_eq!(count(&model(vec![node("local", "F99")], functions)), expect(&[("Add", usize::MAX)]));
    }

    #[test]
    fn a_function_that_calls_itself_is_named() {
        let functions =
            vec![function("Even", vec![node("local", "Odd")]), function("Odd", vec![node("local", "Even")])];
        assert_eq!(count(&model(vec![node("local", "Odd")], functions)), Err("Even".to_owned()));
    }
}
