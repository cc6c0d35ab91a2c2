use serde_json::Value;

use crate::models::{Folder, tiny};
use crate::program::{BACKEND, Ended, phalanx};

/// The shortest verification of all levels.
const SHORT: [&str; 10] = [
    BACKEND,
    "--lanes=1",
    "--threads=1",
    "--max-batch=8",
    "--rounds=2",
    "--runs=2",
    "--callers=4",
    "--iterations=1000",
    "--shape-batches=120",
    "--shapes=50",
];

fn verify(args: &[&str]) -> Ended {
    phalanx(&[&["verify"], args, &SHORT].concat())
}

fn check<'a>(document: &'a Value, name: &str) -> &'a Value {
    let checks = document["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {document}"))
}

#[test]
fn a_good_model_passes_all_levels() {
    let (folder, model) = tiny();
    let (junit, baseline) = (folder.path("verify.xml"), folder.path("before.json"));
    let ended = verify(&[&model, "--json", "--junit", &junit, "--write-baseline", &baseline]);
    let document = ended.json();
    // On a busy machine two short runs may find that batches or depth do not help: nothing else may fail.
    let failures: Vec<&Value> = document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["outcome"] == "failed")
        .map(|check| &check["name"])
        .collect();
    assert!(failures.iter().all(|name| *name == "batch gain" || *name == "depth gain"), "{document:#}");
    assert_eq!(ended.code, Some(i32::from(!failures.is_empty())), "{}", ended.stderr);
    for name in ["sizes", "positions", "callers", "rounds", "measure", "resident memory", "shapes"] {
        assert_eq!(check(&document, name)["outcome"], "passed", "{name}");
    }
    assert!(document["reference"].as_str().unwrap().starts_with("tract "));
    let xml = std::fs::read_to_string(junit).unwrap();
    for part in ["<testsuites", "level 1: correctness", "level 4: memory", "name=\"positions\""] {
        assert!(xml.contains(part), "{part} is not in {xml}");
    }
    let figures: Value = serde_json::from_slice(&std::fs::read(baseline).unwrap()).unwrap();
    assert_eq!(figures["subjects"]["tract on cpu"]["samples_per_s"].as_array().unwrap().len(), 2);
}

#[test]
fn a_level_that_fails_ends_with_1_and_says_which() {
    let (folder, model) = tiny();
    let config = folder.write("phalanx.toml", "[verify]\nmin_throughput = 1e15\n");
    let ended = verify(&[&model, "--level", "3", "--config", &config]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.text().contains("level 3 (performance): FAILED"), "{}", ended.text());
    assert!(ended.stderr.contains("error: level 3 (performance) failed"), "{}", ended.stderr);
    assert!(!ended.text().contains("level 1"));
    // The command line goes before the file.
    let ended =
        verify(&[&model, "--level", "performance", "--config", &config, "--min-throughput", "1", "--json"]);
    assert_eq!(check(&ended.json(), "throughput")["outcome"], "passed");
}

#[test]
fn a_tolerance_that_nothing_keeps_fails_with_the_place() {
    let folder = Folder::new();
    let model = folder.model(&phalanx_model::samples::mlp(1));
    let ended = verify(&[&model, "--level", "1", "--tolerance", "1e-300", "--precision", "bf16", "--json"]);
    // The backend has no such precision, or its answers differ: either is a failure where it was asked for.
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.json()["checks"].as_array().unwrap().iter().any(|check| check["outcome"] == "failed"));
}

#[test]
fn the_matrix_crosses_what_the_options_leave_open() {
    let (_folder, model) = tiny();
    let ended = verify(&[
        &model,
        "--level=1",
        "--matrix",
        "--precision=fp32",
        "--optimize=full",
        "--policy=immediate",
        "--json",
    ])
    .done();
    let document = ended.json();
    let checks = document["checks"].as_array().unwrap();
    let callers = checks.iter().filter(|check| check["name"] == "callers" && check["outcome"] == "passed");
    // Three depths, with pooling and without, in threads and in processes.
    assert_eq!(callers.count(), 12);
}

#[test]
fn token_ids_take_ranges_and_lengths() {
    let folder = Folder::new();
    let model = folder.model(&phalanx_model::samples::sequence(1));
    let range = format!("ids=0:{}", phalanx_model::samples::SEQUENCE_IDS);
    let document = verify(&[&model, "--level", "1,4", "--range", &range, "--json"]).done().json();
    assert_eq!(check(&document, "extreme values")["outcome"], "passed");
    assert!(check(&document, "shapes")["measured"]["shapes"].as_f64().unwrap() >= 40.0);
}

#[test]
fn a_wrong_target_names_its_place() {
    let (folder, model) = tiny();
    let config = folder.write("phalanx.toml", "[verify]\nmin_troughput = 5\n");
    verify(&[&model, "--level", "3", "--config", &config])
        .failed(&["phalanx.toml:2", "min_troughput"])
        .hint("min_throughput");
    let ended = verify(&[&model, "--level", "5"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("expected a level from 1 to 4"), "{}", ended.stderr);
}
