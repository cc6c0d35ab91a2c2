use serde_json::Value;

use crate::models::tiny;
use crate::program::{BACKEND, phalanx};

#[test]
fn a_profile_shows_where_a_batch_spends_its_time() {
    let (folder, model) = tiny();
    let trace = folder.path("trace.json");
    let args = ["profile", &model, BACKEND, "--seconds", "0.2", "--callers", "8", "--runs", "3"];
    let document = phalanx(&[&args[..], &["--trace", &trace, "--json"]].concat()).done().json();
    let parts = document["parts"].as_array().unwrap();
    let names: Vec<&str> = parts.iter().map(|part| part["part"].as_str().unwrap()).collect();
    assert_eq!(names, ["gather", "submit", "compute", "wait", "scatter"]);
    let shares: f64 = parts.iter().map(|part| part["share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-6, "{parts:?}");
    assert!(parts[2]["p50_us"].as_f64().unwrap() > 0.0, "{parts:?}");
    assert!(document["waits"][0]["each_us"].as_f64().unwrap() > 0.0);
    let operators = document["operators"].as_array().unwrap();
    assert!(operators.iter().any(|operator| operator["us"].as_f64().unwrap() > 0.0), "{operators:?}");

    let trace: Value = serde_json::from_slice(&std::fs::read(trace).unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |stage: &str| {
        events.iter().filter(|event| event["name"].as_str().unwrap().starts_with(stage)).count()
    };
    assert!(of("run ") > 0 && of("scatter ") > 0 && of("seal ") > 0, "{events:?}");
    assert!(of("thread_name") >= 2, "lanes and threads have tracks");

    let ended = phalanx(&args).done();
    for part in ["part of a batch", "one wait for 64", "operator"] {
        assert!(ended.text().contains(part), "{part}: {}", ended.text());
    }
}
