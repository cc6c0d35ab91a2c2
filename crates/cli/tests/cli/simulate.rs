use serde_json::Value;

use crate::models::Folder;
use crate::program::{Ended, phalanx};

const SHORT: [&str; 4] = ["--requests", "20000", "--seeds", "1"];
const DEVICE: [&str; 4] = ["--batch-time", "0.5ms:4ms", "--slo", "50ms"];

fn simulate(args: &[&str]) -> Ended {
    phalanx(&[&["simulate"], args, &SHORT].concat())
}

fn cells(document: &Value) -> &[Value] {
    document["cells"].as_array().unwrap()
}

fn number(cell: &Value, key: &str) -> f64 {
    cell[key].as_f64().unwrap_or_else(|| panic!("{key} of {cell}"))
}

#[test]
fn policies_are_compared_and_the_seed_decides() {
    let args = ["--policy", "slo-window,greedy", "--json"];
    let (first, second) = (simulate(&args).done(), simulate(&args).done());
    assert_eq!(first.text(), second.text(), "the same question has the same answer");
    let document = first.json();
    assert_eq!(cells(&document).len(), 2 * 3 * 2, "policies, devices, ways of arriving");
    for cell in cells(&document) {
        let of_bound = number(cell, "of_bound");
        assert!((0.4..1.1).contains(&of_bound), "{cell}");
        assert!(number(cell, "of_oracle") <= 1.01 && number(cell, "inside") >= 0.99, "{cell}");
    }
    let other = simulate(&["--policy", "slo-window,greedy", "--json", "--seed", "8"]).done();
    assert_ne!(first.text(), other.text());
}

#[test]
fn the_table_has_a_row_a_policy_and_what_none_can_exceed() {
    let ended = simulate(&["--policy", "slo-window,window:32:10ms"]).done();
    for part in ["α 1.08 β 5.2 SLO 100", "slo-window", "window:32:10ms", "(no policy can exceed)"] {
        assert!(ended.text().contains(part), "{part:?} is not in {}", ended.text());
    }
    let markdown = simulate(&["--policy", "slo-window", "--markdown"]).done();
    assert!(markdown.text().starts_with("| policy | α 1.08"), "{}", markdown.text());
}

#[test]
fn a_given_rate_shows_what_becomes_of_the_requests() {
    let at = |rate: &str| {
        let args =
            [&DEVICE[..], &["--rate", rate, "--policy", "slo-window", "--arrivals", "poisson", "--json"]];
        simulate(&args.concat()).done().json()["cells"][0].clone()
    };
    let (calm, far_too_much) = (at("100"), at("20000"));
    assert!(number(&calm, "inside") > 0.999, "{calm}");
    assert!(number(&far_too_much, "refused") > 0.8, "{far_too_much}");
    assert!(number(&calm, "rows_mean") < number(&far_too_much, "rows_mean"));
}

#[test]
fn batch_times_come_from_files() {
    let folder = Folder::new();
    let lines = folder.write("times.txt", "# rows, time\n1 4.5ms\n8, 8ms\n64 36ms\n");
    let rows = r#"{"rows": [{"strategy": "callers", "batch": null, "samples_per_s": 9.0},
        {"strategy": "raw", "batch": 1, "samples_per_s": 222.2222222},
        {"strategy": "raw", "batch": 8, "samples_per_s": 1000.0},
        {"strategy": "raw", "batch": 64, "samples_per_s": 1777.7777777}]}"#;
    let bench = folder.write("bench.json", rows);
    let goodput = |times: &str| {
        let args = [
            "--batch-time",
            times,
            "--slo",
            "50ms",
            "--policy",
            "slo-window",
            "--arrivals",
            "poisson",
            "--json",
        ];
        number(&simulate(&args).done().json()["cells"][0], "rate_per_s")
    };
    let expected = goodput("0.5ms:4ms");
    for file in [&lines, &bench] {
        assert!((goodput(file) / expected - 1.0).abs() < 0.01, "{file}: {} not {expected}", goodput(file));
    }
    let wrong = folder.write("wrong.txt", "1 4.5ms\neight 8ms\n");
    simulate(&["--batch-time", &wrong, "--slo", "50ms"]).failed(&["wrong.txt:2", "eight 8ms"]);
    let none = folder.write("none.json", r#"{"rows": []}"#);
    simulate(&["--batch-time", &none, "--slo", "50ms"]).failed(&["raw"]).hint("bench");
}

#[test]
fn arrivals_come_from_a_trace() {
    let folder = Folder::new();
    let text: String = (0..4000).map(|index| format!("{}\n", f64::from(index) * 0.001)).collect();
    let trace = format!("trace:{}", folder.write("trace.txt", text));
    let args = [&DEVICE[..], &["--policy", "immediate", "--arrivals", &trace, "--json"]].concat();
    let cell = simulate(&args).done().json()["cells"][0].clone();
    assert!(number(&cell, "of_bound") > 0.9, "evenly spaced requests: {cell}");
}

#[test]
fn models_share_devices() {
    let models = ["--batch-time", "0.5ms:4ms,0.05ms:4ms", "--slo", "50ms", "--together", "--shares", "1,3"];
    let rest = ["--rate", "1000", "--policy", "slo-window", "--arrivals", "poisson", "--json"];
    let cell = simulate(&[&models[..], &rest].concat()).done().json()["cells"][0].clone();
    let classes = cell["classes"].as_array().unwrap();
    let share = number(&classes[0], "requests") / number(&cell, "requests");
    assert!(classes.len() == 2 && (0.2..0.3).contains(&share), "{cell}");
    assert!(classes.iter().all(|class| number(class, "inside") > 0.95), "{cell}");
}

#[test]
fn under_overload_the_urgent_go_first() {
    let kinds =
        ["--class", "1:priority=1", "--class", "1", "--rate", "3000", "--policy", "slo-window", "--json"];
    let cell = simulate(&[&DEVICE[..], &kinds].concat()).done().json()["cells"][0].clone();
    let classes = cell["classes"].as_array().unwrap();
    assert!(number(&classes[0], "inside") > number(&classes[1], "inside"), "{cell}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let usage = |args: &[&str], part: &str| {
        let ended = simulate(args);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(part), "{part:?} is not in {}", ended.stderr);
    };
    usage(&["--policy", "no-such"], "slo-window");
    usage(&["--batch-time", "1ms:1ms,2ms:2ms,3ms:3ms", "--slo", "50ms,60ms"], "--slo");
    usage(&["--batch-time", "1ms:1ms"], "--slo");
    usage(&["--arrivals", "bursts:0:1"], "bursts:REQUESTS:SHARE");
    simulate(&["--batch-time", "0ms:0ms", "--slo", "50ms"]).failed(&["nanosecond"]);
    simulate(&["--noise", "7", "--policy", "immediate"]).failed(&["noise"]);
}
