use std::time::Duration;

use phalanx_server::{ModelControlMode, RepositoryError};

use crate::rig::{Rig, model};
use crate::traffic::{CALLERS, Traffic};

#[test]
fn models_come_change_and_go() {
    let rig = Rig::polled();
    rig.put_model("a", 1);
    rig.open().unwrap();
    let mut client = rig.client();
    assert_eq!(client.index(), ["a/1 READY"]);
    rig.put_model("b", 1);
    rig.put_model("a", 2);
    rig.poll_twice();
    assert_eq!(client.index(), ["a/1 UNAVAILABLE unloaded", "a/2 READY", "b/1 READY"]);
    assert_eq!(client.version_of("a"), "2");
    rig.remove("a/1");
    rig.put_config("b", "max_batch_size: 2");
    rig.poll_twice();
    assert_eq!(client.index(), ["a/2 READY", "b/1 READY"]);
    assert_eq!(client.get("/v2/models/b/config").body["max_batch_size"], 2);
    rig.remove("a");
    rig.server.poll_repository().unwrap();
    assert_eq!(client.version_of("a"), "2");
    rig.server.poll_repository().unwrap();
    assert_eq!(client.index(), ["b/1 READY"]);
    assert_eq!(client.infer("a", 1.0).status, 404);

    let prepared = rig.backend.prepared();
    rig.poll_twice();
    assert_eq!(rig.backend.prepared(), prepared);
}

#[test]
fn nobody_has_to_ask_for_a_look() {
    let rig = Rig::new(ModelControlMode::Poll { interval: Duration::from_millis(1) });
    rig.open().unwrap();
    rig.backend.preparing.shut();
    rig.put_model("m", 1);
    rig.backend.preparing.wait_for_somebody();
    rig.backend.preparing.open();
    // This waits for the look that is under way.
    rig.poll_twice();
    assert_eq!(rig.client().index(), ["m/1 READY"]);
}

#[test]
fn a_file_that_is_being_copied_is_left_alone() {
    let rig = Rig::polled();
    rig.open().unwrap();
    let mut client = rig.client();
    let bytes = model().bytes().clone();
    let path = rig.model_path("m", 1);
    for part in [bytes.len() / 3, bytes.len() / 2, bytes.len()] {
        rig.put(&path, &bytes[..part]);
        rig.server.poll_repository().unwrap();
        assert_eq!(client.index(), ["m/"]);
        assert_eq!(rig.backend.prepared(), 0);
    }
    rig.server.poll_repository().unwrap();
    assert_eq!(client.index(), ["m/1 READY"]);
    assert_eq!(client.version_of("m"), "1");
}

#[test]
fn a_new_version_that_fails_leaves_the_old_one_in_service() {
    let rig = Rig::polled();
    rig.put_model("m", 1);
    rig.put_model("other", 1);
    rig.open().unwrap();
    let mut client = rig.client();
    rig.put(&rig.model_path("m", 2), b"not a model");
    rig.put_model("other", 2);
    rig.poll_twice();
    assert_eq!((client.version_of("m"), client.version_of("other")), ("1".to_owned(), "2".to_owned()));
    assert!(client.is_ready());
    let index = client.index();
    assert_eq!(index[0], "m/1 READY");
    assert!(
        index[1].starts_with("m/2 UNAVAILABLE ") && index[1].contains("is not an ONNX model"),
        "{index:?}"
    );
    // Gone with its folder, as long as there is nothing better.
    rig.remove("m/1");
    rig.poll_twice();
    assert_eq!(client.version_of("m"), "1");
    rig.put_model("m", 2);
    rig.poll_twice();
    assert_eq!(client.version_of("m"), "2");
    assert_eq!(client.index()[..2], ["m/2 READY", "other/1 UNAVAILABLE unloaded"]);
}

#[test]
fn a_broken_configuration_is_shown_where_the_model_goes_on() {
    let rig = Rig::polled();
    rig.put_model("m", 1);
    rig.put_config("m", "max_batch_size: 4");
    rig.open().unwrap();
    let mut client = rig.client();
    rig.put_config("m", "max_batch_size: 4\noptimization { }");
    rig.poll_twice();
    assert_eq!(client.version_of("m"), "1");
    assert_eq!(client.index(), ["m/1 UNAVAILABLE config.pbtxt:2: optimization is not supported"]);
    rig.put_config("m", "max_batch_size: 4");
    rig.poll_twice();
    assert_eq!(client.index(), ["m/1 READY"]);
    assert_eq!(rig.backend.prepared(), 1);
}

#[test]
fn versions_are_taken_out_of_service_with_their_folders() {
    let rig = Rig::polled();
    rig.put_model("m", 1);
    rig.open().unwrap();
    let mut client = rig.client();
    rig.remove("m/1");
    rig.poll_twice();
    assert_eq!(client.infer("m", 1.0).status, 503);
    assert!(client.index()[0].starts_with("m/1 UNAVAILABLE it has no version: "));
    rig.put_model("m", 4);
    rig.poll_twice();
    assert_eq!(client.index(), ["m/4 READY"]);
}

#[test]
fn roots_that_are_gone_change_nothing() {
    let rig = Rig::polled();
    rig.put_model("m", 1);
    rig.open().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("root");
    std::fs::rename(rig.path(""), &moved).unwrap();
    for _ in 0..2 {
        assert!(matches!(rig.server.poll_repository(), Err(RepositoryError::Root { .. })));
    }
    assert_eq!(rig.client().version_of("m"), "1");
    std::fs::rename(&moved, rig.path("")).unwrap();
    rig.poll_twice();
    assert_eq!(rig.client().index(), ["m/1 READY"]);
    assert_eq!(rig.backend.prepared(), 1);
}

#[test]
fn nothing_is_lost_while_versions_come_and_go() {
    let rig = Rig::polled();
    rig.put_model("m", 1);
    rig.open().unwrap();
    let traffic = Traffic::start(rig.address(), "m");
    traffic.versions(50);
    for version in 2..6 {
        rig.put_model("m", version);
        rig.poll_twice();
        rig.remove(&format!("m/{}", version - 1));
        rig.poll_twice();
        let versions = traffic.versions_from_now(100);
        let late = versions.iter().filter(|answered| **answered != version.to_string()).count();
        assert!(late <= CALLERS, "{versions:?}");
    }
    assert!(traffic.stop().iter().all(|reply| reply.status == 200));
}
