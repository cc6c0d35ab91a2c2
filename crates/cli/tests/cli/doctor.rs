use std::io::Cursor;

use serde_json::Value;

use crate::models::Folder;
use crate::program::{Ended, command, phalanx};

/// What was found, with nowhere to look for onnxruntime but the system's own folders.
fn doctor(args: &[&str]) -> Ended {
    let mut command = command(&[&["doctor"], args].concat());
    command
        .env_remove("ORT_DYLIB_PATH")
        .env_remove("LD_LIBRARY_PATH")
        .env("PATH", "")
        .output()
        .unwrap()
        .into()
}

fn backend<'a>(document: &'a Value, name: &str) -> &'a Value {
    let backends = document["backends"].as_array().unwrap();
    backends.iter().find(|backend| backend["name"] == name).unwrap()
}

#[test]
fn a_device_that_is_here_is_proved_to_compute() {
    let document = doctor(&["--json"]).done().json();
    let tract = backend(&document, "tract");
    let cpu = tract["devices"].as_array().unwrap().iter().find(|device| device["device"] == "cpu").unwrap();
    assert_eq!(cpu["proof"]["outcome"], "right", "{cpu}");
    assert!(cpu["proof"]["flop_per_s"].as_f64().unwrap() > 0.0 && cpu["cpu_ratio"].as_f64().unwrap() > 0.0);
    assert!(cpu["proof"]["ready_s"].as_f64().unwrap() > 0.0, "{cpu}");
    assert_eq!(document["faults"], serde_json::json!([]));
    for key in ["phalanx", "machine", "limits", "crashes", "drivers", "device_nodes", "hints"] {
        assert!(!document[key].is_null(), "{key}");
    }
    assert!(document["limits"]["cpus_usable"].as_u64().unwrap() > 0);
}

#[test]
fn the_tables_are_for_people_and_what_is_missing_has_a_hint() {
    let ended = doctor(&[]).done();
    for part in ["Devices", "GFLOP/s", "tract", "right", "1.00 x", "Machine", "open files"] {
        assert!(ended.text().contains(part), "{part:?} is not in {}", ended.text());
    }
    let is_missing = ended.text().contains("onnxruntime is not available");
    assert_eq!(is_missing, ended.stderr.contains("hint: onnxruntime is not available"), "{}", ended.stderr);
}

#[test]
fn a_library_that_is_none_is_missing() {
    let folder = Folder::new();
    let library = folder.write("libonnxruntime.so", "this is no library");
    let document = doctor(&["--json", "--onnxruntime", &library]).done().json();
    let onnxruntime = backend(&document, "onnxruntime");
    assert!(onnxruntime["unavailable"].as_str().unwrap().contains("libonnxruntime.so"), "{onnxruntime}");
}

#[test]
fn a_device_that_takes_too_long_has_hung() {
    let ended = doctor(&["--json", "--timeout", "1ns"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let document = ended.json();
    assert_eq!(backend(&document, "tract")["death"]["ending"]["how"], "hung", "{document}");
    assert!(!document["faults"].as_array().unwrap().is_empty());
}

#[test]
fn a_bug_report_says_what_is_in_it() {
    let folder = Folder::new();
    let config = folder.write("phalanx.toml", "[server]\ngrace = \"7s\"\n");
    let file = folder.path("report.zip");
    let ended = doctor(&["--bug-report", &file, "--config", &config]).done();
    assert!(
        ended.stderr.contains("report.zip holds:") && ended.stderr.contains("doctor.json"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("nothing was sent"), "{}", ended.stderr);
    let mut zip = zip::ZipArchive::new(Cursor::new(std::fs::read(&file).unwrap())).unwrap();
    let doctor: Value = serde_json::from_reader(zip.by_name("doctor.json").unwrap()).unwrap();
    assert!(doctor["backends"].is_array());
    let configuration: Value = serde_json::from_reader(zip.by_name("configuration.json").unwrap()).unwrap();
    assert_eq!(configuration["server"]["server"]["grace"]["value"], "7s", "{configuration}");
}

#[test]
fn a_bug_report_needs_a_place() {
    let folder = Folder::new();
    let nowhere = folder.path("none/report.zip");
    doctor(&["--bug-report", &nowhere]).failed(&["failed to write", "report.zip"]);
    assert_eq!(phalanx(&["doctor", "--bug-report", "-"]).code, Some(2));
    assert_eq!(phalanx(&["doctor", "--config", "x.toml"]).code, Some(2));
}
