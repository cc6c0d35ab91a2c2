use std::io::{Cursor, Read};

use crate::models::Folder;
use crate::program::{Ended, command, phalanx};

/// Checks a shell script for crashes.
fn check(options: &[&str], script: &str) -> Ended {
    let args = [&["crash-check"], options, &["--", "sh", "-c", script]].concat();
    phalanx(&args)
}

#[test]
fn exit_codes_are_counted_and_are_no_failure() {
    let document = check(&["--rounds", "3", "--json"], "exit 3").done().json();
    assert_eq!(
        (&document["rounds"], &document["exits"]["3"], &document["hangs"]),
        (&3.into(), &3.into(), &0.into())
    );
    assert_eq!(document["command"].as_array().unwrap().len(), 3);
    let ended = check(&["--rounds", "2"], "exit 0").done();
    assert!(ended.text().contains("exit code 0            2  100.0 %"), "{}", ended.text());
}

#[test]
fn crashes_are_counted_by_signal_and_say_what_they_said() {
    let ended = check(&["--rounds", "2", "--json"], "echo the cause >&2; kill -SEGV $$");
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("error: of 2 rounds, 2 crashed (SIGSEGV 2)"), "{}", ended.stderr);
    let document = ended.json();
    assert_eq!(document["crashes"]["SIGSEGV"], 2);
    let crash = &document["details"][1];
    assert_eq!((&crash["round"], &crash["ending"]["how"]), (&2.into(), &"killed".into()));
    assert_eq!(crash["stderr"], serde_json::json!(["the cause"]));
}

#[test]
fn a_crash_behind_a_shell_is_one_too() {
    let ended = check(&["--rounds", "1"], "sh -c 'kill -ABRT $$'; exit $?");
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.text().contains("crash, SIGABRT"), "{}", ended.text());
    assert!(ended.text().contains("round 1, process "), "{}", ended.text());
}

#[test]
fn what_does_not_end_is_killed_and_has_hung() {
    let ended = check(&["--rounds", "1", "--timeout", "100ms"], "sleep 1000");
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("of 1 rounds, 1 hung") && ended.text().contains("hung for 0.1 s"),
        "{}",
        ended.text()
    );
}

#[test]
fn what_cannot_be_run_is_an_error() {
    phalanx(&["crash-check", "--", "/none/such"]).failed(&["failed to start", "/none/such"]);
    let ended = phalanx(&["crash-check", "--rounds", "1"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let ended = phalanx(&["crash-check", "--rounds", "0", "--", "true"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
}

#[test]
fn the_evidence_goes_into_one_archive_without_secrets() {
    let folder = Folder::new();
    let file = folder.path("evidence.zip");
    let script = ["--", "sh", "-c", "kill -SEGV $$", "--api-token", "hunter2"];
    let args = [&["crash-check", "--rounds", "2", "--bug-report", &file][..], &script].concat();
    let mut command = command(&args);
    command.env("PHALANX_API_KEY", "hunter2").env("PHALANX_OTLP_ENDPOINT", "http://me:hunter2@host:4317");
    // Nowhere to look for a library that is slow to load.
    let ended =
        Ended::from(command.env_remove("ORT_DYLIB_PATH").env("PATH", "/usr/bin:/bin").output().unwrap());
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("evidence.zip holds:"), "{}", ended.stderr);
    assert_eq!(folder.names(), ["evidence.zip"]);
    let files = files(&std::fs::read(&file).unwrap());
    for (name, part) in [
        ("README.txt", "reproduce.txt"),
        (
            "reproduce.txt",
            "crash-check --rounds 2 --timeout 60s -- sh -c 'kill -SEGV $$' --api-token '(hidden)'",
        ),
        ("doctor.json", "\"backends\""),
        ("crash-check.json", "SIGSEGV"),
        ("configuration.json", "http://(hidden)@host:4317"),
    ] {
        let (_, text) = files.iter().find(|(file, _)| file == name).unwrap_or_else(|| panic!("no {name}"));
        assert!(text.contains(part), "{part:?} is not in {name}: {text}");
    }
    for (name, text) in &files {
        assert!(!text.contains("hunter2"), "{name}: {text}");
        assert!(name == "README.txt" || ended.stderr.contains(name), "{name}: {}", ended.stderr);
    }
}

fn files(archive: &[u8]) -> Vec<(String, String)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut file = zip.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}
