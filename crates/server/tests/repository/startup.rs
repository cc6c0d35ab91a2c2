use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phalanx_server::{ModelControlMode, RepositoryError, RepositoryOptions};
use phalanx_tensor::{Signature, Tensor};
use serde_json::json;

use crate::backend::PANICS;
use crate::rig::Rig;

#[test]
fn everything_is_served_and_nobody_may_change_it() {
    let rig = Rig::new(ModelControlMode::None);
    for (name, version) in [("one", 1), ("two", 3), ("two", 20), ("three", 1), ("three", 2)] {
        rig.put_model(name, version);
    }
    rig.put_config("three", "version_policy { all {} }");
    rig.open().unwrap();
    let mut client = rig.client();
    assert!(client.is_ready());
    assert_eq!(client.index(), ["one/1 READY", "three/1 READY", "three/2 READY", "two/20 READY"]);
    assert_eq!(client.version_of("two"), "20");
    assert_eq!(client.version_of("three/versions/1"), "1");
    assert_eq!(client.infer("two/versions/3", 1.0).status, 404);

    let refused = client.load("one", &json!({}));
    assert_eq!(refused.status, 400);
    assert!(refused.error().contains("without --model-control explicit is not supported"), "{refused:?}");
    assert_eq!(client.unload("one").status, 400);
    assert_eq!(rig.server.poll_repository(), Err(RepositoryError::NotPolled));
    assert_eq!(rig.open(), Err(RepositoryError::AlreadyOpen));
    assert_eq!(client.version_of("one"), "1");
}

#[test]
fn one_broken_model_ends_the_start() {
    let rig = Rig::new(ModelControlMode::None);
    rig.put_model("good", 1);
    rig.put_model("bad", 1);
    rig.put_config("bad", "name: \"bad\"\nensemble_scheduling { }");
    let reason = "config.pbtxt:2: ensemble_scheduling is not supported".to_owned();
    assert_eq!(rig.open(), Err(RepositoryError::Models { models: vec![("bad".into(), reason)] }));
}

#[test]
fn or_the_others_are_served_without_it() {
    let mut rig = Rig::new(ModelControlMode::None);
    rig.options.exit_on_error = false;
    rig.put_model("good", 1);
    rig.put_model("misnamed", 2);
    rig.put_config("misnamed", "name: \"other\"");
    rig.put_model("mismatched", 1);
    rig.put_config("mismatched", "input { name: 'x' dims: 4 }");
    rig.put(&rig.model_path("garbage", 1), b"not a model");
    rig.put_model(PANICS, 1);
    std::fs::create_dir(rig.path("empty")).unwrap();
    std::fs::create_dir_all(rig.path("hollow/7")).unwrap();
    rig.open().unwrap();
    let mut client = rig.client();
    assert_eq!(client.version_of("good"), "1");
    assert!(!client.is_ready());
    let index = client.index();
    let expected = [
        "empty/1 UNAVAILABLE it has no version: ",
        "garbage/1 UNAVAILABLE ",
        "good/1 READY",
        "hollow/7 UNAVAILABLE there is no file 7/model.onnx",
        "mismatched/1 UNAVAILABLE config.pbtxt:1: input \"x\": expected the dims of [batch, 3], with or without ",
        "misnamed/2 UNAVAILABLE config.pbtxt:1: name: expected the name of its folder, \"misnamed\", got \"other\"",
        "panics/1 UNAVAILABLE the runtime panicked while it prepared the model",
    ];
    assert_eq!(index.len(), expected.len(), "{index:?}");
    for (line, start) in index.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}");
    }
    assert!(index[1].contains("is not an ONNX model"), "{}", index[1]);
    let refused = client.infer("hollow", 1.0);
    assert_eq!(refused.status, 503);
    assert!(refused.error().contains("there is no file 7/model.onnx"), "{refused:?}");
}

#[test]
fn only_those_named_are_loaded_at_an_explicit_start() {
    let rig = Rig::explicit(&["a"]);
    rig.put_model("a", 1);
    rig.put_model("b", 1);
    rig.open().unwrap();
    assert_eq!(rig.client().index(), ["a/1 READY", "b/"]);

    let rig = Rig::explicit(&["*"]);
    rig.put_model("a", 1);
    rig.put_model("b", 1);
    rig.open().unwrap();
    assert_eq!(rig.client().index(), ["a/1 READY", "b/1 READY"]);

    let rig = Rig::explicit(&["c"]);
    rig.put_model("a", 1);
    let reason = "there is no folder of this name".to_owned();
    assert_eq!(rig.open(), Err(RepositoryError::Models { models: vec![("c".into(), reason)] }));
}

#[test]
fn roots_must_be_there() {
    let rig = Rig::new(ModelControlMode::None);
    assert_eq!(rig.server.poll_repository(), Err(RepositoryError::Closed));
    let none: [&Path; 0] = [];
    assert_eq!(rig.server.open_repository(RepositoryOptions::new(none)), Err(RepositoryError::NoRoots));
    let hasty = Rig::new(ModelControlMode::Poll { interval: Duration::ZERO });
    assert_eq!(hasty.open(), Err(RepositoryError::NoInterval));
    let missing = rig.path("missing");
    let error = rig.server.open_repository(RepositoryOptions::new([&missing])).unwrap_err();
    assert!(matches!(error, RepositoryError::Root { path, .. } if path == missing));
    // What failed to open is no repository.
    rig.put_model("m", 1);
    rig.open().unwrap();
    assert_eq!(rig.client().version_of("m"), "1");
}

#[test]
fn warm_up_requests_run_before_a_model_is_ready() {
    let mut rig = Rig::new(ModelControlMode::None);
    rig.put_model("m", 1);
    rig.put(&rig.path("m/warmup.npz"), b"whatever");
    let read = Arc::new(Mutex::new(Vec::new()));
    let reads = Arc::clone(&read);
    rig.options.warmup = Some(Arc::new(move |path: &Path, signature: &Signature| {
        reads.lock().unwrap().push((path.to_owned(), signature.inputs[0].name.clone()));
        let row = |first: f32| vec![Tensor::from_vec([1, 3], vec![first, 0.0, 0.0]).unwrap()];
        Ok(vec![row(101.0), row(102.0)])
    }));
    rig.open().unwrap();
    assert_eq!(*read.lock().unwrap(), [(rig.path("m/warmup.npz"), "x".to_owned())]);
    assert_eq!(rig.client().version_of("m"), "1");
    assert!(rig.backend.ran(101.0) && rig.backend.ran(102.0));
}

#[test]
fn warm_up_requests_that_cannot_be_read_or_run_fail_the_model() {
    let start = |warmup: Option<Result<Vec<Vec<Tensor>>, String>>| {
        let mut rig = Rig::new(ModelControlMode::None);
        rig.put_model("m", 1);
        rig.put(&rig.path("m/warmup.npz"), b"whatever");
        rig.options.warmup = warmup.map(|read| Arc::new(move |_: &Path, _: &Signature| read.clone()) as _);
        rig.open().unwrap_err().to_string()
    };
    assert!(start(None).contains("warmup.npz: expected no such file"));
    assert!(start(Some(Err("no array \"x\"".to_owned()))).contains("version 1: warmup.npz: no array \"x\""));
    let wrong = Tensor::from_vec([1, 4], vec![0.0_f32; 4]).unwrap();
    let error = start(Some(Ok(vec![vec![wrong]])));
    assert!(error.starts_with("failed to load model \"m\": version 1: "), "{error}");
}
