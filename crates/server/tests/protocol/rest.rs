use phalanx_server::ServerOptions;
use serde_json::json;

use crate::rig::Rig;

#[test]
fn what_the_server_and_its_models_are() {
    let rig = Rig::plain();
    let server = rig.get("/v2").ok();
    assert_eq!(server["name"], "phalanx");
    assert!(server["extensions"].as_array().unwrap().contains(&json!("statistics")));

    let tensor = |name: &str, datatype: &str, last: i64| json!({"name": name, "datatype": datatype, "shape": [-1, last]});
    let metadata = json!({
        "name": "null", "versions": ["1"], "platform": "null_onnx",
        "inputs": [tensor("x", "FP32", 256)], "outputs": [tensor("y", "FP32", 256)],
    });
    assert_eq!(rig.get("/v2/models/null").ok(), metadata);
    assert_eq!(rig.get("/v2/models/null/versions/1").ok(), metadata);
    assert_eq!(rig.get("/v2/models/words").ok()["inputs"], json!([tensor("x", "BYTES", -1)]));
    assert_eq!(rig.get("/v2/models/nobody").error(404), "there is no model \"nobody\"");
    assert!(rig.get("/v2/models/null/versions/x").error(404).contains("no version \"x\""));
}

#[test]
fn how_models_are_run() {
    let rig = Rig::plain();
    let config = rig.get("/v2/models/null/config").ok();
    assert_eq!(config["max_batch_size"], 8);
    assert_eq!(config["input"][0]["dims"], json!([256]));
    assert_eq!(config["input"][0]["data_type"], "TYPE_FP32");
    assert_eq!(config["instance_group"][0]["count"], 1);
    assert_eq!(config["dynamic_batching"]["max_queue_delay_microseconds"], 0);
    // Strings are not batched, and so axis 0 is said as well.
    let config = rig.get("/v2/models/words/versions/1/config").ok();
    assert_eq!(config["max_batch_size"], 0);
    assert_eq!(config["input"][0]["dims"], json!([-1, -1]));
    assert_eq!(config["input"][0]["data_type"], "TYPE_STRING");
    assert_eq!(config.get("dynamic_batching"), None);
    rig.get("/v2/models/nobody/config").error(404);
}

#[test]
fn what_models_have_done() {
    let rig = Rig::plain();
    let row = vec![0; 256];
    let tensor = |shape: [usize; 2]| json!({"inputs": [{"name": "x", "datatype": "FP32", "shape": shape, "data": row}]});
    rig.post("/v2/models/null/infer", &tensor([1, 256]).to_string()).ok();
    rig.post("/v2/models/null/infer", &tensor([1, 255]).to_string()).error(400);
    for path in ["/v2/models/null/stats", "/v2/models/null/versions/1/stats"] {
        let statistics = rig.get(path).ok();
        let statistics = &statistics["model_stats"][0];
        assert_eq!((&statistics["name"], &statistics["version"]), (&json!("null"), &json!("1")));
        assert_eq!((&statistics["inference_count"], &statistics["execution_count"]), (&json!(1), &json!(1)));
        assert_eq!(statistics["inference_stats"]["success"]["count"], 1);
        assert_eq!(statistics["inference_stats"]["queue"]["count"], 1);
        assert_eq!(statistics["batch_stats"][0]["batch_size"], 1);
        assert_eq!(statistics["batch_stats"][0]["compute_infer"]["count"], 1);
        assert!(statistics["last_inference"].as_u64().unwrap() > 0);
    }
    let all = rig.get("/v2/models/stats").ok();
    assert_eq!(all["model_stats"].as_array().unwrap().len(), 3);
    rig.get("/v2/models/nobody/stats").error(404);
}

#[test]
fn the_repository_is_listed_and_not_changed_without_one() {
    let rig = Rig::plain();
    let index = rig.post("/v2/repository/index", "").ok();
    let line = |name: &str| json!({"name": name, "version": "1", "state": "READY"});
    assert_eq!(index, json!([line("halves"), line("null"), line("words")]));
    assert_eq!(rig.post("/v2/repository/index", r#"{"ready":true}"#).ok(), index);
    for path in ["/v2/repository/models/null/load", "/v2/repository/models/null/unload"] {
        assert!(rig.post(path, "").error(400).contains("--model-control explicit"), "{path}");
    }
    assert_eq!(
        rig.post("/v2/repository/index", "[").error(400).split(':').next(),
        Some("the JSON is malformed")
    );
    let wrong = r#"{"parameters":{"config":7}}"#;
    rig.post("/v2/repository/models/null/load", wrong).error(400);
    let wrong = r#"{"parameters":{"file:1/model.onnx":"no base64!"}}"#;
    assert!(rig.post("/v2/repository/models/null/load", wrong).error(400).contains("file:1/model.onnx"));
    let wrong = r#"{"parameters":{"colour":"red"}}"#;
    assert!(rig.post("/v2/repository/models/null/load", wrong).error(400).contains("colour"));
}

#[test]
fn log_settings_are_kept() {
    let rig = Rig::plain();
    assert_eq!(rig.get("/v2/logging").ok()["log_verbose_level"], 0);
    let changed = rig.post("/v2/logging", r#"{"log_verbose_level":1,"log_info":true}"#).ok();
    assert_eq!((&changed["log_verbose_level"], &changed["log_format"]), (&json!(1), &json!("default")));
    assert_eq!(rig.get("/v2/logging").ok(), changed);
    assert!(rig.post("/v2/logging", r#"{"log_colour":"red"}"#).error(400).contains("log_colour"));
    rig.post("/v2/logging", r#"{"log_file":"/tmp/elsewhere"}"#).error(400);
    rig.post("/v2/logging", r#"{"log_info":"yes"}"#).error(400);
}

#[test]
fn trace_settings_of_a_model_go_before_those_of_all() {
    let rig = Rig::plain();
    let (all, one) = ("/v2/trace/setting", "/v2/models/null/trace/setting");
    assert_eq!(rig.get(all).ok()["trace_level"], json!(["OFF"]));
    rig.post(all, r#"{"trace_rate":"10"}"#).ok();
    let changed = rig.post(one, r#"{"trace_level":["TIMESTAMPS","TENSORS"]}"#).ok();
    assert_eq!((&changed["trace_rate"], &changed["trace_level"][1]), (&json!("10"), &json!("TENSORS")));
    assert_eq!(rig.get(all).ok()["trace_level"], json!(["OFF"]));
    assert_eq!(rig.post(one, r#"{"trace_level":null}"#).ok()["trace_level"], json!(["OFF"]));
    assert_eq!(rig.post(all, r#"{"trace_rate":null}"#).ok()["trace_rate"], "1000");
    for wrong in [
        r#"{"trace_rate":"often"}"#,
        r#"{"trace_level":"LOUD"}"#,
        r#"{"trace_level":["OFF","LOUD"]}"#,
        r#"{"trace_count":"-2"}"#,
        r#"{"trace_file":"/tmp/elsewhere"}"#,
        r#"{"trace_colour":"red"}"#,
        r#"["trace_level"]"#,
    ] {
        rig.post(all, wrong).error(400);
    }
    rig.get("/v2/models/nobody/trace/setting").error(404);
    rig.post("/v2/models/nobody/trace/setting", "{}").error(404);
}

#[test]
fn what_is_not_there_is_said_to_be_not_there() {
    let rig = Rig::plain();
    for path in ["/v3", "/v2/", "/v2/models", "/v2/health", "/v2/models/null/colour", "/v2/models/a/b/infer"]
    {
        assert_eq!(rig.get(path).error(404), format!("there is no {path}"));
    }
    for path in ["/v2/models/null/infer", "/v2/models/null/versions/1/infer", "/v2/repository/index"] {
        assert!(rig.get(path).error(405).starts_with("GET is not for"), "{path}");
    }
    assert!(rig.post("/v2", "").error(405).starts_with("POST is not for"));
    assert!(rig.post("/v2/health/live", "").status == 405);
}

#[test]
fn names_in_paths_may_be_escaped() {
    let rig = Rig::plain();
    assert_eq!(rig.get("/v2/models/%6eull").ok()["name"], "null");
    let row = json!({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 256], "data": vec![1; 256]}]});
    rig.post("/v2/models/n%75ll/infer", &row.to_string()).ok();
    assert!(rig.post("/v2/models/%C3%A9/infer", &row.to_string()).error(404).contains("\"é\""));
    rig.post("/v2/models/%/infer", &row.to_string()).error(404);
}

#[test]
fn a_body_has_to_be_as_small_as_is_allowed() {
    let mut options = ServerOptions::default();
    options.limits.request_bytes_max = 1000;
    let rig = Rig::new(options);
    rig.post("/v2/repository/index", &" ".repeat(1000)).ok();
    rig.post("/v2/repository/index", &" ".repeat(1001)).error(413);
}
