use phalanx_model::samples;

use crate::arrays::{npy, npy_f32, npz};
use crate::models::{Folder, tiny};
use crate::program::{Ended, phalanx};

/// Runs the tiny model on an input file of this content.
fn run(name: &str, content: impl AsRef<[u8]>) -> Ended {
    let (folder, model) = tiny();
    let input = folder.write(name, content);
    let output = folder.path("y.npz");
    let ended = phalanx(&["run", &model, "--input", &input, "--output", &output, "--backend", "tract"]);
    assert_eq!(folder.names(), ["model.onnx", name], "nothing may be left behind");
    ended
}

#[test]
fn models_that_are_none_are_named() {
    let folder = Folder::new();
    phalanx(&["inspect", &folder.path("none.onnx")]).failed(&["there is no file", "none.onnx"]);
    let model = samples::mlp(1);
    let bytes = model.bytes();
    let cut = folder.write("cut.onnx", &bytes[..bytes.len() / 2]);
    phalanx(&["inspect", &cut]).failed(&["cut.onnx", "truncated"]).hint("downloaded");
    let text = folder.write("text.onnx", "this is no model");
    phalanx(&["run", &text, "--input", "x.npz", "--output", "y.npz"])
        .failed(&["text.onnx", "not an ONNX model"]);
    phalanx(&["bench", folder.folder().to_str().unwrap()]).failed(&["expected a file"]);
    let empty = folder.write("empty.onnx", "");
    phalanx(&["bench", &empty]).failed(&["empty"]).hint(".onnx");
}

#[test]
fn operators_that_stop_a_backend_are_named() {
    let folder = Folder::new();
    let model = folder.model(&samples::unknown_operator());
    phalanx(&["bench", &model, "--backend", "tract"]).failed(&["Mystery"]).hint("phalanx inspect");
}

#[test]
fn inputs_that_do_not_fit_say_what_was_expected() {
    run("x.npz", npz(&[("input", npy_f32(&[1, 4], [0.0; 4]))]))
        .failed(&["\"x\" is missing", "expected x", "got input"])
        .hint("numpy.savez");
    run("x.npy", npy("<f8", &[1, 4], &[0; 32]))
        .failed(&["array \"x\"", "expected f32 [batch, 4]", "got f64 [1, 4]"])
        .hint("astype(\"float32\")");
    run("x.npy", npy_f32(&[1, 5], [0.0; 5])).failed(&["expected f32 [batch, 4]", "got f32 [1, 5]"]);
    run("x.npy", npy_f32(&[4], [0.0; 4])).failed(&["expected f32 [batch, 4]", "got f32 [4]"]);
    run("x.npy", npy("<c8", &[1, 4], &[0; 32])).failed(&["<c8", "not supported"]).hint("astype");
    run("x.npy", npy("|O", &[1, 4], &[0; 32])).failed(&["|O", "not supported"]);
}

#[test]
fn broken_array_files_are_named() {
    run("x.npy", "text").failed(&["x.npy", "expected a NumPy array", "text"]).hint("numpy.save");
    run("x.npy", "").failed(&["x.npy", "got no data"]);
    run("x.npy", npy_f32(&[100, 4], [0.0; 40])).failed(&["x.npy", "[100, 4] of f32", "160 of 1600 bytes"]);
    run("x.npy", npy_f32(&[1 << 50, 4], [0.0; 4])).failed(&["x.npy"]);
    let archive = npz(&[("x", npy_f32(&[1, 4], [0.0; 4]))]);
    run("x.npz", &archive[..archive.len() - 9]).failed(&["x.npz", "damaged"]);
}

#[test]
fn several_inputs_need_an_archive() {
    let folder = Folder::new();
    let model = folder.model(&samples::sequence(1));
    let input = folder.write("x.npy", npy_f32(&[1, 4], [0.0; 4]));
    let output = folder.path("y.npz");
    phalanx(&["run", &model, "--input", &input, "--output", &output]).failed(&[
        "expected an .npz file",
        "ids, mask",
        "got a single array",
    ]);
    let ids = npy("<i8", &[2, 4], &[0; 64]);
    let input = folder.write("x.npz", npz(&[("ids", ids), ("mask", npy_f32(&[1, 4], [1.0; 4]))]));
    phalanx(&["run", &model, "--input", &input, "--output", &output]).failed(&[
        "same number of rows",
        "2 in \"ids\"",
        "1 in \"mask\"",
    ]);
}

#[test]
fn outputs_that_cannot_be_written_are_found_before_the_work() {
    let folder = Folder::new();
    let model = folder.model(&samples::two_outputs());
    let input = folder.write("x.npy", npy_f32(&[1, 4], [0.0; 4]));
    let to =
        |output: &str| phalanx(&["run", &model, "--input", &input, "--output", output, "--backend", "tract"]);
    to(&folder.path("none/y.npz")).failed(&["failed to write", "none/y.npz"]);
    to(&folder.path("y.npy")).failed(&["ending in .npz", "double, sum"]);
    to(&folder.path("y.txt")).failed(&["ending in .npz or .npy", "y.txt"]);
    to(folder.folder().to_str().unwrap()).failed(&["ending in .npz or .npy"]);
    assert_eq!(folder.names(), ["model.onnx", "x.npy"]);
}

/// Linux has a device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    for model in [samples::tiny(), samples::two_outputs()] {
        let folder = Folder::new();
        let model = folder.model(&model);
        let input = folder.write("x.npy", npy_f32(&[1, 4], [0.0; 4]));
        let args = ["run", &model, "--input", &input, "--output", "/dev/full", "--backend", "tract"];
        phalanx(&args).failed(&["failed to write \"/dev/full\"", "No space left"]).hint("disk is full");
    }
}

/// Ids that the model does not know make a run fail after others have succeeded.
#[test]
fn a_run_that_fails_half_way_leaves_the_old_output_alone() {
    let folder = Folder::new();
    let model = folder.model(&samples::sequence(1));
    let rows = 64;
    let mut ids = vec![0_u8; rows * 8];
    ids[(rows - 1) * 8..].copy_from_slice(&1_000_000_i64.to_le_bytes());
    let mask = npy_f32(&[rows, 1], vec![1.0; rows]);
    let input = folder.write("x.npz", npz(&[("ids", npy("<i8", &[rows, 1], &ids)), ("mask", mask)]));
    let output = folder.write("y.npz", "old");
    let args =
        ["run", &model, "--input", &input, "--output", &output, "--backend", "tract", "--max-batch", "4"];
    phalanx(&args).failed(&["tract failed to run"]);
    assert_eq!(std::fs::read(&output).unwrap(), b"old");
    assert_eq!(folder.names(), ["model.onnx", "x.npz", "y.npz"]);
}

#[test]
fn devices_and_libraries_that_are_not_here_are_named() {
    let (_folder, model) = tiny();
    phalanx(&["bench", &model, "--device", "cuda:7", "--backend", "tract"])
        .failed(&["cuda:7", "cpu"])
        .hint("phalanx devices");
    phalanx(&["inspect", &model, "--device", "cuda:7", "--backend", "tract"])
        .failed(&["no device cuda:7"])
        .hint("phalanx devices");
    phalanx(&["bench", &model, "--onnxruntime", "/nowhere/libonnxruntime.so"])
        .failed(&["onnxruntime", "/nowhere"]);
    phalanx(&["devices", "--onnxruntime", "/nowhere/libonnxruntime.so"]).failed(&["onnxruntime", "/nowhere"]);
}

#[test]
fn options_for_inputs_that_are_not_there_are_named() {
    let (_folder, model) = tiny();
    let bench = |args: &[&str]| phalanx(&[&["bench", &model, "--backend", "tract"], args].concat());
    bench(&["--range", "ids=0:5"]).failed(&["no input \"ids\"", "it has x"]);
    bench(&["--dim", "seq=5"]).failed(&["no open axis \"seq\"", "it has none"]);
    bench(&["--pad", "ids:1:4"]).failed(&["pad", "an input (x)", "got ids"]);
}

#[test]
fn a_failure_is_a_document_too_where_one_was_asked_for() {
    let folder = Folder::new();
    let ended = phalanx(&["inspect", &folder.path("none.onnx"), "--json"]);
    assert_eq!(ended.code, Some(1));
    let message = ended.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("there is no file"), "{message}");
    assert!(ended.stderr.contains(&format!("error: {message}")));
}
