use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::rig::{Rig, model};
use crate::traffic::{CALLERS, Traffic};

#[test]
fn models_are_loaded_and_unloaded_by_clients() {
    let rig = Rig::explicit(&[]);
    rig.put_model("m", 1);
    rig.open().unwrap();
    let mut client = rig.client();
    assert_eq!(client.index(), ["m/"]);
    assert_eq!(client.infer("m", 1.0).status, 404);
    assert_eq!(client.load("m", &json!({})).status, 200);
    assert_eq!(client.version_of("m"), "1");
    assert_eq!(client.unload("m").status, 200);
    assert_eq!(client.infer("m", 1.0).status, 503);
    assert_eq!(client.index(), ["m/1 UNAVAILABLE unloaded"]);
    assert!(client.is_ready());
    assert_eq!(client.load("m", &json!({})).status, 200);
    assert_eq!(client.version_of("m"), "1");
    for name in ["other", "..", ".", "m%2F1"] {
        assert_eq!(client.load(name, &json!({})).status, 404, "{name}");
        assert_eq!(client.unload(name).status, 404, "{name}");
    }
    // A model that came after the start.
    rig.put_model("late", 1);
    assert_eq!(client.load("late", &json!({})).status, 200);
    assert_eq!(client.index(), ["late/1 READY", "m/1 READY"]);
    // One whose folder is gone is not known any more once it is unloaded.
    rig.remove("late");
    assert_eq!(client.unload("late").status, 200);
    assert_eq!(client.infer("late", 1.0).status, 404);
}

#[test]
fn what_has_not_changed_is_not_loaded_again() {
    let rig = Rig::explicit(&["m"]);
    rig.put_model("m", 1);
    rig.open().unwrap();
    let mut client = rig.client();
    for (change, prepared) in [
        (None, 1),
        (Some("model"), 2),
        (None, 2),
        (Some("config"), 3),
        (None, 3),
        (Some("version"), 4),
        (None, 4),
    ] {
        match change {
            Some("model") => rig.put_model("m", 1),
            Some("config") => rig.put_config("m", "max_batch_size: 4"),
            Some(_) => rig.put_model("m", 2),
            None => {}
        }
        assert_eq!(client.load("m", &json!({})).status, 200);
        assert_eq!(rig.backend.prepared(), prepared, "{change:?}");
    }
    assert_eq!(client.version_of("m"), "2");
    assert_eq!(client.index(), ["m/1 UNAVAILABLE unloaded", "m/2 READY"]);
}

#[test]
fn what_fails_is_said_and_the_old_goes_on() {
    let rig = Rig::explicit(&["m"]);
    rig.put_model("m", 1);
    rig.open().unwrap();
    let mut client = rig.client();
    rig.put(&rig.model_path("m", 2), b"not a model");
    let refused = client.load("m", &json!({}));
    assert_eq!(refused.status, 500);
    assert!(refused.error().starts_with("failed to load model \"m\": version 2: "), "{refused:?}");
    assert_eq!(client.version_of("m"), "1");
    assert!(client.is_ready());
    let index = client.index();
    assert_eq!(index[0], "m/1 READY");
    assert!(index[1].starts_with("m/2 UNAVAILABLE "), "{index:?}");

    // The same version, replaced by something that does not load.
    rig.remove("m/2");
    rig.put(&rig.model_path("m", 1), b"not a model either");
    assert_eq!(client.load("m", &json!({})).status, 500);
    assert_eq!(client.version_of("m"), "1");
    rig.put_model("m", 1);
    assert_eq!(client.load("m", &json!({})).status, 200);
    assert_eq!(client.index(), ["m/1 READY"]);
}

#[test]
fn a_load_may_bring_its_own_configuration() {
    let rig = Rig::explicit(&[]);
    rig.put_model("m", 1);
    rig.put_model("m", 2);
    rig.put_config("m", "max_batch_size: 4");
    rig.open().unwrap();
    let mut client = rig.client();
    let config = json!({ "name": "m", "maxBatchSize": 2, "version_policy": { "all": {} } });
    assert_eq!(client.load("m", &json!({ "config": config.to_string() })).status, 200);
    assert_eq!(client.index(), ["m/1 READY", "m/2 READY"]);
    assert_eq!(client.get("/v2/models/m/config").body["max_batch_size"], 2);

    let refused = client.load("m", &json!({ "config": "{\"ensemble_scheduling\": {}}" }));
    assert_eq!((refused.status, refused.error()), (400, "config: ensemble_scheduling is not supported"));
    assert_eq!(client.load("m", &json!({ "config": "{" })).status, 400);
    assert_eq!(client.index(), ["m/1 READY", "m/2 READY"]);

    assert_eq!(client.load("m", &json!({})).status, 200);
    assert_eq!(client.index(), ["m/1 UNAVAILABLE unloaded", "m/2 READY"]);
    assert_eq!(client.get("/v2/models/m/config").body["max_batch_size"], 4);
}

#[test]
fn a_load_may_bring_its_own_files() {
    let mut rig = Rig::explicit(&[]);
    rig.options.limits.models_max = 2;
    rig.put_model("m", 9);
    rig.open().unwrap();
    let mut client = rig.client();
    let file = STANDARD.encode(model().bytes());
    let refused = client.load("m", &json!({ "file:1/model.onnx": file }));
    assert_eq!(refused.status, 400);
    assert!(refused.error().contains("expected a configuration with the files"), "{refused:?}");
    let given = json!({ "config": "{}", "file:1/model.onnx": file, "file:5/model.onnx": file });
    for name in ["m", "new"] {
        assert_eq!(client.load(name, &given).status, 200);
        assert_eq!(client.version_of(name), "5");
    }
    assert_eq!(client.index(), ["m/5 READY", "new/5 READY"]);
    let refused = client.load("third", &given);
    assert!(refused.error().contains("at most 2"), "{refused:?}");
    assert_eq!(client.load("m", &json!({})).status, 200);
    assert_eq!(client.version_of("m"), "9");
    assert_eq!(client.unload("new").status, 200);
    assert_eq!(client.index(), ["m/9 READY"]);
    let broken = json!({ "config": "{}", "file:1/model.onnx": STANDARD.encode("not a model") });
    assert_eq!(client.load("m", &broken).status, 500);
    assert_eq!(client.version_of("m"), "9");
}

#[test]
fn a_version_is_replaced_while_callers_ask() {
    let rig = Rig::explicit(&["m"]);
    rig.put_model("m", 1);
    rig.open().unwrap();
    let traffic = Traffic::start(rig.address(), "m");
    assert!(traffic.versions(100).iter().all(|version| version == "1"));
    for (round, next) in ["1", "2", "2", "3"].into_iter().enumerate() {
        rig.put_model("m", next.parse().unwrap());
        rig.backend.preparing.shut();
        let loading = std::thread::spawn({
            let mut client = rig.client();
            move || client.load("m", &json!({})).status
        });
        rig.backend.preparing.wait_for_somebody();
        // While the new one is prepared, the old one answers.
        assert!(traffic.versions_from_now(100).iter().all(|version| version.as_str() <= next));
        assert!(rig.client().is_ready());
        rig.backend.preparing.open();
        assert_eq!(loading.join().unwrap(), 200);
        // From then on the new one does, but for what had been asked before.
        let versions = traffic.versions_from_now(200);
        assert!(versions.iter().filter(|version| *version != next).count() <= CALLERS, "{versions:?}");
        assert_eq!(rig.backend.prepared(), round + 2);
    }
    let replies = traffic.stop();
    assert!(replies.iter().all(|reply| reply.status == 200));
}

#[test]
fn what_was_asked_before_a_swap_is_answered_after_it() {
    let rig = Rig::explicit(&["m"]);
    rig.put_model("m", 1);
    rig.open().unwrap();
    let runs = rig.backend.runs_of(&rig.model_path("m", 1));
    runs.shut();
    let asked = std::thread::spawn({
        let mut client = rig.client();
        move || client.version_of("m")
    });
    runs.wait_for_somebody();
    let mut client = rig.client();
    rig.put_model("m", 2);
    assert_eq!(client.load("m", &json!({})).status, 200);
    assert_eq!(client.version_of("m"), "2");
    assert_eq!(client.unload("m").status, 200);
    assert_eq!(client.infer("m", 1.0).status, 503);
    runs.open();
    assert_eq!(asked.join().unwrap(), "1");
}

#[test]
fn callers_of_a_model_that_is_unloaded_are_told_so() {
    let rig = Rig::explicit(&["m"]);
    rig.put_model("m", 1);
    rig.open().unwrap();
    let traffic = Traffic::start(rig.address(), "m");
    traffic.versions(100);
    assert_eq!(rig.client().unload("m").status, 200);
    let refusal = traffic.first_refusal();
    assert_eq!((refusal.status, refusal.error()), (503, "model \"m\" is not ready: unloaded"));
    assert!(traffic.stop().iter().all(|reply| *reply == refusal || reply.status == 200));
}

#[test]
fn clients_that_load_at_once_are_served_in_turn() {
    let rig = Rig::explicit(&[]);
    for name in ["a", "b", "c", "d"] {
        rig.put_model(name, 1);
    }
    rig.open().unwrap();
    rig.backend.preparing.shut();
    let loads = ["a", "b", "c", "d"].map(|name| {
        let mut client = rig.client();
        std::thread::spawn(move || client.load(name, &json!({})).status)
    });
    rig.backend.preparing.wait_for_somebody();
    let mut client = rig.client();
    assert_eq!(client.get("/v2/health/live").status, 200);
    rig.backend.preparing.open();
    assert!(loads.into_iter().all(|load| load.join().unwrap() == 200));
    assert_eq!(client.index(), ["a/1 READY", "b/1 READY", "c/1 READY", "d/1 READY"]);
}
