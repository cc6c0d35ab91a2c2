use phalanx_model::samples;

use crate::models::{Folder, tiny};
use crate::program::phalanx;

#[test]
fn a_model_is_described() {
    let (_folder, model) = tiny();
    let ended = phalanx(&["inspect", &model, "--backend", "tract"]).done();
    for part in [
        "opset 17, 2 parameters",
        "input   x     f32    [batch, 4]",
        "batching: batched",
        "Add 1, Mul 1",
        "on cpu",
    ] {
        assert!(ended.text().contains(part), "{part:?} is not in {}", ended.text());
    }
}

#[test]
fn json_has_the_same() {
    let (_folder, model) = tiny();
    let document = phalanx(&["inspect", &model, "--backend", "tract", "--json"]).done().json();
    assert_eq!(document["inputs"][0]["name"], "x");
    assert_eq!(document["inputs"][0]["shape"], serde_json::json!(["batch", "4"]));
    assert_eq!(document["operators"], serde_json::json!({ "Add": 1, "Mul": 1 }));
    assert_eq!(
        (&document["batching"]["mode"], &document["batching"]["checked"]),
        (&"batched".into(), &true.into())
    );
    assert_eq!(
        (&document["backends"][0]["name"], &document["backends"][0]["runs"]),
        (&"tract".into(), &true.into())
    );
}

#[test]
fn rows_that_depend_on_each_other_are_found_out() {
    let folder = Folder::new();
    let model = folder.model(&samples::batch_dependent());
    let document = phalanx(&["inspect", &model, "--backend", "tract", "--json"]).done().json();
    assert_eq!(document["batching"]["mode"], "unbatched");
    assert_eq!(document["batching"]["checked"], true);
    let document = phalanx(&["inspect", &model, "--quick", "--json"]).done().json();
    assert_eq!(
        (&document["batching"]["mode"], &document["batching"]["checked"]),
        (&"batched".into(), &false.into())
    );
    assert_eq!(document["backends"], serde_json::json!([]));
}

#[test]
fn operators_that_stop_a_backend_are_listed() {
    let folder = Folder::new();
    let model = folder.model(&samples::unknown_operator());
    let document = phalanx(&["inspect", &model, "--backend", "tract", "--json"]).done().json();
    let verdict = &document["backends"][0];
    assert_eq!(verdict["runs"], false);
    assert!(verdict["stopped_by"].to_string().contains("Mystery"), "{verdict}");
}

#[test]
fn devices_are_listed() {
    let document = phalanx(&["devices", "--json"]).done().json();
    let tract =
        document["backends"].as_array().unwrap().iter().find(|backend| backend["name"] == "tract").unwrap();
    assert!(tract["devices"].as_array().unwrap().iter().any(|device| device["device"] == "cpu"), "{tract}");
    assert!(tract["version"].is_string());
    assert!(document["machine"]["cpus"].as_u64().unwrap() >= 1);
    assert!(phalanx(&["devices"]).done().text().contains("tract"));
}

#[test]
fn a_plan_is_printed_with_its_totals() {
    let folder = Folder::new();
    let model = folder.model(&samples::mlp(1));
    let ended = phalanx(&["inspect", &model, "--plan", "--batch", "32"]).done();
    let text = ended.text();
    assert_eq!(text.matches(" = product 32x").count(), 3, "{text}");
    for part in ["input 0: input f32 [32, 256]", "relu", "3 operations", "arena 131072 B", " FLOP; "] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[test]
fn open_axes_of_a_plan_need_a_length() {
    let folder = Folder::new();
    let model = folder.model(&samples::sequence(1));
    phalanx(&["inspect", &model, "--plan"]).failed(&["\"ids\" has open axes"]).hint("--length SIZE");
    let ended = phalanx(&["inspect", &model, "--plan", "--batch", "2", "--length", "7"]).done();
    assert!(ended.text().contains("ids i64 [2, 7]"), "{}", ended.text());
}

#[test]
fn operators_that_stop_a_plan_are_listed() {
    let folder = Folder::new();
    let model = folder.model(&samples::unknown_operator());
    phalanx(&["inspect", &model, "--plan"]).failed(&["no plan can be made of", "Mystery"]).hint("backend");
}
