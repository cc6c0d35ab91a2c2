use serde_json::Value;

use crate::models::{Folder, tiny};
use crate::program::{BACKEND, Ended, command, phalanx, server};
use crate::serving::Serving;

/// Searches with a cache of the test's own, for a short time.
fn tune(folder: &Folder, args: &[&str]) -> Ended {
    let (cache, output) = (folder.path("cache"), folder.path("phalanx.toml"));
    let fixed = ["--budget", "1s", "--output", &output, BACKEND];
    let mut command = command(&[&["tune"], args, &fixed].concat());
    command.env("PHALANX_CACHE_DIR", cache).output().unwrap().into()
}

fn configuration(folder: &Folder) -> String {
    std::fs::read_to_string(folder.path("phalanx.toml")).unwrap()
}

#[test]
fn what_is_found_is_written_with_reasons_and_can_be_served() {
    let (folder, model) = tiny();
    let args = [model.as_str(), "--slo", "20ms", "--lanes", "1", "--threads", "1", "--json"];
    let found = tune(&folder, &args).done();
    let document: Value = found.json();
    // How much it is depends on what else the machine does.
    assert!(document["score"]["value"].as_f64().is_some(), "{document}");
    let text = configuration(&folder);
    let reached = ["requests/s with 99 % inside 20ms", "nothing that could be measured"];
    assert!(reached.iter().any(|words| text.contains(words)), "{text}");
    for part in ["[models.model]", "slo = \"20ms\"", "lanes = 1", "as it was given"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let values = text.lines().filter(|line| line.contains(" = ")).count();
    assert!(values >= 9, "{text}");
    let shown =
        phalanx(&["config", "show", "--config", &folder.path("phalanx.toml"), "--json"]).done().json();
    let options = &shown["models"]["model"]["options"];
    assert_eq!(options["max_batch"]["value"], document["knobs"]["max_batch"].to_string(), "{options}");
    assert_eq!(options["policy"]["value"], document["knobs"]["policy"], "{options}");
}

#[test]
fn what_was_measured_is_not_measured_again() {
    let (folder, model) = tiny();
    let args = [model.as_str(), "--objective", "streams=4", "--lanes", "1", "--max-batch", "4"];
    tune(&folder, &args).done();
    let first = configuration(&folder);
    tune(&folder, &args).failed(&["is there already"]).hint("--force");
    let again = tune(&folder, &[&args[..], &["--force"]].concat()).done();
    assert!(again.stderr.contains("measurements are there from before"), "{}", again.stderr);
    assert!(!again.stderr.contains("timed tract"), "{}", again.stderr);
    assert_eq!(configuration(&folder), first);
    let fresh = tune(&folder, &[&args[..], &["--force", "--fresh"]].concat()).done();
    assert!(fresh.stderr.contains("timed tract"), "{}", fresh.stderr);
}

#[test]
fn a_search_that_was_stopped_goes_on() {
    let (folder, model) = tiny();
    let args = [model.as_str(), "--objective", "throughput", "--max-batch", "8"];
    tune(&folder, &args).done();
    let kept = std::fs::read_dir(folder.path("cache/tune")).unwrap().next().unwrap().unwrap().path();
    let mut state: Value = serde_json::from_slice(&std::fs::read(&kept).unwrap()).unwrap();
    let tried = state["tried"].as_object_mut().unwrap();
    let (all, last) = (tried.len(), tried.keys().next_back().unwrap().clone());
    tried.remove(&last);
    state["found"] = Value::Null;
    std::fs::write(&kept, state.to_string()).unwrap();
    let resumed = tune(&folder, &[&args[..], &["--force"]].concat()).done();
    assert!(resumed.stderr.contains("measurements are there from before"), "{}", resumed.stderr);
    let state: Value = serde_json::from_slice(&std::fs::read(&kept).unwrap()).unwrap();
    assert!(state["tried"].as_object().unwrap().len() >= all && state["found"].is_object(), "{state}");
}

#[test]
fn a_server_takes_what_was_found_before() {
    let (folder, model) = tiny();
    let asked = ["--slo", "20ms", "--lanes", "1", "--threads", "1", "--depth", "2", BACKEND];
    tune(&folder, &[&[model.as_str()], &asked[..asked.len() - 1]].concat()).done();
    let network = ["--http", "127.0.0.1:0", "--grpc", "none", "--tune"];
    let mut command = server(&[&["serve", &model], &asked[..], &network].concat());
    command.env("PHALANX_CACHE_DIR", folder.path("cache"));
    let mut serving = Serving::spawn(command);
    let tuned = serving.wait_for("tuned: ");
    let ready = serving.wait_for("ready: ");
    let batches = tuned.split(", ").find(|part| part.starts_with("batches of up to")).unwrap();
    assert!(ready.contains(batches), "{tuned} but {ready}");
    assert!(!serving.said.iter().any(|line| line.starts_with("tuning ")), "{:?}", serving.said);
    serving.stop();
}

#[test]
fn the_expected_rate_decides_the_end() {
    let (folder, model) = tiny();
    let fixed =
        ["--slo", "20ms", "--lanes", "1", "--max-batch", "4", "--policy", "immediate", "--depth", "2"];
    let ended = tune(&folder, &[&[model.as_str(), "--rate", "1000000000"], &fixed[..]].concat());
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("expected 1000000000 requests/s"), "{}", ended.stderr);
    assert!(configuration(&folder).contains("max_batch = 4"), "it is written all the same");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (folder, model) = tiny();
    let ended = tune(&folder, &[model.as_str()]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("--slo"), "{}", ended.stderr);
    let ended = tune(&folder, &[model.as_str(), "--objective", "speed"]);
    assert!(ended.code == Some(2) && ended.stderr.contains("streams=N"), "{}", ended.stderr);
    tune(&folder, &["no-such.onnx", "--slo", "20ms"]).failed(&["no-such.onnx"]);
    let ended = tune(&folder, &[model.as_str(), "--slo", "20ms", "--memory-limit", "1KiB"]);
    assert!(ended.code == Some(1) && ended.stderr.contains("bytes of memory"), "{}", ended.stderr);
}
