//! Weights in files beside the model: there, whole, and in the model's folder, or refused by name.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::fs::OpenOptions;
use std::path::Path;

use phalanx_model::proto::{ModelProto, TensorProto};
use phalanx_model::{Model, ModelError, samples};
use prost::Message;

const WEIGHTS: &str = "external_data.weights";

/// Writes the sample with its first tensor changed, and reads it.
fn changed(folder: &Path, change: impl FnOnce(&mut TensorProto)) -> Result<Model, ModelError> {
    let mut proto = samples::external_data(folder, 1)?.to_proto()?;
    change(&mut proto.graph.as_mut().unwrap().initializer[0]);
    rewrite(folder, &proto)
}

fn rewrite(folder: &Path, proto: &ModelProto) -> Result<Model, ModelError> {
    let path = folder.join("changed.onnx");
    std::fs::write(&path, proto.encode_to_vec()).unwrap();
    Model::load(path)
}

fn set(tensor: &mut TensorProto, key: &str, value: &str) {
    let entry = tensor.external_data.iter_mut().find(|entry| entry.key == key).unwrap();
    entry.value = value.to_owned();
}

#[test]
fn writing_takes_the_weights_along() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let model = samples::external_data(here.path(), 1).unwrap();
    let path = there.path().join("moved.onnx");
    model.write(&path).unwrap();
    drop(here);
    let moved = Model::load(&path).unwrap();
    assert_eq!(moved.external_data(), [there.path().join(WEIGHTS)]);
    assert_eq!(moved.fingerprint(), model.fingerprint());
    assert_eq!(std::fs::metadata(&moved.external_data()[0]).unwrap().len(), 544);
}

#[test]
fn writing_over_itself_keeps_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let model = samples::external_data(folder.path(), 1).unwrap();
    model.write(model.path().unwrap()).unwrap();
    assert_eq!(std::fs::metadata(folder.path().join(WEIGHTS)).unwrap().len(), 544);
}

#[test]
fn the_fingerprint_covers_the_length_of_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let model = samples::external_data(folder.path(), 1).unwrap();
    let weights = OpenOptions::new().write(true).open(folder.path().join(WEIGHTS)).unwrap();
    weights.set_len(600).unwrap();
    let longer = Model::load(model.path().unwrap()).unwrap();
    assert_ne!(longer.fingerprint(), model.fingerprint());
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let model = samples::external_data(folder.path(), 1).unwrap();
    let weights = folder.path().join(WEIGHTS);
    std::fs::remove_file(&weights).unwrap();
    let line = Model::load(model.path().unwrap()).unwrap_err().to_string();
    let expected = format!("the external data of tensor \"weight\" is missing: there is no file {weights:?}");
    assert!(line.ends_with(&expected), "{line}");
}

#[test]
fn a_short_file_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let model = samples::external_data(folder.path(), 1).unwrap();
    let weights = OpenOptions::new().write(true).open(folder.path().join(WEIGHTS)).unwrap();
    weights.set_len(543).unwrap();
    let error = Model::load(model.path().unwrap()).unwrap_err();
    let ModelError::ExternalTooShort { tensor, bytes_min, bytes, .. } = error else { panic!("{error}") };
    assert_eq!((tensor.as_str(), bytes_min, bytes), ("bias", 544, 543));
}

#[test]
fn an_offset_beyond_every_file_does_not_wrap() {
    let folder = tempfile::tempdir().unwrap();
    let error = changed(folder.path(), |tensor| set(tensor, "offset", &u64::MAX.to_string())).unwrap_err();
    assert!(matches!(error, ModelError::ExternalTooShort { bytes_min: u64::MAX, .. }), "{error}");
}

#[test]
fn places_outside_the_folder_are_refused() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("inner");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(parent.path().join("secret"), [0; 1024]).unwrap();
    let absolute = parent.path().join("secret").display().to_string();
    for location in ["../secret", "a/../../secret", &absolute] {
        let error = changed(&folder, |tensor| set(tensor, "location", location)).unwrap_err();
        assert!(matches!(error, ModelError::ExternalOutside { .. }), "{location}: {error}");
        assert!(error.to_string().contains("expected external data in the model's folder"), "{error}");
    }
}

#[test]
fn a_folder_is_no_file_of_weights() {
    let folder = tempfile::tempdir().unwrap();
    let error = changed(folder.path(), |tensor| set(tensor, "location", ".")).unwrap_err();
    assert!(matches!(error, ModelError::NotAFile { got: "folder", .. }), "{error}");
}

#[test]
fn numbers_that_are_none_and_lengths_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (key, value, expected) in [
        ("offset", "-1", "expected a number of bytes, got \"-1\" as offset of its data"),
        ("length", "many", "expected a number of bytes, got \"many\" as length of its data"),
        ("length", "511", "expected 512 bytes of external data for shape [16, 8], got 511"),
        ("location", "", "expected the location of its external data, got none"),
    ] {
        let line = changed(folder.path(), |tensor| set(tensor, key, value)).unwrap_err().to_string();
        assert!(line.ends_with(expected), "{line}");
    }
}

#[test]
fn without_a_length_the_shape_says_it() {
    let folder = tempfile::tempdir().unwrap();
    let only_location =
        |tensor: &mut TensorProto| tensor.external_data.retain(|entry| entry.key == "location");
    assert!(changed(folder.path(), only_location).is_ok());
    let error = changed(folder.path(), |tensor| {
        only_location(tensor);
        tensor.dims = vec![16, 9];
    });
    assert!(matches!(error, Err(ModelError::ExternalTooShort { bytes_min: 576, bytes: 544, .. })));
}

#[test]
fn bytes_without_their_folder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = samples::external_data(folder.path(), 1).unwrap();
    let error = Model::from_bytes(model.bytes().clone()).unwrap_err();
    assert!(matches!(error, ModelError::ExternalWithoutFolder { .. }), "{error}");
}

#[test]
fn weights_inside_branches_are_found() {
    use phalanx_model::proto::{AttributeProto, GraphProto, NodeProto};
    let folder = tempfile::tempdir().unwrap();
    let mut proto = samples::external_data(folder.path(), 1).unwrap().to_proto().unwrap();
    let mut outside = proto.graph.as_ref().unwrap().initializer[0].clone();
    set(&mut outside, "location", "elsewhere");
    let constant =
        NodeProto { attribute: vec![AttributeProto::tensor("value", outside)], ..Default::default() };
    let body = GraphProto { node: vec![constant], ..GraphProto::default() };
    let branch =
        NodeProto { attribute: vec![AttributeProto::graph("then_branch", body)], ..Default::default() };
    proto.graph.as_mut().unwrap().node.push(branch);
    let error = rewrite(folder.path(), &proto).unwrap_err();
    assert!(matches!(error, ModelError::ExternalMissing { .. }), "{error}");
}
