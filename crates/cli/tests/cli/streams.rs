use std::io::Read;
use std::process::{Command, Stdio};

use crate::arrays::npy_f32;
use crate::models::tiny;
use crate::program::phalanx;

#[test]
fn a_reader_that_left_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_phalanx"))
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!((child.wait().unwrap().code(), &*words), (Some(0), ""));
}

#[test]
fn a_reader_of_results_that_left_is_none_either() {
    let (folder, model) = tiny();
    let input = folder.write("x.npy", npy_f32(&[100_000, 4], vec![0.0; 400_000]));
    let mut child = Command::new(env!("CARGO_BIN_EXE_phalanx"))
        .args(["run", &model, "--input", &input, "--output", "-", "--backend", "tract"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{words}");
    assert!(!words.contains("error"), "{words}");
}

#[test]
fn nothing_is_coloured_that_goes_to_no_terminal() {
    let (_folder, model) = tiny();
    let ended = phalanx(&["inspect", &model, "--backend", "tract"]).done();
    assert!(!ended.text().contains('\x1b'));
    let ended = phalanx(&["inspect", "/nowhere.onnx"]);
    assert!(!ended.stderr.contains('\x1b'));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_and_removes_what_is_unfinished() {
    use std::io::Write;

    let (folder, model) = tiny();
    let output = folder.path("y.npy");
    let mut child = Command::new(env!("CARGO_BIN_EXE_phalanx"))
        .args(["run", &model, "--input", "-", "--output", &output, "--backend", "tract"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The header promises more than comes, so that it waits for the rest with its output begun.
    let mut input = child.stdin.take().unwrap();
    input.write_all(&npy_f32(&[1_000_000, 4], vec![0.0; 4000])).unwrap();
    input.flush().unwrap();
    while folder.names().len() < 2 {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{words}");
    assert!(words.contains("interrupted") && !words.contains("error"), "{words}");
    assert_eq!(folder.names(), ["model.onnx"]);
    drop(input);
}
