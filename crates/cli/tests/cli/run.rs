use phalanx_model::samples;

use crate::arrays::{npy, npy_f32, npz, parse_f32, unzip};
use crate::models::{Folder, tiny};
use crate::program::{command, phalanx};

fn ramp(count: usize) -> impl Iterator<Item = f32> + Clone {
    (0..count).map(|index| index as f32)
}

fn doubled_plus_one(count: usize) -> Vec<f32> {
    ramp(count).map(|x| 2.0 * x + 1.0).collect()
}

#[test]
fn a_dataset_goes_through_in_order() {
    let (folder, model) = tiny();
    // More rows than a batch holds, and no multiple of it.
    let rows = 1003;
    let input = folder.write("x.npz", npz(&[("x", npy_f32(&[rows, 4], ramp(4 * rows)))]));
    let output = folder.path("y.npz");
    let args =
        ["run", &model, "--input", &input, "--output", &output, "--backend", "tract", "--max-batch", "64"];
    let ended = phalanx(&args).done();
    assert!(ended.stdout.is_empty());
    assert!(
        ended.stderr.contains("backend: tract") && ended.stderr.contains("1,003 samples"),
        "{}",
        ended.stderr
    );
    let arrays = unzip(&std::fs::read(output).unwrap());
    assert_eq!(arrays.len(), 1);
    assert_eq!(arrays[0].0, "y.npy");
    let (header, values) = parse_f32(&arrays[0].1);
    assert!(header.contains("'<f4'") && header.contains("(1003, 4)"), "{header}");
    assert_eq!(values, doubled_plus_one(4 * rows));
    assert_eq!(folder.names(), ["model.onnx", "x.npz", "y.npz"]);
}

#[test]
fn queues_share_the_lanes_out() {
    let (folder, model) = tiny();
    let rows = 3000;
    let input = folder.write("x.npz", npz(&[("x", npy_f32(&[rows, 4], ramp(4 * rows)))]));
    let output = folder.path("y.npz");
    let files = ["run", &model, "--input", &input, "--output", &output, "--backend", "tract"];
    let options = ["--max-batch", "8", "--lanes", "4", "--queues"];
    phalanx(&[&files[..], &options, &["3"]].concat()).done();
    assert_eq!(parse_f32(&unzip(&std::fs::read(&output).unwrap())[0].1).1, doubled_plus_one(4 * rows));
    phalanx(&[&files[..], &options, &["5"]].concat()).failed(&[
        "queues",
        "at most one for each of the 4 lanes",
        "5",
    ]);
}

#[test]
fn single_arrays_go_through_pipes() {
    let (_folder, model) = tiny();
    let args = ["run", &model, "--input", "-", "--output", "-", "--backend", "tract"];
    let input = npy_f32(&[5, 4], ramp(20));
    let ended = crate::program::Ended::from(command(&args).write_stdin(input).output().unwrap()).done();
    let (header, values) = parse_f32(&ended.stdout);
    assert!(header.contains("(5, 4)"), "{header}");
    assert_eq!(values, doubled_plus_one(20));
}

#[test]
fn archives_go_through_pipes() {
    let folder = Folder::new();
    let model = folder.model(&samples::two_outputs());
    let args = ["run", &model, "--input", "-", "--output", "-", "--backend", "tract"];
    let input = npz(&[("x", npy_f32(&[2, 4], ramp(8)))]);
    let ended = crate::program::Ended::from(command(&args).write_stdin(input).output().unwrap()).done();
    let arrays = unzip(&ended.stdout);
    let names: Vec<&str> = arrays.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["double.npy", "sum.npy"]);
    assert_eq!(parse_f32(&arrays[0].1).1, ramp(8).map(|x| 2.0 * x).collect::<Vec<_>>());
    let (header, sums) = parse_f32(&arrays[1].1);
    assert!(header.contains("(2, 1)"), "{header}");
    assert_eq!(sums, [6.0, 22.0]);
}

#[test]
fn a_fixed_batch_is_padded_and_trimmed() {
    let folder = Folder::new();
    let model = folder.model(&samples::fixed_batch(8));
    let input = folder.write("x.npy", npy_f32(&[11, 4], ramp(44)));
    let output = folder.path("y.npy");
    phalanx(&["run", &model, "--input", &input, "--output", &output, "--backend", "tract"]).done();
    let (header, values) = parse_f32(&std::fs::read(output).unwrap());
    assert!(header.contains("(11, 4)"), "{header}");
    assert_eq!(values, doubled_plus_one(44));
}

#[test]
fn a_model_without_a_batch_axis_runs_once() {
    let folder = Folder::new();
    let model = folder.model(&samples::no_batch_axis());
    let input = folder.write("x.npy", npy_f32(&[3], ramp(3)));
    let output = folder.path("y.npz");
    phalanx(&["run", &model, "--input", &input, "--output", &output, "--backend", "tract"]).done();
    let arrays = unzip(&std::fs::read(output).unwrap());
    assert_eq!(parse_f32(&arrays[0].1).1, [0.0, 2.0, 4.0]);
    let (header, sum) = parse_f32(&arrays[1].1);
    assert!(header.contains("'shape': ()"), "{header}");
    assert_eq!(sum, [3.0]);
}

#[test]
fn an_empty_dataset_gives_empty_arrays() {
    let (folder, model) = tiny();
    let input = folder.write("x.npy", npy_f32(&[0, 4], []));
    let output = folder.path("y.npy");
    phalanx(&["run", &model, "--input", &input, "--output", &output, "--backend", "tract"]).done();
    let (header, values) = parse_f32(&std::fs::read(output).unwrap());
    assert!(header.contains("(0, 4)") && values.is_empty(), "{header}");
}

#[test]
fn dtypes_are_kept() {
    let folder = Folder::new();
    for (dtype, descr) in [
        (phalanx_tensor::DType::F32, "<f4"),
        (phalanx_tensor::DType::I64, "<i8"),
        (phalanx_tensor::DType::U8, "|u1"),
        (phalanx_tensor::DType::Bool, "|b1"),
    ] {
        let model = folder.model(&samples::identity(dtype));
        let data: Vec<u8> =
            (0..3 * dtype.size_bytes().unwrap()).map(|byte| u8::from(byte % 2 == 0)).collect();
        let file = npy(descr, &[1, 3], &data);
        let input = folder.write("x.npy", &file);
        let output = folder.path("y.npy");
        phalanx(&["run", &model, "--input", &input, "--output", &output, "--backend", "tract"]).done();
        let written = std::fs::read(&output).unwrap();
        assert!(written.windows(3).any(|part| part == descr.as_bytes()), "{dtype}");
        assert!(written.ends_with(&data), "{dtype}");
    }
}

#[test]
fn json_describes_the_run() {
    let (folder, model) = tiny();
    let input = folder.write("x.npy", npy_f32(&[6, 4], ramp(24)));
    let output = folder.path("y.npy");
    let args = ["run", &model, "--input", &input, "--output", &output, "--backend", "tract", "--json"];
    let document = phalanx(&args).done().json();
    let row = &document["rows"][0];
    assert_eq!((row["strategy"].as_str(), row["samples"].as_u64()), (Some("run"), Some(6)));
    assert!(row["samples_per_s"].as_f64().unwrap() > 0.0);
    assert!(row["p50_us"].is_null() && row["p99_us"].is_null());
    assert_eq!(document["backend"]["name"], "tract");
    assert_eq!(document["model"]["inputs"][0], "x f32 [batch, 4]");
}
