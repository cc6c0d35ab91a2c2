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

fn on_cpu<'a>(document: &'a Value, name: &str) -> &'a Value {
    let devices = backend(document, name)["devices"].as_array().unwrap();
    devices.iter().find(|device| device["device"] == "cpu").unwrap()
}

#[test]
fn a_device_that_is_here_is_proved_to_compute() {
    let document = doctor(&["--json"]).done().json();
    let cpu = on_cpu(&document, "tract");
    assert_eq!(cpu["proof"]["outcome"], "right", "{cpu}");
    assert!(cpu["proof"]["flop_per_s"].as_f64().unwrap() > 0.0 && cpu["cpu_ratio"].as_f64().unwrap() > 0.0);
    assert!(cpu["proof"]["ready_s"].as_f64().unwrap() > 0.0, "{cpu}");
    assert_eq!(document["faults"], serde_json::json!([]));
    for key in ["phalanx", "machine", "limits", "crashes", "drivers", "device_nodes", "choices", "hints"] {
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

/// What is found where a backend misbehaves.
fn with_chaos(plan: &str) -> Value {
    let mut command = command(&["doctor", "--json"]);
    command.env("PHALANX_CHAOS", plan).env_remove("ORT_DYLIB_PATH").env("PATH", "");
    let ended = Ended::from(command.output().unwrap());
    assert_eq!(ended.code, Some(1), "{plan}: {}", ended.stderr);
    let document = ended.json();
    assert_eq!(on_cpu(&document, "tract")["proof"]["outcome"], "right", "{plan}");
    document
}

/// That what `fault` begins with is said of the processor.
fn fails(document: &Value, fault: &str) {
    let expected = format!("cpu through chaos {fault}");
    let faults = document["faults"].as_array().unwrap();
    assert!(faults.iter().any(|fault| fault.as_str().unwrap().starts_with(&expected)), "{faults:?}");
}

#[test]
fn a_device_that_crashes_is_a_line_of_the_table() {
    let document = with_chaos("segv");
    fails(&document, "was killed by SIGSEGV");
    let proof = &on_cpu(&document, "chaos")["proof"];
    assert_eq!((&proof["outcome"], &proof["ending"]["signal"]), (&"died".into(), &"SIGSEGV".into()));
    fails(&with_chaos("exit=1@prepare"), "exited with code 1");
}

#[test]
fn a_device_that_lies_is_told_where() {
    let document = with_chaos("lie=position:3,element:7");
    fails(&document, "gave a wrong answer: element 7 of row 3 of 64");
    let proof = &on_cpu(&document, "chaos")["proof"];
    assert_eq!(
        (&proof["outcome"], &proof["row"], &proof["element"]),
        (&"wrong".into(), &3.into(), &7.into())
    );
    fails(&with_chaos("fail@after=2"), "failed: ");
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
