use serde_json::Value;

use crate::arrays::{npy_f32, npz};
use crate::models::{Folder, tiny};
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

/// The strategies of the suite that need no other process.
const SUITE: &str =
    "raw,threads,batching,batch-queue,hybrid,pipelined,pooled,precision,optimize,lanes,stack,policy";

#[test]
fn every_strategy_has_rows_of_one_shape() {
    let (_folder, model) = tiny();
    let ended = bench(&[&model, "--strategy", SUITE, "--slo", "20ms", "--budget", "12s", "--json"]);
    let document = ended.json();
    for strategy in SUITE.split(',') {
        let of_strategy = || rows(&document).into_iter().filter(|row| row["strategy"] == strategy);
        assert!(of_strategy().count() > 1 || strategy == "precision", "{strategy}: {}", document["skipped"]);
        for row in of_strategy() {
            // In an open loop beyond what this machine can do every sample may come too late.
            let rate = if row["rule"] == "open loop" { "offered_per_s" } else { "samples_per_s_low" };
            for figure in [rate, "baseline_samples_per_s", "memory_bytes_max"] {
                assert!(row[figure].as_f64().unwrap() > 0.0, "{figure} of {row}");
            }
            assert_eq!(row["window_samples_per_s"].as_array().unwrap().len(), 2, "{row}");
            assert!(row["rule"].is_string() && row["parameters"].is_object(), "{row}");
            let runs = row["rule"] != "-";
            assert_eq!(row["of_flop_ceiling"].is_number(), runs, "{row}");
            assert!(!runs || row["of_ceiling"].as_f64().unwrap() <= 1.0, "{row}");
        }
    }
    let naive = rows(&document).into_iter().find(|row| row["parameters"]["step"] == "naive").unwrap();
    assert_eq!((&naive["batch"], &naive["in_flight"]), (&1.into(), &8.into()));
    assert!(document["ceilings"]["flop_per_s"].as_f64().unwrap() > 0.0);
    // Half precision is of no use on an x86 processor, which is said instead of left out.
    if cfg!(target_arch = "x86_64") {
        let skipped = document["skipped"].as_array().unwrap();
        assert!(skipped.iter().any(|skipped| skipped["rows"] == "precision fp16"), "{skipped:?}");
    }
}

#[test]
fn workers_and_threads_are_measured_alike() {
    let (_folder, model) = tiny();
    let strategies = ["--strategy", "process-pool", "--budget", "6s", "--json"];
    let document = bench(&[&[&*model], &strategies[..]].concat()).json();
    assert_eq!(rows(&document).len(), 16, "{}", document["skipped"]);
    let eight = rows(&document).into_iter().find(|row| row["parameters"]["workers"] == "8").unwrap();
    assert_eq!((&eight["n"], &eight["rule"]), (&8.into(), &"each".into()));
    assert!(eight["checked"].as_u64().unwrap() >= 8, "{eight}");
}

#[test]
fn one_wait_for_several_is_a_table_of_its_own() {
    let (_folder, model) = tiny();
    let document = bench(
        &[&model, "--strategy", "raw,callers", "--batches", "4", "--callers", "4"]
            .iter()
            .chain(&["--wait-every", "4", "--json"])
            .copied()
            .collect::<Vec<_>>(),
    )
    .json();
    let rules: Vec<&str> = rows(&document).iter().map(|row| row["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["each", "each", "every 4", "every 4"]);
}

#[test]
fn a_report_is_one_file_that_asks_for_nothing() {
    let (folder, model) = tiny();
    let html = folder.path("report.html");
    let strategies =
        ["--strategy", "raw,threads,batch-queue", "--budget", "3s", "--html", &html, "--markdown"];
    let ended = bench(&[&[&*model], &strategies[..]].concat());
    let (table, page) = (ended.text(), std::fs::read_to_string(&html).unwrap());
    assert!(table.contains("| strategy | parameters | n | wait |"), "{table}");
    assert!(table.contains("| threads | threads 2, batch 32, program own | 2 | each |"), "{table}");
    for part in
        ["Throughput against N", "Efficiency against N", "Latency against throughput", "<td>threads</td>"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("prefers-color-scheme: dark"));
    let addresses = page.match_indices("http").map(|(at, _)| &page[at..page.len().min(at + 26)]);
    assert!(
        addresses.clone().all(|address| address == "http://www.w3.org/2000/svg"),
        "{:?}",
        addresses.collect::<Vec<_>>()
    );
    assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("@import"));
    if !is_here("chromium") || !is_here("python3") {
        return println!("not looked at: Chromium or Python is not installed");
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/report_check.py");
    let output = std::process::Command::new("python3").args([script, &html]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn is_here(program: &str) -> bool {
    std::process::Command::new(program).arg("--version").output().is_ok()
}

#[test]
fn a_comparison_fails_where_a_row_is_slower() {
    let folder = Folder::new();
    let report = |name: &str, rate: f64| {
        let windows: Vec<f64> = [0.99, 1.0, 1.01, 1.0, 0.995].iter().map(|noise| rate * noise).collect();
        let row = serde_json::json!({
            "strategy": "raw", "parameters": {"batch": "8"}, "rule": "each", "batch": 8, "callers": null,
            "window_samples_per_s": windows
        });
        let document = serde_json::json!({
            "machine": {"cpu": "a"}, "model": {"name": "m"}, "backend": {"name": "tract"}, "rows": [row]
        });
        folder.write(name, document.to_string())
    };
    let (before, same, slower) = (report("a.json", 100.0), report("b.json", 100.1), report("c.json", 90.0));
    let ended = phalanx(&["bench", "compare", &before, &same]).done();
    assert!(ended.text().contains("no difference beyond the noise"), "{}", ended.text());
    let ended = phalanx(&["bench", "compare", &before, &slower]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.text().contains("regression") && ended.stderr.contains("1 row is slower by more than 5"));
    let allowed =
        phalanx(&["bench", "compare", &before, &slower, "--fail-over", "20%", "--json"]).done().json();
    assert_eq!(allowed["rows"][0]["verdict"], "slower");
    phalanx(&["bench", "compare", &before, &folder.write("d.json", "{}")]).failed(&["expected a report"]);
}

#[test]
fn what_the_seeds_claim_is_judged_line_by_line() {
    let folder = Folder::new();
    let row = |strategy: &str, parameters: serde_json::Value, rate: f64| serde_json::json!({"strategy": strategy, "rule": "each", "parameters": parameters, "samples_per_s": rate});
    let rows = [
        row("batching", serde_json::json!({"batch": "8"}), 3000.0),
        row("threads", serde_json::json!({"threads": "8", "batch": "1", "program": "shared"}), 1000.0),
    ];
    let report = folder.write("all.json", serde_json::json!({ "rows": rows }).to_string());
    let document = phalanx(&["bench", "seeds", "--from", &report, "--json"]).done().json();
    let claims = document["claims"].as_array().unwrap();
    let claim = |document: &str, line: u64, claimed: f64| {
        let is = |claim: &&Value| {
            claim["document"] == document
                && claim["line"] == line
                && claim["claimed"].as_f64() == Some(claimed)
        };
        claims.iter().find(is).unwrap()
    };
    let sum = claim("parallel-inference-examples", 12, 62.0);
    assert_eq!((&sum["verdict"], sum["own_sum"].as_f64()), (&"fails".into(), Some(46.0)));
    let thirty = claim("scaling-curves-analysis", 46, 30.0);
    assert_eq!((&thirty["verdict"], thirty["here"].as_f64()), (&"fails".into(), Some(3.0)));
    let unwaited = claim("performance-deep-dive", 12, 1.65);
    assert_eq!(unwaited["verdict"], "not_testable");
    assert!(unwaited["because"].as_str().unwrap().contains("never waited for"));
    let curve = &document["curves"][0];
    assert!(curve["caveat"].is_string());
    assert_eq!(curve["points"][3]["here"].as_f64(), Some(1000.0), "{curve}");
    let ended = phalanx(&["bench", "seeds", "--from", &report]).done();
    assert!(ended.text().contains("cannot be tested here"), "{}", ended.text());
}
