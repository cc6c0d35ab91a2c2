//! Where the library is looked for, and what happens with one that is missing or broken.
//!
//! A process loads one library and its environment is its own, so what depends on either runs in a child: this
//! program again, with one test and a role for it to play.

mod common;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use phalanx_backend::BackendError;
use phalanx_onnxruntime::OnnxRuntime;

/// Set in a child.
const ROLE: &str = "PHALANX_TEST_ROLE";

/// Runs `test` of this program as a child that prints what [`answer`] finds out.
fn child(test: &str, environment: &[(&str, &Path)]) -> String {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["--exact", test, "--nocapture"]).env(ROLE, "answer").env_remove("ORT_DYLIB_PATH");
    command.envs(environment.iter().copied());
    let output = command.output().expect("this program starts again");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "the child ended with {}: {words}", output.status);
    words
}

/// Whether this is a child; then it has said what it found.
fn answer() -> bool {
    if std::env::var_os(ROLE).is_none() {
        return false;
    }
    let found = match OnnxRuntime::new().library() {
        Ok(library) => format!("found {}", library.path().display()),
        Err(BackendError::Unavailable { reason, hint, .. }) => format!("{reason}; hint: {hint:?}"),
        Err(other) => panic!("expected it to be unavailable, got {other}"),
    };
    writeln!(std::io::stderr(), "{found}").expect("the parent reads it");
    true
}

/// The name that PyPI's wheels give a library of this version.
fn wheel(folder: &Path, version: &str) -> PathBuf {
    let name = if cfg!(target_os = "macos") {
        format!("libonnxruntime.{version}.dylib")
    } else {
        format!("libonnxruntime.so.{version}")
    };
    folder.join("onnxruntime").join("capi").join(name)
}

#[test]
fn without_a_library_there_is_a_hint() {
    if answer() {
        return;
    }
    let empty = tempfile::tempdir().unwrap();
    let words = child("without_a_library_there_is_a_hint", &[("PATH", empty.path())]);
    // The system may have one of its own.
    assert!(words.contains("found ") || words.contains("pip install onnxruntime (1.2 to 6 times"), "{words}");
}

#[test]
fn a_variable_that_names_nothing_is_an_error() {
    if answer() {
        return;
    }
    let nothing = Path::new("/nonexistent/libonnxruntime.so");
    let words = child("a_variable_that_names_nothing_is_an_error", &[("ORT_DYLIB_PATH", nothing)]);
    assert!(words.contains("ORT_DYLIB_PATH: expected a file at /nonexistent"), "{words}");
}

#[test]
fn the_packages_of_python3_are_searched() {
    if answer() {
        return;
    }
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return;
    }
    let packages = tempfile::tempdir().unwrap();
    let library = wheel(packages.path(), "1.99.0");
    std::fs::create_dir_all(library.parent().unwrap()).unwrap();
    std::fs::write(&library, "not a library").unwrap();
    let words = child("the_packages_of_python3_are_searched", &[("PYTHONPATH", packages.path())]);
    // Found and broken: an error, not a reason to go on looking.
    assert!(words.contains(&format!("failed to load {}", library.display())), "{words}");
}

#[test]
fn broken_libraries_are_errors() {
    if answer() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("libonnxruntime.so");
    let words = || child("broken_libraries_are_errors", &[("ORT_DYLIB_PATH", &path)]);
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    for content in [&b""[..], b"not a library at all", &program[..4096], &program[..program.len() / 2]] {
        std::fs::write(&path, content).unwrap();
        let words = words();
        assert!(words.contains("failed to load") && words.contains("pip install --upgrade"), "{words}");
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(words().contains("got something else"));
}

/// Every Linux program has mapped a C library, which is a library and yet not this one.
#[cfg(target_os = "linux")]
#[test]
fn another_library_is_refused_by_what_it_lacks() {
    if answer() {
        return;
    }
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    let libc = paths.into_iter().find(|path| path.contains("libc.so")).expect("a C library is mapped");
    let environment = [("ORT_DYLIB_PATH", Path::new(libc))];
    let words = child("another_library_is_refused_by_what_it_lacks", &environment);
    assert!(words.contains("without OrtGetApiBase"), "{words}");
}

#[test]
fn a_process_has_one_library() {
    let Some(runtime) = common::runtime(None) else { return };
    let library = runtime.library().unwrap();
    assert!(library.path().is_absolute());
    assert!(library.version().starts_with("1."), "{}", library.version());

    let folder = tempfile::tempdir().unwrap();
    let (link, other) = (folder.path().join("link"), folder.path().join("other"));
    std::os::unix::fs::symlink(library.path(), &link).unwrap();
    std::fs::write(&other, "").unwrap();
    assert_eq!(OnnxRuntime::with_library(&link).library().unwrap().path(), library.path());
    let error = OnnxRuntime::with_library(&other).library().unwrap_err().to_string();
    assert!(error.contains("can load no other") && error.contains(&other.display().to_string()), "{error}");
}
