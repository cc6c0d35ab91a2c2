//! What a model declares, in every form that the format allows.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use phalanx_model::proto::{
    DataType, GraphProto, ModelProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto,
    tensor_shape_proto::{Dimension, dimension},
    type_proto::{Map, Opaque, Optional, Sequence, Tensor, Value},
};
use phalanx_model::{Model, samples};
use phalanx_tensor::{DType, Dim};

fn with_graph(change: impl FnOnce(&mut GraphProto)) -> ModelProto {
    let mut proto = samples::tiny().to_proto().unwrap();
    change(proto.graph.as_mut().unwrap());
    proto
}

fn refused(change: impl FnOnce(&mut GraphProto)) -> String {
    Model::from_proto(&with_graph(change)).unwrap_err().to_string()
}

fn tensor(elem_type: DataType) -> Tensor {
    Tensor { elem_type: elem_type.into(), shape: Some(TensorShapeProto::default()) }
}

fn of(value: Value) -> Option<TypeProto> {
    Some(TypeProto { value: Some(value), ..TypeProto::default() })
}

fn boxed(value: Value) -> Option<Box<TypeProto>> {
    of(value).map(Box::new)
}

fn set_dims(graph: &mut GraphProto, dims: &[Option<dimension::Value>]) {
    let dim = dims.iter().map(|value| Dimension { value: value.clone(), ..Dimension::default() }).collect();
    let shape = Some(TensorShapeProto { dim });
    graph.input[0].r#type = of(Value::TensorType(Tensor { shape, ..tensor(DataType::Float) }));
}

#[test]
fn every_form_of_axis() {
    use dimension::Value::{DimParam, DimValue};
    let proto = with_graph(|graph| {
        let dims = [
            Some(DimParam("n".into())),
            Some(DimParam(String::new())),
            None,
            Some(DimValue(-1)),
            Some(DimValue(0)),
        ];
        set_dims(graph, &dims);
    });
    let dims = Model::from_proto(&proto).unwrap().signature().inputs[0].dims.clone().unwrap();
    assert_eq!(dims, [Dim::Symbol("n".into()), Dim::Unknown, Dim::Unknown, Dim::Unknown, Dim::Fixed(0)]);

    let line = refused(|graph| set_dims(graph, &[Some(DimValue(-2))]));
    assert!(line.ends_with(r#"input "x" has an axis of size -2"#), "{line}");
}

#[test]
fn a_scalar_and_an_unknown_rank_are_not_the_same() {
    let dims = |shape| {
        let proto = with_graph(|graph| {
            graph.input[0].r#type = of(Value::TensorType(Tensor { shape, ..tensor(DataType::Bfloat16) }));
        });
        let input = Model::from_proto(&proto).unwrap().signature().inputs[0].clone();
        assert_eq!(input.dtype, DType::BF16);
        input.dims
    };
    assert_eq!(dims(Some(TensorShapeProto::default())), Some(vec![]));
    assert_eq!(dims(None), None);
}

#[test]
fn constants_listed_among_the_inputs_are_none() {
    let proto = with_graph(|graph| {
        let constants = ["two", "one"].map(|name| ValueInfoProto {
            name: name.into(),
            r#type: of(Value::TensorType(tensor(DataType::Float))),
            ..ValueInfoProto::default()
        });
        graph.input.splice(0..0, constants);
    });
    let model = Model::from_proto(&proto).unwrap();
    let inputs: Vec<&str> = model.signature().inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(inputs, ["x"]);
}

#[test]
fn types_that_no_tensor_has_are_named() {
    let float = || Value::TensorType(tensor(DataType::Float));
    let map = Map { key_type: DataType::Int64.into(), value_type: boxed(float()) };
    let cases = [
        (Value::TensorType(tensor(DataType::Complex64)), "a tensor of complex64"),
        (Value::TensorType(tensor(DataType::Float8e4m3fn)), "a tensor of float8e4m3fn"),
        (Value::TensorType(tensor(DataType::Int4)), "a tensor of int4"),
        (Value::TensorType(Tensor { elem_type: 77, shape: None }), "a tensor of unknown element type 77"),
        (Value::SparseTensorType(tensor(DataType::Float)), "a sparse tensor of f32"),
        (Value::MapType(map.clone().into()), "a map from i64 to a tensor of f32"),
        (
            Value::SequenceType(Sequence { elem_type: boxed(Value::MapType(map.into())) }.into()),
            "a sequence of a map from i64 to a tensor of f32",
        ),
        (Value::OptionalType(Optional { elem_type: boxed(float()) }.into()), "optionally a tensor of f32"),
        (Value::OpaqueType(Opaque { name: "thing".into(), ..Opaque::default() }), r#"an opaque "thing""#),
    ];
    for (value, text) in cases {
        let line = refused(|graph| graph.input[0].r#type = of(value.clone()));
        assert!(
            line.starts_with(&format!(r#"the model in memory: input "x" is {text}; expected"#)),
            "{line}"
        );
        let line = refused(|graph| graph.output[0].r#type = of(value));
        assert!(line.contains(r#"output "y" is"#), "{line}");
    }
}

#[test]
fn missing_types_and_names_are_refused() {
    let line = refused(|graph| graph.input[0].r#type = None);
    assert!(line.ends_with(r#"input "x" has no type"#), "{line}");
    let line = refused(|graph| graph.output[0].r#type = of(Value::TensorType(tensor(DataType::Undefined))));
    assert!(line.ends_with(r#"output "y" has no element type"#), "{line}");
    let line = refused(|graph| graph.input[0].name.clear());
    assert!(line.ends_with("input 0 has no name"), "{line}");
    let line = refused(|graph| graph.output.push(graph.output[0].clone()));
    assert!(line.ends_with(r#"expected distinct names, got two outputs "y""#), "{line}");
    let line = refused(|graph| graph.output.clear());
    assert!(line.ends_with("expected at least one output, got none"), "{line}");
}

#[test]
fn names_of_any_length_and_content_stay_on_one_line() {
    let line = refused(|graph| {
        graph.input[0].name = "line\n".repeat(100_000);
        graph.input[0].r#type = None;
    });
    assert!(!line.contains('\n') && line.len() < 300, "{line}");
}

#[test]
fn a_constant_that_contradicts_itself_is_named() {
    let line = refused(|graph| {
        graph.initializer.push(TensorProto {
            name: "w".into(),
            dims: vec![2, -3],
            data_type: DataType::Float.into(),
            ..TensorProto::default()
        });
    });
    assert_eq!(
        line,
        r#"the model in memory: tensor "w": expected a shape that can be addressed, got [2, -3]"#
    );
}
