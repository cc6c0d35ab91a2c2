//! From a file to a model, or to one line that says why not.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use bytes::Bytes;
use phalanx_model::proto::{GraphProto, ModelProto, OperatorSetIdProto};
use phalanx_model::{Model, ModelError, samples};

/// The error's line, after what every such line must be.
fn line(error: &ModelError) -> String {
    let line = error.to_string();
    assert!(!line.contains('\n') && line.len() < 400, "{line}");
    line
}

fn refused(content: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, content).unwrap();
    let line = line(&Model::load(&path).unwrap_err());
    let folder = format!("{}/", folder.path().display());
    assert!(line.contains(&folder), "{line}");
    line.replace(&folder, "")
}

#[test]
fn a_written_model_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("written.onnx");
    let built = samples::mlp(3);
    built.write(&path).unwrap();
    let read = Model::load(&path).unwrap();
    assert_eq!((read.name(), read.path()), ("written", Some(path.as_path())));
    assert_eq!((built.name(), built.path()), ("mlp", None));
    assert_eq!(read.bytes(), built.bytes());
    assert_eq!(read.signature(), built.signature());
    assert_eq!(read.fingerprint(), built.fingerprint());
}

#[test]
fn decoding_and_cloning_share_the_weights() {
    let model = samples::mlp(1);
    let clone = model.clone();
    assert_eq!(clone.bytes().as_ptr(), model.bytes().as_ptr());
    let file = model.bytes().as_ptr_range();
    let graph = model.to_proto().unwrap().graph.unwrap();
    assert_eq!(graph.initializer.len(), 6);
    for tensor in graph.initializer {
        let data = tensor.raw_data.unwrap().as_ptr_range();
        assert!(file.start <= data.start && data.end <= file.end);
    }
}

#[test]
fn the_fingerprint_is_the_same_on_every_machine() {
    // XXH3-128 of these bytes, by another implementation.
    assert_eq!(samples::fixed_batch(2).fingerprint(), 0xc590_8496_993b_3645_30b6_7d7d_2280_7466);
}

#[test]
fn paths_without_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.onnx");
    let text = line(&Model::load(&missing).unwrap_err());
    assert_eq!(text, format!("there is no file {missing:?}"));
    let text = line(&Model::load(folder.path()).unwrap_err());
    assert_eq!(text, format!("{:?} is a folder, expected a file", folder.path()));
}

#[test]
fn a_path_through_a_file_is_the_systems_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Model::load(file.path().join("model.onnx")).unwrap_err();
    assert!(matches!(error, ModelError::Io { action: "read", .. }), "{error}");
}

#[test]
fn files_that_are_something_else() {
    assert_eq!(refused(b""), r#""model.onnx" is not an ONNX model: it is empty"#);
    for content in [
        &b"import torch\nprint(torch.zeros(3))\n"[..],
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04",
        b"\0\0\0\0",
    ] {
        let line = refused(content);
        assert!(line.starts_with(r#""model.onnx" is not an ONNX model: "#), "{line}");
    }
}

#[test]
fn bytes_that_decode_but_say_nothing() {
    // Field 99, which no model has.
    assert_eq!(
        refused(&[0x98, 0x06, 1]),
        r#""model.onnx" is not an ONNX model: expected a format version from 1, got 0"#
    );
    assert_eq!(refused(&[0x08, 8]), r#""model.onnx" is not an ONNX model: expected a graph, got none"#);
    let line = refused(&[0x08, 8, 0x3a, 0]);
    assert!(line.contains("expected the versions of its operator sets, got none"), "{line}");
    let line = refused(&[0x08, 8, 0x3a, 0, 0x42, 2, 0x10, 17]);
    assert!(line.contains("is not a valid ONNX model: expected at least one output, got none"), "{line}");
}

#[test]
fn a_truncated_file_says_how_long_it_should_be() {
    let whole = samples::mlp(1);
    let cut = whole.bytes().len() / 2;
    let line = refused(&whole.bytes()[..cut]);
    // The operator sets, of four bytes, follow the graph.
    let expected = whole.bytes().len() - 4;
    assert_eq!(line, format!(r#""model.onnx" is truncated: expected at least {expected} bytes, got {cut}"#));
}

#[test]
fn no_length_of_a_truncated_file_passes() {
    let whole = samples::tiny().bytes().clone();
    for length in 0..whole.len() {
        let error = Model::from_bytes(whole.slice(..length)).unwrap_err();
        line(&error);
        assert!(
            matches!(
                error,
                ModelError::Empty { .. }
                    | ModelError::Truncated { .. }
                    | ModelError::NotOnnx { .. }
                    | ModelError::InvalidGraph { .. }
            ),
            "{length}: {error}"
        );
    }
}

#[test]
fn the_default_operator_set_goes_by_two_names() {
    let opset = |ir_version, sets: &[(&str, i64)]| {
        let mut proto = samples::tiny().to_proto().unwrap();
        proto.ir_version = ir_version;
        proto.opset_import = sets
            .iter()
            .map(|&(domain, version)| OperatorSetIdProto { domain: domain.to_owned(), version })
            .collect();
        Model::from_proto(&proto).unwrap().opset()
    };
    assert_eq!(opset(8, &[("com.microsoft", 1), ("", 13)]), 13);
    assert_eq!(opset(8, &[("ai.onnx", 12)]), 12);
    assert_eq!(opset(8, &[("com.microsoft", 1)]), 0);
    assert_eq!(opset(2, &[]), 1);
}

#[test]
fn a_graph_without_a_name_gets_one() {
    let mut proto = samples::tiny().to_proto().unwrap();
    proto.graph.as_mut().unwrap().name.clear();
    assert_eq!(Model::from_proto(&proto).unwrap().name(), "model");
}

#[test]
fn a_small_file_of_very_many_parts_is_refused_unread() {
    const NODES: usize = 4_000_000;
    let nodes = [0x0a, 0].repeat(NODES);
    let mut file = vec![0x08, 8, 0x3a];
    let mut length = nodes.len();
    while length >= 0x80 {
        file.push(length as u8 | 0x80);
        length >>= 7;
    }
    file.push(length as u8);
    file.extend(nodes);
    let error = Model::from_bytes(file).unwrap_err();
    assert!(matches!(error, ModelError::TooManyParts { .. }), "{error}");
}

#[test]
fn nesting_without_end_is_an_error() {
    let mut graph = GraphProto::default();
    for _ in 0..200 {
        let attribute = phalanx_model::proto::AttributeProto::graph("body", graph);
        let node = phalanx_model::proto::NodeProto { attribute: vec![attribute], ..Default::default() };
        graph = GraphProto { node: vec![node], ..GraphProto::default() };
    }
    let proto = ModelProto { ir_version: 8, graph: Some(graph), ..ModelProto::default() };
    let error = Model::from_bytes(prost::Message::encode_to_vec(&proto)).unwrap_err();
    assert!(matches!(error, ModelError::NotOnnx { .. }), "{error}");
}

#[test]
fn a_function_that_calls_itself_is_refused() {
    let mut proto = samples::tiny().to_proto().unwrap();
    let node =
        phalanx_model::proto::NodeProto { op_type: "F".into(), domain: "local".into(), ..Default::default() };
    proto.functions.push(phalanx_model::proto::FunctionProto {
        name: "F".into(),
        domain: "local".into(),
        node: vec![node],
        ..Default::default()
    });
    let line = line(&Model::from_proto(&proto).unwrap_err());
    assert!(line.ends_with(r#"function "F" calls itself"#), "{line}");
}

#[test]
fn bytes_are_taken_over_not_copied() {
    let bytes: Bytes = samples::tiny().bytes().clone();
    let address = bytes.as_ptr();
    assert_eq!(Model::from_bytes(bytes).unwrap().bytes().as_ptr(), address);
}
