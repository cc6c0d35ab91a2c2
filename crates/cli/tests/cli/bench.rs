use serde_json::Value;

use crate::arrays::{npy_f32, npz};
use crate::models::tiny;
use crate::program::{Ended, phalanx};

const SHORT: [&str; 6] = ["--backend", "tract", "--seconds", "0.02", "--rounds", "2"];

fn bench(args: &[&str]) -> Ended {
    phalanx(&[&["bench"], args, &SHORT].concat()).done()
}

fn rows(document: &Value) -> Vec<&Value> {
    document["rows"].as_array().unwrap().iter().collect()
}

#[test]
fn strategies_are_measured_side_by_side() {
    let (_folder, model) = tiny();
    let document =
        bench(&[&model, "--strategy", "raw,callers,dataset", "--batches", "1,8", "--callers", "4", "--json"])
            .json();
    let named: Vec<(&str, Option<u64>, Option<u64>)> = rows(&document)
        .iter()
        .map(|row| (row["strategy"].as_str().unwrap(), row["batch"].as_u64(), row["callers"].as_u64()))
        .collect();
    assert_eq!(
        named,
        [
            ("raw", Some(1), None),
            ("raw", Some(8), None),
            ("callers", None, Some(4)),
            ("dataset", Some(1), None),
            ("dataset", Some(8), None),
        ]
    );
    for row in rows(&document) {
        for figure in ["samples_per_s", "p50_us", "p99_us", "batch_mean"] {
            assert!(row[figure].as_f64().unwrap() > 0.0, "{figure} of {row}");
        }
        assert_eq!(row["windows"], 2);
    }
    assert!(rows(&document)[2]["checked"].as_u64().unwrap() > 0);
    assert!(rows(&document)[2]["of_raw_best"].as_f64().unwrap() > 0.0);
    assert_eq!(document["backend"]["name"], "tract");
    assert_eq!(document["options"]["rounds"], "2");
    assert!(document["machine"]["cpu"].is_string() && document["phalanx"].is_string());
}

#[test]
fn the_table_names_the_waiting_rules() {
    let (_folder, model) = tiny();
    let ended = bench(&[&model, "--batches", "4", "--callers", "2"]);
    for part in [
        "strategy",
        "raw: on one lane, each batch is waited for",
        "callers: each caller waits",
        "confidence of",
    ] {
        assert!(ended.text().contains(part), "{part:?} is not in {}", ended.text());
    }
    assert!(ended.stderr.contains("backend: tract"));
}

#[test]
fn samples_can_come_from_a_file() {
    let (folder, model) = tiny();
    let inputs = folder.write("x.npz", npz(&[("x", npy_f32(&[3, 4], [1.0; 12]))]));
    let document = bench(&[&model, "--inputs", &inputs, "--batches", "2", "--callers", "2", "--json"]).json();
    assert_eq!(rows(&document).len(), 2);
}

#[test]
fn the_engines_own_cost_is_shown() {
    let document = bench(&["--strategy", "null", "--callers", "16", "--json"]).json();
    let row = rows(&document)[0];
    assert_eq!(row["strategy"], "null");
    assert!(row["cpu_us_per_request"].as_f64().unwrap() > 0.0);
    if cfg!(feature = "count-allocations") {
        // Making a request is one allocation, whatever the engine does with it.
        assert!(row["allocations_per_request_callers"].as_f64().unwrap() >= 1.0);
        assert!(row["allocations_per_request"].as_f64().unwrap() >= 1.0);
    } else {
        assert!(row["allocations_per_request"].is_null());
    }
    assert!(document["model"].is_null());
}

#[test]
fn a_soak_says_how_memory_grew() {
    let document = bench(&["--strategy", "soak", "--requests", "4000", "--callers", "8", "--json"]).json();
    let row = rows(&document)[0];
    assert_eq!((&row["strategy"], &row["samples"]), (&"soak".into(), &4000.into()));
    assert_eq!(row["resident_after_requests"], serde_json::json!([2000, 4000]));
    let bytes = row["resident_bytes"].as_array().unwrap();
    let growth = bytes[1].as_i64().unwrap() - bytes[0].as_i64().unwrap();
    assert_eq!(row["resident_growth_bytes"].as_i64(), Some(growth));
    let ended = bench(&["--strategy", "soak", "--requests", "4000", "--callers", "8"]);
    assert!(ended.text().contains("MiB resident after 2,000 requests"), "{}", ended.text());
}
