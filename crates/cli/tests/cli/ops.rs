use serde_json::Value;

use crate::program::{Ended, phalanx};

const SHORT: [&str; 8] = ["--device", "cpu", "--seconds", "0.0005", "--rounds", "2", "--count", "3"];

fn ops(args: &[&str]) -> Ended {
    phalanx(&[&["bench", "ops"], args, &SHORT].concat())
}

fn rows<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    document[name].as_array().unwrap()
}

#[test]
fn every_step_is_measured_and_its_results_compared() {
    let document = ops(&["--sizes", "16,32", "--json"]).done().json();
    let steps = [
        "naive",
        "queue_pooled",
        "descriptors_cached",
        "buffers_pooled",
        "not_waiting",
        "one_submission",
        "graph",
        "graph_chained",
        "grouped",
    ];
    for size in [16, 32] {
        for route in ["library", "loops"] {
            let of = |row: &&Value| row["size"] == size && row["route"] == route;
            let ladder: Vec<&Value> = rows(&document, "ladder").iter().filter(of).collect();
            let found: Vec<&str> = ladder.iter().map(|row| row["step"].as_str().unwrap()).collect();
            assert_eq!(found, steps, "{size} by {route}");
            for row in ladder {
                assert!(row["us"].as_f64().unwrap() > 0.0, "{row}");
                assert!(row["results_compared"].as_u64().unwrap() >= 2, "{row}");
                assert!(row["error_max"].as_f64().unwrap() < 1e-5, "{row}");
                assert_eq!(row["saves"].is_null(), row["saved_us"].is_null(), "{row}");
            }
        }
    }
}

#[test]
fn routes_are_judged_between_the_sizes_they_were_measured_on() {
    let document = ops(&["--sizes", "16,64", "--json"]).done().json();
    let routing = rows(&document, "routing");
    assert_eq!(routing.len(), 2);
    for row in routing {
        assert_eq!((rows(row, "measured").len(), rows(row, "judged").len()), (2, 1), "{row}");
        assert_eq!(row["judged"][0]["shape"][2], 32);
        let best = row["regret_library"].as_f64().unwrap().min(row["regret_kernel"].as_f64().unwrap());
        assert!(row["regret_mean"].as_f64().unwrap() >= best);
    }
}

#[test]
fn pairs_are_held_against_one_product() {
    let document = ops(&["--sizes", "16", "--precision", "fp32,fp16", "--json"]).done().json();
    for precision in ["fp32", "fp16"] {
        let of = |row: &&Value| row["precision"] == precision && !row["rank"].is_null();
        let pairs: Vec<&Value> = rows(&document, "lora").iter().filter(of).collect();
        for rank in [8, 16, 32] {
            let held = pairs.iter().filter(|row| row["rank"] == rank && row["of_one_product"].is_f64());
            // Two routes, waited for in two ways.
            assert_eq!(held.count(), 4, "{precision} {rank}");
        }
        for adapters in [1, 4, 16] {
            assert!(pairs.iter().any(|row| row["adapters"] == adapters), "{precision} {adapters}");
        }
    }
}

#[test]
fn tables_name_the_costs() {
    let ended = ops(&["--sizes", "16"]).done();
    for part in ["command queue creation", "synchronous wait", "graph, chained", "regret", "one product"] {
        assert!(ended.text().contains(part), "{part:?} is not in {}", ended.text());
    }
}

#[test]
fn what_a_device_has_not_is_refused() {
    ops(&["--sizes", "16", "--precision", "tf32"]).failed(&["precision tf32", "cpu"]);
    let usage = phalanx(&["bench", "ops", "--sizes", "0"]);
    assert_eq!(usage.code, Some(2), "{}", usage.stderr);
    phalanx(&["bench", "ops", "--device", "metal"]).failed(&["metal", "cpu or cuda:N"]);
}
