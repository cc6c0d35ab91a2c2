//! What `auto` says of its choice. Needs two backends, and so onnxruntime.

use std::io::Write;

use crate::models::Folder;
use crate::program::{Ended, command, phalanx};

/// Set to 1 where the runtime must be there: then its absence is a failure.
const REQUIRE: &str = "PHALANX_REQUIRE_ONNXRUNTIME";

/// Whether there are two backends to choose from; says where there are not.
fn is_there_a_choice() -> bool {
    let document = phalanx(&["devices", "--json"]).done().json();
    let backends = document["backends"].as_array().unwrap();
    let is_here = backends.iter().filter(|backend| backend["unavailable"].is_null()).count() >= 2;
    let required = std::env::var(REQUIRE).is_ok_and(|value| value == "1");
    assert!(is_here || !required, "{REQUIRE} is set, and {document}");
    if !is_here {
        // A closed stderr is nobody who could be told.
        let _ = writeln!(std::io::stderr(), "skipped: there is one backend here");
    }
    is_here
}

fn demo(cache: &Folder, more: &[&str]) -> Ended {
    let args = ["demo", "--callers", "1", "--seconds", "0.02", "--rounds", "1", "--json"];
    let mut command = command(&[&args, more].concat());
    Ended::from(command.env("PHALANX_CACHE_DIR", cache.folder()).output().unwrap()).done()
}

#[test]
fn a_choice_is_told_and_kept_for_the_next_start() {
    if !is_there_a_choice() {
        return;
    }
    let cache = Folder::new();
    let first = demo(&cache, &[]);
    assert!(first.stderr.contains(", auto: ") && !first.stderr.contains("(cached)"), "{}", first.stderr);
    let choice = &first.json()["backend"]["choice"];
    let trials = choice["trials"].as_array().unwrap();
    let is_tried = |name: &str| trials.iter().any(|tried| tried["candidate"]["backend"] == name);
    assert!(is_tried("tract") && is_tried("onnxruntime"), "{choice}");
    assert!(
        trials.iter().all(|tried| tried["trial"]["agreed"]["large"]["ns"].as_u64() > Some(0)),
        "{choice}"
    );
    assert_eq!(choice["reference"]["candidate"]["backend"], "tract", "{choice}");
    assert_eq!(choice["cached"], false);

    let second = demo(&cache, &[]);
    assert!(second.stderr.contains("(cached)"), "{}", second.stderr);
    let again = &second.json()["backend"]["choice"];
    assert_eq!((&again["cached"], &again["chosen"]), (&true.into(), &choice["chosen"]));

    let named = demo(&cache, &["--backend", "onnxruntime"]);
    assert!(!named.stderr.contains("auto: "), "{}", named.stderr);
    assert!(named.json()["backend"]["choice"].is_null());
}

#[test]
fn a_trial_without_a_request_ends() {
    let output = command(&[] as &[&str]).env("PHALANX_TRIAL", "1").write_stdin("{}\n").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("expected value"), "{words}");
}
